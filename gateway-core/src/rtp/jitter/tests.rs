use super::*;
use crate::rng::Rng;
use proptest::prelude::*;
use proptest::test_runner::RngSeed;

const START_MS: u8 = 40;

/// A sample that tells its own timestamp, and is never zero.
fn mark(timestamp: u32) -> i16 {
    i16::try_from(timestamp % 30_000).unwrap() + 1
}

fn marks(timestamp: u32, length: u32) -> impl ExactSizeIterator<Item = i16> {
    (0..length as usize).map(move |n| mark(timestamp.wrapping_add(n as u32)))
}

/// Arrivals in µs of packets of `length` samples; sender and line clock both start at zero.
struct Story {
    buffer: JitterBuffer,
    heard: Vec<i16>,
    deepest_ms: u32,
}

impl Story {
    fn starting_with(start_ms: u8) -> Self {
        Story { buffer: JitterBuffer::new(start_ms), heard: Vec::new(), deepest_ms: 0 }
    }

    /// Plays `frames` frames of the line clock, with packets that arrive when they arrive.
    fn go_on(&mut self, mut arrivals: Vec<(u64, u32, u32)>, frames: u64) {
        arrivals.sort_by_key(|(at, ..)| *at);
        let mut packets = arrivals.into_iter().peekable();
        for frame in 0..frames {
            let now_us = frame * 20_000;
            while let Some((at, timestamp, length)) = packets.next_if(|(at, ..)| *at <= now_us) {
                self.buffer.push(1, timestamp, marks(timestamp, length), Moment::from_nanos(at * 1000));
            }
            self.deepest_ms = self.deepest_ms.max(self.buffer.depth_ms());
            self.heard.extend(self.buffer.pull(Moment::from_nanos(now_us * 1000)).0);
        }
    }
}

/// A story with the delay that most of these start with.
fn play(arrivals: Vec<(u64, u32, u32)>, frames: u64) -> Story {
    let mut story = Story::starting_with(START_MS);
    story.go_on(arrivals, frames);
    story
}

/// Packets of `length` samples from timestamp `first` on, each delayed by `delay_us(n)`.
fn stream(first: u32, length: u32, count: u32, mut delay_us: impl FnMut(u32) -> u64) -> Vec<(u64, u32, u32)> {
    (0..count).map(|n| (u64::from(n * length) * 125 + delay_us(n), first.wrapping_add(n * length), length)).collect()
}

/// Where the exact run of marks from `first` on begins, when nothing in it is missing or changed.
fn exact_from(heard: &[i16], first: u32, samples: usize) -> Option<usize> {
    let start = heard.iter().position(|s| *s == mark(first))?;
    let run = heard.get(start..start + samples)?;
    run.iter().enumerate().all(|(n, s)| *s == mark(first.wrapping_add(n as u32))).then_some(start)
}

#[test]
fn a_steady_stream_is_heard_sample_exact_40_ms_after_its_arrival() {
    let first = 0_u32.wrapping_sub(5000);
    let story = play(stream(first, 160, 500, |_| 0), 500);
    assert_eq!(exact_from(&story.heard, first, 490 * 160), Some(320));
    assert_eq!(story.buffer.counts().concealed_samples, 0);
}

#[test]
fn a_short_start_stays_short_on_a_steady_network_and_grows_at_once_on_another() {
    for (start_ms, late_ms) in [(0, 0), (5, 0), (5, 30), (20, 90)] {
        let mut story = Story::starting_with(start_ms);
        story.go_on(stream(777, 160, 100, |n| if n % 10 == 5 { late_ms * 1000 } else { 0 }), 100);
        let (late, depth_ms) = (story.buffer.counts().late, story.buffer.depth_ms());
        assert!(late <= 1, "the first late packet is lost, the next is waited for: {late}");
        assert!(
            depth_ms >= late_ms as u32 && depth_ms <= u32::from(start_ms).max(late_ms as u32) + 30,
            "{start_ms}, {late_ms}: {depth_ms}"
        );
    }
}

#[test]
fn packets_of_10_20_30_and_40_ms_are_heard_alike() {
    for length in [80, 160, 240, 320] {
        let story = play(stream(777, length, 100 * 160 / length, |_| 3000), 90);
        assert_eq!(exact_from(&story.heard, 777, 80 * 160), Some(160 + 184), "{length} samples a packet, 3 ms after the pull");
    }
}

#[test]
fn reordered_and_repeated_packets_leave_no_trace() {
    let mut packets = stream(0, 160, 300, |n| if n % 7 == 3 { 25_000 } else { 0 });
    packets.extend(stream(0, 160, 300, |n| if n % 5 == 0 { 30_000 } else { 5000 }));
    let story = play(packets, 300);
    assert_eq!(exact_from(&story.heard, 0, 290 * 160), Some(320));
    assert_eq!(story.buffer.counts(), Counts { stored: 300, duplicate: 299, starts: 1, ..Counts::default() });
}

