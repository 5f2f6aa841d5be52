//! `a=crypto`: keys of SRTP in a session description (RFC 4568).

use base64::Engine;
use base64::alphabet::STANDARD;
use base64::engine::{DecodePaddingMode, GeneralPurpose, GeneralPurposeConfig};
use ringpost_model::{Srtp, SrtpKey, SrtpSuite};

/// Padding is written; left out by a peer it is not missed.
const BASE64: GeneralPurpose = GeneralPurpose::new(
    &STANDARD,
    GeneralPurposeConfig::new()
        .with_decode_padding_mode(DecodePaddingMode::Indifferent)
        .with_decode_allow_trailing_bits(true),
);
/// Octets of a master salt (RFC 3711 §8.2).
const SALT: usize = 14;
/// No key may protect more packets (RFC 3711 §9.2).
const MOST_PACKETS: u64 = 1 << 48;

/// The suites that we speak, as `a=crypto` names them: of AES 256 also the name
/// that is written more often than the one of RFC 6188 §5.
const SUITES: [(&str, SrtpSuite); 6] = [
    (SrtpSuite::AesCm128Sha1_80.name(), SrtpSuite::AesCm128Sha1_80),
    (SrtpSuite::AesCm128Sha1_32.name(), SrtpSuite::AesCm128Sha1_32),
    (SrtpSuite::AesCm256Sha1_80.name(), SrtpSuite::AesCm256Sha1_80),
    (SrtpSuite::AesCm256Sha1_32.name(), SrtpSuite::AesCm256Sha1_32),
    ("AES_CM_256_HMAC_SHA1_80", SrtpSuite::AesCm256Sha1_80),
    ("AES_CM_256_HMAC_SHA1_32", SrtpSuite::AesCm256Sha1_32),
];

/// One `a=crypto` line with nothing in it that we do not speak.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Crypto {
    pub(super) tag: u32,
    pub(super) suite: SrtpSuite,
    /// The suite's name as it was written; the answer repeats it.
    pub(super) name: &'static str,
    pub(super) key: SrtpKey,
}

impl Crypto {
    /// Reads the value of the attribute. `None`: it breaks the grammar of §9, or
    /// asks for something that is not done here, so that the next line counts.
    pub(super) fn read(value: &str) -> Option<Crypto> {
        let mut fields = value.split_whitespace();
        let tag = fields.next()?;
        let written = fields.next()?;
        let (name, suite) =
            SUITES.into_iter().find(|(name, _)| name.eq_ignore_ascii_case(written))?;
        let key = key(fields.next()?, suite)?;
        if !(1..=9).contains(&tag.len()) || !is_number(tag) || !fields.all(is_acceptable) {
            return None;
        }
        Some(Crypto { tag: tag.parse().ok()?, suite, name, key })
    }

    /// The line, with this key in it.
    pub(super) fn line(&self, key: &SrtpKey) -> String {
        let length = self.suite.key_length() + SALT;
        let octets = BASE64.encode(key.0.get(..length).unwrap_or_default());
        format!("a=crypto:{} {} inline:{octets}\r\n", self.tag, self.name)
    }
}

/// A key of ours, from the system's random numbers (RFC 4568 §4.2).
pub(super) fn new_key() -> SrtpKey {
    let mut octets = [0; 46];
    rand::RngCore::fill_bytes(&mut rand::rng(), &mut octets);
    SrtpKey(octets)
}

/// As many octets of a key as the suite wants, 0 behind them.
pub(super) fn fitted(key: SrtpKey, suite: SrtpSuite) -> SrtpKey {
    let mut octets = key.0;
    octets.iter_mut().skip(suite.key_length() + SALT).for_each(|octet| *octet = 0);
    SrtpKey(octets)
}

/// What a new offer in the same call settles: where the peer goes on with its key
/// we do so too, and neither stream begins anew; else our new key counts.
pub(crate) fn kept(old: Option<Srtp>, new: Option<Srtp>) -> Option<Srtp> {
    match (old, new) {
        (Some(old), Some(new)) if old.suite == new.suite && old.remote == new.remote => Some(old),
        _ => new,
    }
}

