//! Via (RFC 3261 §20.42, RFC 3581).

use std::fmt;
use std::net::{IpAddr, SocketAddr};

use super::{HeaderError, Params, grammar};

/// The start of every branch made by RFC 3261.
pub const MAGIC_COOKIE: &str = "z9hG4bK";

/// One hop.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Via {
    /// `UDP`, `TCP`, … as it stood.
    pub transport: String,
    /// Sent-by host, an IPv6 address without its brackets.
    pub host: String,
    /// Sent-by port.
    pub port: Option<u16>,
    /// Transaction id.
    pub branch: Option<String>,
    /// Where the request really came from.
    pub received: Option<IpAddr>,
    /// RFC 3581: `Some(None)` asks for the source port, `Some(Some(_))` tells it.
    pub rport: Option<Option<u16>>,
    /// All other parameters: `maddr`, `ttl`, …
    pub params: Params,
}

impl Via {
    /// A hop of our own that asks for the source port.
    #[must_use]
    pub fn new(transport: &str, sent_by: SocketAddr, branch: &str) -> Self {
        Via {
            transport: transport.to_owned(),
            host: sent_by.ip().to_string(),
            port: Some(sent_by.port()),
            branch: Some(branch.to_owned()),
            received: None,
            rport: Some(None),
            params: Params::new(),
        }
    }

    /// Reads one hop, with white space wherever RFC 3261 allows it.
    ///
    /// # Errors
    /// When it is no SIP hop, the sent-by is broken, or a parameter is.
    pub fn parse(text: &str) -> Result<Self, HeaderError> {
        Self::read(text).ok_or(HeaderError::Malformed("Via"))
    }

    fn read(text: &str) -> Option<Self> {
        let (name, rest) = text.split_once('/')?;
        let (version, rest) = rest.split_once('/')?;
        // Any version of SIP: a request of another version is answered 505 along its Via.
        let (major, minor) = version.trim().split_once('.')?;
        if !name.trim().eq_ignore_ascii_case("SIP") || grammar::decimal::<u8>(major).is_none() || grammar::decimal::<u8>(minor).is_none() {
            return None;
        }
        let rest = rest.trim_start();
        let (transport, rest) = rest.split_at_checked(rest.find(|c: char| c.is_ascii_whitespace())?)?;
        if !grammar::is_token(transport) {
            return None;
        }
        let (sent_by, params) = rest.split_at_checked(rest.find(';').unwrap_or(rest.len()))?;
        let (host, port) = grammar::host_port(sent_by.trim())?;
        let mut params = Params::parse(params)?;
        let branch = params.remove("branch").flatten();
        let received = match params.remove("received").flatten() {
            Some(text) => Some(text.trim_start_matches('[').trim_end_matches(']').parse().ok()?),
            None => None,
        };
        let rport = match params.remove("rport") {
            Some(Some(text)) if !text.is_empty() => Some(Some(grammar::decimal(&text).filter(|port| *port != 0)?)),
            Some(Some(_) | None) => Some(None),
            None => None,
        };
        Some(Via { transport: transport.to_owned(), host: host.to_owned(), port, branch, received, rport, params })
    }

    /// Whether the branch identifies the transaction by itself (RFC 3261 §17.2.3): the cookie and something after it.
    #[must_use]
    pub fn has_rfc3261_branch(&self) -> bool {
        self.branch.as_deref().and_then(|branch| branch.strip_prefix(MAGIC_COOKIE)).is_some_and(|rest| !rest.is_empty())
    }

    /// Notes where the request really came from (RFC 3261 §18.2.1, RFC 3581 §4).
    ///
    /// What the sender itself claimed in `received` is thrown away, or our answers could be aimed at a third party.
    pub fn note_source(&mut self, source: SocketAddr) {
        let sent_from = self.host.parse::<IpAddr>().ok();
        self.received = (self.rport.is_some() || sent_from != Some(source.ip())).then_some(source.ip());
        if self.rport.is_some() {
            self.rport = Some(Some(source.port()));
        }
    }

    /// Where a response goes (RFC 3261 §18.2.2, RFC 3581 §4), once [`Via::note_source`] was called; `None` for a host name.
    ///
    /// `maddr` is not obeyed: it is for multicast, and would let a stranger aim our answers.
    #[must_use]
    pub fn response_address(&self) -> Option<SocketAddr> {
        let ip = self.received.or_else(|| self.host.parse().ok())?;
        let port = self.rport.flatten().or(self.port).unwrap_or(5060);
        Some(SocketAddr::new(ip, port))
    }
}

impl fmt::Display for Via {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "SIP/2.0/{} {}", self.transport, grammar::bracketed(&self.host))?;
        if let Some(port) = self.port {
            write!(f, ":{port}")?;
        }
        if let Some(branch) = &self.branch {
            write!(f, ";branch={branch}")?;
        }
        match self.rport {
            Some(Some(port)) => write!(f, ";rport={port}")?,
            Some(None) => write!(f, ";rport")?,
            None => {}
        }
        if let Some(received) = self.received {
            write!(f, ";received={received}")?;
        }
        write!(f, "{}", self.params)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ipv6_and_white_space_are_understood() {
        let via = Via::parse("SIP / 2.0 / UDP  [2001:db8::9] : 5062 ; branch = z9hG4bKx;rport;received=[2001:db8::10];alias").unwrap();
        assert_eq!((via.host.as_str(), via.port), ("2001:db8::9", Some(5062)));
        assert_eq!(via.to_string(), "SIP/2.0/UDP [2001:db8::9]:5062;branch=z9hG4bKx;rport;received=2001:db8::10;alias");
        assert!(via.has_rfc3261_branch());
        let odd = Via::parse("SIP/2.0/UDP a;branch=z9hG4bK<x;rport").unwrap();
        assert_eq!((odd.branch.as_deref(), odd.rport), (Some("z9hG4bK<x"), Some(None)));
        assert!(!Via::parse("SIP/2.0/UDP 192.0.2.1;branch=z9hG4bK").unwrap().has_rfc3261_branch());
    }

    #[test]
    fn a_claimed_received_never_redirects_the_answer() {
        let source = "192.0.2.7:40000".parse().unwrap();
        let mut via = Via::parse("SIP/2.0/UDP 192.0.2.7:5070;branch=z9hG4bKx;received=203.0.113.66").unwrap();
        via.note_source(source);
        assert_eq!(via.response_address(), Some("192.0.2.7:5070".parse().unwrap()));
        let mut via = Via::parse("SIP/2.0/UDP phone.local;branch=z9hG4bKx;rport=").unwrap();
        via.note_source(source);
        assert_eq!(via.response_address(), Some(source));
        assert_eq!(via.to_string(), "SIP/2.0/UDP phone.local;branch=z9hG4bKx;rport=40000;received=192.0.2.7");
    }

    #[test]
    fn broken_hops_are_refused() {
        for bad in [
            "",
            "SIP/2.0/UDP",
            "SIP/2.0/UDP ",
            "SIP/x/UDP a",
            "HTTP/2.0/UDP a",
            "SIP/2.0/UDP 192.0.2.15;;,;,,",
            "SIP/2.0/UDP a;rport=x",
            "SIP/2.0/UDP a;rport=0",
            "SIP/2.0/UDP a;received=nowhere",
            "SIP/2.0/U<P a",
            "SIP/2.0/UDP a:b",
        ] {
            assert!(Via::parse(bad).is_err(), "{bad}");
        }
    }
}
