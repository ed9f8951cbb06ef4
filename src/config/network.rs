//! Networks in CIDR notation.

use std::fmt;
use std::net::{IpAddr, Ipv6Addr};

use super::error::Fault;

/// An address, or all addresses that share its first bits.
///
/// An IPv4 address that arrives on a dual-stack socket looks like `::ffff:10.0.0.1`; it is compared as the IPv4
/// address that it is, and networks are stored that way too.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Network {
    address: IpAddr,
    prefix: u8,
}

impl Network {
    /// `10.0.0.0/8`, `fd00::/8`, or a single address.
    pub(super) fn parse(text: &str) -> Result<Network, Fault> {
        let (address, prefix) = split(text).ok_or_else(|| not_a_network(text))?;
        let network = Network { address, prefix }.canonical();
        if network.masked(network.address) == bits(network.address) {
            return Ok(network);
        }
        let first = Network { address: network.first(), ..network };
        Err(Fault::new(
            format!("{text} has bits set beyond its prefix"),
            format!("write {first} for the network, or leave the /{prefix} away for the one address"),
        ))
    }

    pub fn contains(&self, address: IpAddr) -> bool {
        let address = address.to_canonical();
        address.is_ipv4() == self.address.is_ipv4() && self.masked(address) == bits(self.address)
    }

    /// Every address of its family.
    pub(super) fn is_everything(&self) -> bool {
        self.prefix == 0
    }

    fn canonical(self) -> Network {
        match (self.address.to_canonical(), self.prefix.checked_sub(96)) {
            (address @ IpAddr::V4(_), Some(prefix)) if self.address.is_ipv6() => Network { address, prefix },
            _ => self,
        }
    }

    /// The address with everything behind the prefix set to zero. IPv4 stands in the upper 32 bits.
    fn masked(&self, address: IpAddr) -> u128 {
        let mask = u128::MAX.checked_shl(128 - u32::from(self.prefix)).unwrap_or(0);
        bits(address) & mask
    }

    fn first(&self) -> IpAddr {
        let bits = self.masked(self.address);
        match self.address {
            IpAddr::V6(_) => Ipv6Addr::from_bits(bits).into(),
            IpAddr::V4(_) => {
                let [a, b, c, d, ..] = bits.to_be_bytes();
                IpAddr::from([a, b, c, d])
            }
        }
    }
}

fn split(text: &str) -> Option<(IpAddr, u8)> {
    let (address, prefix) = match text.split_once('/') {
        Some((address, prefix)) => (address.parse().ok()?, Some(prefix)),
        None => (text.parse().ok()?, None),
    };
    let longest = if IpAddr::is_ipv4(&address) { 32 } else { 128 };
    let prefix = match prefix {
        Some(prefix) if prefix.bytes().all(|byte| byte.is_ascii_digit()) => prefix.parse().ok()?,
        Some(_) => return None,
        None => longest,
    };
    (prefix <= longest).then_some((address, prefix))
}

fn bits(address: IpAddr) -> u128 {
    match address {
        IpAddr::V4(v4) => u128::from(v4.to_bits()) << 96,
        IpAddr::V6(v6) => v6.to_bits(),
    }
}

fn not_a_network(text: &str) -> Fault {
    Fault::new(
        format!("{text:?} is neither an address nor a network"),
        "write an address or a network, such as 10.0.0.7, 172.16.0.0/12 or fd00::/8",
    )
}

impl std::str::FromStr for Network {
    type Err = NotANetwork;

    fn from_str(text: &str) -> Result<Network, NotANetwork> {
        Network::parse(text).map_err(|_| NotANetwork)
    }
}

/// The text is neither an address nor a network in CIDR notation.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("neither an address nor a network in CIDR notation")]
pub struct NotANetwork;

impl fmt::Display for Network {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match (self.address, self.prefix) {
            (IpAddr::V4(address), 32) => address.fmt(f),
            (IpAddr::V6(address), 128) => address.fmt(f),
            (address, prefix) => write!(f, "{address}/{prefix}"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn parses() {
        let cases = [
            ("10.0.0.0/8", Some("10.0.0.0/8"), "a network"),
            ("10.0.0.7", Some("10.0.0.7"), "one address"),
            ("10.0.0.7/32", Some("10.0.0.7"), "one address, spelt out"),
            ("0.0.0.0/0", Some("0.0.0.0/0"), "everything"),
            ("fd00::/8", Some("fd00::/8"), "version 6"),
            ("::1", Some("::1"), "one address of version 6"),
            ("::ffff:10.0.0.0/104", Some("10.0.0.0/8"), "version 4 in version 6's clothes"),
            ("::ffff:10.0.0.7", Some("10.0.0.7"), "the same, one address"),
            ("10.0.0.7/8", None, "bits beyond the prefix"),
            ("fd00::1/8", None, "the same in version 6"),
            ("10.0.0.0/33", None, "too long"),
            ("10.0.0.0/+8", None, "a sign"),
            ("10.0.0.0/", None, "no prefix"),
            ("10.0.0", None, "three parts"),
            ("example.org", None, "a name"),
            ("", None, "nothing"),
        ];
        for (text, want, why) in cases {
            let network = text.parse::<Network>().ok().map(|network| network.to_string());
            assert_eq!(network.as_deref(), want, "{why}: {text}");
        }
    }

    #[test]
    fn contains() {
        let cases = [
            ("10.0.0.0/8", "10.255.0.1", true, "inside"),
            ("10.0.0.0/8", "11.0.0.1", false, "one beyond"),
            ("10.0.0.0/8", "::ffff:10.1.2.3", true, "seen on a dual-stack socket"),
            ("::ffff:10.0.0.0/104", "10.1.2.3", true, "typed as mapped"),
            ("192.168.4.0/22", "192.168.7.255", true, "the last of the network"),
            ("192.168.4.0/22", "192.168.8.0", false, "the first behind it"),
            ("10.0.0.7", "10.0.0.8", false, "one address is one address"),
            ("0.0.0.0/0", "203.0.113.9", true, "everything"),
            ("0.0.0.0/0", "2001:db8::1", false, "of its own family"),
            ("::/0", "10.0.0.1", false, "of its own family"),
            ("::/0", "::ffff:10.0.0.1", false, "mapped counts as version 4"),
            ("fd00::/8", "fdff::1", true, "inside"),
            ("fd00::/8", "fe00::1", false, "one beyond"),
        ];
        for (network, address, want, why) in cases {
            let network: Network = network.parse().unwrap();
            assert_eq!(network.contains(address.parse().unwrap()), want, "{why}: {network} {address}");
        }
    }

    #[test]
    fn the_cure_names_the_network() {
        let error =
            Network::parse("10.1.2.3/8").unwrap_err().at("trusted_proxies", crate::config::Source::Default);
        assert!(error.cure.starts_with("write 10.0.0.0/8 "), "{error}");
    }
}
