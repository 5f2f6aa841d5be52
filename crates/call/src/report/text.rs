//! One value of a report as clean text.

use super::ReportError;

/// Bytes of one value: longer than any address or id.
const LONGEST: usize = 1024;

/// On one line, without control characters; `None` where nothing is left.
pub(super) fn value(name: &str, raw: &str) -> Result<Option<String>, ReportError> {
    if raw.len() > LONGEST {
        return Err(ReportError::unreadable(format!("{name} is longer than {LONGEST} bytes")));
    }
    let visible: String = raw.chars().map(|c| if c.is_control() { ' ' } else { c }).collect();
    let text = visible.trim();
    Ok(if text.is_empty() { None } else { Some(text.to_owned()) })
}
