//! Whose request it is, when proxies stand between.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

use http::HeaderMap;

use crate::config::Network;

/// The client's address: the connection's, or behind configured proxies the right-most of `X-Forwarded-For` that is
/// not one of theirs. What stands further left anybody can have written.
pub(super) fn address(peer: IpAddr, headers: &HeaderMap, trusted: &[Network]) -> IpAddr {
    let is_trusted = |address: IpAddr| trusted.iter().any(|network| network.contains(address));
    if !is_trusted(peer) {
        return peer.to_canonical();
    }
    let lines: Vec<&str> =
        headers.get_all("x-forwarded-for").iter().filter_map(|line| line.to_str().ok()).collect();
    let mut nearest = peer;
    for part in lines.iter().flat_map(|line| line.split(',')).rev() {
        let Some(address) = parse(part.trim()) else { break };
        nearest = address;
        if !is_trusted(address) {
            break;
        }
    }
    nearest.to_canonical()
}

/// Some proxies write a port behind the address.
fn parse(text: &str) -> Option<IpAddr> {
    let socket = || text.parse::<std::net::SocketAddr>().ok().map(|socket| socket.ip());
    text.parse().ok().or_else(socket)
}

/// The network that a log may name: /24 or /48, which is not a person.
pub(super) fn truncated(address: IpAddr) -> IpAddr {
    match address.to_canonical() {
        IpAddr::V4(v4) => Ipv4Addr::from_bits(v4.to_bits() & 0xffff_ff00).into(),
        IpAddr::V6(v6) => Ipv6Addr::from_bits(v6.to_bits() & !(u128::MAX >> 48)).into(),
    }
}

#[cfg(test)]
mod tests {
    use http::HeaderValue;

    use super::*;

    #[test]
    fn only_configured_proxies_are_believed() {
        let trusted: Vec<Network> =
            ["127.0.0.1", "10.0.0.0/8"].iter().map(|text| text.parse().unwrap()).collect();
        let cases: [(&str, &[&str], &str, &str); 10] = [
            ("203.0.113.9", &[], "203.0.113.9", "directly"),
            ("203.0.113.9", &["198.51.100.1"], "203.0.113.9", "a stranger's header says nothing"),
            ("127.0.0.1", &["198.51.100.1"], "198.51.100.1", "one proxy"),
            ("127.0.0.1", &[], "127.0.0.1", "the proxy itself"),
            ("127.0.0.1", &["198.51.100.1, 10.0.0.5"], "198.51.100.1", "two proxies"),
            ("127.0.0.1", &["192.0.2.66, 198.51.100.1"], "198.51.100.1", "the left one is forged"),
            ("127.0.0.1", &["192.0.2.66", "198.51.100.1"], "198.51.100.1", "over two lines"),
            ("127.0.0.1", &["garbage, 10.0.0.5"], "10.0.0.5", "up to what can be read"),
            ("127.0.0.1", &["198.51.100.1:4711"], "198.51.100.1", "with a port"),
            ("::ffff:127.0.0.1", &["2001:db8::7"], "2001:db8::7", "a dual-stack socket"),
        ];
        for (peer, lines, want, why) in cases {
            let mut headers = HeaderMap::new();
            for line in lines {
                headers.append("x-forwarded-for", HeaderValue::from_static(line));
            }
            assert_eq!(address(peer.parse().unwrap(), &headers, &trusted).to_string(), want, "{why}");
        }
    }

    #[test]
    fn logs_name_networks_not_people() {
        let cases = [
            ("198.51.100.77", "198.51.100.0", "/24"),
            ("2001:db8:1:2:3:4:5:6", "2001:db8:1::", "/48"),
            ("::ffff:198.51.100.77", "198.51.100.0", "version 4 on a dual-stack socket"),
        ];
        for (address, want, why) in cases {
            assert_eq!(truncated(address.parse().unwrap()).to_string(), want, "{why}");
        }
    }
}
