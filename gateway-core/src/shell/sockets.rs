//! Sockets: those of SIP and a pair of RTP and RTCP sockets a port, bound before anything is switched over.

use std::collections::BTreeMap;
use std::io;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr, TcpListener, UdpSocket};
use std::path::Path;
use std::sync::{Arc, Weak};

use serde::{Deserialize, Serialize};

use super::tls::{Tls, TlsSettings};
use crate::config::bind_address::BindAddress;
use crate::config::settings::GatewaySettings;
use crate::config::transport::Transport;

/// The largest datagram that is read; SIP and RTP stay far below it.
pub const DATAGRAM_BYTES: usize = 65_535;

/// Datagrams that a socket which nobody reads may have kept.
const MOST_WAITING: usize = 4096;

/// Why a socket could not be had.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error, Serialize, Deserialize)]
#[cfg_attr(feature = "specta", derive(specta::Type))]
#[serde(tag = "code", rename_all = "snake_case")]
pub enum BindError {
    /// Another program holds the address and port.
    #[error("port_in_use {address} ({setting})")]
    PortInUse {
        /// `address:port`.
        address: String,
        /// Path of the setting that asked for it.
        setting: String,
    },
    /// This computer has no such address.
    #[error("address_unavailable {address} ({setting})")]
    AddressUnavailable {
        /// `address:port`.
        address: String,
        /// Path of the setting that asked for it.
        setting: String,
    },
    /// The system forbids it (ports below 1024 need a privilege).
    #[error("bind_denied {address} ({setting})")]
    BindDenied {
        /// `address:port`.
        address: String,
        /// Path of the setting that asked for it.
        setting: String,
    },
    /// The system refused for another reason.
    #[error("bind_failed {address} ({setting}): {detail}")]
    BindFailed {
        /// `address:port`.
        address: String,
        /// Path of the setting that asked for it.
        setting: String,
        /// What the system said, for the log.
        detail: String,
    },
    /// The certificate of TLS, or its key, is not there or not what it should be.
    #[error("certificate_unusable {file} ({setting}): {detail}")]
    CertificateUnusable {
        /// The file.
        file: String,
        /// Path of the setting that names it.
        setting: String,
        /// What is wrong with it, for the log.
        detail: String,
    },
    /// This computer has no network interface of this name, or that has no address now.
    #[error("interface_unavailable {interface} ({setting})")]
    InterfaceUnavailable {
        /// Its name.
        interface: String,
        /// Path of the setting that asked for it.
        setting: String,
    },
    /// `bind_address` is neither an IP address nor the name of a network interface.
    #[error("not_an_address {address} ({setting})")]
    NotAnAddress {
        /// The text.
        address: String,
        /// Path of the setting.
        setting: String,
    },
}

impl BindError {
    /// Path of the setting that asked for the socket.
    #[must_use]
    pub fn setting(&self) -> &str {
        match self {
            BindError::PortInUse { setting, .. }
            | BindError::AddressUnavailable { setting, .. }
            | BindError::BindDenied { setting, .. }
            | BindError::BindFailed { setting, .. }
            | BindError::CertificateUnusable { setting, .. }
            | BindError::InterfaceUnavailable { setting, .. }
            | BindError::NotAnAddress { setting, .. } => setting,
        }
    }
}

/// The pair of sockets of one port of the gateway (RFC 3550 §11: RTCP one above RTP).
#[derive(Clone, Debug)]
pub struct RtpPair {
    /// RTP.
    pub rtp: Arc<UdpSocket>,
    /// RTCP.
    pub rtcp: Arc<UdpSocket>,
    /// Where RTP is bound.
    pub address: SocketAddr,
}

/// Every socket of one set of settings.
#[derive(Clone, Debug)]
pub struct Sockets {
    /// SIP.
    pub sip: Arc<UdpSocket>,
    /// Where SIP is bound.
    pub sip_address: SocketAddr,
    /// SIP over TCP at the same address, where it is taken.
    pub sip_tcp: Option<Arc<TcpListener>>,
    /// SIP over TLS, where it is taken.
    pub sip_tls: Option<Arc<Tls>>,
    /// One pair a port.
    pub rtp: Vec<RtpPair>,
    /// Sockets of settings before these. A port lets go of its old pair a moment after it was told to; until then they can be had again.
    lingering: Vec<(SocketAddr, Weak<UdpSocket>)>,
}

