//! Audio from line to line in SRTP.

use super::world::*;
use crate::media::{MediaEvent, MediaPlan, RtpRefusal};
use crate::rng::Rng;
use crate::rtp::packet;
use crate::sdp::{Agreed, MasterKey, SrtpKeys, Suite};

fn key(seed: u64) -> MasterKey {
    MasterKey::draw(Suite::AesCm128Sha1_80, &mut Rng::from_seed(seed))
}

/// The plan of a side that seals with one key and opens with another.
fn sealed(side: usize, sending: u64, receiving: u64) -> MediaPlan {
    let keys = SrtpKeys { sending: key(sending), receiving: key(receiving), alone: true };
    let plan = plan(side);
    MediaPlan { agreed: Agreed { srtp: Some(keys), ..plan.agreed }, ..plan }
}

fn loud() -> Vec<i16> {
    let mut rng = Rng::from_seed(9);
    (0..160 * 400).map(|_| i16::try_from(rng.below(16_000)).unwrap() - 8000).collect()
}

#[test]
fn sound_and_reports_of_both_sides_come_through_and_nothing_goes_in_clear() {
    let said = loud();
    let mut plain = World::new(1, [config(), config()], [plan(A), plan(B)]);
    let mut world = World::new(1, [config(), config()], [sealed(A, 1, 2), sealed(B, 2, 1)]);
    assert_eq!(world.play([&said, &said], 400), plain.play([&said, &said], 400), "sample by sample as without");
    for side in [A, B] {
        assert!(!world.sent[side].is_empty() && !world.rtcp_sent[side].is_empty());
        assert!(world.sent[side].iter().zip(&plain.sent[side]).all(|(sealed, plain)| sealed.len() == plain.len() + 10));
        let in_clear = |(sealed, plain): (&Vec<u8>, &Vec<u8>)| sealed[12..172] == plain[12..172];
        assert!(!world.sent[side].iter().zip(&plain.sent[side]).any(in_clear));
        assert_eq!(world.channels[side].meter().lost, 0);
    }
}

#[test]
fn what_is_sealed_with_another_key_or_not_at_all_is_not_heard_and_told() {
    for stranger in [sealed(B, 3, 1), plan(B)] {
        let said = loud();
        let mut world = World::new(1, [config(), config()], [sealed(A, 1, 2), stranger]);
        let [at_a, _] = world.play([&[], &said], 400);
        assert!(at_a.iter().all(|sample| sample.unsigned_abs() < 16), "silence");
        let told = world.events[A].iter().find_map(|event| match event {
            MediaEvent::RtpMissing { refused: Some(refused), .. } => Some((refused.source, refused.why)),
            _ => None,
        });
        assert_eq!(told, Some((address(B, false), RtpRefusal::NotSealed)));
        assert!(world.sent[A].iter().all(|bytes| packet::read(bytes).is_err() || bytes.len() == 182), "what we say stays sealed");
    }
}
