//! Frames for one channel of a card, so paced that neither too little nor too much waits to be played.
//!
//! A card takes its samples in portions. What really waits is less than what lies there, by what the card has played since it
//! took the last portion: only that measure moves evenly, and does not beat with the rhythm of the frames.

use std::time::Duration;

use crate::dsp::Frame;
use crate::dsp::rate::{BadRate, FromLine};

/// What shall at least wait when a frame comes, at the beginning and at best.
const LEAST_SPARE_MS: f64 = 3.0;

/// The most that may have to wait then, however irregularly frames come and the card takes.
const MOST_SPARE_MS: f64 = 80.0;

/// What goes before the first frame, for a card that has not shown yet how much it takes at a time.
const FIRST_SILENCE_MS: f64 = 15.0;

/// The card found nothing: so much more shall wait from now on.
const STEP_UP_MS: f64 = 5.0;

/// After [`CALM_LOOKS`] the aim is moved by this part of what the worst of them was off: for drift, and for rare lateness.
const LEARN: f64 = 0.5;

/// Frames between two looks at what waits: 1 s.
const LOOK_FRAMES: u32 = 50;

/// Looks between two corrections of the aim.
const CALM_LOOKS: u32 = 10;

/// So much more than wanted is not worked off by stretching: frames are left out. Portions are well below that.
const TOO_MUCH_MS: f64 = 80.0;

/// The part of the distance that is made up for a second: drift settles within seconds, and one of 200 ppm keeps
/// what waits half a millisecond off.
const PULL_PER_S: f64 = 0.5;

/// The pacing of one channel.
#[derive(Debug)]
pub struct Playout {
    from_line: FromLine,
    samples_per_ms: f64,
    /// What shall wait as a rule, so that it is never less than [`LEAST_SPARE_MS`].
    spare_ms: f64,
    /// Whether anything was played yet.
    playing: bool,
    bend: f64,
    /// The least that waited since the last look, and how many frames ago that was.
    second: Least,
    /// The least that waited since the aim was corrected, and how many looks ago that was.
    calm: Least,
    skipped: u32,
}

/// The least of several readings.
#[derive(Clone, Copy, Debug)]
struct Least {
    ms: f64,
    readings: u32,
}

impl Least {
    const NONE: Least = Least { ms: f64::INFINITY, readings: 0 };

    fn take(&mut self, ms: f64) {
        self.ms = self.ms.min(ms);
        self.readings += 1;
    }
}

impl Playout {
    /// For a card that plays `rate_hz` samples a second.
    ///
    /// # Errors
    /// [`BadRate`] for one that no line can be played on.
    pub fn new(rate_hz: u32) -> Result<Self, BadRate> {
        Ok(Playout {
            from_line: FromLine::new(rate_hz)?,
            samples_per_ms: f64::from(rate_hz) / 1000.0,
            spare_ms: LEAST_SPARE_MS,
            playing: false,
            bend: 1.0,
            second: Least::NONE,
            calm: Least::NONE,
            skipped: 0,
        })
    }

    /// The samples of a frame go to `play`. So many samples of this channel lie there, the card took its last portion so long
    /// ago, and found too few since the last frame where it `ran_dry`.
    pub fn frame(&mut self, frame: &Frame, lying: usize, since_taken: Duration, ran_dry: bool, mut play: impl FnMut(f32)) {
        #[allow(clippy::cast_precision_loss, reason = "some thousand samples at most")]
        let lying_ms = lying as f64 / self.samples_per_ms;
        if !self.playing {
            self.playing = true;
            self.silence(FIRST_SILENCE_MS, &mut play);
        } else if ran_dry {
            self.spare_ms = (self.spare_ms + STEP_UP_MS).min(MOST_SPARE_MS);
            (self.second, self.calm) = (Least::NONE, Least::NONE);
            // The card plays silence already: a little more of it, and the next time there is enough.
            self.silence(STEP_UP_MS, &mut play);
        } else if lying_ms > self.spare_ms + TOO_MUCH_MS {
            self.skipped = self.skipped.saturating_add(1);
            self.second = Least::NONE;
            return;
        } else {
            self.second.take(lying_ms - since_taken.as_secs_f64() * 1000.0);
            if self.second.readings >= LOOK_FRAMES {
                self.look();
            }
        }
        self.from_line.samples(frame, self.bend).iter().copied().for_each(play);
    }

    /// Frames that were left out because too much waited.
    #[must_use]
    pub fn skipped(&self) -> u32 {
        self.skipped
    }

    /// Once a second: how far what waits is from what should.
    fn look(&mut self) {
        let waiting_ms = std::mem::replace(&mut self.second, Least::NONE).ms;
        // So many ms too few, made up for at this pace, are so many thousandths more a second.
        self.bend = 1.0 + (self.spare_ms - waiting_ms) / 1000.0 * PULL_PER_S;
        self.calm.take(waiting_ms);
        if self.calm.readings >= CALM_LOOKS {
            let idle_ms = std::mem::replace(&mut self.calm, Least::NONE).ms - LEAST_SPARE_MS;
            self.spare_ms = (self.spare_ms - idle_ms * LEARN).clamp(LEAST_SPARE_MS, MOST_SPARE_MS);
        }
    }

    fn silence(&self, ms: f64, play: &mut impl FnMut(f32)) {
        #[allow(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "some thousand samples at most")]
        (0..(ms * self.samples_per_ms) as u32).for_each(|_| play(0.0));
    }
}