/// `inline:` key and salt, perhaps `|lifetime`. A key with an identifier (MKI) is
/// none: its packets would have that identifier in them. Several keys are told
/// apart by nothing else (§6.1).
fn key(params: &str, suite: SrtpSuite) -> Option<SrtpKey> {
    let (method, info) = params.split_once(':')?;
    let mut parts = info.split('|');
    let octets = BASE64.decode(parts.next()?).ok()?;
    if let Some(lifetime) = parts.next()
        && !is_lifetime(lifetime)
    {
        return None;
    }
    let whole = octets.len() == suite.key_length() + SALT && parts.next().is_none();
    if !whole || !method.eq_ignore_ascii_case("inline") {
        return None;
    }
    let mut key = [0; 46];
    key.iter_mut().zip(octets).for_each(|(to, octet)| *to = octet);
    Some(SrtpKey(key))
}

/// `2^20` or `1048576`: the peer's promise for its own key, of which a telephone
/// call never comes to the end.
fn is_lifetime(text: &str) -> bool {
    let packets = match text.strip_prefix("2^") {
        Some(exponent) => exponent.parse().ok().and_then(|exponent| 1_u64.checked_shl(exponent)),
        None => text.parse().ok(),
    };
    is_number(text.strip_prefix("2^").unwrap_or(text))
        && packets.is_some_and(|packets| (1..=MOST_PACKETS).contains(&packets))
}

/// Session parameters (§6.3) that change nothing here: the size of a window, and
/// what is said of error correction, of which there is none. KDR and what takes
/// protection away are not spoken; an unknown parameter may be passed over where
/// a `-` stands before it (§6.3.7).
fn is_acceptable(parameter: &str) -> bool {
    let name = parameter.split('=').next().unwrap_or_default();
    name.starts_with('-') || matches!(name, "WSH" | "FEC_ORDER" | "FEC_KEY")
}

fn is_number(text: &str) -> bool {
    !text.is_empty() && text.bytes().all(|octet| octet.is_ascii_digit())
}

#[cfg(test)]
mod tests {
    use super::*;

    /// 30 octets, as AES 128 wants them; 46 as AES 256 does.
    const K30: &str = "inline:AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwd";
    const K46: &str = "inline:AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8gISIjJCUmJygpKissLQ==";

