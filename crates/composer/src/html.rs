//! The HTML part: one table with inline styles and nothing from elsewhere, which
//! is what Outlook (it lays HTML out with Word's engine), narrow screens, dark
//! mode and screen readers all manage.

use std::fmt::Write as _;

use crate::facts::{Facts, Row};
use crate::words;

const BODY: &str = "margin:0;padding:16px;font-family:'Segoe UI',Helvetica,Arial,sans-serif;\
font-size:15px;line-height:1.4";
const HEADLINE: &str = "margin:0 0 8px 0;font-size:20px;line-height:1.3;font-weight:600;\
word-break:break-word";
const NOTE: &str = "margin:0 0 8px 0";
const TABLE: &str = "margin-top:8px;border-collapse:collapse";
// Weight and not colour sets labels apart: contrast stays that of the reader's
// own theme, also where a client turns a mail dark by itself.
const LABEL: &str = "padding:3px 16px 3px 0;text-align:left;vertical-align:top;font-weight:normal;\
white-space:nowrap";
const VALUE: &str = "padding:3px 0;vertical-align:top;font-weight:600;word-break:break-word";
const REMARK: &str = "font-weight:normal;font-style:italic";

/// Lays the facts out as an HTML document with LF at the end of each line.
pub(crate) fn html(facts: &Facts) -> String {
    let language = words::LANGUAGE;
    let title = escape(&facts.subject);
    let headline = escape(&facts.headline);
    // Writing to a String cannot fail.
    let mut html = format!(
        "<!DOCTYPE html>\n\
         <html lang=\"{language}\" dir=\"ltr\">\n\
         <head>\n\
         <meta charset=\"utf-8\">\n\
         <meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\n\
         <meta name=\"color-scheme\" content=\"light dark\">\n\
         <title>{title}</title>\n\
         </head>\n\
         <body style=\"{BODY}\">\n\
         <h1 style=\"{HEADLINE}\">{headline}</h1>\n"
    );
    for note in &facts.notes {
        let _ = writeln!(html, "<p style=\"{NOTE}\">{}</p>", escape(note));
    }
    let _ = writeln!(
        html,
        "<table cellpadding=\"0\" cellspacing=\"0\" border=\"0\" style=\"{TABLE}\">"
    );
    for row in &facts.rows {
        let label = escape(row.label);
        let _ = writeln!(
            html,
            "<tr>\n<th scope=\"row\" align=\"left\" valign=\"top\" style=\"{LABEL}\">{label}</th>\n\
             <td valign=\"top\" style=\"{VALUE}\">{}</td>\n</tr>",
            value(row)
        );
    }
    html.push_str("</table>\n</body>\n</html>\n");
    html
}

/// `<bdi>` keeps the direction of a name to itself.
fn value(row: &Row) -> String {
    let mut value = format!("<bdi>{}</bdi>", escape(&row.value));
    if let Some(link) = &row.link {
        value = format!("<a href=\"{}\">{value}</a>", escape(link));
    }
    if let Some(remark) = row.remark {
        // Writing to a String cannot fail.
        let _ = write!(value, " <span style=\"{REMARK}\">({})</span>", escape(remark));
    }
    value
}

/// Text as text, in an element and in a quoted attribute alike.
fn escape(text: &str) -> String {
    let mut escaped = String::with_capacity(text.len());
    for character in text.chars() {
        match character {
            '&' => escaped.push_str("&amp;"),
            '<' => escaped.push_str("&lt;"),
            '>' => escaped.push_str("&gt;"),
            '"' => escaped.push_str("&quot;"),
            '\'' => escaped.push_str("&#39;"),
            other => escaped.push(other),
        }
    }
    escaped
}
