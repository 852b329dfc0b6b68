//! TLS between two gateways of this process, and from those who do it wrong.

use rcgen::{BasicConstraints, CertificateParams, IsCa, Issuer, KeyPair, date_time_ymd};

use super::*;
use crate::config::settings::GatewaySettings;
use crate::config::transport::TlsTrust;
use crate::shell::store::tests::Scratch;
use crate::shell::tls::TlsSettings;

struct Side {
    streams: Streams,
    tls: Arc<Tls>,
}

/// A folder with an authority and certificates of it.
struct Papers {
    scratch: Scratch,
    issuer: Issuer<'static, KeyPair>,
}

impl Papers {
    fn new(name: &str) -> Papers {
        let scratch = Scratch::new(&format!("streams-tls-{name}"));
        std::fs::create_dir_all(&scratch.0).unwrap();
        let key = KeyPair::generate().unwrap();
        let mut params = CertificateParams::new(Vec::new()).unwrap();
        params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
        std::fs::write(scratch.0.join("authority.pem"), params.self_signed(&key).unwrap().pem()).unwrap();
        Papers { issuer: Issuer::new(params, key), scratch }
    }

    fn file(&self, name: &str) -> String {
        self.scratch.0.join(name).display().to_string()
    }

    /// Settings of a side whose certificate is one of the authority for `name`, from the year `from` to the year `to`.
    fn signed(&self, name: &str, from: i32, to: i32) -> GatewaySettings {
        let key = KeyPair::generate().unwrap();
        let mut params = CertificateParams::new([name.to_owned()]).unwrap();
        (params.not_before, params.not_after) = (date_time_ymd(from, 1, 1), date_time_ymd(to, 1, 1));
        let certificate = params.signed_by(&key, &self.issuer).unwrap();
        let file = self.file(&format!("{name}-{from}.pem"));
        std::fs::write(&file, certificate.pem() + &key.serialize_pem()).unwrap();
        GatewaySettings { tls_certificate: file.clone(), tls_key: file, ..GatewaySettings::default() }
    }

    fn side(&self, settings: GatewaySettings) -> Side {
        let settings = GatewaySettings { sip_tls: true, sip_tls_port: 0, ..settings };
        let tls = Tls::prepare(TlsSettings::of(&settings, LOCAL), &self.scratch.0, &[]).unwrap();
        let mut streams = Streams::new(LOCAL);
        streams.listen(Doors { tcp: None, tls: Some(Arc::clone(&tls)), local: LOCAL }).unwrap();
        Side { streams, tls }
    }

    /// Settings of a side that trusts the authority.
    fn trusting(&self) -> GatewaySettings {
        GatewaySettings { tls_trust: TlsTrust::Authority, tls_authority: self.file("authority.pem"), ..GatewaySettings::default() }
    }
}

/// What comes of a request that one side sends the other, which it knows as `name`.
async fn call(from: &mut Side, to: &mut Side, name: &str) -> Result<Vec<u8>, Option<TlsFault>> {
    let hop = Hop::new(Transport::Tls, to.tls.address);
    assert!(from.streams.open(hop, name) && from.streams.send(hop, OPTIONS));
    loop {
        tokio::select! {
            arrival = arrival(&mut from.streams) => match arrival {
                Arrival::Ended { tls, .. } => return Err(tls),
                Arrival::Message { bytes, .. } => return Ok(bytes),
                Arrival::Knock { .. } => panic!("nobody calls back"),
            },
            arrival = arrival(&mut to.streams) => match arrival {
                Arrival::Knock { stream, hop } => assert!(to.streams.welcome(stream, hop)),
                Arrival::Message { source, bytes } => {
                    assert_eq!((source.transport, &bytes[..]), (Transport::Tls, OPTIONS));
                    assert!(to.streams.send(source, OK));
                }
                // Over TLS 1.3 the caller's alert comes after the handshake.
                Arrival::Ended { tls, .. } => assert!(matches!(tls, None | Some(TlsFault::Refused)), "{tls:?}"),
            },
        }
    }
}

#[tokio::test]
async fn a_server_is_known_by_its_authority_and_name_or_it_is_said_why_not() {
    let papers = Papers::new("authority");
    let mut good = papers.side(papers.signed("pbx.example", 2020, 2049));
    let mut caller = papers.side(papers.trusting());
    assert_eq!(call(&mut caller, &mut good, "pbx.example").await, Ok(OK.to_vec()));
    let mut caller = papers.side(papers.trusting());
    assert_eq!(call(&mut caller, &mut good, "other.example").await, Err(Some(TlsFault::WrongName)));
    let mut by_address = papers.side(papers.signed("127.0.0.1", 2020, 2049));
    assert_eq!(call(&mut caller, &mut by_address, "127.0.0.1").await, Ok(OK.to_vec()));
    let mut old = papers.side(papers.signed("pbx.example", 2010, 2011));
    assert_eq!(call(&mut caller, &mut old, "pbx.example").await, Err(Some(TlsFault::Expired)));
    let mut early = papers.side(papers.signed("pbx.example", 2048, 2049));
    assert_eq!(call(&mut caller, &mut early, "pbx.example").await, Err(Some(TlsFault::NotYetValid)));
    let mut self_made = papers.side(GatewaySettings::default());
    assert_eq!(call(&mut caller, &mut self_made, "loopstart").await, Err(Some(TlsFault::UnknownAuthority)));
    let mut of_the_system = papers.side(GatewaySettings::default());
    assert_eq!(call(&mut of_the_system, &mut good, "pbx.example").await, Err(Some(TlsFault::UnknownAuthority)));
}

