//! Any datagram on the SIP port: what is read survives the writer, and so does every header that is understood; no value of a header
//! begins a line of its own, in a message or in the refusal of one.

use gateway_core::sip::digest::Challenge;
use gateway_core::sip::header::rack::RAck;
use gateway_core::sip::header::session_expires::SessionExpires;
use gateway_core::sip::header::{Referral, Replaces};
use gateway_core::sip::message::{Headers, Message, NameAddr, Uri, Via};
use gateway_core::sip::wire;

pub fn holds(bytes: &[u8]) {
    let message = match wire::read(bytes) {
        Ok(message) => message,
        Err(error) => {
            let status = error.status();
            if let Some(reply) = error.reply {
                assert_eq!(reply.status(), status, "the refusal says what is wrong");
                no_line_is_begun(reply.headers());
            }
            return;
        }
    };
    let written = wire::write(&message);
    // Names grow when they are expanded, so only what stays within the bounds must be readable again.
    if written.len() < wire::MAX_HEAD {
        assert_eq!(wire::read(&written).as_ref(), Ok(&message));
    }
    match &message {
        Message::Request(request) => {
            assert!(Uri::parse(request.uri()).is_ok());
            headers_hold(request.headers());
        }
        Message::Response(response) => {
            let _ = Challenge::all(response);
            headers_hold(response.headers());
        }
    }
}

fn headers_hold(headers: &Headers) {
    no_line_is_begun(headers);
    for text in headers.all("Via") {
        if let Ok(via) = Via::parse(text) {
            assert_eq!(Via::parse(&via.to_string()), Ok(via));
        }
    }
    for name in ["From", "To", "Contact", "Route", "Record-Route", "Path"] {
        for address in headers.addresses(name).into_iter().flatten() {
            address_holds(&address);
        }
    }
    if let Ok(Some(replaces)) = Replaces::of(headers) {
        assert_eq!(Replaces::parse(&replaces.to_string()), Ok(replaces));
    }
    if let Ok(referral) = Referral::of(headers) {
        assert!(Uri::parse(&referral.target).is_ok(), "{referral:?}");
        let mut carried = Headers::new();
        referral.headers().into_iter().for_each(|(name, value)| carried.push(&name, value));
        no_line_is_begun(&carried);
    }
    let _ = headers.get("RAck").map(RAck::parse);
    let _ = headers.get("Session-Expires").map(SessionExpires::parse);
    let _ = (headers.seconds("Expires"), headers.seconds("Retry-After"));
}

fn address_holds(address: &NameAddr) {
    assert_eq!(NameAddr::parse(&address.to_string(), "From").map(|again| again.uri).as_ref(), Ok(&address.uri));
    if let Ok(uri) = Uri::parse(&address.uri) {
        assert_eq!(Uri::parse(&uri.to_string()).map(|again| again.equivalent(&uri)), Ok(true), "{uri}");
    }
}

fn no_line_is_begun(headers: &Headers) {
    for (name, value) in headers.iter() {
        assert!(!value.contains(['\r', '\n']), "{name}: {value:?}");
    }
}
