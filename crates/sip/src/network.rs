//! Networks of peers, written as CIDR.

use std::fmt;
use std::net::IpAddr;
use std::str::FromStr;

/// An IP network (RFC 4632, RFC 4291 §2.3): `127.0.0.0/8`, `2001:db8::/32`, or
/// a single address such as `10.0.0.7`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Network {
    /// The first address; the bits behind the prefix are zero.
    first: IpAddr,
    prefix: u8,
}

/// The text is no network.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct InvalidNetwork {
    text: String,
}

impl fmt::Display for InvalidNetwork {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            f,
            "\"{}\" is no network: write an address such as 10.0.0.7 or ::1, or an address \
             and a prefix length such as 127.0.0.0/8 or 2001:db8::/32",
            self.text.escape_debug()
        )
    }
}

impl std::error::Error for InvalidNetwork {}

impl Network {
    /// Is the address one of this network? An IPv4 address that comes in
    /// IPv6's clothes (`::ffff:10.0.0.7`) counts as the IPv4 address.
    pub fn contains(&self, address: IpAddr) -> bool {
        let address = address.to_canonical();
        same_family(address, self.first) && masked(address, self.prefix) == self.first
    }

    /// Is there an address that is in both?
    pub fn overlaps(&self, other: &Network) -> bool {
        self.contains(other.first) || other.contains(self.first)
    }
}

impl FromStr for Network {
    type Err = InvalidNetwork;

    /// Bits behind the prefix are allowed and ignored: `10.0.0.7/8` is `10.0.0.0/8`.
    fn from_str(text: &str) -> Result<Self, InvalidNetwork> {
        let invalid = || InvalidNetwork { text: text.to_owned() };
        let (address, prefix) = match text.split_once('/') {
            Some((address, prefix)) => (address, Some(prefix)),
            None => (text, None),
        };
        let address: IpAddr = address.trim().parse().map_err(|_| invalid())?;
        let width = if address.is_ipv4() { 32 } else { 128 };
        let prefix = match prefix.map(str::trim) {
            Some(digits) if digits.bytes().all(|byte| byte.is_ascii_digit()) => {
                digits.parse().ok().filter(|bits| *bits <= width).ok_or_else(invalid)?
            }
            Some(_) => return Err(invalid()),
            None => width,
        };
        Ok(Self { first: masked(address, prefix), prefix })
    }
}

impl fmt::Display for Network {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}/{}", self.first, self.prefix)
    }
}

fn same_family(one: IpAddr, other: IpAddr) -> bool {
    one.is_ipv4() == other.is_ipv4()
}

/// The address with only its first `prefix` bits.
fn masked(address: IpAddr, prefix: u8) -> IpAddr {
    let prefix = u32::from(prefix);
    match address {
        IpAddr::V4(v4) => {
            let mask = u32::MAX.checked_shl(32_u32.saturating_sub(prefix)).unwrap_or(0);
            IpAddr::V4((v4.to_bits() & mask).into())
        }
        IpAddr::V6(v6) => {
            let mask = u128::MAX.checked_shl(128_u32.saturating_sub(prefix)).unwrap_or(0);
            IpAddr::V6((v6.to_bits() & mask).into())
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn who_is_inside_and_who_is_not() {
        let table = [
            ("127.0.0.0/8", "127.9.9.9", true),
            ("127.0.0.0/8", "128.0.0.1", false),
            ("10.0.0.7", "10.0.0.7", true),
            ("10.0.0.7", "10.0.0.8", false),
            ("10.0.0.7/8", "10.255.0.1", true),
            ("0.0.0.0/0", "203.0.113.9", true),
            ("0.0.0.0/0", "::1", false),
            ("::1/128", "::1", true),
            ("::1/128", "::2", false),
            ("2001:db8::/32", "2001:db8:ffff::1", true),
            ("2001:db8::/33", "2001:db8:8000::1", false),
            ("::/0", "2001:db8::1", true),
            ("10.0.0.0/8", "::ffff:10.1.2.3", true),
        ];
        for (network, address, inside) in table {
            let parsed: Network = network.parse().expect(network);
            assert_eq!(parsed.contains(address.parse().unwrap()), inside, "{network} {address}");
            assert_eq!(parsed.to_string().parse(), Ok(parsed));
        }
    }

    #[test]
    fn networks_overlap_where_one_is_in_the_other() {
        let table = [
            ("10.0.0.0/8", "10.1.0.0/16", true),
            ("10.0.0.0/8", "11.0.0.0/8", false),
            ("10.0.0.7", "10.0.0.7", true),
            ("0.0.0.0/0", "::/0", false),
        ];
        for (one, other, overlap) in table {
            let networks: [Network; 2] = [one, other].map(|text| text.parse().expect(text));
            let [one, other] = networks;
            assert_eq!((one.overlaps(&other), other.overlaps(&one)), (overlap, overlap));
        }
    }

    #[test]
    fn what_is_no_network_is_quoted_back() {
        for text in ["", "localhost", "10.0.0.0/33", "::1/129", "10.0.0.0/", "10.0.0.0/+8", "1/2/3"]
        {
            let fault = text.parse::<Network>().expect_err(text);
            assert!(fault.to_string().starts_with(&format!("\"{text}\" is no network")), "{fault}");
        }
    }

    #[test]
    fn shown_without_the_bits_that_do_not_count() {
        assert_eq!("10.1.2.3/8".parse::<Network>().unwrap().to_string(), "10.0.0.0/8");
        assert_eq!("10.1.2.3".parse::<Network>().unwrap().to_string(), "10.1.2.3/32");
    }
}
