//! Which addresses and URIs may stand in a header or behind a link.

/// Longest address taken: 64 octets, the at sign, 255 octets (RFC 5321 §4.5.3.1).
const LONGEST_ADDRESS: usize = 320;
/// Longest URI taken, far below the 998 octets of a header line.
const LONGEST_URI: usize = 400;

/// The addr-spec of RFC 5322 §3.4.1 in its ASCII, comment-free form; `None` when
/// the text is none, also for addresses that need SMTPUTF8 (RFC 6531).
pub(crate) fn addr_spec(text: &str) -> Option<&str> {
    let (local, domain) = text.rsplit_once('@')?;
    let fits = text.len() <= LONGEST_ADDRESS && !text.contains("=?");
    let sound = fits
        && (is_dot_atom(local, is_atext) || is_quoted(local))
        && (is_dot_atom(domain, is_domain) || is_literal(domain));
    sound.then_some(text)
}

/// A `sip:` or `sips:` URI (RFC 3261 §19.1) without parameters and headers, if
/// the text is one and every octet of it may stand in a header.
pub(crate) fn sip_uri(text: &str) -> Option<&str> {
    let text = text.split([';', '?']).next().unwrap_or(text);
    let (scheme, rest) = text.split_once(':')?;
    let known = scheme.eq_ignore_ascii_case("sip") || scheme.eq_ignore_ascii_case("sips");
    let plain =
        rest.bytes().all(|byte| byte.is_ascii_graphic() && !br#"<>"\^`{|}"#.contains(&byte));
    (known && plain && !rest.is_empty() && text.len() <= LONGEST_URI && !text.contains("=?"))
        .then_some(text)
}

/// `mailto:` of RFC 6068, for an address that passed [`addr_spec`].
pub(crate) fn mailto(address: &str) -> String {
    use std::fmt::Write as _;
    let mut link = String::from("mailto:");
    for byte in address.bytes() {
        if byte.is_ascii_alphanumeric() || b"-._~@+!$'*:".contains(&byte) {
            link.push(char::from(byte));
        } else {
            // Writing to a String cannot fail.
            let _ = write!(link, "%{byte:02X}");
        }
    }
    link
}

fn is_dot_atom(text: &str, allowed: fn(u8) -> bool) -> bool {
    text.split('.').all(|atom| !atom.is_empty() && atom.bytes().all(allowed))
}

fn is_atext(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || b"!#$%&'*+-/=?^_`{|}~".contains(&byte)
}

fn is_domain(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || byte == b'-' || byte == b'_'
}

fn is_quoted(text: &str) -> bool {
    let Some(inner) = text.strip_prefix('"').and_then(|rest| rest.strip_suffix('"')) else {
        return false;
    };
    let mut escaped = false;
    for byte in inner.bytes() {
        match byte {
            b' '..=b'~' if escaped => escaped = false,
            b'\\' => escaped = true,
            b'"' => return false,
            b' '..=b'~' => {}
            _ => return false,
        }
    }
    !escaped
}

fn is_literal(text: &str) -> bool {
    text.strip_prefix('[').and_then(|rest| rest.strip_suffix(']')).is_some_and(|inner| {
        inner.bytes().all(|byte| byte.is_ascii_alphanumeric() || b".:-".contains(&byte))
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_a_plain_address_passes() {
        for right in [
            "alice@example.com",
            "+14255550142@example.com",
            "a.b+c@sub.example.com",
            "\"Alice \\\"A\\\" Example\"@example.com",
            "alice@[192.0.2.1]",
            "root@localhost",
        ] {
            assert_eq!(addr_spec(right), Some(right));
        }
        for wrong in [
            "",
            "alice",
            "@example.com",
            "alice@",
            "a..b@example.com",
            ".a@example.com",
            "alice@example..com",
            "alice@example.com>\r\nBcc: eve@example.com",
            "alice@example.com, eve@example.com",
            "Alice <alice@example.com>",
            "al ice@example.com",
            "\"a\"b\"@example.com",
            "\"a\\\"@example.com",
            "ålice@example.com",
            "alice@exämple.com",
            "=?utf-8?q?x?=@example.com",
        ] {
            assert_eq!(addr_spec(wrong), None, "{wrong:?}");
        }
        assert_eq!(addr_spec(&format!("{}@example.com", "a".repeat(400))), None);
    }

    #[test]
    fn only_a_sip_uri_is_a_link() {
        assert_eq!(sip_uri("sip:carol@example.com;user=ip"), Some("sip:carol@example.com"));
        assert_eq!(sip_uri("SIPS:carol@[2001:db8::1]:5061"), Some("SIPS:carol@[2001:db8::1]:5061"));
        for wrong in [
            "javascript:alert(1)",
            "sip:",
            "carol@example.com",
            "sip:a b@c",
            "sip:a\"b@c",
            "sip:山@c",
        ] {
            assert_eq!(sip_uri(wrong), None, "{wrong}");
        }
    }

    #[test]
    fn a_link_keeps_the_address_whole() {
        assert_eq!(mailto("a?b=c&d@example.com"), "mailto:a%3Fb%3Dc%26d@example.com");
        assert_eq!(mailto("bob+home@example.com"), "mailto:bob+home@example.com");
    }
}
