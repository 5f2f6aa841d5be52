//! What a server offers in its reply to EHLO, as far as lettre does not keep it.

use lettre::transport::smtp::response::Response;

/// Keywords of EHLO (RFC 5321 §4.1.1.1) that a transaction goes by.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(super) struct Offers {
    /// What SIZE announced: `None` not offered, 0 without a limit (RFC 1870 §4).
    pub(super) size: Option<u64>,
    /// Commands may be sent before the reply to the one before (RFC 2920).
    pub(super) pipelining: bool,
}

impl Offers {
    /// From the whole reply; its first line is the server's name.
    pub(super) fn read(reply: &Response) -> Self {
        let mut offers = Self::default();
        for line in reply.message().skip(1) {
            let mut words = line.split_ascii_whitespace();
            let keyword = words.next().unwrap_or_default();
            if keyword.eq_ignore_ascii_case("SIZE") && offers.size.is_none() {
                offers.size = Some(words.next().and_then(|size| size.parse().ok()).unwrap_or(0));
            }
            offers.pipelining |= keyword.eq_ignore_ascii_case("PIPELINING");
        }
        offers
    }
}
