//! Any datagram to somebody who waits for the answer of a STUN server (RFC 8489).

use std::net::SocketAddr;

use gateway_core::rng::Rng;
use gateway_core::sip::stun::{Stun, Turn};
use gateway_core::time::Moment;

/// Where the transaction id stands, with the cookie before it.
const ID: std::ops::Range<usize> = 4..20;

pub fn holds(bytes: &[u8]) {
    let (server, now) = (SocketAddr::from(([192, 0, 2, 1], 3478)), Moment::ZERO);
    let mut stun = Stun::default();
    stun.start(now);
    let Some(Turn::Ask { bytes: request, .. }) = stun.handle_timeout(Some(server), &mut Rng::from_seed(1), now) else {
        panic!("a question that is due is asked")
    };
    answer_holds(stun.clone(), server, bytes);
    let mut fitting = bytes.to_vec();
    if let Some(id) = fitting.get_mut(ID) {
        id.copy_from_slice(&request[ID]);
        answer_holds(stun, server, &fitting);
    }
}

/// Whatever comes, either the question is answered or it goes on; and what is no answer changes nothing.
fn answer_holds(mut stun: Stun, server: SocketAddr, bytes: &[u8]) {
    let before = stun.deadline();
    match stun.receive(server, bytes, Moment::ZERO) {
        Some(Turn::Seen(_)) => assert!(!stun.awaits(server)),
        Some(other) => panic!("an answer is no {other:?}"),
        None => assert!(stun.awaits(server) && stun.deadline() == before),
    }
}
