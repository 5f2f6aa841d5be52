//! Session keys of one direction, and what they do to a packet (RFC 3711 §4).

use aes::cipher::consts::U16;
use aes::cipher::{BlockCipherEncrypt, InnerIvInit, KeyInit, StreamCipherCore};
use aes::{Aes128Enc, Aes256Enc};
use ctr::CtrCore;
use ctr::flavors::Ctr128BE;
use hmac::{Hmac, Mac};
use ringpost_model::{SrtpKey, SrtpSuite};
use sha1::Sha1;

/// Octets of a salt.
const SALT: usize = 14;
/// The longest tag of our suites.
pub const LONGEST_TAG: usize = 10;

/// Labels of key derivation (§4.3.2).
const ENCRYPTION: u8 = 0;
const AUTHENTICATION: u8 = 1;
const SALTING: u8 = 2;

/// What the key derivation makes of a master key and its salt.
pub struct SessionKeys {
    cipher: Cipher,
    salt: [u8; SALT],
    mac: Hmac<Sha1>,
    tag: usize,
}

/// AES with its round keys.
enum Cipher {
    Aes128(Aes128Enc),
    Aes256(Aes256Enc),
}

impl Cipher {
    fn new(key: &[u8]) -> Option<Cipher> {
        match key.len() {
            16 => Aes128Enc::new_from_slice(key).ok().map(Cipher::Aes128),
            32 => Aes256Enc::new_from_slice(key).ok().map(Cipher::Aes256),
            _ => None,
        }
    }

    /// AES in counter mode (§4.1.1): encrypts and decrypts alike.
    fn apply(&self, iv: [u8; 16], octets: &mut [u8]) {
        match self {
            Cipher::Aes128(aes) => counter(aes, iv).apply_keystream_partial(octets.into()),
            Cipher::Aes256(aes) => counter(aes, iv).apply_keystream_partial(octets.into()),
        }
    }
}

fn counter<C: BlockCipherEncrypt<BlockSize = U16>>(aes: &C, iv: [u8; 16]) -> CtrCore<&C, Ctr128BE> {
    CtrCore::inner_iv_init(aes, &iv.into())
}

impl SessionKeys {
    /// Derives them once, as a key derivation rate of 0 means (§4.3.1). `None`
    /// cannot happen: the suite gives the lengths.
    pub fn derive(suite: SrtpSuite, master: &SrtpKey) -> Option<SessionKeys> {
        let (key, rest) = master.0.split_at_checked(suite.key_length())?;
        let master_salt = *rest.first_chunk::<SALT>()?;
        let prf = Cipher::new(key)?;
        let derive = |label: u8, octets: &mut [u8]| {
            let mut iv = iv(&master_salt, 0, 0);
            if let Some(octet) = iv.get_mut(7) {
                *octet ^= label;
            }
            prf.apply(iv, octets);
        };
        let (mut cipher, mut salt, mut mac) = ([0; 32], [0; SALT], [0; 20]);
        let cipher = cipher.get_mut(..suite.key_length())?;
        derive(ENCRYPTION, cipher);
        derive(SALTING, &mut salt);
        derive(AUTHENTICATION, &mut mac);
        Some(SessionKeys {
            cipher: Cipher::new(cipher)?,
            salt,
            mac: Hmac::new_from_slice(&mac).ok()?,
            tag: tag_length(suite),
        })
    }

    /// Encrypts or decrypts the payload of the packet of that index.
    pub fn crypt(&self, ssrc: u32, index: u64, payload: &mut [u8]) {
        self.cipher.apply(iv(&self.salt, ssrc, index), payload);
    }

    /// The tag over header and encrypted payload (§4.2).
    pub fn tag(&self, packet: &[u8], index: u64) -> [u8; 20] {
        self.authenticated(packet, index).finalize().into_bytes().into()
    }

    /// Whether that is the tag; takes as long in any case.
    pub fn is_tag(&self, tag: &[u8], packet: &[u8], index: u64) -> bool {
        self.authenticated(packet, index).verify_truncated_left(tag).is_ok()
    }

    /// Octets of a tag as it is sent.
    pub fn tag_length(&self) -> usize {
        self.tag
    }

    fn authenticated(&self, packet: &[u8], index: u64) -> Hmac<Sha1> {
        let [_, _, r3, r2, r1, r0, _, _] = index.to_be_bytes();
        let mut mac = self.mac.clone();
        mac.update(packet);
        mac.update(&[r3, r2, r1, r0]);
        mac
    }
}

/// Salt, SSRC and packet index where the counter begins (§4.1.1); the last two
/// octets count blocks.
fn iv(salt: &[u8; SALT], ssrc: u32, index: u64) -> [u8; 16] {
    let mut iv = (u128::from(ssrc) << 64 | u128::from(index) << 16).to_be_bytes();
    iv.iter_mut().zip(salt).for_each(|(octet, salt)| *octet ^= salt);
    iv
}

