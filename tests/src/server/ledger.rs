//! What a server says of the calls it has filed.

use serde_json::Value;

/// Line of the ledger, as far as stories ask for it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LedgerRow {
    /// Ours.
    pub id: String,
    /// `voice-mail`, `missed-call` or `silent`.
    pub outcome: String,
    /// The reason's word.
    pub reason: String,
    /// `call`, `info`, …
    pub ear: String,
    /// State of the description in which it ended.
    pub state: u64,
    /// How its mails stand, `queued`, `delivered`, …
    pub mails: Vec<String>,
}

impl LedgerRow {
    /// Outcome and reason together, for comparing.
    pub fn end(&self) -> (&str, &str) {
        (&self.outcome, &self.reason)
    }
}

/// The list in an answer, whether it stands alone or under a key.
pub(super) fn items(answer: &Value) -> Vec<Value> {
    let list = answer.as_array().or_else(|| answer.as_object()?.values().find_map(Value::as_array));
    list.unwrap_or_else(|| panic!("no list in {answer}")).clone()
}

/// Ledger rows out of JSON.
pub fn read_rows(answer: &Value) -> Vec<LedgerRow> {
    let word = |row: &Value, key: &str| {
        row[key].as_str().unwrap_or_else(|| panic!("no text {key:?} in {row}")).to_owned()
    };
    items(answer)
        .iter()
        .map(|row| LedgerRow {
            id: word(row, "id"),
            outcome: word(row, "outcome"),
            reason: word(row, "reason"),
            ear: word(row, "ear"),
            state: row["state"].as_u64().unwrap_or_else(|| panic!("no state in {row}")),
            mails: row["mails"]
                .as_array()
                .unwrap_or_else(|| panic!("no mails in {row}"))
                .iter()
                .map(|state| state.as_str().unwrap_or_default().to_owned())
                .collect(),
        })
        .collect()
}
