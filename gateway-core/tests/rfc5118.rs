//! The situations of RFC 5118, SIP torture tests for IPv6, each built from the part that its clause is about.

#![allow(clippy::unwrap_used, clippy::panic, reason = "everything here is a test")]

use std::net::IpAddr;

use gateway_core::sdp::{LocalMedia, answer};
use gateway_core::sip::message::{Message, Method, Request, Uri, Via};
use gateway_core::sip::wire;

const URI: &str = "sip:[2001:db8::10]";
const VIA: &str = "SIP/2.0/UDP [2001:db8::9:1];branch=z9hG4bKas3-111";

/// A request with this URI and these Vias, as it comes from the network.
fn message(method: &str, uri: &str, vias: &[&str], body: &str) -> Vec<u8> {
    let vias: String = vias.iter().map(|via| format!("Via: {via}\r\n")).collect();
    let content = if body.is_empty() { "" } else { "Content-Type: application/sdp\r\n" };
    format!(
        "{method} {uri} SIP/2.0\r\n{vias}To: sip:user@example.com\r\nFrom: sip:user@example.com;tag=81x2\r\n\
         Call-ID: 9559905523997077\r\nMax-Forwards: 70\r\nContact: \"Caller\" <sip:caller@[2001:db8::1]>\r\n\
         CSeq: 98176 {method}\r\n{content}Content-Length: {}\r\n\r\n{body}",
        body.len()
    )
    .into_bytes()
}

fn read(bytes: &[u8]) -> Request {
    let read = wire::read(bytes).unwrap_or_else(|error| panic!("{}\n{error:?}", String::from_utf8_lossy(bytes)));
    assert_eq!(wire::read(&wire::write(&read)).as_ref(), Ok(&read), "it survives the writer");
    let Message::Request(request) = read else { panic!("no request") };
    request
}

fn ip(text: &str) -> IpAddr {
    text.parse().unwrap()
}

fn uri(text: &str) -> (String, Option<u16>) {
    let request = read(&message("REGISTER", text, &[VIA], ""));
    let uri = Uri::parse(request.uri()).unwrap();
    (uri.host, uri.port)
}

#[test]
fn references_are_read_in_uri_via_and_contact() {
    // §4.1
    let request = read(&message("REGISTER", URI, &[VIA], ""));
    assert_eq!(request.method(), &Method::Register);
    assert_eq!(Uri::parse(request.uri()).unwrap().ip(), Some(ip("2001:db8::10")));
    assert_eq!(request.headers().top_via().unwrap().response_address().unwrap().ip(), ip("2001:db8::9:1"));
    let contact = request.contacts().unwrap().remove(0);
    assert_eq!(Uri::parse(&contact.uri).unwrap().ip(), Some(ip("2001:db8::1")));
}

#[test]
fn an_address_without_brackets_is_refused() {
    // §4.2
    let error = wire::read(&message("REGISTER", "sip:2001:db8::10", &[VIA], "")).unwrap_err();
    assert_eq!((error.status(), error.reply.map(|reply| reply.status())), (400, Some(400)));
}

#[test]
fn a_port_is_what_stands_behind_the_brackets() {
    // §4.3: what looks like a port is the last group of the address. §4.4: this one is none.
    assert_eq!(uri("sip:[2001:db8::10:5070]"), ("2001:db8::10:5070".to_owned(), None));
    assert_eq!(uri("sip:[2001:db8::10]:5070"), ("2001:db8::10".to_owned(), Some(5070)));
}

#[test]
fn received_is_read_with_and_without_brackets() {
    // §4.5
    for received in ["[2001:db8::9:255]", "2001:db8::9:255"] {
        let via = Via::parse(&format!("SIP/2.0/UDP [2001:db8::9:1];received={received};branch=z9hG4bKas3-111")).unwrap();
        assert_eq!((via.received, via.host.as_str()), (Some(ip("2001:db8::9:255")), "2001:db8::9:1"));
        assert_eq!(Via::parse(&via.to_string()).unwrap(), via);
    }
}

#[test]
fn vias_of_both_families_stand_side_by_side() {
    // §4.7
    let vias = [
        "SIP/2.0/UDP [2001:db8::9:1]:6050;branch=z9hG4bKas3-111",
        "SIP/2.0/UDP 192.0.2.1;branch=z9hG4bKjhja8781hjuaij65144",
        "SIP/2.0/TCP [2001:db8::9:255];branch=z9hG4bK451jj;received=192.0.2.200",
    ];
    let request = read(&message("BYE", "sip:user@host.example.net", &vias, ""));
    let vias: Vec<Via> = request.headers().list("Via").map(|via| Via::parse(via).unwrap()).collect();
    assert_eq!((vias[0].port, vias[1].host.as_str(), vias[2].received), (Some(6050), "192.0.2.1", Some(ip("192.0.2.200"))));
    assert_eq!(vias[2].transport, "TCP");
}

fn sdp_media() -> LocalMedia {
    LocalMedia::plain("[2001:db8::10]:16384".parse().unwrap())
}

#[test]
fn addresses_in_sdp_are_those_of_the_stream_else_those_of_the_session() {
    // §4.6
    let body = "v=0\r\no=assistant 971731711378798081 0 IN IP6 2001:db8::20\r\ns=Live video feed\r\nc=IN IP6 2001:db8::20\r\n\
                t=3338481189 3370017201\r\nm=audio 6000 RTP/AVP 0\r\n";
    let request = read(&message("INVITE", "sip:user@[2001:db8::10]", &[VIA], body));
    let (_, agreed) = answer(&sdp_media(), request.body()).unwrap();
    assert_eq!(agreed.remote, "[2001:db8::20]:6000".parse().unwrap());
    // §4.8: the session has an address of the one kind, its first stream one of the other.
    let body = "v=0\r\no=bob 280744730 28977631 IN IP4 host.example.com\r\ns=\r\nt=0 0\r\nm=audio 22334 RTP/AVP 0\r\n\
                c=IN IP6 2001:db8::1\r\nm=video 6024 RTP/AVP 107\r\nc=IN IP6 2001:db8::2\r\n";
    let (_, agreed) = answer(&sdp_media(), body.as_bytes()).unwrap();
    assert_eq!(agreed.remote, "[2001:db8::1]:22334".parse().unwrap());
}

#[test]
fn mapped_addresses_are_those_that_they_stand_for() {
    // §4.9
    let vias = ["SIP/2.0/UDP [::ffff:192.0.2.10]:19823;branch=z9hG4bKbh19", "SIP/2.0/UDP [::ffff:192.0.2.2];branch=z9hG4bKas3-111"];
    let request = read(&message("OPTIONS", "sip:ted@[::ffff:192.0.2.2]", &vias, ""));
    assert_eq!(Uri::parse(request.uri()).unwrap().ip().unwrap().to_canonical(), ip("192.0.2.2"));
    assert_eq!(request.headers().top_via().unwrap().response_address().unwrap().ip().to_canonical(), ip("192.0.2.10"));
}

#[test]
fn an_address_that_ends_in_one_of_the_old_kind_is_read() {
    // §4.10; the first one has a colon too much, which a fault in the grammar of RFC 3261 once asked for.
    for text in ["sip:user@[2001:db8:::192.0.2.1]", "sip:user@[2001:db8::192.0.2.1]"] {
        let request = read(&message("OPTIONS", text, &["SIP/2.0/UDP lab1.east.example.com;branch=z9hG4bKas3-111"], ""));
        assert_eq!(Uri::parse(request.uri()).unwrap().ip(), Some(ip("2001:db8::192.0.2.1")), "{text}");
    }
}
