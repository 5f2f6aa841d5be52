//! Digest authentication as a caller does it (RFC 7616), its hashes taken by
//! programs of their own.

use super::{Line, Message};
use crate::process::run;

/// A hash.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Algorithm {
    /// RFC 2617.
    Md5,
    /// RFC 7616.
    Sha256,
}

impl Algorithm {
    fn name(self) -> &'static str {
        match self {
            Self::Md5 => "MD5",
            Self::Sha256 => "SHA-256",
        }
    }

    /// In hexadecimal digits.
    fn of(self, text: &str) -> String {
        let program = match self {
            Self::Md5 => "md5sum",
            Self::Sha256 => "sha256sum",
        };
        let words = run("sh", ["-c", &format!("printf %s \"$1\" | {program}"), "sh", text]);
        words.split_whitespace().next().unwrap_or_default().to_owned()
    }
}

/// Who somebody says he is, and how he proves it.
#[derive(Debug, Clone)]
pub struct Digest {
    user: String,
    password: String,
    algorithm: Algorithm,
    realm: String,
    nonce: String,
    count: u32,
}

impl Digest {
    /// Before he was asked.
    pub fn new(user: &str, password: &str, algorithm: Algorithm) -> Self {
        let (user, password) = (user.to_owned(), password.to_owned());
        Self { user, password, algorithm, realm: String::new(), nonce: String::new(), count: 0 }
    }

    /// Takes the challenge of a 401 for this algorithm.
    pub fn is_asked(&mut self, response: &Message) {
        let algorithm = format!("algorithm={}", self.algorithm.name());
        let mut challenges = response.all("WWW-Authenticate");
        let challenge = challenges
            .find(|challenge| challenge.contains(&algorithm))
            .unwrap_or_else(|| panic!("no challenge with {algorithm} in\n{response}"));
        let quoted = |name: &str| {
            let (_, rest) = challenge.split_once(&format!("{name}=\"")).expect("a parameter");
            rest.split('"').next().unwrap_or_default().to_owned()
        };
        (self.realm, self.nonce, self.count) = (quoted("realm"), quoted("nonce"), 0);
    }

    /// The next use of the nonce: the value of Authorization.
    pub fn answer(&mut self, method: &str, uri: &str) -> String {
        self.count += 1;
        self.same_answer(method, uri)
    }

    /// The same use of the nonce once more, as somebody sends it who cannot count.
    pub fn same_answer(&self, method: &str, uri: &str) -> String {
        let Self { user, password, realm, nonce, algorithm, .. } = self;
        let (count, cnonce) = (format!("{:08x}", self.count), Line::token("c"));
        let who = algorithm.of(&format!("{user}:{realm}:{password}"));
        let what = algorithm.of(&format!("{method}:{uri}"));
        let response = algorithm.of(&format!("{who}:{nonce}:{count}:{cnonce}:auth:{what}"));
        format!(
            "Digest username=\"{user}\", realm=\"{realm}\", nonce=\"{nonce}\", uri=\"{uri}\", \
             response=\"{response}\", algorithm={}, cnonce=\"{cnonce}\", qop=auth, nc={count}",
            algorithm.name()
        )
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_hashes_are_known_hashes() {
        // RFC 1321 §A.5, FIPS 180-4's example.
        assert_eq!(Algorithm::Md5.of("abc"), "900150983cd24fb0d6963f7d28e17f72");
        assert!(Algorithm::Sha256.of("abc").starts_with("ba7816bf8f01cfea414140de5dae2223"));
    }
}
