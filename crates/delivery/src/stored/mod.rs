//! The form in which values lie in the database: versioned JSON by mirror
//! structs of this crate, so that the model may change without old rows
//! becoming unreadable. A field that came later has a default.

mod identity;
mod record;
mod words;

pub(crate) use identity::StoredIdentity;
pub(crate) use record::{StoredOpenCall, StoredRecord};
pub(crate) use words::{ear, outcome};

use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};

use crate::journal::JournalError;

/// The version written now; older ones are read.
const VERSION: u32 = 1;

#[derive(Serialize)]
struct Written<'a, T> {
    v: u32,
    #[serde(flatten)]
    value: &'a T,
}

#[derive(Deserialize)]
struct Marked {
    v: u32,
}

/// JSON of `value` with the version beside its fields.
pub(crate) fn write<T: Serialize>(value: &T) -> Result<String, JournalError> {
    serde_json::to_string(&Written { v: VERSION, value })
        .map_err(|error| JournalError::Unreadable { reason: error.to_string() })
}

/// The value that [`write()`] wrote, in this version of Ringpost or an older one.
pub(crate) fn read<T: DeserializeOwned>(text: &str) -> Result<T, JournalError> {
    // Where, and not what: serde's own words repeat the value, and this is logged.
    let unreadable = |error: serde_json::Error| JournalError::Unreadable {
        reason: format!(
            "its JSON is not as expected (line {}, column {})",
            error.line(),
            error.column()
        ),
    };
    let Marked { v } = serde_json::from_str(text).map_err(unreadable)?;
    if v > VERSION {
        return Err(JournalError::Newer);
    }
    serde_json::from_str(text).map_err(unreadable)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_cannot_be_read_is_not_repeated() {
        for text in [r#"{"v":1,"id":{"caller":"+14255550142"}}"#, r#"{"v":"+14255550142"}"#, "{"] {
            let said = read::<StoredRecord>(text).err().unwrap().to_string();
            assert!(said.contains("not as expected (line 1") && !said.contains("1425"), "{said}");
        }
        let text = r#"{"v":1,"id":"7","call_id":"c","identifiers":"Bob","called":{},"caller":{},
            "ear":"info","stage":1,"received":5,"ended":6}"#;
        let said = read::<StoredRecord>(text).err().unwrap().to_string();
        assert!(!said.contains("Bob"), "{said}");
    }
}
