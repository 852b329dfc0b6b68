//! Any body that claims to be SDP: never a panic, and every answer is sound and has as many streams as the offer.
#![no_main]

use gateway_core::sdp::{Codec, LocalMedia, accept, answer, parse};
use libfuzzer_sys::fuzz_target;

fuzz_target!(|bytes: &[u8]| {
    let local = LocalMedia {
        address: ([192, 0, 2, 10], 16400).into(),
        codecs: vec![Codec::Pcma, Codec::Pcmu],
        telephone_event: 101,
        ptime_ms: 20,
        session_id: 1,
        session_version: 1,
    };
    let _ = accept(&local, bytes);
    if let (Ok((answer, _)), Ok(offer)) = (answer(&local, bytes), parse(bytes)) {
        assert_eq!(parse(&answer).map(|answer| answer.streams.len()), Ok(offer.streams.len()));
    }
});
