//! The names of a call by which another ear may know it.

use crate::wire::Request;

/// Longer than any that is sent; a bound for hostile input.
const LONGEST: usize = 256;

/// Call-ID, Ms-Conversation-ID, and both halves of the Session-ID (RFC 7989
/// §5): each once, as it was written.
pub(crate) fn identifiers(request: &Request) -> Vec<String> {
    let mut found: Vec<String> = Vec::new();
    let mut keep = |text: &str| {
        let text = text.trim();
        if !text.is_empty() && text.len() <= LONGEST && !found.iter().any(|known| known == text) {
            found.push(text.to_owned());
        }
    };
    for name in ["Call-ID", "Ms-Conversation-ID"] {
        request.headers.all(name).take(1).for_each(&mut keep);
    }
    for value in request.headers.all("Session-ID").take(1) {
        for part in value.split(';') {
            // The halves: `uuid;remote=uuid`; nil stands for one not known yet.
            let uuid = match part.trim().split_once('=') {
                Some((name, uuid)) if name.trim().eq_ignore_ascii_case("remote") => uuid.trim(),
                Some(_) => continue,
                None => part.trim(),
            };
            let is_uuid = uuid.len() == 32 && uuid.bytes().all(|byte| byte.is_ascii_hexdigit());
            if is_uuid && uuid.bytes().any(|byte| byte != b'0') {
                keep(uuid);
            }
        }
    }
    found
}
