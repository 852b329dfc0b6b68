//! Any datagrams to a side that takes sealed ones alone (RFC 3711): only what its peer sealed is opened, and once.
//!
//! The first byte chooses the suite; then `r` is RTP, `c` RTCP, and `s` the payload of a packet that the peer seals, in which then a
//! bit turns on the way.

use gateway_core::media::srtp::Srtp;
use gateway_core::rng::Rng;
use gateway_core::rtp::packet::{self, Header};
use gateway_core::rtp::rtcp;
use gateway_core::sdp::{MasterKey, SrtpKeys, Suite};
use gateway_core::time::Moment;

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
    let (bit, payload) = (payload.iter().map(|byte| usize::from(*byte)).sum(), &payload[..payload.len().min(160)]);
    let plain = packet::write(Header { payload_type: 8, marker: false, sequence, timestamp: 1, ssrc: 7 }, payload);
    let sealed = there.seal_rtp(&plain).expect("a packet of ours");
    assert_eq!(here.open_rtp(&turned(&sealed, bit)), None, "a bit was turned");
    assert_eq!(here.open_rtp(&sealed), Some(plain));
    assert_eq!(here.open_rtp(&sealed), None, "it came before");
    let report = rtcp::bye(7, Moment::ZERO, "any bytes");
    let sealed = there.seal_rtcp(&report).expect("a report of ours");
    assert_eq!(here.open_rtcp(&turned(&sealed, bit)), None, "a bit was turned");
    assert_eq!(here.open_rtcp(&sealed), Some(report));
    assert_eq!(here.open_rtcp(&sealed), None, "it came before");
}

fn turned(sealed: &[u8], bit: usize) -> Vec<u8> {
    let mut turned = sealed.to_vec();
    turned[bit / 8 % sealed.len()] ^= 1 << (bit % 8);
    turned
}
