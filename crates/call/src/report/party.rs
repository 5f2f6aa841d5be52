//! A party as a report writes it: a user, a number, an extension or a URI,
//! with or without a name in front.

use ringpost_model::Party;

/// Reads `alice`, `+1 425 555 0142`, `1001`, `sip:alice@example.com`,
/// `tel:+14255550142`, `alice@example.com`, `"Bob Example" <sip:…>`.
pub(super) fn read(text: &str) -> Option<Party> {
    let (name, address) = split_name(text.trim());
    let mut party = address_of(address)?;
    party.withheld = is(&party.user, "anonymous") || is(&party.host, "anonymous.invalid");
    party.display_name = name.filter(|_| !party.withheld);
    Some(party)
}

fn is(part: &Option<String>, word: &str) -> bool {
    part.as_deref().is_some_and(|part| part.eq_ignore_ascii_case(word))
}

/// The display name, unquoted, and what stands between the angle brackets
/// (RFC 3261 §25.1, name-addr).
fn split_name(text: &str) -> (Option<String>, &str) {
    let Some((before, after)) = text.rsplit_once('<') else { return (None, text) };
    let address = after.split('>').next().unwrap_or(after).trim();
    let before = before.trim();
    let name = match before.strip_prefix('"') {
        Some(quoted) => unquoted(quoted),
        None => before.to_owned(),
    };
    let name = name.trim().to_owned();
    (Some(name).filter(|name| !name.is_empty()), address)
}

/// Up to the closing quote, `\"` and `\\` resolved.
fn unquoted(text: &str) -> String {
    let mut name = String::new();
    let mut characters = text.chars();
    while let Some(c) = characters.next() {
        match c {
            '"' => break,
            '\\' => name.extend(characters.next()),
            _ => name.push(c),
        }
    }
    name
}

fn address_of(address: &str) -> Option<Party> {
    if address.is_empty() {
        return None;
    }
    let (scheme, rest) = match address.split_once(':') {
        Some((scheme, rest)) => (scheme.trim().to_ascii_lowercase(), rest.trim()),
        None => (String::new(), address),
    };
    match scheme.as_str() {
        "sip" | "sips" => sip(&scheme, rest),
        "tel" => {
            let number = rest.split([';', '?']).next().unwrap_or_default().trim();
            let party = Party {
                uri: Some(format!("tel:{}", without_headers(rest))),
                user: some(number),
                ..Party::default()
            };
            Some(party).filter(|party| party.user.is_some())
        }
        _ if address.contains('@') && !address.contains(':') => sip("sip", address),
        _ => Some(Party::from_user(address)),
    }
}

/// `user:password@host:port;parameters?headers`, of which the user and the
/// host are wanted (RFC 3261 §19.1.1).
fn sip(scheme: &str, rest: &str) -> Option<Party> {
    let rest = without_headers(rest);
    let (userinfo, host) = match rest.rsplit_once('@') {
        Some((userinfo, host)) => (Some(userinfo), host),
        None => (None, rest),
    };
    let user = userinfo.and_then(|info| info.split([';', ':']).next()).map(percent_decoded);
    let host = host.split(';').next().unwrap_or(host).trim();
    let host = match host.strip_prefix('[').and_then(|host| host.split_once(']')) {
        Some((address, _port)) => address,
        None => host.split(':').next().unwrap_or(host),
    };
    let party = Party {
        uri: Some(format!("{scheme}:{rest}")),
        user: user.as_deref().and_then(some),
        host: some(host),
        ..Party::default()
    };
    Some(party).filter(|party| party.user.is_some() || party.host.is_some())
}

fn without_headers(rest: &str) -> &str {
    rest.split('?').next().unwrap_or(rest).trim()
}

fn some(text: &str) -> Option<String> {
    let text = text.trim();
    if text.is_empty() { None } else { Some(text.to_owned()) }
}

/// RFC 3986 §2.1; what is no escape stays. Control characters do not come in
/// by this door.
fn percent_decoded(text: &str) -> String {
    let mut bytes = Vec::with_capacity(text.len());
    let mut rest = text.as_bytes();
    while let Some((first, tail)) = rest.split_first() {
        let escape = match (first, tail) {
            (b'%', [high, low, ..]) => hex(*high).zip(hex(*low)),
            _ => None,
        };
        if let Some((high, low)) = escape {
            bytes.push(high * 16 + low);
            rest = tail.get(2..).unwrap_or_default();
        } else {
            bytes.push(*first);
            rest = tail;
        }
    }
    String::from_utf8_lossy(&bytes).chars().filter(|c| !c.is_control()).collect()
}

