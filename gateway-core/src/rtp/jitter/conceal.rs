//! Packet loss concealment: the last pitch period goes on, fading out; what follows the gap is blended in.

/// Samples of the past that are kept: enough for two of the longest pitch period.
const HISTORY: usize = 320;

/// The shortest pitch period: 5 ms (200 Hz).
const SHORTEST: usize = 40;

/// The longest pitch period: 20 ms (50 Hz).
const LONGEST: usize = 160;

/// After 60 ms the concealed audio has faded to silence.
const FADE: usize = 480;

/// Samples over which real audio is blended in after a gap: 5 ms.
const BLEND: usize = 40;

/// Fills gaps sample by sample. Without a gap the audio passes unchanged.
#[derive(Clone, Debug)]
pub(super) struct Concealer {
    history: [i16; HISTORY],
    /// Where the next sample goes; the oldest is here.
    next: usize,
    state: State,
}

#[derive(Clone, Copy, Debug)]
enum State {
    /// Real audio.
    Heard,
    /// A gap, `gone` samples long by now, filled with the last `period` samples.
    Gap { period: usize, gone: usize },
    /// Real audio again, `blended` samples of it so far mixed with the filling.
    Blend { period: usize, gone: usize, blended: usize },
}

impl Default for Concealer {
    fn default() -> Self {
        Concealer { history: [0; HISTORY], next: 0, state: State::Heard }
    }
}

impl Concealer {
    /// A sample that is there; answers what is to be heard.
    pub(super) fn heard(&mut self, sample: i16) -> i16 {
        let audible = match self.state {
            State::Heard => sample,
            State::Gap { period, gone } => self.blend_in(sample, period, gone, 0),
            State::Blend { period, gone, blended } => self.blend_in(sample, period, gone, blended),
        };
        if matches!(self.state, State::Heard) {
            self.keep(audible);
        }
        audible
    }

    /// A sample that is not there; answers what is to be heard instead.
    pub(super) fn missing(&mut self) -> i16 {
        let (period, gone) = match self.state {
            State::Heard if self.silent() => (LONGEST, FADE),
            State::Heard => (self.pitch_period(), 0),
            State::Gap { period, gone } | State::Blend { period, gone, .. } => (period, gone),
        };
        self.state = State::Gap { period, gone: gone.saturating_add(1) };
        self.filling(period, gone)
    }

    /// Whether the last sample was filled in, and not yet faded out.
    pub(super) fn fills(&self) -> bool {
        matches!(self.state, State::Gap { gone, .. } if gone <= FADE)
    }

    fn blend_in(&mut self, sample: i16, period: usize, gone: usize, blended: usize) -> i16 {
        let filling = self.filling(period, gone);
        if blended >= BLEND || gone >= FADE {
            self.state = State::Heard;
            return sample;
        }
        self.state = State::Blend { period, gone: gone + 1, blended: blended + 1 };
        blend(filling, sample, blended, BLEND)
    }

    fn keep(&mut self, sample: i16) {
        self.history[self.next] = sample;
        self.next = (self.next + 1) % HISTORY;
    }

    /// The sample `back` before the next one, 1 to [`HISTORY`].
    fn past(&self, back: usize) -> i16 {
        self.history[(self.next + HISTORY - back) % HISTORY]
    }

    /// Whether there is nothing to go on with, as before the first packet.
    fn silent(&self) -> bool {
        (1..=LONGEST).all(|back| self.past(back) == 0)
    }

    fn filling(&self, period: usize, gone: usize) -> i16 {
        let left = FADE.saturating_sub(gone);
        if left == 0 {
            return 0;
        }
        blend(0, self.past(period - gone % period), left, FADE)
    }

    /// The period at which the last 20 ms best resemble what was before them.
    fn pitch_period(&self) -> usize {
        let mut best = (LONGEST, 0.0_f32);
        for period in SHORTEST..=LONGEST {
            let (mut product, mut energy) = (0.0_f32, 1.0_f32);
            for back in 1..=LONGEST {
                let (now, before) = (f32::from(self.past(back)), f32::from(self.past(back + period)));
                product += now * before;
                energy += before * before;
            }
            let likeness = if product > 0.0 { product * product / energy } else { 0.0 };
            if likeness > best.1 {
                best = (period, likeness);
            }
        }
        best.0
    }
}

/// `part` of `whole` on the way from `a` to `b`.
pub(super) fn blend(a: i16, b: i16, part: usize, whole: usize) -> i16 {
    let (part, whole) = (i64::try_from(part).unwrap_or(0), i64::try_from(whole).unwrap_or(1).max(1));
    let mixed = (i64::from(a) * (whole - part) + i64::from(b) * part) / whole;
    i16::try_from(mixed).unwrap_or(0)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A 100 Hz sawtooth-like wave: its period is 80 samples.
    fn wave(n: usize) -> i16 {
        i16::try_from(n % 80).unwrap() * 200 - 8000
    }

    #[test]
    fn without_a_gap_the_audio_is_unchanged() {
        let mut concealer = Concealer::default();
        assert!((0..2000).all(|n| concealer.heard(wave(n)) == wave(n)));
    }

    #[test]
    fn a_gap_goes_on_with_the_last_period_and_fades_out_in_60_ms() {
        let mut concealer = Concealer::default();
        (0..800).for_each(|n| {
            concealer.heard(wave(n));
        });
        let filled: Vec<i16> = (0..600).map(|_| concealer.missing()).collect();
        assert!(filled.iter().enumerate().take(80).all(|(n, &s)| (i32::from(s) - i32::from(wave(800 + n))).abs() < 1500));
        assert!(filled.iter().take(40).any(|&s| s.abs() > 6000));
        assert!(filled.iter().skip(480).all(|&s| s == 0));
    }

    #[test]
    fn after_a_gap_the_audio_is_exact_again_within_5_ms() {
        let mut concealer = Concealer::default();
        (0..800).for_each(|n| {
            concealer.heard(wave(n));
        });
        (0..160).for_each(|_| {
            concealer.missing();
        });
        let after: Vec<i16> = (0..200).map(|n| concealer.heard(wave(n))).collect();
        assert!(after.iter().enumerate().skip(40).all(|(n, &s)| s == wave(n)));
    }

    #[test]
    fn a_gap_before_any_audio_is_silent() {
        let mut concealer = Concealer::default();
        assert!((0..1000).all(|_| concealer.missing() == 0));
    }
}