    #[test]
    fn every_form_of_the_line_is_read_or_passed_over() {
        use SrtpSuite::*;
        const LONG: &str = "AES_CM_128_HMAC_SHA1_80";
        let good = [
            (format!("1 {LONG} {K30}"), (1, AesCm128Sha1_80)),
            (format!("2 AES_CM_128_HMAC_SHA1_32 {K30}"), (2, AesCm128Sha1_32)),
            (format!("3 AES_256_CM_HMAC_SHA1_80 {K46}"), (3, AesCm256Sha1_80)),
            (format!("4 AES_256_CM_HMAC_SHA1_32 {K46}"), (4, AesCm256Sha1_32)),
            (format!("5 AES_CM_256_HMAC_SHA1_80 {K46}"), (5, AesCm256Sha1_80)),
            (format!("6 AES_CM_256_HMAC_SHA1_32 {K46}"), (6, AesCm256Sha1_32)),
            (format!("7 aes_cm_128_hmac_sha1_80 {K30}"), (7, AesCm128Sha1_80)),
            (format!("999999999 {LONG} {K30}"), (999_999_999, AesCm128Sha1_80)),
            (format!("0 {LONG} {K30}"), (0, AesCm128Sha1_80)),
            (format!("1  {LONG}\t {K30}  "), (1, AesCm128Sha1_80)),
            (format!("1 {LONG} {K30}|2^20"), (1, AesCm128Sha1_80)),
            (format!("1 {LONG} {K30}|2^48"), (1, AesCm128Sha1_80)),
            (format!("1 {LONG} {K30}|1048576"), (1, AesCm128Sha1_80)),
            (format!("1 {LONG} {K30} WSH=128"), (1, AesCm128Sha1_80)),
            (format!("1 {LONG} {K30} FEC_ORDER=FEC_SRTP"), (1, AesCm128Sha1_80)),
            (format!("1 {LONG} {K30}|2^31 WSH=64 -X=1 -Y"), (1, AesCm128Sha1_80)),
            (
                format!("1 AES_256_CM_HMAC_SHA1_80 {}", K46.trim_end_matches('=')),
                (1, AesCm256Sha1_80),
            ),
            (format!("1 {LONG} {}", K30.replace("inline", "INLINE")), (1, AesCm128Sha1_80)),
        ];
        for (line, expected) in &good {
            let read = Crypto::read(line).unwrap_or_else(|| panic!("{line}"));
            assert_eq!((read.tag, read.suite), *expected, "{line}");
            let length = read.suite.key_length() + SALT;
            assert!(read.key.0[..length].iter().zip(0..).all(|(octet, n)| *octet == n), "{line}");
            assert!(read.key.0[length..].iter().all(|octet| *octet == 0), "{line}");
        }
        let bad = [
            String::new(),
            "1".to_owned(),
            format!("1 {LONG}"),
            format!("x {LONG} {K30}"),
            format!("-1 {LONG} {K30}"),
            format!("+1 {LONG} {K30}"),
            format!("1234567890 {LONG} {K30}"),
            format!("1 F8_128_HMAC_SHA1_80 {K30}"),
            format!("1 AEAD_AES_128_GCM {K30}"),
            format!("1 AES_192_CM_HMAC_SHA1_80 {K30}"),
            format!("1 {LONG} {K46}"),
            format!("1 AES_256_CM_HMAC_SHA1_80 {K30}"),
            format!("1 {LONG} {}", &K30[..K30.len() - 2]),
            format!("1 {LONG} {K30}AA"),
            format!("1 {LONG} inline:"),
            format!("1 {LONG} inline:!!!!{}", &K30[11..]),
            format!("1 {LONG} {}", K30.trim_start_matches("inline:")),
            format!("1 {LONG} {}", K30.replace("inline", "uri")),
            format!("1 {LONG} {K30}|1:4"),
            format!("1 {LONG} {K30}|2^20|1:4"),
            format!("1 {LONG} {K30}|2^20|1:1"),
            format!("1 {LONG} {K30};{K30}"),
            format!("1 {LONG} {K30}|2^20|1:4;{K30}|2^20|2:4"),
            format!("1 {LONG} {K30}|2^49"),
            format!("1 {LONG} {K30}|2^99999999999"),
            format!("1 {LONG} {K30}|2^"),
            format!("1 {LONG} {K30}|0"),
            format!("1 {LONG} {K30}|+5"),
            format!("1 {LONG} {K30}|"),
            format!("1 {LONG} {K30} KDR=1"),
            format!("1 {LONG} {K30} UNENCRYPTED_SRTP"),
            format!("1 {LONG} {K30} UNENCRYPTED_SRTCP"),
            format!("1 {LONG} {K30} WSH=64 UNAUTHENTICATED_SRTP"),
            format!("1 {LONG} {K30} SOMETHING_NEW"),
        ];
        for line in &bad {
            assert_eq!(Crypto::read(line), None, "{line}");
        }
    }

    #[test]
    fn a_line_is_written_as_it_is_read() {
        for (tag, (name, suite)) in (1..).zip(SUITES) {
            let key = fitted(new_key(), suite);
            let crypto = Crypto { tag, suite, name, key };
            let line = crypto.line(&key);
            assert!(line.starts_with(&format!("a=crypto:{tag} {name} inline:")), "{line}");
            let value = line.trim_start_matches("a=crypto:").trim_end();
            assert_eq!(Crypto::read(value), Some(crypto), "{line}");
        }
        assert_ne!(new_key(), new_key());
    }

    #[test]
    fn our_key_stays_while_the_peer_keeps_its_own() {
        let suite = SrtpSuite::AesCm128Sha1_80;
        let srtp = |suite| Some(Srtp { suite, local: new_key(), remote: SrtpKey([1; 46]) });
        let (old, same) = (srtp(suite), srtp(suite));
        let other_key = same.map(|same| Srtp { remote: SrtpKey([2; 46]), ..same });
        let other_suite = srtp(SrtpSuite::AesCm128Sha1_32);
        assert_eq!(kept(old, same), old);
        assert_eq!(kept(old, other_key), other_key);
        assert_eq!(kept(old, other_suite), other_suite);
        assert_eq!(kept(old, None), None);
        assert_eq!(kept(None, same), same);
    }
}
