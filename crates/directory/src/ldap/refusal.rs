//! Result codes of LDAP as words (RFC 4511 §4.1.9 and appendix A).

use ldap3::LdapResult;

const SUCCESS: u32 = 0;
const SIZE_LIMIT: u32 = 4;
const NO_SUCH_OBJECT: u32 = 32;

/// How the server ended an operation.
pub(super) enum Ending {
    /// All is there.
    Success,
    /// There is more than it gives.
    CutShort,
    /// The base is not there, or not for us.
    NoSuchObject,
    /// Anything else, in words.
    Refused(String),
}

pub(super) fn ending(result: &LdapResult) -> Ending {
    match result.rc {
        SUCCESS => Ending::Success,
        SIZE_LIMIT => Ending::CutShort,
        NO_SUCH_OBJECT => Ending::NoSuchObject,
        _ => Ending::Refused(in_words(result)),
    }
}

/// The code's name and number and what the server says beside it.
pub(super) fn in_words(result: &LdapResult) -> String {
    let name = match result.rc {
        1 => "operations error; Active Directory says so to those who have not bound",
        2 => "protocol error",
        3 => "its time limit was reached",
        7 => "it does not do simple binds",
        8 => "it wants stronger authentication: encrypt the connection by ldaps: or StartTLS",
        10 => "it refers to another server: write that one into directory.url",
        11 => "its administrative limit was reached",
        13 => "it wants an encrypted connection: use ldaps: or StartTLS",
        32 => "no such entry",
        34 => "a DN that is not written as one",
        48 => "it does not let this account bind so",
        49 => "wrong name or password",
        50 => "not enough rights",
        51 => "busy",
        52 => "unavailable",
        53 => "unwilling to perform",
        _ => "an error",
    };
    let text = crate::text::line(result.text.trim_end_matches('\0'));
    match text {
        Some(text) => format!("{name}, code {}, \"{text}\"", result.rc),
        None => format!("{name}, code {}", result.rc),
    }
}
