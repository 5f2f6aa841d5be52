//! The hash algorithms of digest authentication (RFC 8760 §2.1).

use std::fmt::Write as _;

use md5::Md5;
use sha2::{Digest, Sha256, Sha512_256};

/// The hash alone; a later one is the stronger one.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Hash {
    Md5,
    Sha256,
    Sha512_256,
}

/// A hash, and whether the secret is made once for a session (`-sess`).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Algorithm {
    pub(crate) hash: Hash,
    pub(crate) session: bool,
}

/// Every algorithm with its name on the wire.
const ALGORITHMS: [(&str, Algorithm); 6] = [
    ("MD5", Algorithm { hash: Hash::Md5, session: false }),
    ("SHA-256", Algorithm { hash: Hash::Sha256, session: false }),
    ("SHA-512-256", Algorithm { hash: Hash::Sha512_256, session: false }),
    ("MD5-sess", Algorithm { hash: Hash::Md5, session: true }),
    ("SHA-256-sess", Algorithm { hash: Hash::Sha256, session: true }),
    ("SHA-512-256-sess", Algorithm { hash: Hash::Sha512_256, session: true }),
];

impl Algorithm {
    pub(crate) const MD5: Algorithm = Algorithm { hash: Hash::Md5, session: false };
    pub(crate) const SHA_256: Algorithm = Algorithm { hash: Hash::Sha256, session: false };

    /// By its name in any letters; no name at all means MD5 (RFC 7616 §3.3).
    pub(super) fn read(name: Option<&str>) -> Option<Algorithm> {
        let Some(name) = name else { return Some(Algorithm::MD5) };
        let mut all = ALGORITHMS.into_iter();
        all.find(|(known, _)| known.eq_ignore_ascii_case(name)).map(|(_, found)| found)
    }

    /// As it stands on the wire.
    pub(super) fn as_str(self) -> &'static str {
        let mut all = ALGORITHMS.into_iter();
        all.find(|(_, known)| *known == self).map_or("MD5", |(name, _)| name)
    }
}

impl Hash {
    /// The hash of the parts with a colon between each two, in hex.
    pub(super) fn of(self, parts: &[&[u8]]) -> String {
        match self {
            Hash::Md5 => hash::<Md5>(parts),
            Hash::Sha256 => hash::<Sha256>(parts),
            Hash::Sha512_256 => hash::<Sha512_256>(parts),
        }
    }
}

fn hash<D: Digest>(parts: &[&[u8]]) -> String {
    let mut hash = D::new();
    for (index, part) in parts.iter().enumerate() {
        if index > 0 {
            hash.update(b":");
        }
        hash.update(part);
    }
    let mut hex = String::with_capacity(64);
    for byte in hash.finalize().iter() {
        // Writing to a String cannot fail.
        let _ = write!(hex, "{byte:02x}");
    }
    hex
}
