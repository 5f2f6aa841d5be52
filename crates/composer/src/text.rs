//! The text part: a headline, sentences, and the rows in two columns.

use std::fmt::Write as _;

use crate::facts::Facts;

/// Lays the facts out as plain text with LF at the end of each line.
pub(crate) fn text(facts: &Facts) -> String {
    let width = facts.rows.iter().map(|row| row.label.chars().count()).max().unwrap_or(0) + 2;
    let mut text = format!("{}\n", facts.headline);
    for note in &facts.notes {
        text.push_str(note);
        text.push('\n');
    }
    text.push('\n');
    for row in &facts.rows {
        // Writing to a String cannot fail.
        let _ = write!(text, "{:width$}{}", format!("{}:", row.label), row.value);
        if let Some(remark) = row.remark {
            let _ = write!(text, " ({remark})");
        }
        text.push('\n');
    }
    text
}
