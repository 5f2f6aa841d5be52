//! The report that any phone system can send:
//! `{"caller", "called", "call_id", "time", "reason"}`, all of them optional,
//! further keys passed over (RFC 8259).

use serde_json::{Map, Value};

use super::{EventKind, Report, ReportError, party, text, time};

pub(super) fn read(body: &[u8]) -> Result<Report, ReportError> {
    let body = body.strip_prefix(b"\xEF\xBB\xBF").unwrap_or(body);
    let value: Value = serde_json::from_slice(body).map_err(|error| {
        let (line, column) = (error.line(), error.column());
        ReportError::unreadable(format!("it is no JSON (line {line}, column {column})"))
    })?;
    let Value::Object(object) = value else {
        return Err(ReportError::unreadable("it is JSON, but no object in braces"));
    };
    let call_id = string(&object, "call_id")?;
    let event = string(&object, "reason")?.map_or(EventKind::Missed, |word| EventKind::read(&word));
    Ok(Report {
        caller: string(&object, "caller")?.as_deref().and_then(party::read),
        called: string(&object, "called")?.as_deref().and_then(party::read),
        identifiers: call_id.iter().cloned().collect(),
        call_id,
        time: time_of(&object)?,
        missed: event.is_missed(),
        elsewhere: event.is_elsewhere(),
    })
}

/// A string, or a whole number taken as one: extensions are often sent so.
fn string(object: &Map<String, Value>, key: &str) -> Result<Option<String>, ReportError> {
    let wrong = || Err(ReportError::unreadable(format!("\"{key}\" is no string")));
    match object.get(key) {
        None | Some(Value::Null) => Ok(None),
        Some(Value::String(raw)) => text::value(&format!("\"{key}\""), raw),
        Some(Value::Number(number)) if number.is_u64() => Ok(Some(number.to_string())),
        Some(Value::Number(_) | Value::Bool(_) | Value::Array(_) | Value::Object(_)) => wrong(),
    }
}

fn time_of(object: &Map<String, Value>) -> Result<Option<ringpost_model::Timestamp>, ReportError> {
    let time = match object.get("time") {
        None | Some(Value::Null) => return Ok(None),
        Some(Value::Number(number)) => number.as_f64().and_then(time::unix),
        Some(Value::String(text)) if text.trim().is_empty() => return Ok(None),
        Some(Value::String(text)) => {
            time::rfc3339(text).or_else(|| text.trim().parse().ok().and_then(time::unix))
        }
        Some(Value::Bool(_) | Value::Array(_) | Value::Object(_)) => None,
    };
    match time {
        Some(time) => Ok(Some(time)),
        None => Err(ReportError::unreadable(
            "\"time\" is neither RFC 3339, such as 2026-03-14T15:09:26Z, nor seconds since 1970",
        )),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read_str(body: &str) -> Result<Report, ReportError> {
        read(body.as_bytes())
    }

    #[test]
    fn a_whole_report_is_read() {
        let report = read_str(
            r#"{"caller": "\"Bob Example\" <sip:+14255550142@example.com>", "called": "alice",
                "call_id": "abc@10.0.0.7", "time": "2026-03-14T15:09:26Z", "reason": "missed"}"#,
        )
        .unwrap();
        let caller = report.caller.unwrap();
        assert_eq!(caller.display_name.as_deref(), Some("Bob Example"));
        assert_eq!(caller.raw(), "+14255550142");
        assert_eq!(report.called.unwrap().raw(), "alice");
        assert_eq!(report.call_id.as_deref(), Some("abc@10.0.0.7"));
        assert_eq!(report.identifiers, ["abc@10.0.0.7"]);
        assert_eq!(report.time.unwrap().as_secs(), 1_773_500_966);
        assert!(report.missed && !report.elsewhere);
    }

    #[test]
    fn all_keys_may_be_missing_and_others_stand_beside() {
        let bare = read_str("{}").unwrap();
        assert!(bare.missed && bare.caller.is_none() && bare.called.is_none());
        assert!(bare.identifiers.is_empty() && bare.time.is_none());
        let rich = read_str(r#"{"x": [1, {"called": "eve"}], "called": 1001, "caller": null}"#);
        let rich = rich.unwrap();
        assert_eq!(rich.called.unwrap().raw(), "1001");
        assert_eq!(rich.caller, None);
        assert!(read_str("\u{feff}{\"called\": \" \"}").unwrap().called.is_none());
    }

    #[test]
    fn reasons_are_told_apart() {
        let table = [
            ("missed", true, false),
            ("Missed", true, false),
            ("no-answer", true, false),
            ("cancelled", true, false),
            ("", true, false),
            ("answered", false, false),
            ("busy", false, false),
            ("answered-elsewhere", false, true),
            ("Answered_Elsewhere", false, true),
        ];
        for (reason, missed, elsewhere) in table {
            let report = read_str(&format!(r#"{{"reason": "{reason}"}}"#)).unwrap();
            assert_eq!((report.missed, report.elsewhere), (missed, elsewhere), "{reason}");
        }
    }

    #[test]
    fn times_are_strings_or_numbers() {
        for time in ["1773500966", "1773500966.0", "\"1773500966\"", "1773500966000"] {
            let report = read_str(&format!(r#"{{"time": {time}}}"#)).unwrap();
            assert_eq!(report.time.unwrap().as_secs(), 1_773_500_966, "{time}");
        }
    }

    #[test]
    fn what_cannot_be_read_says_why() {
        let long = format!(r#"{{"called": "{}"}}"#, "a".repeat(2000));
        let table = [
            ("{\"called\": \"alice\"", "no JSON (line 1"),
            ("called=alice", "no JSON"),
            ("[]", "no object"),
            ("\"alice\"", "no object"),
            (r#"{"called": ["alice"]}"#, "\"called\" is no string"),
            (r#"{"caller": 1.5}"#, "\"caller\" is no string"),
            (r#"{"reason": true}"#, "\"reason\" is no string"),
            (r#"{"time": "yesterday"}"#, "\"time\" is neither"),
            (r#"{"time": -5}"#, "\"time\" is neither"),
            (long.as_str(), "\"called\" is longer than"),
        ];
        for (body, expected) in table {
            let error = read_str(body).unwrap_err().to_string();
            assert!(error.contains(expected), "{body}: {error}");
        }
        assert!(read(b"{\"called\": \"\xff\"}").is_err());
        assert!(read_str(&"[".repeat(60_000)).is_err());
    }
}
