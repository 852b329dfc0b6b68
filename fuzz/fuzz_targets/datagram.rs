//! Any datagram on the SIP port: never a panic, and what was read survives the writer.
#![no_main]

use gateway_core::sip::digest::Challenge;
use gateway_core::sip::message::{Message, Uri};
use gateway_core::sip::wire;
use libfuzzer_sys::fuzz_target;

fuzz_target!(|bytes: &[u8]| {
    let Ok(message) = wire::read(bytes) else { return };
    let written = wire::write(&message);
    // Names grow when they are expanded, so only what stays within the bounds must be readable again.
    if written.len() < wire::MAX_HEAD {
        assert_eq!(wire::read(&written).as_ref(), Ok(&message));
    }
    let headers = match &message {
        Message::Request(request) => {
            assert!(Uri::parse(request.uri()).is_ok());
            request.headers()
        }
        Message::Response(response) => {
            let _ = Challenge::all(response);
            response.headers()
        }
    };
    for name in ["From", "To", "Contact", "Route", "Record-Route"] {
        for address in headers.addresses(name).into_iter().flatten() {
            let _ = Uri::parse(&address.uri);
        }
    }
    let _ = (headers.seconds("Expires"), headers.seconds("Retry-After"));
});
