//! Any bytes on a SIP connection: the same messages however they are cut, and every byte in one message at most.
//!
//! The first byte says how long the parts are that arrive.

use gateway_core::sip::stream::{Framer, Piece, StreamFault};
use gateway_core::sip::wire;

pub fn holds(bytes: &[u8]) {
    let Some((size, stream)) = bytes.split_first() else { return };
    let (whole, fault) = arriving(stream, stream.len().max(1));
    assert_eq!(arriving(stream, usize::from(*size) + 1), (whole.clone(), fault));
    let messages = whole.iter().filter_map(|piece| if let Piece::Message(bytes) = piece { Some(bytes) } else { None });
    assert!(messages.clone().map(Vec::len).sum::<usize>() <= stream.len());
    for message in messages {
        let _ = wire::read(message);
    }
}

/// What comes out of a stream that arrives in parts of this size.
fn arriving(stream: &[u8], size: usize) -> (Vec<Piece>, Option<StreamFault>) {
    let (mut framer, mut out) = (Framer::default(), Vec::new());
    for part in stream.chunks(size) {
        if let Err(fault) = framer.push(part, &mut out) {
            return (out, Some(fault));
        }
    }
    (out, None)
}
