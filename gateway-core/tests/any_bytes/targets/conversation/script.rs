//! Datagrams that refer to what was said before, as in the scenarios of SIPp: `{Call-ID}` is the header of that name of the newest
//! message of the gateway to the same address that has one.
//!
//! `{uri}` is the URI of its Contact, `{Authorization}` the answer of `p1` to its challenge.

use std::net::SocketAddr;

use gateway_core::rng::Rng;
use gateway_core::sim::World;
use gateway_core::sim::world::credentials;
use gateway_core::sip::digest::Challenge;
use gateway_core::sip::message::{Message, Method};
use gateway_core::sip::wire;

/// The longest name between braces.
const LONGEST_NAME: usize = 24;

/// Names that are filled in of one datagram.
const MOST_NAMES: usize = 32;

pub fn filled_in(world: &World, to: SocketAddr, text: &[u8]) -> Vec<u8> {
    let (mut filled, mut rest) = (Vec::new(), text);
    for _ in 0..MOST_NAMES {
        let Some(open) = rest.iter().position(|byte| *byte == b'{') else { break };
        let (before, behind) = (&rest[..open], &rest[open + 1..]);
        let name = behind.iter().take(LONGEST_NAME).position(|byte| *byte == b'}').map(|close| &behind[..close]);
        let name = name.and_then(|name| std::str::from_utf8(name).ok());
        let found = name.and_then(|name| Some((name.len() + 1, newest(world, to, |message| value(message, name, text))?)));
        let (length, value) = found.unwrap_or((0, "{".to_owned()));
        filled.extend_from_slice(before);
        filled.extend_from_slice(value.as_bytes());
        rest = &behind[length..];
    }
    filled.extend_from_slice(rest);
    filled
}

/// What the newest message to an address says that says it at all.
fn newest(world: &World, to: SocketAddr, said: impl Fn(&Message) -> Option<String>) -> Option<String> {
    let messages = world.tap.datagrams().filter(|datagram| datagram.to == to);
    messages.filter_map(|datagram| wire::read(&datagram.bytes).ok()).filter_map(|message| said(&message)).last()
}

fn value(message: &Message, name: &str, text: &[u8]) -> Option<String> {
    let headers = match message {
        Message::Request(request) => request.headers(),
        Message::Response(response) => response.headers(),
    };
    match name {
        "uri" => headers.addresses("Contact").ok()?.first().map(|contact| contact.uri.clone()),
        "Authorization" => {
            let Message::Response(response) = message else { return None };
            let mut words = text.split(|byte| *byte == b' ').filter_map(|word| std::str::from_utf8(word).ok());
            let (method, uri) = (Method::from_token(words.next()?)?, words.next()?);
            let mut challenge = Challenge::all(response).into_iter().next()?;
            Some(challenge.answer(&credentials("p1", "secret1"), &method, uri, &mut Rng::from_seed(5)))
        }
        name => Some(headers.all(name).collect::<Vec<_>>().join(", ")).filter(|value| !value.is_empty()),
    }
}
