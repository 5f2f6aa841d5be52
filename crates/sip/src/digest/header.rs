//! Reading `WWW-Authenticate` and `Authorization` (RFC 3261 §25.1, RFC 7235
//! §2.1): schemes with parameters, several of them perhaps in one value.

/// More parameters than any challenge has; a bound for hostile input.
const PIECES: usize = 256;

/// One scheme and its parameters.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Scheme<'a> {
    name: &'a str,
    params: Vec<(&'a str, &'a str)>,
}

impl<'a> Scheme<'a> {
    pub(super) fn is_digest(&self) -> bool {
        self.name.eq_ignore_ascii_case("Digest")
    }

    /// The value of a parameter, without its quotes and otherwise as it was
    /// written: escapes go into the hashes as they are (RFC 7616 §3.4, `unq`).
    pub(super) fn get(&self, name: &str) -> Option<&'a str> {
        let mut params = self.params.iter();
        params.find(|(known, _)| known.eq_ignore_ascii_case(name)).map(|(_, value)| *value)
    }
}

/// Every scheme in one header value. What is no parameter of any is left out.
pub(super) fn read(value: &str) -> Vec<Scheme<'_>> {
    let mut schemes: Vec<Scheme<'_>> = Vec::new();
    for piece in pieces(value).take(PIECES) {
        let (head, value) = match piece.split_once('=') {
            Some((head, value)) => (head.trim(), Some(unquoted(value))),
            None => (piece, None),
        };
        // `Digest realm="x"` opens a scheme, and so does `NTLM` alone.
        let (scheme, name) = match head.rsplit_once(char::is_whitespace) {
            Some((scheme, name)) => (Some(scheme.trim()), name),
            None if value.is_none() => (Some(head), ""),
            None => (None, head),
        };
        if let Some(name) = scheme {
            schemes.push(Scheme { name, params: Vec::new() });
        }
        if let (Some(value), Some(scheme)) = (value, schemes.last_mut()) {
            scheme.params.push((name, value));
        }
    }
    schemes
}

/// What stands between commas outside of quoted strings, without blanks around.
fn pieces(value: &str) -> impl Iterator<Item = &str> {
    let (mut quoted, mut escaped) = (false, false);
    let pieces = value.split(move |character: char| {
        match character {
            _ if escaped => escaped = false,
            '\\' if quoted => escaped = true,
            '"' => quoted = !quoted,
            ',' => return !quoted,
            _ => {}
        }
        false
    });
    pieces.map(str::trim).filter(|piece| !piece.is_empty())
}

fn unquoted(value: &str) -> &str {
    let value = value.trim();
    match value.strip_prefix('"') {
        Some(inner) => inner.strip_suffix('"').unwrap_or(inner),
        None => value,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn schemes_and_parameters_are_told_apart() {
        let digest = |params: Vec<(&'static str, &'static str)>| Scheme { name: "Digest", params };
        let table = [
            (r#"Digest realm="a", nonce="b""#, vec![digest(vec![("realm", "a"), ("nonce", "b")])]),
            ("Digest  realm = a ,,nonce=b,", vec![digest(vec![("realm", "a"), ("nonce", "b")])]),
            (
                r#"Digest realm="a, nonce=x", nonce="\"q\",""#,
                vec![digest(vec![("realm", "a, nonce=x"), ("nonce", r#"\"q\","#)])],
            ),
            (
                r#"NTLM, Digest nonce="b=c==", Digest realm="d""#,
                vec![
                    Scheme { name: "NTLM", params: vec![] },
                    digest(vec![("nonce", "b=c==")]),
                    digest(vec![("realm", "d")]),
                ],
            ),
            (r#"Digest realm="open"#, vec![digest(vec![("realm", "open")])]),
            ("realm=a", vec![]),
            ("", vec![]),
        ];
        for (text, schemes) in table {
            assert_eq!(read(text), schemes, "{text}");
        }
    }

    #[test]
    fn names_are_known_in_any_letters() {
        let schemes = read("dIGEST Realm=a");
        assert!(schemes[0].is_digest());
        assert_eq!(schemes[0].get("rEALM"), Some("a"));
    }
}
