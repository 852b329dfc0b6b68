use std::net::Ipv4Addr;

use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};

use super::*;

mod tls;

const LOCAL: IpAddr = IpAddr::V4(Ipv4Addr::LOCALHOST);
const SOON: Duration = Duration::from_secs(10);
const OPTIONS: &[u8] = b"OPTIONS sip:a SIP/2.0\r\nContent-Length: 2\r\n\r\nhi";
const OK: &[u8] = b"SIP/2.0 200 OK\r\nContent-Length: 0\r\n\r\n";

/// Connections that are welcomed whoever opens them, and where they are opened.
fn listening() -> (Streams, SocketAddr) {
    let listener = std::net::TcpListener::bind((LOCAL, 0)).unwrap();
    listener.set_nonblocking(true).unwrap();
    let at = listener.local_addr().unwrap();
    let mut streams = Streams::new(LOCAL);
    streams.listen(Doors { tcp: Some(listener), tls: None, local: LOCAL }).unwrap();
    (streams, at)
}

async fn arrival(streams: &mut Streams) -> Arrival {
    tokio::time::timeout(SOON, streams.next()).await.unwrap()
}

async fn knock(streams: &mut Streams) -> bool {
    let Arrival::Knock { stream, hop } = arrival(streams).await else { panic!("nobody knocks") };
    streams.welcome(stream, hop)
}

async fn message(streams: &mut Streams) -> (Hop, Vec<u8>) {
    match arrival(streams).await {
        Arrival::Message { source, bytes } => (source, bytes),
        other => panic!("{other:?}"),
    }
}

async fn read(stream: &mut TcpStream, bytes: &[u8]) {
    let mut seen = vec![0; bytes.len()];
    tokio::time::timeout(SOON, stream.read_exact(&mut seen)).await.unwrap().unwrap();
    assert_eq!(seen, bytes);
}

async fn is_closed(stream: &mut TcpStream) -> bool {
    let read = tokio::time::timeout(SOON, stream.read(&mut [0; 64])).await.unwrap();
    matches!(read, Ok(0) | Err(_))
}

#[tokio::test]
async fn a_peer_is_heard_and_answered_on_the_connection_that_it_opened() {
    let (mut streams, at) = listening();
    let mut peer = TcpStream::connect(at).await.unwrap();
    assert!(knock(&mut streams).await);
    peer.write_all(&OPTIONS[..20]).await.unwrap();
    peer.write_all(&[&OPTIONS[20..], OPTIONS].concat()).await.unwrap();
    let (source, bytes) = message(&mut streams).await;
    assert_eq!((source, &bytes[..]), (Hop::new(Transport::Tcp, peer.local_addr().unwrap()), OPTIONS));
    assert_eq!(message(&mut streams).await.1, OPTIONS);
    assert!(streams.send(source, OK));
    read(&mut peer, OK).await;
    peer.write_all(b"\r\n\r\n").await.unwrap();
    read(&mut peer, b"\r\n").await;
    drop(peer);
    assert!(matches!(arrival(&mut streams).await, Arrival::Ended { hop, .. } if hop == source));
    assert!(!streams.send(source, OK), "the far end of a closed connection listens to nobody");
}

#[tokio::test]
async fn a_request_opens_a_connection_and_the_next_one_uses_it() {
    let far = TcpListener::bind((LOCAL, 0)).await.unwrap();
    let to = Hop::new(Transport::Tcp, far.local_addr().unwrap());
    let mut streams = Streams::new(LOCAL);
    assert!(!streams.send(to, OK), "no connection opens by itself");
    assert!(streams.open(to, "") && streams.send(to, OPTIONS) && streams.is_open(to) && streams.send(to, OPTIONS));
    let (mut peer, _) = tokio::time::timeout(SOON, far.accept()).await.unwrap().unwrap();
    read(&mut peer, &[OPTIONS, OPTIONS].concat()).await;
    peer.write_all(OK).await.unwrap();
    assert_eq!(message(&mut streams).await, (to, OK.to_vec()));
}

#[tokio::test]
async fn a_connection_that_cannot_be_had_is_told() {
    let gone = TcpListener::bind((LOCAL, 0)).await.unwrap().local_addr().unwrap();
    let mut streams = Streams::new(LOCAL);
    let to = Hop::new(Transport::Tcp, gone);
    assert!(streams.open(to, "") && streams.send(to, OPTIONS), "nobody waits for it");
    assert!(matches!(arrival(&mut streams).await, Arrival::Ended { hop, .. } if hop == to));
}

#[tokio::test(start_paused = true)]
async fn whoever_drips_a_message_or_says_nothing_loses_its_connection() {
    let (mut streams, at) = listening();
    for start in [&OPTIONS[..10], b""] {
        let mut peer = TcpStream::connect(at).await.unwrap();
        assert!(knock(&mut streams).await);
        peer.write_all(start).await.unwrap();
        assert!(matches!(streams.next().await, Arrival::Ended { .. }));
        assert!(is_closed(&mut peer).await);
    }
}

#[tokio::test]
async fn a_stream_without_messages_is_closed_and_the_others_go_on() {
    let (mut streams, at) = listening();
    let (mut bad, mut good) = (TcpStream::connect(at).await.unwrap(), TcpStream::connect(at).await.unwrap());
    assert!(knock(&mut streams).await && knock(&mut streams).await);
    bad.write_all(b"GET / HTTP/1.1\r\nHost: a\r\n\r\n").await.unwrap();
    assert!(matches!(arrival(&mut streams).await, Arrival::Ended { .. }));
    assert!(is_closed(&mut bad).await);
    good.write_all(OPTIONS).await.unwrap();
    assert_eq!(message(&mut streams).await.1, OPTIONS);
}

#[tokio::test]
async fn one_host_cannot_take_every_connection() {
    let (mut streams, at) = listening();
    let mut peers = Vec::new();
    for number in 0..=MOST_FROM_ONE_HOST {
        peers.push(TcpStream::connect(at).await.unwrap());
        assert_eq!(knock(&mut streams).await, number < MOST_FROM_ONE_HOST);
    }
    assert!(is_closed(&mut peers[MOST_FROM_ONE_HOST]).await);
    drop(peers);
    for _ in 0..MOST_FROM_ONE_HOST {
        assert!(matches!(arrival(&mut streams).await, Arrival::Ended { .. }));
    }
    let _again = TcpStream::connect(at).await.unwrap();
    assert!(knock(&mut streams).await);
}
