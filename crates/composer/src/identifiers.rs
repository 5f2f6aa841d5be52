//! Message-IDs and boundaries: unique for each record, the same at each attempt.

use ringpost_model::{CallRecord, Timestamp};

use crate::Letterhead;

/// Longest record id that is used as it stands.
const LONGEST: usize = 48;

/// `ID@domain` (RFC 5322 §3.6.4).
pub(crate) fn message_id(letterhead: &Letterhead, record: &CallRecord) -> String {
    format!("{}@{}", token(&record.id), domain(letterhead))
}

/// `ID-returned-HASH@domain`: one for each recipient and each time that it was
/// given up; the attempts to bring it all have the same.
pub(crate) fn returned_message_id(
    letterhead: &Letterhead,
    record: &CallRecord,
    recipient: &str,
    given_up: Timestamp,
) -> String {
    let which = hash(&format!("{recipient} {}", given_up.as_millis())) as u64;
    format!("{}-returned-{which:016x}@{}", token(&record.id), domain(letterhead))
}

/// A boundary of RFC 2046 §5.1.1, at most 70 characters. `=_` never comes out of
/// quoted-printable or base64; `part` keeps the boundaries of one message, and
/// those of a message inside it, from being the beginning of each other.
pub(crate) fn boundary(part: &str, of: &str) -> String {
    format!("=_{part}_{:032x}", hash(of))
}

/// The right part of Message-IDs, also the name by which a report knows this server.
pub(crate) fn domain(letterhead: &Letterhead) -> &str {
    let domain = letterhead.message_id_domain.as_str();
    let sound = !domain.is_empty()
        && domain.len() <= 255
        && domain.split('.').all(|label| {
            !label.is_empty()
                && label
                    .bytes()
                    .all(|byte| byte.is_ascii_alphanumeric() || byte == b'-' || byte == b'_')
        });
    if sound { domain } else { "ringpost.invalid" }
}

/// The record's id where it may stand left of the `@` as it is, else its hash.
fn token(id: &str) -> String {
    let plain = !id.is_empty()
        && id.len() <= LONGEST
        && id.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'-' || byte == b'_');
    if plain { id.to_owned() } else { format!("{:032x}", hash(id)) }
}

/// FNV-1a with 128 bits: the same on every machine and in every version.
fn hash(text: &str) -> u128 {
    let mut hash = 0x6c62_272e_07bb_0142_62b8_2175_6295_c58d_u128;
    for byte in text.bytes() {
        hash ^= u128::from(byte);
        hash = hash.wrapping_mul(0x0000_0000_0100_0000_0000_0000_0000_013b);
    }
    hash
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_hash_is_fnv_1a() {
        assert_eq!(hash(""), 0x6c62_272e_07bb_0142_62b8_2175_6295_c58d);
        assert_eq!(hash("a"), 0xd228_cb69_6f1a_8caf_7891_2b70_4e4a_8964);
    }

    #[test]
    fn an_odd_id_still_makes_a_message_id() {
        assert_eq!(token("0190-abc"), "0190-abc");
        for odd in ["", "a b", "x\r\ny", "<a@b>", "é"] {
            assert!(token(odd).bytes().all(|byte| byte.is_ascii_hexdigit()), "{odd:?}");
        }
        assert_ne!(token("a b"), token("a  b"));
        assert!(boundary("alternative", &"x".repeat(900)).len() <= 70);
    }
}
