use std::f64::consts::TAU;
use std::time::Duration;

use proptest::prelude::*;

use super::*;
use crate::dsp::{FRAME_SAMPLES, Frame, SAMPLE_RATE_HZ};
use crate::rng::Rng;

fn map(said: &[(u16, u16)], ports: u16) -> ChannelMap {
    ChannelMap::of_box(said.iter().map(|&(port, channel)| (PortId(port), channel)).collect(), ports)
}

#[test]
fn the_box_says_which_channel_is_which_port() {
    assert_eq!(map(&[], 2).iter().collect::<Vec<_>>(), [(PortId(0), 0), (PortId(1), 1)]);
    assert_eq!(map(&[(1, 0), (0, 3), (7, 1), (1, 2)], 2).iter().collect::<Vec<_>>(), [(PortId(0), 3), (PortId(1), 0)]);
    assert_eq!(map(&[(1, 0), (0, 3)], 2).channels(), 4);
    assert!(matches!(Capture::new(8_000, 2, &map(&[(0, 3)], 1)), Err(CardError::Channel(3))));
}

proptest! {
    /// However a card cuts what it recorded, each port gets its own channel, whole and in order.
    #[test]
    fn ports_hear_their_channel_however_it_is_cut(cuts in prop::collection::vec(1usize..700, 1..40)) {
        let mut capture = Capture::new(SAMPLE_RATE_HZ, 3, &map(&[(0, 2), (1, 0)], 2)).unwrap();
        let sample = |n: usize| (n % 3 * 10_000 + n / 3 % 10_000) as i16;
        let mut heard = [Vec::new(), Vec::new()];
        let mut at = 0;
        for cut in cuts {
            let piece: Vec<f32> = (at..at + cut).map(|n| f32::from(sample(n)) / 32_768.0).collect();
            at += cut;
            capture.push(&piece, |port, frame| heard[port.index()].extend(frame.0));
        }
        for (port, channel) in [(0, 2), (1, 0)] {
            let whole = (at / 3) / FRAME_SAMPLES * FRAME_SAMPLES;
            let expected: Vec<i16> = (0..whole).map(|n| sample(n * 3 + channel)).collect();
            prop_assert_eq!(&heard[port], &expected);
        }
    }
}

/// A card that plays by a clock of its own, beside frames that come by another.
struct Card {
    playout: Playout,
    rate_hz: u32,
    next_take_s: f64,
    next_frame_s: f64,
    frames: u32,
    /// So many samples it takes at a time.
    takes: usize,
    waiting: std::collections::VecDeque<f32>,
    ran_dry: bool,
    runs: u32,
    played: Vec<f32>,
    least: usize,
    most: usize,
}

impl Card {
    fn new(rate_hz: u32, takes: usize) -> Self {
        let playout = Playout::new(rate_hz).unwrap();
        let (next_take_s, next_frame_s, frames) = (0.0, 0.005, 0);
        Card {
            playout,
            rate_hz,
            next_take_s,
            next_frame_s,
            frames,
            takes,
            waiting: [].into(),
            ran_dry: false,
            runs: 0,
            played: Vec::new(),
            least: usize::MAX,
            most: 0,
        }
    }

    /// Plays a tone of 1 kHz for so long. The card's clock is `drift_ppm` faster than the one of the frames, which come as late as
    /// `jitter_ms`.
    fn run(&mut self, seconds: f64, drift_ppm: f64, jitter_ms: f64, rng: &mut Rng) {
        let take_s = self.takes as f64 / (f64::from(self.rate_hz) * (1.0 + drift_ppm / 1e6));
        let until_s = self.next_frame_s + seconds;
        while self.next_frame_s < until_s {
            if self.next_take_s < self.next_frame_s {
                self.take();
                self.next_take_s += take_s;
                continue;
            }
            let frame = Frame(std::array::from_fn(|n| {
                let t = f64::from(self.frames * FRAME_SAMPLES as u32 + n as u32) / f64::from(SAMPLE_RATE_HZ);
                (8000.0 * (TAU * 1000.0 * t).sin()) as i16
            }));
            let ran_dry = std::mem::take(&mut self.ran_dry);
            let since = Duration::from_secs_f64((self.next_frame_s - (self.next_take_s - take_s)).clamp(0.0, take_s));
            let waiting = &mut self.waiting;
            let lying = waiting.len();
            self.playout.frame(&frame, lying, since, ran_dry, |sample| waiting.push_back(sample));
            self.most = self.most.max(self.waiting.len());
            self.frames += 1;
            self.next_frame_s = f64::from(self.frames) * 0.02 + jitter_ms / 1000.0 * f64::from(rng.next_u32()) / f64::from(u32::MAX);
        }
    }

