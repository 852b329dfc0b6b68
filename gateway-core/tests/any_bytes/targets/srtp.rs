//! Any datagrams to a side that takes sealed ones alone (RFC 3711): only what its peer sealed is opened, and once.
//!
//! The first byte chooses the suite; then `r` is RTP, `c` RTCP, and `s` a packet whose payload the peer seals, of which then any bit
//! may turn.

use gateway_core::media::srtp::Srtp;
use gateway_core::rng::Rng;
use gateway_core::rtp::packet::{self, Header};
use gateway_core::sdp::{MasterKey, SrtpKeys, Suite};

use super::pieces::pieces;

pub fn holds(bytes: &[u8]) {
    let Some((suite, rest)) = bytes.split_first() else { return };
    let suite = Suite::ALL[usize::from(*suite) % Suite::ALL.len()];
    let (mut here, mut there) = (side(suite, 1, 2), side(suite, 2, 1));
    for (sequence, piece) in (1..).zip(pieces(rest)) {
        match piece.what {
            b'c' => assert_eq!(here.open_rtcp(piece.bytes), None, "nobody sealed this"),
            b's' => sealed_holds(&mut here, &mut there, sequence, piece.bytes),
            _ => assert_eq!(here.open_rtp(piece.bytes), None, "nobody sealed this"),
        }
    }
    sealed_holds(&mut here, &mut there, u16::MAX, rest);
}

fn side(suite: Suite, ours: u64, theirs: u64) -> Srtp {
    let key = |seed| MasterKey::draw(suite, &mut Rng::from_seed(seed));
    Srtp::new(SrtpKeys { sending: key(ours), receiving: key(theirs), alone: true }).expect("the library takes its own suites")
}

/// What the peer seals is opened as it was, once; with a bit turned, never.
fn sealed_holds(here: &mut Srtp, there: &mut Srtp, sequence: u16, payload: &[u8]) {
    let payload = &payload[..payload.len().min(160)];
    let plain = packet::write(Header { payload_type: 8, marker: false, sequence, timestamp: 1, ssrc: 7 }, payload);
    let sealed = there.seal_rtp(&plain).expect("a packet of ours");
    let mut turned = sealed.clone();
    let at = payload.iter().map(|byte| usize::from(*byte)).sum::<usize>();
    turned[at % sealed.len()] ^= 1 << (at % 8);
    assert_eq!(here.open_rtp(&turned), None, "a bit was turned");
    assert_eq!(here.open_rtp(&sealed), Some(plain));
    assert_eq!(here.open_rtp(&sealed), None, "it came before");
}
