//! A party of a call as the network named it, before anybody is looked up.

/// Caller or called, as signalled.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Default)]
pub struct Party {
    /// Display name, unquoted and decoded; control characters already removed.
    pub display_name: Option<String>,
    /// The URI without its header part: `sip:alice@example.com`, `tel:+14255550101`.
    pub uri: Option<String>,
    /// User part (percent-decoded, without `;parameters`), or the number of a `tel:` URI.
    pub user: Option<String>,
    /// Host part, without port; IPv6 without brackets.
    pub host: Option<String>,
    /// The party asked not to be named (RFC 3323 `Privacy`, `anonymous@…`).
    pub withheld: bool,
}

impl Party {
    /// A party known by a number, extension or user name alone.
    pub fn from_user(user: &str) -> Self {
        Self { user: Some(user.to_owned()), ..Self::default() }
    }

    /// What the network said, as raw as it was kept: the user part, else the
    /// URI; empty when withheld or when nothing was said.
    pub fn raw(&self) -> &str {
        if self.withheld {
            return "";
        }
        self.user.as_deref().or(self.uri.as_deref()).unwrap_or("")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_withheld_caller_is_not_named() {
        let mut party = Party::from_user("+14255550142");
        party.display_name = Some("Bob".into());
        assert_eq!(party.raw(), "+14255550142");
        party.withheld = true;
        assert_eq!(party.raw(), "");
    }
}