impl Sockets {
    /// Binds every socket that `settings` ask for, taking those that are `open` already. `folder` is that of the gateway's data.
    ///
    /// Nothing is closed here, so a failure changes nothing.
    ///
    /// # Errors
    /// The first socket that could not be had.
    pub fn prepare(settings: &GatewaySettings, ports: usize, folder: &Path, open: &[&Sockets]) -> Result<Sockets, BindError> {
        let ip = bind_ip(&settings.bind_address)?;
        let held: BTreeMap<_, _> = open.iter().flat_map(|sockets| sockets.by_address()).collect();
        let wanted = SocketAddr::new(ip, settings.sip_port);
        let sip = take_or_bind(wanted, "gateway.sip_port", &held)?;
        let sip_address = sip.local_addr().map_err(|e| failure(&e, wanted, "gateway.sip_port"))?;
        let sip_tcp = settings.takes_tcp().then(|| take_or_listen(sip_address, open)).transpose()?;
        let tls_open: Vec<_> = open.iter().filter_map(|sockets| sockets.sip_tls.as_ref()).collect();
        let sip_tls = settings.takes_tls().then(|| Tls::prepare(TlsSettings::of(settings, ip), folder, &tls_open)).transpose()?;
        let mut rtp = Vec::with_capacity(ports);
        for n in 0..ports {
            rtp.push(rtp_pair(ip, settings.rtp_port_first, n, &held)?);
        }
        let lingering = held.iter().map(|(address, socket)| (*address, Arc::downgrade(socket))).collect();
        Ok(Sockets { sip, sip_address, sip_tcp, sip_tls, rtp, lingering })
    }

    /// The port of SIP over TLS, or the one that it usually has.
    #[must_use]
    pub fn tls_port(&self) -> u16 {
        self.sip_tls.as_ref().map_or(Transport::Tls.default_port(), |tls| tls.address.port())
    }

    /// Whether connections are taken at the same sockets, and on the same terms.
    #[must_use]
    pub fn takes_streams_as(&self, other: &Sockets) -> bool {
        fn same<T>(one: Option<&Arc<T>>, other: Option<&Arc<T>>) -> bool {
            one.map(Arc::as_ptr) == other.map(Arc::as_ptr)
        }
        same(self.sip_tcp.as_ref(), other.sip_tcp.as_ref()) && same(self.sip_tls.as_ref(), other.sip_tls.as_ref())
    }

    /// Drops SIP datagrams that came while nobody read this socket: whoever sent them has given up or sends them again.
    pub fn forget_what_waits(&self) {
        let mut one = [0; 1];
        // A system keeps far fewer; should more keep coming, they are new.
        for _ in 0..MOST_WAITING {
            // A datagram longer than the buffer counts as taken on Unix, and is told as an error of its own on Windows.
            match self.sip.recv_from(&mut one) {
                Ok(_) => {}
                Err(error) if error.kind() == io::ErrorKind::WouldBlock => break,
                Err(_) => {}
            }
        }
    }

    fn by_address(&self) -> BTreeMap<SocketAddr, Arc<UdpSocket>> {
        let alive = self.lingering.iter().filter_map(|(address, socket)| Some((*address, socket.upgrade()?)));
        let mut held: BTreeMap<_, _> = alive.collect();
        held.insert(self.sip_address, Arc::clone(&self.sip));
        for pair in &self.rtp {
            held.insert(pair.address, Arc::clone(&pair.rtp));
            held.insert(rtcp_address(pair.address), Arc::clone(&pair.rtcp));
        }
        held
    }
}

/// The address that peers reach a socket on: the bound one, or, when it listens on all networks, the one that the
/// system's routes prefer. Asking the routes sends nothing.
#[must_use]
pub fn reachable_ip(bound: IpAddr) -> IpAddr {
    let loopback = if bound.is_ipv4() { Ipv4Addr::LOCALHOST.into() } else { Ipv6Addr::LOCALHOST.into() };
    routed_ip(bound).unwrap_or(loopback)
}

