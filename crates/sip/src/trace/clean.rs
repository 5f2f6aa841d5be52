//! A message as text for people: unfolded, without credentials, without
//! characters that would play tricks on a terminal.

use std::borrow::Cow;

const REMOVED: &str = "(removed)";

/// Schemes of authentication that may be named; what follows them may not.
const SCHEMES: [&str; 5] = ["digest", "basic", "bearer", "ntlm", "kerberos"];

/// SDP attributes that carry a key or a password, and SDP's old `k=` line
/// (RFC 4568, RFC 4567, RFC 8839, RFC 4566 §5.12).
const SECRETS: [&str; 4] = ["a=crypto:", "a=key-mgmt:", "a=ice-pwd:", "k="];

/// The whole message.
pub(super) fn message(bytes: &[u8]) -> String {
    let text = String::from_utf8_lossy(bytes);
    let mut lines: Vec<String> = Vec::new();
    let mut hidden = false;
    for line in unfolded(text.trim_start_matches(['\r', '\n'])) {
        // A secret in a body may be folded as well.
        if hidden && line.starts_with([' ', '\t']) {
            continue;
        }
        let line = without_credentials(&line);
        hidden = line.ends_with(REMOVED);
        lines.push(printable(&line));
    }
    while lines.last().is_some_and(String::is_empty) {
        lines.pop();
    }
    lines.join("\n")
}

/// The lines, with each folded header field as one (RFC 3261 §7.3.1).
fn unfolded(text: &str) -> Vec<String> {
    let mut lines: Vec<String> = Vec::new();
    let mut in_body = false;
    for line in text.split('\n').map(|line| line.strip_suffix('\r').unwrap_or(line)) {
        in_body |= line.is_empty();
        if in_body {
            // Every sign that ends a line where SDP is read.
            lines.extend(line.split(['\r', '\0']).map(str::to_owned));
            continue;
        }
        match lines.last_mut() {
            Some(last) if line.starts_with([' ', '\t']) => {
                last.push(' ');
                last.push_str(line.trim());
            }
            _ => lines.push(line.to_owned()),
        }
    }
    lines
}

/// One line, of the head or of a body, without what must not be shown.
fn without_credentials(line: &str) -> Cow<'_, str> {
    // Blanks stand around the signs of some peers' SDP.
    let lower: String = line.split_whitespace().collect::<String>().to_ascii_lowercase();
    if let Some(secret) = SECRETS.into_iter().find(|secret| lower.starts_with(secret)) {
        return Cow::Owned(if secret == "a=crypto:" {
            // The tag and the suite.
            let value = line.split_once(':').map_or("", |(_, value)| value);
            let kept = value.split_whitespace().take(2).filter(|word| !word.contains(':'));
            let kept: Vec<&str> = kept.collect();
            format!("{secret}{} {REMOVED}", kept.join(" "))
        } else {
            format!("{secret}{REMOVED}")
        });
    }
    if let Some((name, value)) = line.split_once(':')
        && is_credential(name.trim())
    {
        let scheme = value.split_whitespace().next().unwrap_or("");
        let known = SCHEMES.into_iter().any(|known| scheme.eq_ignore_ascii_case(known));
        let scheme = if known { scheme } else { "" };
        return Cow::Owned(format!("{}: {scheme} {REMOVED}", name.trim()).replace(":  ", ": "));
    }
    without_passwords(line)
}

/// Header fields by which somebody proves who he is. A challenge proves nothing.
fn is_credential(name: &str) -> bool {
    let name = name.to_ascii_lowercase();
    let words = ["authorization", "password", "passwd", "secret", "token", "cookie", "api-key"];
    !name.contains(' ') && words.into_iter().any(|word| name.contains(word))
}

/// `sip:user:password@host` (RFC 3261 §19.1.1) without the password.
fn without_passwords(line: &str) -> Cow<'_, str> {
    if !line.contains('@') {
        return Cow::Borrowed(line);
    }
    let between = |c: char| c.is_whitespace() || "<>\"".contains(c);
    Cow::Owned(line.split_inclusive(between).map(without_password).collect())
}

/// The same for what stands between blanks, brackets and quotation marks.
fn without_password(word: &str) -> Cow<'_, str> {
    let lower = word.to_ascii_lowercase();
    let schemes = [("sip:", 4), ("sips:", 5)];
    let starts =
        schemes.into_iter().filter_map(|(scheme, length)| Some(lower.find(scheme)? + length));
    let split = starts.min().and_then(|start| word.split_at_checked(start));
    if let Some((scheme, rest)) = split
        && let Some((userinfo, host)) = rest.rsplit_once('@')
        && let Some((user, _)) = userinfo.split_once(':')
    {
        return Cow::Owned(format!("{scheme}{user}:{REMOVED}@{host}"));
    }
    Cow::Borrowed(word)
}

fn printable(line: &str) -> String {
    let mut text = String::with_capacity(line.len());
    for character in line.chars() {
        match character {
            '\t' => text.push(' '),
            // Also the marks that turn the direction of writing.
            c if c.is_control()
                || matches!(c, '\u{200e}'..='\u{200f}' | '\u{2028}'..='\u{202e}' | '\u{2066}'..='\u{2069}') =>
            {
                text.extend(c.escape_default());
            }
            c => text.push(c),
        }
    }
    text
}