    fn take(&mut self) {
        let counts = self.frames > 0;
        let mut dry = false;
        for _ in 0..self.takes {
            let sample = self.waiting.pop_front();
            dry |= sample.is_none();
            self.played.push(sample.unwrap_or(0.0));
        }
        self.ran_dry |= dry && counts;
        self.runs += u32::from(dry && counts);
        self.least = self.least.min(self.waiting.len());
    }

    /// Forgets what was counted so far.
    fn settle(&mut self) {
        self.runs = 0;
        self.least = usize::MAX;
        self.most = 0;
        self.played.clear();
    }

    fn ms(&self, samples: usize) -> f64 {
        samples as f64 * 1000.0 / f64::from(self.rate_hz)
    }

    /// Places where the tone does not go on as a tone does.
    fn clicks(&self) -> usize {
        let turn = 2.0 * (TAU * 1000.0 / f64::from(self.rate_hz)).cos();
        let wrong = |w: &&[f32]| (f64::from(w[2]) - turn * f64::from(w[1]) + f64::from(w[0])).abs() > 0.004;
        self.played.windows(3).filter(wrong).count()
    }
}

#[test]
fn two_clocks_that_never_agree_leave_no_gap_and_no_click() {
    for (rate_hz, takes) in [(8_000, 106), (48_000, 480)] {
        for drift_ppm in [200.0, -200.0] {
            let mut rng = Rng::from_seed(7);
            let mut card = Card::new(rate_hz, takes);
            card.run(30.0, drift_ppm, 4.0, &mut rng);
            card.settle();
            card.run(90.0, drift_ppm, 4.0, &mut rng);
            let told = format!("{rate_hz} Hz, {drift_ppm} ppm: {} .. {} ms", card.ms(card.least), card.ms(card.most));
            assert_eq!((card.runs, card.playout.skipped(), card.clicks()), (0, 0, 0), "{told}");
            assert!(card.ms(card.most) < 60.0, "{told}");
        }
    }
}

#[test]
fn frames_that_come_irregularly_make_more_of_them_wait() {
    let mut rng = Rng::from_seed(3);
    let mut card = Card::new(8_000, 400);
    card.run(30.0, 0.0, 30.0, &mut rng);
    assert!(card.runs > 0, "frames 30 ms late cannot go well at once");
    card.settle();
    card.run(60.0, 0.0, 30.0, &mut rng);
    assert_eq!((card.runs, card.playout.skipped()), (0, 0));
}

#[test]
fn a_card_that_stood_still_does_not_leave_the_voice_late() {
    let mut rng = Rng::from_seed(5);
    let mut card = Card::new(8_000, 80);
    card.run(10.0, 0.0, 0.0, &mut rng);
    // Nothing is taken for half a second, and frames go on.
    for _ in 0..25 {
        let waiting = card.waiting.len();
        card.playout.frame(&Frame::SILENCE, waiting, Duration::from_millis(5), false, |sample| card.waiting.push_back(sample));
    }
    assert!(card.ms(card.waiting.len()) < 110.0, "{}", card.ms(card.waiting.len()));
    assert!(card.playout.skipped() > 15);
    card.run(120.0, 0.0, 0.0, &mut rng);
    card.settle();
    card.run(5.0, 0.0, 0.0, &mut rng);
    assert!(card.ms(card.most) < 45.0, "{} {:?}", card.ms(card.most), card.playout);
    assert_eq!(card.runs, 0);
}