#[test]
fn a_lost_packet_costs_its_own_20_ms_and_5_more() {
    let story = play(stream(0, 160, 100, |_| 0).into_iter().filter(|(_, t, _)| *t != 8000).collect(), 100);
    let heard = &story.heard[320..];
    let wrong: Vec<usize> = (0..90 * 160).filter(|n| heard[*n] != mark(*n as u32)).collect();
    assert!(wrong.iter().all(|n| (8000..8160 + 40).contains(n)), "{wrong:?}");
    assert_eq!(story.buffer.counts().concealed_samples, 160);
}

#[test]
fn jitter_makes_the_delay_grow_until_nothing_is_late() {
    let mut rng = Rng::from_seed(3);
    let story = play(stream(0, 160, 3000, |_| rng.below(100_000)), 3000);
    let counts = story.buffer.counts();
    assert!(counts.late < 25, "{counts:?}");
    assert!(counts.concealed_samples < 50 * 160, "{counts:?}");
    assert!(story.deepest_ms <= 220, "{}", story.deepest_ms);
}

#[test]
fn when_the_network_calms_down_the_delay_shrinks_again() {
    let mut rng = Rng::from_seed(3);
    let noisy = stream(0, 160, 500, |_| rng.below(120_000));
    let calm = stream(500 * 160, 160, 1500, |_| 0).into_iter().map(|(at, t, l)| (at + 500 * 20_000, t, l));
    let mut story = play(noisy.into_iter().chain(calm).collect(), 1990);
    story.buffer.pull(Moment::from_secs(100));
    assert!(story.buffer.depth_ms() <= 60, "{}", story.buffer.depth_ms());
    let tail = &story.heard[story.heard.len() - 400 * 160..];
    assert!(tail.windows(2).all(|w| w[1] == w[0] + 1 || w[1] == 1), "nothing is missing at the end");
}

#[test]
fn clocks_that_differ_by_200_ppm_are_followed_in_both_ways() {
    for (numerator, name) in [(999_800_u64, "fast sender"), (1_000_200, "slow sender")] {
        let packets = stream(0, 160, 60_000, |_| 0).into_iter().map(|(at, t, l)| (at * numerator / 1_000_000, t, l));
        let story = play(packets.collect(), 59_000);
        let counts = story.buffer.counts();
        assert!(story.deepest_ms <= 90, "{name}: {}", story.deepest_ms);
        assert!(counts.concealed_samples < 10 * 160, "{name}: {counts:?}");
        assert_eq!(counts.starts, 1, "{name}");
    }
}

#[test]
fn a_line_clock_that_comes_in_bursts_of_60_ms_is_served_without_a_gap() {
    let mut buffer = JitterBuffer::new(START_MS);
    let mut heard = Vec::new();
    for n in 0..1500_u32 {
        let now = Moment::from_millis(20 * u64::from(n));
        buffer.push(1, n * 160, marks(n * 160, 160), now);
        if n % 3 == 0 {
            (0..3).for_each(|_| heard.extend(buffer.pull(now).0));
        }
    }
    let tail = &heard[500 * 160..];
    assert!(tail.windows(2).all(|w| w[1] == w[0] + 1 || w[1] == 1), "{:?}", buffer.counts());
    assert!(buffer.depth_ms() <= 100, "{}", buffer.depth_ms());
}

#[test]
fn a_stall_of_the_network_is_got_over() {
    let story = play(stream(0, 160, 500, |n| if (100..125).contains(&n) { u64::from(125 - n) * 20_000 } else { 0 }), 500);
    assert!(story.deepest_ms <= 500);
    let tail = &story.heard[200 * 160..490 * 160];
    assert!(tail.windows(2).filter(|w| w[1] != w[0] + 1 && w[1] != 1).count() < 2000);
    assert!(tail[250 * 160..].windows(2).all(|w| w[1] == w[0] + 1 || w[1] == 1));
}

#[test]
fn a_pause_in_sending_is_no_jump() {
    let packets = stream(0, 160, 500, |_| 0).into_iter().filter(|(_, t, _)| !(16_000..56_000).contains(t));
    let story = play(packets.collect(), 500);
    assert_eq!(story.buffer.counts().starts, 1);
    assert_eq!(exact_from(&story.heard[320 + 56_000..], 56_000, 100 * 160), Some(0), "blending ends in silence");
}

