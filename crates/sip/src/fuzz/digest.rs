//! Challenges and credentials.

use std::time::Instant;

use super::fuzz;
use crate::digest::{Verdict, Verifier, authorize, challenges, choose};
use crate::wire::Headers;
use crate::wire::tests::invite;
use crate::{Credentials, DigestHashes};

const URI: &str = "sip:alice@example.com";

fn bob() -> Credentials {
    Credentials { user: "bob".to_owned(), password: "zanzibar".to_owned() }
}

/// Challenges of a verifier of ours and of others, and answers to them.
fn seeds(verifier: &Verifier, now: Instant) -> Vec<Vec<u8>> {
    let mut seeds: Vec<String> = verifier.challenges(DigestHashes::ALL, true, 1, now);
    seeds.extend([
        "Digest realm=\"biloxi.com\", qop=\"auth,auth-int\", nonce=\"dcd98b7102dd2f0e8b11d0f600bfb0c093\", \
         opaque=\"5ccc069c403ebaf9f0171e9517f40e41\""
            .to_owned(),
        "Digest realm=\"a\\\"b\", nonce=\"\\\\\", algorithm=SHA-256-sess, domain=\"sip:x,y\"".to_owned(),
        "NTLM, Negotiate, Digest realm=x,nonce=y,stale=TRUE,algorithm=MD5-sess".to_owned(),
        "Basic realm=\"x\"".to_owned(),
    ]);
    for challenge in seeds.clone() {
        let mut headers = Headers::default();
        headers.push("WWW-Authenticate", &challenge);
        let challenges = challenges(&headers);
        seeds.extend(
            challenges
                .iter()
                .map(|asked| authorize(asked, &bob(), ("INVITE", URI, b"v=0"), "0a4f113b", 1)),
        );
    }
    assert!(seeds.len() > 9, "{seeds:?}");
    seeds.into_iter().map(String::into_bytes).collect()
}

#[test]
fn digests() {
    let now = Instant::now();
    let mut verifier = Verifier::new("ringpost", [7; 64], now);
    let stranger = Credentials { user: "bob".to_owned(), password: "other".to_owned() };
    fuzz("digests", &seeds(&verifier, now), |input, _| {
        let text = String::from_utf8_lossy(input);
        let mut headers = Headers::default();
        headers.push("WWW-Authenticate", &*text);
        headers.push("Proxy-Authenticate", &*text);
        let found = challenges(&headers);
        if let Some(challenge) = choose(&found) {
            let answer = authorize(challenge, &bob(), ("INVITE", URI, b""), "0a4f113b", 1);
            assert!(answer.len() <= 4 * text.len() + 1024);
        }
        let mut request = invite(URI, "");
        request.headers.push("Authorization", &*text);
        // What was computed with another password never passes, whatever is done to it.
        let verdict = verifier.verify(&request, &stranger, DigestHashes::ALL, now);
        let refused = [Verdict::Missing, Verdict::Wrong];
        assert!(refused.contains(&verdict), "{verdict:?}");
        let _ = verifier.verify(&request, &bob(), DigestHashes::ALL, now);
    });
}
