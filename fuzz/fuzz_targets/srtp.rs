//! Any datagrams to a side that takes sealed ones alone: never a panic, and only what its peer sealed is opened, once.
#![no_main]

use gateway_core::media::srtp::Srtp;
use gateway_core::rng::Rng;
use gateway_core::rtp::packet::{self, Header};
use gateway_core::sdp::{MasterKey, SrtpKeys, Suite};
use libfuzzer_sys::fuzz_target;

fn side(suite: Suite, ours: u64, theirs: u64) -> Srtp {
    let key = |seed| MasterKey::draw(suite, &mut Rng::from_seed(seed));
    Srtp::new(SrtpKeys { sending: key(ours), receiving: key(theirs), alone: true }).expect("the library takes its own suites")
}

fuzz_target!(|input: (u8, Vec<(bool, Vec<u8>)>, u16)| {
    let (suite, datagrams, sequence) = input;
    let suite = Suite::ALL[usize::from(suite) % Suite::ALL.len()];
    let (mut here, mut there) = (side(suite, 1, 2), side(suite, 2, 1));
    for (rtcp, bytes) in datagrams.iter().take(64) {
        let opened = if *rtcp { here.open_rtcp(bytes) } else { here.open_rtp(bytes) };
        assert!(opened.is_none(), "nobody sealed this");
    }
    let header = Header { payload_type: 8, marker: false, sequence, timestamp: 1, ssrc: 7 };
    let plain = packet::write(header, &[0xd5; 160]);
    let sealed = there.seal_rtp(&plain).expect("a packet of ours");
    assert_eq!(here.open_rtp(&sealed), Some(plain));
    assert_eq!(here.open_rtp(&sealed), None);
});