#[tokio::test]
async fn a_pinned_server_is_known_by_its_certificate_alone() {
    let papers = Papers::new("pinned");
    let mut server = papers.side(GatewaySettings::default());
    let pinned = |fingerprint: String| GatewaySettings {
        tls_trust: TlsTrust::Fingerprint,
        tls_fingerprint: fingerprint,
        ..GatewaySettings::default()
    };
    let mut caller = papers.side(pinned(server.tls.fingerprint.to_string().to_lowercase()));
    assert_eq!(call(&mut caller, &mut server, "whatever.example").await, Ok(OK.to_vec()));
    let mut other = papers.side(papers.signed("pbx.example", 2020, 2049));
    assert_eq!(call(&mut caller, &mut other, "pbx.example").await, Err(Some(TlsFault::WrongFingerprint)));
}

#[tokio::test]
async fn connections_over_tls_end_when_other_terms_hold() {
    let papers = Papers::new("terms");
    let mut server = papers.side(papers.signed("pbx.example", 2020, 2049));
    let mut caller = papers.side(papers.trusting());
    assert_eq!(call(&mut caller, &mut server, "pbx.example").await, Ok(OK.to_vec()));
    let to = Hop::new(Transport::Tls, server.tls.address);
    let same = Some(Arc::clone(&caller.tls));
    caller.streams.listen(Doors { tcp: None, tls: same, local: LOCAL }).unwrap();
    assert!(caller.streams.is_open(to), "nothing has changed");
    let other = papers.side(GatewaySettings::default()).tls;
    caller.streams.listen(Doors { tcp: None, tls: Some(other), local: LOCAL }).unwrap();
    assert!(!caller.streams.is_open(to));
    assert!(matches!(arrival(&mut caller.streams).await, Arrival::Ended { hop, tls: None, .. } if hop == to));
}

#[tokio::test]
async fn whoever_speaks_no_tls_is_sent_away_and_the_others_go_on() {
    let papers = Papers::new("garbage");
    let mut server = papers.side(papers.signed("pbx.example", 2020, 2049));
    for garbage in [OPTIONS, &[0x16, 3, 1, 0xff, 0xff, 0, 0, 0], &[0x80; 4096]] {
        let mut peer = TcpStream::connect(server.tls.address).await.unwrap();
        assert!(knock(&mut server.streams).await);
        peer.write_all(garbage).await.unwrap();
        assert!(matches!(arrival(&mut server.streams).await, Arrival::Ended { tls: Some(TlsFault::NoHandshake), .. }));
    }
    let mut caller = papers.side(papers.trusting());
    assert_eq!(call(&mut caller, &mut server, "pbx.example").await, Ok(OK.to_vec()));
}

#[tokio::test]
async fn a_server_that_speaks_no_tls_is_told_as_that() {
    let papers = Papers::new("plain");
    let mut caller = papers.side(papers.trusting());
    let plain = TcpListener::bind((LOCAL, 0)).await.unwrap();
    let to = Hop::new(Transport::Tls, plain.local_addr().unwrap());
    assert!(caller.streams.open(to, "pbx.example") && caller.streams.send(to, OPTIONS));
    let (mut peer, _) = plain.accept().await.unwrap();
    peer.write_all(b"SIP/2.0 400 Bad Request\r\n\r\n").await.unwrap();
    assert!(matches!(arrival(&mut caller.streams).await, Arrival::Ended { tls: Some(TlsFault::NoHandshake), .. }));
}

#[tokio::test(start_paused = true)]
async fn whoever_drips_a_handshake_loses_its_connection() {
    let papers = Papers::new("slow");
    let mut server = papers.side(papers.signed("pbx.example", 2020, 2049));
    let mut peer = TcpStream::connect(server.tls.address).await.unwrap();
    assert!(knock(&mut server.streams).await);
    peer.write_all(&[0x16, 3, 1, 0, 100]).await.unwrap();
    assert!(matches!(server.streams.next().await, Arrival::Ended { tls: None, .. }));
    assert!(is_closed(&mut peer).await);
}
