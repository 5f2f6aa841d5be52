//! Text of a source made fit to be shown, and SIP addresses made fit to be compared.

/// One line without control characters and outer blanks; `None` when nothing is left.
pub(crate) fn line(text: &str) -> Option<String> {
    let spaced: String =
        text.chars().map(|c| if c.is_control() { ' ' } else { c }).collect::<String>();
    let joined = spaced.split_whitespace().collect::<Vec<_>>().join(" ");
    (!joined.is_empty()).then_some(joined)
}

/// The ASCII digits of a text, in order.
pub(crate) fn digits(text: &str) -> String {
    text.chars().filter(char::is_ascii_digit).collect()
}

/// A number as it is shown: `tel:+1-425-555-0142;ext=242` (RFC 3966) becomes
/// `+1-425-555-0142 x242`, anything else stays as people wrote it.
pub(crate) fn number_shown(spelling: &str) -> Option<String> {
    let Some((scheme, number)) = spelling.trim().split_once(':') else { return line(spelling) };
    if !scheme.eq_ignore_ascii_case("tel") {
        return line(spelling);
    }
    let mut parameters = number.split(';');
    let main = line(parameters.next()?)?;
    match parameters.find_map(|parameter| parameter.strip_prefix("ext=")) {
        Some(extension) => line(&format!("{main} x{extension}")),
        None => Some(main),
    }
}

/// `user@host` in lower case of a SIP URI: without scheme, password, port,
/// parameters and headers (RFC 3261 §19.1.1). `None` for anything else.
pub(crate) fn sip_address(uri: &str) -> Option<String> {
    let (scheme, rest) = uri.trim().split_once(':')?;
    if !scheme.eq_ignore_ascii_case("sip") && !scheme.eq_ignore_ascii_case("sips") {
        return None;
    }
    address(rest)
}

/// `user@host` in lower case of an address without scheme.
pub(crate) fn address(text: &str) -> Option<String> {
    let bare = text.trim().split(['?', '>']).next()?;
    let (user, host) = bare.rsplit_once('@')?;
    let user = user.split([';', ':']).next()?;
    let host = host.split(';').next()?;
    let host = match host.strip_prefix('[') {
        Some(six) => six.split(']').next()?,
        None => host.split(':').next()?,
    };
    let clean = !user.is_empty() && !host.is_empty();
    clean.then(|| format!("{}@{}", user.to_lowercase(), host.to_lowercase()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_line_has_no_breaks_and_no_controls() {
        assert_eq!(line(" Bob\r\n Example\u{7}\t").as_deref(), Some("Bob Example"));
        assert_eq!(line("\r\n \u{0}"), None);
    }

    #[test]
    fn a_number_is_shown_without_its_scheme() {
        for (spelling, shown) in [
            ("tel:+14255550142", Some("+14255550142")),
            ("TEL:+1-425-555-0142;phone-context=x;ext=242", Some("+1-425-555-0142 x242")),
            (" +1 (425) 555-0142\n", Some("+1 (425) 555-0142")),
            ("tel:", None),
            ("", None),
        ] {
            assert_eq!(number_shown(spelling).as_deref(), shown, "{spelling}");
        }
    }

    #[test]
    fn a_sip_uri_is_compared_by_user_and_host() {
        for (uri, address) in [
            ("sip:Bob@Example.com", Some("bob@example.com")),
            ("SIPS:bob:secret@example.com:5061;transport=tls?Subject=x", Some("bob@example.com")),
            ("sip:+14255550142;ext=7@example.com;user=phone", Some("+14255550142@example.com")),
            ("sip:bob@[2001:db8::1]:5060", Some("bob@2001:db8::1")),
            ("sip:example.com", None),
            ("tel:+14255550142", None),
            ("bob@example.com", None),
            ("sip:@example.com", None),
            ("", None),
        ] {
            assert_eq!(sip_address(uri).as_deref(), address, "{uri}");
        }
    }
}
