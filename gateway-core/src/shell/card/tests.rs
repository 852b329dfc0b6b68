use super::*;

#[test]
fn a_card_that_does_not_open_leaves_no_thread() {
    let id = CardId::of_both("alsa:no-such-card");
    assert_eq!(Card::open(&id, &ChannelMap::of_box(Vec::new(), 1), |_| true).map(drop), Err(CardFault::NotFound));
}

/// What the system would do with the two ends of a lane.
#[test]
fn a_lane_gives_what_was_played_and_tells_of_a_gap_once() {
    let map = ChannelMap::of_box(Vec::new(), 1);
    let (mut lanes, mut tails) = lane::lanes(8_000, &map).unwrap();
    let (lane, tail) = (&mut lanes[0].1, &mut tails[0]);
    let mut portion = [0.5f32; 160];
    assert!(!tail.take(&mut portion, 2, |sample| sample), "nothing was played yet: that is no gap");
    assert_eq!(portion, [0.5; 160]);
    for _ in 0..3 {
        lane.play(&Frame([8192; 160]));
    }
    // 20 ms of silence go first, then 60 ms: six portions of 80 samples go through, the seventh and eighth with what is left.
    let gaps: Vec<bool> = (0..10).map(|_| tail.take(&mut portion, 2, |sample| sample)).collect();
    assert_eq!(gaps.iter().filter(|gap| **gap).count(), 1, "{gaps:?}");
    lane.play(&Frame([8192; 160]));
    assert!(!tail.take(&mut portion, 2, |sample| sample));
}

#[test]
fn a_lane_fills_its_own_channel_only() {
    let map = ChannelMap::of_box(vec![(PortId(0), 1)], 1);
    let (mut lanes, mut tails) = lane::lanes(8_000, &map).unwrap();
    for _ in 0..4 {
        lanes[0].1.play(&Frame([8192; 160]));
    }
    let mut portion = [0i16; 1200];
    assert!(!tails[0].take(&mut portion, 2, |sample| (sample * 32_768.0) as i16));
    assert!(portion.iter().step_by(2).all(|sample| *sample == 0));
    assert!(portion.iter().skip(1).step_by(2).any(|sample| (*sample - 8192).abs() < 100));
}