const fn tag_length(suite: SrtpSuite) -> usize {
    match suite {
        SrtpSuite::AesCm128Sha1_80 | SrtpSuite::AesCm256Sha1_80 => LONGEST_TAG,
        SrtpSuite::AesCm128Sha1_32 | SrtpSuite::AesCm256Sha1_32 => 4,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn octets(hex: &str) -> Vec<u8> {
        let digits: Vec<u32> = hex.chars().filter_map(|digit| digit.to_digit(16)).collect();
        digits.chunks(2).map(|pair| (pair[0] * 16 + pair[1]) as u8).collect()
    }

    fn master(hex: &str) -> SrtpKey {
        let mut key = [0; 46];
        key.iter_mut().zip(octets(hex)).for_each(|(to, octet)| *to = octet);
        SrtpKey(key)
    }

    /// RFC 3711 appendix B.2.
    #[test]
    fn the_keystream_is_that_of_the_rfc() {
        let key = octets("2B7E151628AED2A6ABF7158809CF4F3C");
        let salt = *octets("F0F1F2F3F4F5F6F7F8F9FAFBFCFD").first_chunk().unwrap();
        let mut stream = vec![0; 0xff02 * 16];
        Cipher::new(&key).unwrap().apply(iv(&salt, 0, 0), &mut stream);
        let table = [
            (0x0000, "E03EAD0935C95E80E166B16DD92B4EB4"),
            (0x0001, "D23513162B02D0F72A43A2FE4A5F97AB"),
            (0x0002, "41E95B3BB0A2E8DD477901E4FCA894C0"),
            (0xfeff, "EC8CDF7398607CB0F2D21675EA9EA1E4"),
            (0xff00, "362B7C3C6773516318A077D7FC5073AE"),
            (0xff01, "6A2CC3787889374FBEB4C81B17BA6C44"),
        ];
        for (block, expected) in table {
            assert_eq!(stream[block * 16..(block + 1) * 16], octets(expected), "{block:x}");
        }
    }

    /// RFC 3711 appendix B.3 and RFC 6188 §7.2, seen by what they do: the session
    /// key encrypts, the salt begins the counter, the authentication key signs.
    #[test]
    fn keys_are_derived_as_in_the_rfcs() {
        let table = [
            (
                SrtpSuite::AesCm128Sha1_80,
                "E1F97A0D3E018BE0D64FA32C06DE4139 0EC675AD498AFEEBB6960B3AABE6",
                "C61E7A93744F39EE10734AFE3FF7A087",
                "30CBBC08863D8C85D49DB34A9AE1",
                "CEBE321F6FF7716B6FD4AB49AF256A156D38BAA4",
            ),
            (
                SrtpSuite::AesCm256Sha1_32,
                "F0F04914B513F2763A1B1FA130F10E2998F6F6E43E4309D1E622A0E332B9F1B6 \
                 3B04803DE51EE7C96423AB5B78D2",
                "5BA1064E30EC51613CAD926C5A28EF731EC7FB397F70A960653CAF06554CD8C4",
                "FA31791685CA444A9E07C6C64E93",
                "FD9C32D39ED5FBB5A9DC96B30818454D1313DC05",
            ),
        ];
        for (suite, key, cipher, salt, mac) in table {
            let keys = SessionKeys::derive(suite, &master(key)).unwrap();
            assert_eq!(keys.salt[..], octets(salt), "{suite:?}");
            let (mut ours, mut theirs) = ([0; 64], [0; 64]);
            keys.crypt(0x1234_5678, 0x0001_0000_0007, &mut ours);
            let salt = *octets(salt).first_chunk().unwrap();
            let iv = iv(&salt, 0x1234_5678, 0x0001_0000_0007);
            Cipher::new(&octets(cipher)).unwrap().apply(iv, &mut theirs);
            assert_eq!(ours, theirs, "{suite:?}");
            let mac = Hmac::<Sha1>::new_from_slice(&octets(mac)).unwrap();
            let tag = mac.chain_update(b"packet").chain_update([0, 1, 0, 0]).finalize();
            let tag: [u8; 20] = tag.into_bytes().into();
            assert_eq!(keys.tag(b"packet", 0x0001_0000_0007), tag, "{suite:?}");
            let length = keys.tag_length();
            assert!(keys.is_tag(&tag[..length], b"packet", 0x0001_0000_0007));
            assert!(!keys.is_tag(&tag[..length], b"packet", 0x0002_0000_0007), "another turn");
            assert!(!keys.is_tag(&tag[..length], b"Packet", 0x0001_0000_0007));
        }
    }
}
