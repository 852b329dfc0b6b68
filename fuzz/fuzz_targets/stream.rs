//! Any bytes on a SIP connection, cut anywhere: never a panic, and the same messages however they are cut.
#![no_main]

use gateway_core::sip::stream::{Framer, Piece, StreamFault};
use libfuzzer_sys::fuzz_target;

/// What comes out of a stream that arrives in pieces of this size.
fn pieces(stream: &[u8], size: usize) -> (Vec<Piece>, Option<StreamFault>) {
    let (mut framer, mut out) = (Framer::default(), Vec::new());
    for part in stream.chunks(size) {
        if let Err(fault) = framer.push(part, &mut out) {
            return (out, Some(fault));
        }
    }
    (out, None)
}

fuzz_target!(|input: (u8, &[u8])| {
    let (size, stream) = input;
    let (whole, fault) = pieces(stream, stream.len().max(1));
    assert_eq!(pieces(stream, usize::from(size) + 1), (whole.clone(), fault));
    for piece in whole {
        if let Piece::Message(bytes) = piece {
            let _ = gateway_core::sip::wire::read(&bytes);
        }
    }
});
