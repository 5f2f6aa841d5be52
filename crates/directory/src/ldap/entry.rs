//! One entry of a search result, read without trusting its shape.

use ldap3::ResultEntry;

/// A DN and the attributes that were asked for.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub(super) struct Entry {
    pub(super) dn: String,
    /// Name without options (`mobile;lang-en` is `mobile`) and value.
    values: Vec<(String, String)>,
}

impl Entry {
    /// `None` for what is no SearchResultEntry (RFC 4511 §4.5.2). The reader that
    /// ldap3 brings panics there.
    pub(super) fn read(result: ResultEntry) -> Option<Self> {
        let mut parts = result.0.match_id(4)?.expect_constructed()?.into_iter();
        let dn = String::from_utf8(parts.next()?.expect_primitive()?).ok()?;
        let mut entry = Self { dn, ..Self::default() };
        for attribute in parts.next()?.expect_constructed()? {
            let mut halves = attribute.expect_constructed()?.into_iter();
            let name = String::from_utf8(halves.next()?.expect_primitive()?).ok()?;
            for value in halves.next()?.expect_constructed()? {
                // Bytes that are no UTF-8 are no text: a photograph, a hash.
                if let Ok(text) = String::from_utf8(value.expect_primitive()?) {
                    entry.add(&name, text);
                }
            }
        }
        Some(entry)
    }

    pub(super) fn add(&mut self, name: &str, value: String) {
        let name = name.split(';').next().unwrap_or(name);
        self.values.push((name.to_owned(), value));
    }

    /// Every value of an attribute. Names have no case (RFC 4512 §2.5).
    pub(super) fn all(&self, name: &'static str) -> impl Iterator<Item = &str> {
        let named = move |(own, _): &&(String, String)| own.eq_ignore_ascii_case(name);
        self.values.iter().filter(named).map(|(_, value)| value.as_str())
    }

    /// The first value that has something to show, as one line.
    pub(super) fn line(&self, name: &'static str) -> Option<String> {
        self.all(name).find_map(crate::text::line)
    }
}
