//! Whose request it is, when proxies stand between, and whether it came encrypted.

use std::hash::{BuildHasher, RandomState};
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

use http::header::USER_AGENT;
use http::{HeaderMap, HeaderName};

use crate::config::Network;

const X_FORWARDED_PROTO: HeaderName = HeaderName::from_static("x-forwarded-proto");

/// Who sent a request, as far as the connection and trusted proxies say. A request extension.
#[derive(Clone, Debug)]
pub struct Client {
    pub address: IpAddr,
    /// Every hop that is known of was encrypted, so a cookie may be `Secure`.
    pub is_secure: bool,
    /// Tells viewers of one credential apart. Of this process only, and nothing can be read from it.
    pub fingerprint: u64,
}

impl Client {
    /// `is_secure`: the connection itself is encrypted, or the public address of this server is `https`.
    pub fn of(
        peer: IpAddr,
        is_secure: bool,
        headers: &HeaderMap,
        trusted: &[Network],
        key: &RandomState,
    ) -> Client {
        let address = address(peer, headers, trusted);
        let forwarded = || headers.get(X_FORWARDED_PROTO).is_some_and(|scheme| scheme == "https");
        let is_proxied = || trusted.iter().any(|network| network.contains(peer));
        let agent = headers.get(USER_AGENT).map(http::HeaderValue::as_bytes);
        let fingerprint = key.hash_one((truncated(address), agent));
        Client { address, is_secure: is_secure || (is_proxied() && forwarded()), fingerprint }
    }

    /// What may be stored and logged of the address.
    pub fn network(&self) -> IpAddr {
        truncated(self.address)
    }
}

/// The client's address: the connection's, or behind configured proxies the right-most of `X-Forwarded-For` that is
/// not one of theirs. What stands further left anybody can have written.
fn address(peer: IpAddr, headers: &HeaderMap, trusted: &[Network]) -> IpAddr {
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
pub fn truncated(address: IpAddr) -> IpAddr {
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
    fn a_request_is_secure_by_what_is_known_of_its_way() {
        let trusted: Vec<Network> = vec!["127.0.0.1".parse().unwrap()];
        let key = RandomState::new();
        let cases = [
            ("203.0.113.9", false, None, false, "plain"),
            ("203.0.113.9", true, None, true, "over TLS"),
            ("203.0.113.9", false, Some("https"), false, "a stranger's word"),
            ("127.0.0.1", false, Some("https"), true, "a proxy's word"),
            ("127.0.0.1", false, Some("http"), false, "a proxy without HTTPS"),
        ];
        for (peer, encrypted, proto, want, why) in cases {
            let mut headers = HeaderMap::new();
            if let Some(proto) = proto {
                headers.insert("x-forwarded-proto", HeaderValue::from_static(proto));
            }
            let client = Client::of(peer.parse().unwrap(), encrypted, &headers, &trusted, &key);
            assert_eq!(client.is_secure, want, "{why}");
        }
    }

    #[test]
    fn viewers_are_told_apart_by_network_and_program() {
        let key = RandomState::new();
        let print = |address: &str, agent: &'static str| {
            let headers = [(USER_AGENT, HeaderValue::from_static(agent))].into_iter().collect();
            Client::of(address.parse().unwrap(), false, &headers, &[], &key).fingerprint
        };
        let one = print("198.51.100.7", "a");
        assert_eq!(print("198.51.100.8", "a"), one, "the same network");
        assert_ne!(print("198.51.101.7", "a"), one, "another one");
        assert_ne!(print("198.51.100.7", "b"), one, "another program");
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
