//! The last seconds that were heard on the line: evidence of why a call ended, and what a tone is learned from.

use super::watch::SILENT_DBM0;
use crate::dsp::g711::alaw_encode;
use crate::dsp::{FRAME_SAMPLES, Frame, SAMPLE_RATE_HZ};

/// What is kept: 20 s, in which the slowest cadence of ITU-T E.180 comes round three times.
const KEPT_SAMPLES: usize = 20 * SAMPLE_RATE_HZ as usize;

/// A silence is kept for so long and then left out until it ends, so that a tone is still there when a call ends for the silence
/// after it. No rest within a tone of E.180 is longer, save those of call waiting.
const MOST_QUIET_FRAMES: usize = 5 * SAMPLE_RATE_HZ as usize / FRAME_SAMPLES;

/// A ring of A-law samples. All memory is taken at the beginning.
#[derive(Clone)]
pub(super) struct LastSound {
    codes: Box<[u8]>,
    /// Where the next sample goes; what is older than the ring is long is overwritten.
    next: usize,
    is_full: bool,
    quiet_frames: usize,
}

impl LastSound {
    pub(super) fn new() -> Self {
        LastSound { codes: vec![0; KEPT_SAMPLES].into_boxed_slice(), next: 0, is_full: false, quiet_frames: 0 }
    }

    /// Forgets what was heard.
    pub(super) fn forget(&mut self) {
        self.next = 0;
        self.is_full = false;
        self.quiet_frames = 0;
    }

    /// Takes the newest frame and its level.
    pub(super) fn hear(&mut self, frame: &Frame, level_dbm0: f32) {
        self.quiet_frames = if level_dbm0 < SILENT_DBM0 { self.quiet_frames + 1 } else { 0 };
        if self.quiet_frames > MOST_QUIET_FRAMES {
            return;
        }
        for &sample in &frame.0 {
            if let Some(slot) = self.codes.get_mut(self.next) {
                *slot = alaw_encode(sample);
            }
            self.next += 1;
            if self.next >= KEPT_SAMPLES {
                self.next = 0;
                self.is_full = true;
            }
        }
    }

    /// What is kept, oldest first, and forgets it.
    pub(super) fn take(&mut self) -> Vec<u8> {
        let (newer, older) = self.codes.split_at(self.next);
        let kept = if self.is_full { [older, newer].concat() } else { newer.to_vec() };
        self.forget();
        kept
    }
}

impl std::fmt::Debug for LastSound {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("LastSound").field("next", &self.next).field("is_full", &self.is_full).finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::dsp::g711::alaw_decode;
    use crate::dsp::level::dbm0_of;

    fn frame(value: i16) -> Frame {
        Frame([value; FRAME_SAMPLES])
    }

    fn hear(last: &mut LastSound, frame: &Frame, times: usize) {
        (0..times).for_each(|_| last.hear(frame, dbm0_of(&frame.0)));
    }

    #[test]
    fn what_was_heard_comes_out_in_order_and_once() {
        let mut last = LastSound::new();
        hear(&mut last, &frame(4000), 2);
        hear(&mut last, &frame(-8000), 1);
        let kept: Vec<i16> = last.take().into_iter().map(alaw_decode).collect();
        assert_eq!(kept.len(), 3 * FRAME_SAMPLES);
        assert!((kept[0] - 4000).abs() < 130 && (kept[2 * FRAME_SAMPLES] + 8000).abs() < 260, "{} {}", kept[0], kept[2 * FRAME_SAMPLES]);
        assert!(last.take().is_empty());
    }

    #[test]
    fn it_keeps_twenty_seconds_and_no_more() {
        let mut last = LastSound::new();
        hear(&mut last, &frame(4000), 700);
        hear(&mut last, &frame(8000), 400);
        let kept = last.take();
        assert_eq!(kept.len(), KEPT_SAMPLES);
        let loud = kept.iter().filter(|&&code| alaw_decode(code) > 6000).count();
        assert_eq!(loud, 400 * FRAME_SAMPLES);
        assert!(alaw_decode(kept[0]) < 6000 && alaw_decode(kept[KEPT_SAMPLES - 1]) > 6000);
    }

    #[test]
    fn a_long_silence_does_not_wash_away_the_tone_before_it() {
        let mut last = LastSound::new();
        hear(&mut last, &frame(4000), 100);
        hear(&mut last, &Frame::SILENCE, 60 * 50);
        hear(&mut last, &frame(4000), 50);
        let kept = last.take();
        assert_eq!(kept.len(), (100 + MOST_QUIET_FRAMES + 50) * FRAME_SAMPLES);
    }
}
