//! The caller as the dial plan reads him.

use ringpost_model::E164;

/// Who rang, in the forms that can be asked for.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct CallerId {
    /// What the network said; empty when withheld or not given.
    pub raw: String,
    /// The caller asked not to be named.
    pub withheld: bool,
    /// The number that the dial plan makes of it.
    pub number: Option<E164>,
    /// The extension that the dial plan sees in it.
    pub extension: Option<String>,
    /// SIP URI with scheme and without parameters, where the caller has one.
    pub sip_uri: Option<String>,
    /// The display name that came with the call: never verified.
    pub display_name: Option<String>,
}