/// As [`reachable_ip`]; nothing while there is no network at all.
#[must_use]
pub fn routed_ip(bound: IpAddr) -> Option<IpAddr> {
    if !bound.is_unspecified() {
        return Some(bound);
    }
    let (any, elsewhere): (IpAddr, IpAddr) = match bound {
        IpAddr::V4(_) => (Ipv4Addr::UNSPECIFIED.into(), Ipv4Addr::new(192, 0, 2, 1).into()),
        IpAddr::V6(_) => (Ipv6Addr::UNSPECIFIED.into(), Ipv6Addr::new(0x2001, 0xdb8, 0, 0, 0, 0, 0, 1).into()),
    };
    let asked = UdpSocket::bind((any, 0)).and_then(|probe| {
        probe.connect((elsewhere, 9))?;
        probe.local_addr()
    });
    asked.ok().map(|address| address.ip()).filter(|ip| !ip.is_unspecified())
}

/// The address to bind to: the one that is written, or the one that the named network interface has now.
fn bind_ip(text: &str) -> Result<IpAddr, BindError> {
    let setting = || "gateway.bind_address".to_owned();
    match BindAddress::parse(text) {
        Some(BindAddress::Ip(ip)) => Ok(ip),
        Some(BindAddress::Interface(name)) => {
            interface_ip(&name).ok_or_else(|| BindError::InterfaceUnavailable { interface: name, setting: setting() })
        }
        None => Err(BindError::NotAnAddress { address: text.to_owned(), setting: setting() }),
    }
}

/// The address that a network interface has now: over IPv4, where it has one, and rather one that reaches beyond its link.
#[must_use]
pub fn interface_ip(name: &str) -> Option<IpAddr> {
    let interfaces =
        netwatcher::list_interfaces().inspect_err(|error| tracing::warn!(?error, "the network interfaces are not told")).ok()?;
    let interface = interfaces.into_values().find(|interface| interface.name == name)?;
    let rank = |ip: &IpAddr| match ip {
        IpAddr::V4(ip) => u8::from(ip.is_link_local()),
        IpAddr::V6(ip) => 2 + u8::from(ip.is_unicast_link_local()),
    };
    interface.ips.into_iter().map(|record| record.ip).min_by_key(rank)
}

fn rtcp_address(rtp: SocketAddr) -> SocketAddr {
    SocketAddr::new(rtp.ip(), rtp.port().saturating_add(1))
}

fn rtp_pair(ip: IpAddr, first: u16, n: usize, held: &BTreeMap<SocketAddr, Arc<UdpSocket>>) -> Result<RtpPair, BindError> {
    const SETTING: &str = "gateway.rtp_port_first";
    let port = u16::try_from(n * 2).ok().and_then(|offset| first.checked_add(offset)).filter(|port| *port < u16::MAX);
    let Some(port) = port else {
        return Err(BindError::BindFailed {
            address: format!("{ip}:{first}+2*{n}"),
            setting: SETTING.to_owned(),
            detail: "beyond the last UDP port".to_owned(),
        });
    };
    let address = SocketAddr::new(ip, port);
    let rtp = take_or_bind(address, SETTING, held)?;
    let rtcp = take_or_bind(rtcp_address(address), SETTING, held)?;
    for socket in [&rtp, &rtcp] {
        socket.set_nonblocking(true).map_err(|e| failure(&e, address, SETTING))?;
    }
    Ok(RtpPair { rtp, rtcp, address })
}

fn take_or_bind(address: SocketAddr, setting: &str, held: &BTreeMap<SocketAddr, Arc<UdpSocket>>) -> Result<Arc<UdpSocket>, BindError> {
    if let Some(socket) = held.get(&address) {
        return Ok(Arc::clone(socket));
    }
    let socket = UdpSocket::bind(address).map_err(|e| failure(&e, address, setting))?;
    socket.set_nonblocking(true).map_err(|e| failure(&e, address, setting))?;
    Ok(Arc::new(socket))
}

fn take_or_listen(address: SocketAddr, open: &[&Sockets]) -> Result<Arc<TcpListener>, BindError> {
    const SETTING: &str = "gateway.sip_tcp";
    let held = open.iter().filter(|sockets| sockets.sip_address == address).find_map(|sockets| sockets.sip_tcp.as_ref());
    if let Some(listener) = held {
        return Ok(Arc::clone(listener));
    }
    listen(address, SETTING).map(Arc::new)
}

/// Listens for connections.
pub(super) fn listen(address: SocketAddr, setting: &str) -> Result<TcpListener, BindError> {
    let listener = TcpListener::bind(address).map_err(|e| failure(&e, address, setting))?;
    listener.set_nonblocking(true).map_err(|e| failure(&e, address, setting))?;
    Ok(listener)
}