fn hex(byte: u8) -> Option<u8> {
    char::from(byte).to_digit(16).and_then(|value| u8::try_from(value).ok())
}

#[cfg(test)]
mod tests {
    use super::*;

    /// text, display name, user, host, uri
    type Row = (&'static str, [Option<&'static str>; 4]);

    #[test]
    fn parties_are_read_in_every_form() {
        let table: [Row; 17] = [
            ("alice", [None, Some("alice"), None, None]),
            ("1001", [None, Some("1001"), None, None]),
            ("+1 425 555 0142", [None, Some("+1 425 555 0142"), None, None]),
            (
                "alice@example.com",
                [None, Some("alice"), Some("example.com"), Some("sip:alice@example.com")],
            ),
            (
                "sip:alice@example.com",
                [None, Some("alice"), Some("example.com"), Some("sip:alice@example.com")],
            ),
            (
                "SIPS:alice@example.com:5061;transport=tls?Subject=x",
                [
                    None,
                    Some("alice"),
                    Some("example.com"),
                    Some("sips:alice@example.com:5061;transport=tls"),
                ],
            ),
            (
                "sip:+14255550142;ext=242@gw.example.com;user=phone",
                [
                    None,
                    Some("+14255550142"),
                    Some("gw.example.com"),
                    Some("sip:+14255550142;ext=242@gw.example.com;user=phone"),
                ],
            ),
            (
                "sip:%2B14255550142@[2001:db8::7]:5060",
                [
                    None,
                    Some("+14255550142"),
                    Some("2001:db8::7"),
                    Some("sip:%2B14255550142@[2001:db8::7]:5060"),
                ],
            ),
            (
                "sip:gw.example.com",
                [None, None, Some("gw.example.com"), Some("sip:gw.example.com")],
            ),
            (
                "tel:+1-425-555-0142;ext=242",
                [None, Some("+1-425-555-0142"), None, Some("tel:+1-425-555-0142;ext=242")],
            ),
            ("TEL: 1001", [None, Some("1001"), None, Some("tel:1001")]),
            (
                "\"Bob \\\"the\\\" Example\" <sip:bob@example.com>;tag=1",
                [
                    Some("Bob \"the\" Example"),
                    Some("bob"),
                    Some("example.com"),
                    Some("sip:bob@example.com"),
                ],
            ),
            (
                "Bob Example <tel:+14255550142>",
                [Some("Bob Example"), Some("+14255550142"), None, Some("tel:+14255550142")],
            ),
            ("山田太郎 <1001>", [Some("山田太郎"), Some("1001"), None, None]),
            (
                "<sip:bob@example.com>",
                [None, Some("bob"), Some("example.com"), Some("sip:bob@example.com")],
            ),
            ("\"\" <1001>", [None, Some("1001"), None, None]),
            ("\"a < b\" <1001>", [Some("a < b"), Some("1001"), None, None]),
        ];
        for (text, [name, user, host, uri]) in table {
            let party = read(text).unwrap_or_else(|| panic!("{text} is a party"));
            assert_eq!(party.display_name.as_deref(), name, "{text}");
            assert_eq!(party.user.as_deref(), user, "{text}");
            assert_eq!(party.host.as_deref(), host, "{text}");
            assert_eq!(party.uri.as_deref(), uri, "{text}");
            assert!(!party.withheld, "{text}");
        }
    }

    #[test]
    fn who_asks_not_to_be_named_is_not() {
        for text in [
            "anonymous",
            "Anonymous",
            "\"Bob Example\" <sip:anonymous@anonymous.invalid>",
            "sip:bob@anonymous.invalid",
        ] {
            let party = read(text).unwrap();
            assert!(party.withheld, "{text}");
            assert_eq!(party.display_name, None, "{text}");
            assert_eq!(party.raw(), "", "{text}");
        }
    }

    #[test]
    fn nothing_is_nobody() {
        for text in ["", "  ", "<>", "\"Bob\" <>", "sip:", "tel:", "sip:@"] {
            assert_eq!(read(text), None, "{text:?}");
        }
    }
}
