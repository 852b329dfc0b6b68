//! The messages of the exposure test.

use std::net::SocketAddr;

use crate::rng::Rng;
use crate::sip::message::{Message, Method, Request, Response};
use crate::sip::wire;

/// An offer of a codec that no telephone has.
pub(super) const NO_CODEC: &str = "v=0\r\no=- 1 1 IN IP4 {ip}\r\ns=-\r\nc=IN IP4 {ip}\r\nt=0 0\r\n\
                                   m=audio 9 RTP/AVP 96\r\na=rtpmap:96 NOBODY/8000\r\n";

/// A packet of RTP (RFC 3550 §5.1) that belongs to no call.
pub(super) const SOUND: [u8; 32] = [
    0x80, 8, 0, 1, 0, 0, 0, 1, 0xde, 0xad, 0xbe, 0xef, 0xd5, 0xd5, 0xd5, 0xd5, 0xd5, 0xd5, 0xd5, 0xd5, 0xd5, 0xd5, 0xd5, 0xd5, 0xd5, 0xd5,
    0xd5, 0xd5, 0xd5, 0xd5, 0xd5, 0xd5,
];

/// Messages of the kinds that RFC 4475 warns of: no SIP at all, cut off, numbers beyond their range, lengths that contradict,
/// headers twice, a head without an end, bytes that are no text.
pub(super) fn malformed() -> Vec<Vec<u8>> {
    let options = |version: &str, cseq: &str, more: &str| {
        format!(
            "OPTIONS sip:x SIP/{version}\r\nVia: SIP/2.0/UDP x;branch=z9hG4bKx\r\nFrom: <sip:a@b>;tag=1\r\nTo: <sip:x>\r\n\
             Call-ID: malformed\r\nCSeq: {cseq}\r\n{more}\r\n"
        )
        .into_bytes()
    };
    vec![
        b"GET / HTTP/1.1\r\nHost: x\r\n\r\n".to_vec(),
        b"INVITE sip:x SIP/2.0\r\nVia: SIP/2.0/UDP".to_vec(),
        b"SIP/2.0 999999 \r\n:\r\n\r\n".to_vec(),
        b"\0\x01\x02\xff\xfe\r\n\r\n".to_vec(),
        options("7.0", "1 OPTIONS", ""),
        options("2.0", "99999999999 OPTIONS", ""),
        options("2.0", "1 INVITE", "Content-Length: -7\r\n"),
        options("2.0", "1 OPTIONS", "From: <sip:c@d>;tag=2\r\nContent-Length: 4000\r\n"),
        options("2.0", "1 OPTIONS", &format!("Subject: {}\r\n", "x".repeat(40_000))),
    ]
}

/// A request of a stranger at `from` who calls himself `as_user`.
pub(super) fn request(method: &Method, sip: SocketAddr, number: &str, from: SocketAddr, as_user: &str, rng: &mut Rng) -> Request {
    let uri = if number.is_empty() { format!("sip:{sip}") } else { format!("sip:{number}@{sip}") };
    let to = if *method == Method::Register { format!("sip:{as_user}@{sip}") } else { uri.clone() };
    let mut request = Request::new(method.clone(), &uri);
    let headers = request.headers_mut();
    headers.push("Via", format!("SIP/2.0/UDP {from};branch=z9hG4bK{};rport", rng.hex(16)));
    headers.push("Max-Forwards", "70");
    headers.push("From", format!("<sip:{as_user}@{sip}>;tag={}", rng.hex(8)));
    headers.push("To", format!("<{to}>"));
    headers.push("Call-ID", format!("exposure-{}", rng.hex(16)));
    headers.push("CSeq", format!("1 {}", method.as_str()));
    // A REGISTER without Contact asks what is registered, and registers nothing (RFC 3261 §10.2.3).
    if *method == Method::Invite {
        headers.push("Contact", format!("<sip:{as_user}@{from}>"));
    }
    request
}

/// The ACK of a final answer that is no success (RFC 3261 §17.1.1.3).
pub(super) fn acknowledge(invite: &Request, response: &Response) -> Vec<u8> {
    let mut ack = Request::new(Method::Ack, invite.uri());
    for name in ["Via", "From", "Call-ID", "Max-Forwards"] {
        ack.headers_mut().copy(name, invite.headers());
    }
    ack.headers_mut().copy("To", response.headers());
    ack.headers_mut().push("CSeq", "1 ACK");
    wire::write(&Message::Request(ack))
}