fn failure(error: &io::Error, address: SocketAddr, setting: &str) -> BindError {
    let (address, setting) = (address.to_string(), setting.to_owned());
    match error.kind() {
        io::ErrorKind::AddrInUse => BindError::PortInUse { address, setting },
        io::ErrorKind::AddrNotAvailable => BindError::AddressUnavailable { address, setting: "gateway.bind_address".to_owned() },
        io::ErrorKind::PermissionDenied => BindError::BindDenied { address, setting },
        _ => BindError::BindFailed { address, setting, detail: error.to_string() },
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Settings whose RTP range begins at a port that was free a moment ago.
    fn settings() -> GatewaySettings {
        let probe = UdpSocket::bind("127.0.0.1:0").unwrap();
        let rtp_port_first = (probe.local_addr().unwrap().port() & !1).min(60_000);
        GatewaySettings { sip_port: 0, rtp_port_first, ..GatewaySettings::default() }
    }

    #[test]
    fn a_port_in_use_is_named_with_its_setting() {
        let taken = UdpSocket::bind("127.0.0.1:0").unwrap();
        let address = taken.local_addr().unwrap();
        let wanted = GatewaySettings { sip_port: address.port(), ..settings() };
        let refused = Sockets::prepare(&wanted, 0, Path::new(""), &[]).unwrap_err();
        let expected = BindError::PortInUse { address: address.to_string(), setting: "gateway.sip_port".to_owned() };
        assert_eq!(refused, expected);
    }

    #[test]
    fn sockets_that_stay_are_kept_even_when_they_move_to_another_port() {
        let mut wanted = settings();
        let before = Sockets::prepare(&wanted, 2, Path::new(""), &[]).unwrap();
        wanted.sip_port = before.sip_address.port();
        wanted.rtp_port_first += 2;
        let after = Sockets::prepare(&wanted, 1, Path::new(""), &[&before]).unwrap();
        assert!(Arc::ptr_eq(&before.sip, &after.sip));
        assert!(Arc::ptr_eq(&before.rtp[1].rtp, &after.rtp[0].rtp));
    }

    #[test]
    fn a_socket_that_a_port_has_not_let_go_of_yet_can_be_had_again() {
        let wanted = settings();
        let before = Sockets::prepare(&wanted, 1, Path::new(""), &[]).unwrap();
        let still_read = Arc::clone(&before.rtp[0].rtp);
        let elsewhere = GatewaySettings { rtp_port_first: wanted.rtp_port_first + 2, ..wanted.clone() };
        let between = Sockets::prepare(&elsewhere, 1, Path::new(""), &[&before]).unwrap();
        drop(before);
        let after = Sockets::prepare(&wanted, 1, Path::new(""), &[&between]).unwrap();
        assert!(Arc::ptr_eq(&after.rtp[0].rtp, &still_read));
        drop((after, still_read));
        assert!(UdpSocket::bind(("127.0.0.1", wanted.rtp_port_first)).is_ok(), "what nobody reads is closed");
    }

    #[test]
    fn text_that_is_no_address_and_ports_beyond_the_last_are_refused() {
        let nowhere = GatewaySettings { bind_address: "everywhere".to_owned(), ..settings() };
        assert!(matches!(Sockets::prepare(&nowhere, 0, Path::new(""), &[]), Err(BindError::InterfaceUnavailable { .. })));
        let words = GatewaySettings { bind_address: "300.1.1.1".to_owned(), ..settings() };
        assert!(matches!(Sockets::prepare(&words, 0, Path::new(""), &[]), Err(BindError::NotAnAddress { .. })));
        let beyond = GatewaySettings { rtp_port_first: 65_534, ..settings() };
        assert!(matches!(Sockets::prepare(&beyond, 2, Path::new(""), &[]), Err(BindError::BindFailed { .. })));
        let foreign = GatewaySettings { bind_address: "192.0.2.77".to_owned(), ..settings() };
        assert!(matches!(Sockets::prepare(&foreign, 0, Path::new(""), &[]), Err(BindError::AddressUnavailable { .. })));
    }

    #[test]
    fn a_socket_on_all_networks_is_reached_on_a_real_address() {
        assert!(!reachable_ip(Ipv4Addr::UNSPECIFIED.into()).is_unspecified());
        assert_eq!(reachable_ip(Ipv4Addr::LOCALHOST.into()), IpAddr::from(Ipv4Addr::LOCALHOST));
    }
}