#[test]
fn a_jump_of_the_timestamp_or_a_new_source_starts_the_buffer_anew() {
    let mut packets = stream(0, 160, 100, |_| 0);
    packets.extend(stream(0x8000_0000, 160, 100, |_| 100 * 20_000));
    let story = play(packets, 190);
    assert_eq!(story.buffer.counts().starts, 2);
    assert_eq!(story.buffer.counts().stray, 1);
    assert!(exact_from(&story.heard[102 * 160..], 0x8000_0000 + 320, 80 * 160).is_some());

    let mut buffer = JitterBuffer::new(START_MS);
    buffer.push(1, 0, marks(0, 160), Moment::ZERO);
    buffer.push(2, 9_000_000, marks(9_000_000, 160), Moment::ZERO);
    let heard: Vec<i16> = (1..5).flat_map(|n| buffer.pull(Moment::from_millis(20 * n)).0).collect();
    assert_eq!(exact_from(&heard, 9_000_000, 160), Some(320));
}

#[test]
fn one_stray_packet_disturbs_nothing() {
    let mut packets = stream(0, 160, 100, |_| 0);
    packets.push((1_000_001, 0x7000_0000, 160));
    let story = play(packets, 100);
    assert_eq!(exact_from(&story.heard, 0, 90 * 160), Some(320));
    assert_eq!(story.buffer.counts().stray, 1);
}

#[test]
fn audio_that_belongs_to_an_event_is_blanked_to_the_sample() {
    let mut buffer = JitterBuffer::new(START_MS);
    let mut heard = Vec::new();
    for n in 0..50_u32 {
        buffer.push(1, n * 160, marks(n * 160, 160), Moment::from_millis(u64::from(n) * 20));
        if (20..25).contains(&n) {
            buffer.blank(20 * 160 + 7, (n - 19) * 160);
        }
        heard.extend(buffer.pull(Moment::from_millis(u64::from(n) * 20)).0);
    }
    let silent = 320 + 20 * 160 + 7..320 + 25 * 160 + 7;
    assert!(heard.iter().enumerate().skip(320).all(|(n, s)| (*s == 0) == silent.contains(&n)));
}

#[test]
fn after_a_reset_there_is_silence_until_the_next_packet() {
    let mut buffer = JitterBuffer::new(START_MS);
    buffer.push(1, 0, marks(0, 320), Moment::ZERO);
    buffer.reset();
    assert!((0..5).all(|n| buffer.pull(Moment::from_millis(n * 20)) == Frame::SILENCE));
    assert_eq!(buffer.depth_ms(), 0);
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 300, failure_persistence: None, rng_seed: RngSeed::Fixed(7), ..ProptestConfig::default() })]

    /// Whatever comes, the buffer stays bounded, plays nothing that was not sent, and plays it in order.
    #[test]
    fn whatever_comes_the_buffer_is_bounded_and_plays_in_order(
        steps in prop::collection::vec((0..12_u8, 0..4000_u32, 1..400_u32, 0..60_u64), 1..400),
    ) {
        let mut buffer = JitterBuffer::new(START_MS);
        let (mut now_ms, mut sent) = (0_u64, 0_u32);
        for (what, offset, length, step_ms) in steps {
            now_ms += step_ms;
            let now = Moment::from_millis(now_ms);
            let (ssrc, timestamp) = match what {
                0 => (1, offset.wrapping_mul(2_654_435_761)),
                1 => (offset, sent),
                2..=3 => (1, sent.wrapping_sub(offset)),
                4 => (1, sent.wrapping_add(offset)),
                _ => (1, sent),
            };
            buffer.push(ssrc, timestamp, marks(timestamp, length), now);
            sent = sent.wrapping_add(160);
            prop_assert!(buffer.depth_ms() <= 500);
            if what % 2 == 0 {
                buffer.blank(timestamp, offset * 8);
            }
            if what != 5 {
                buffer.pull(now);
            }
        }
    }

    /// With packets that only come late, twice or not at all, what is heard is sent audio in its order, and the line never
    /// goes back by more than the delay can have grown.
    #[test]
    fn what_is_heard_is_in_order(seed in any::<u64>()) {
        let mut rng = Rng::from_seed(seed);
        let mut packets = stream(0, 160, 180, |_| rng.below(60_000));
        let mut dice = Rng::from_seed(seed ^ 1);
        packets.retain(|_| !dice.chance(50));
        let again: Vec<_> = packets.iter().filter(|_| dice.chance(100)).map(|(at, t, l)| (at + 10_000, *t, *l)).collect();
        packets.extend(again);
        let story = play(packets, 200);
        let mut newest = 0;
        for pair in story.heard.windows(2).filter(|pair| pair[1] == pair[0] + 1) {
            let at = i32::from(pair[1]);
            prop_assert!(at > newest - MOST_SAMPLES - 160, "{at} after {newest}");
            newest = newest.max(at);
        }
        prop_assert!(newest > 160 * 160);
    }
}
