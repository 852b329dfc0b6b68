//! How much a burst sounds like a machine that plays a tone: pure, steady in frequency, even in level.
//!
//! A note that is sung or played can have the frequency and the length of a supervisory tone. What it seldom has is the evenness of
//! an oscillator: it swells or fades, it trembles, it has overtones, or others sound with it.

use super::ear::Sound;

/// At the beginning of a burst its edge is in the window of these looks.
const ONSET_LOOKS: u32 = 3;

/// At its end, too; which looks these are is known only when it is over.
const END_LOOKS: usize = 4;

/// The worst of each quality still counts for so much: a tone under somebody's voice is a tone.
const LEAST: f32 = 0.5;

/// This part of all energy in the tone is as pure as it gets over a line with 10 dB of signal to noise, and this one is the least that
/// an ear takes for a tone.
const PURE: f32 = 0.9;
const IMPURE: f32 = 0.6;

/// An oscillator stays within this, in Hz; a voice that holds a note seldom does.
const STEADY_HZ: f32 = 4.0;
const UNSTEADY_HZ: f32 = 12.0;

/// The level of an oscillator stays within this, in dB; that of a plucked string falls by more within a burst.
const EVEN_DB: f32 = 1.5;
const UNEVEN_DB: f32 = 4.0;

/// An exchange of today is exact. One whose tone is further off than this, in Hz, is believed later: so are the notes beside it.
const EXACT_HZ: f32 = 6.0;
const INEXACT_HZ: f32 = 14.0;

/// What is measured of one burst, edges left out.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Burst {
    looks: u32,
    waiting: [Look; END_LOOKS],
    taken: u32,
    sum_purity: f32,
    sum_hz: f32,
    sum_power: f32,
    least_hz: f32,
    most_hz: f32,
    least_power: f32,
    most_power: f32,
}

/// From 1/16 to 1: how far a burst or a gap is what an exchange plays.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub(super) struct Quality {
    /// For a tone that is steady.
    pub(super) steady: f32,
    /// For one whose parts beat against each other.
    pub(super) beating: f32,
}

impl Quality {
    /// Of a gap, which is the same for both.
    pub(super) fn of_gap(quality: f32) -> Self {
        Quality { steady: quality, beating: quality }
    }

    pub(super) fn of(self, beats: bool) -> f32 {
        if beats { self.beating } else { self.steady }
    }
}

#[derive(Clone, Copy, Debug, Default)]
struct Look {
    offset_hz: f32,
    power: f32,
    purity: f32,
}

impl Burst {
    /// Takes one look at the burst.
    pub(super) fn look(&mut self, sound: &Sound) {
        self.looks += 1;
        if self.looks <= ONSET_LOOKS {
            return;
        }
        let look = Look { offset_hz: sound.offset_hz, power: sound.power, purity: sound.purity };
        let oldest = std::mem::replace(&mut self.waiting[0], look);
        self.waiting.rotate_left(1);
        if self.looks > ONSET_LOOKS + END_LOOKS as u32 {
            self.take(oldest);
        }
    }

    fn take(&mut self, look: Look) {
        if self.taken == 0 {
            (self.least_hz, self.most_hz) = (look.offset_hz, look.offset_hz);
            (self.least_power, self.most_power) = (look.power, look.power);
        }
        self.taken += 1;
        self.sum_purity += look.purity;
        self.sum_hz += look.offset_hz;
        self.sum_power += look.power;
        self.least_hz = self.least_hz.min(look.offset_hz);
        self.most_hz = self.most_hz.max(look.offset_hz);
        self.least_power = self.least_power.min(look.power);
        self.most_power = self.most_power.max(look.power);
    }

    /// Mean distance from the nominal frequency in Hz, and mean power; `None` while too little was heard.
    pub(super) fn mean(&self) -> Option<(f32, f32)> {
        let taken = self.taken as f32;
        (self.taken > 0).then(|| (self.sum_hz / taken, self.sum_power / taken))
    }

    /// How much it sounds like an oscillator, and like two that beat against each other: of these only the purity is asked.
    pub(super) fn quality(&self) -> Quality {
        if self.taken == 0 {
            return Quality { steady: LEAST, beating: LEAST };
        }
        let pure = falling(-self.sum_purity / self.taken as f32, -PURE, -IMPURE);
        let exact = falling((self.sum_hz / self.taken as f32).abs(), EXACT_HZ, INEXACT_HZ);
        let steady = falling(self.most_hz - self.least_hz, STEADY_HZ, UNSTEADY_HZ);
        let range_db = 10.0 * (self.most_power / self.least_power.max(f32::MIN_POSITIVE)).log10();
        Quality { steady: pure * exact * steady * falling(range_db, EVEN_DB, UNEVEN_DB), beating: pure }
    }
}

/// 1 up to `good`, [`LEAST`] from `bad` on, a straight line between them.
fn falling(value: f32, good: f32, bad: f32) -> f32 {
    let part = ((value - good) / (bad - good)).clamp(0.0, 1.0);
    1.0 - (1.0 - LEAST) * part
}

#[cfg(test)]
mod tests {
    use super::*;

    fn heard(looks: impl IntoIterator<Item = (f32, f32, f32)>) -> Burst {
        let mut burst = Burst::default();
        for (frequency_hz, power, purity) in looks {
            burst.look(&Sound { tone: Some(0), frequency_hz, offset_hz: frequency_hz - 425.0, power, purity });
        }
        burst
    }

    #[test]
    fn an_oscillator_is_believed_whatever_its_edges() {
        let edge = [(430.0, 0.3, 0.7), (427.0, 0.6, 0.9), (425.0, 0.9, 1.0)];
        let middle = (0..15).map(|n| (425.0 + (n % 2) as f32, 1.0 + 0.02 * (n % 3) as f32, 0.98));
        let burst =
            heard(edge.into_iter().chain(middle).chain([(425.0, 0.9, 0.99), (421.0, 0.6, 0.9), (420.0, 0.3, 0.8), (419.0, 0.26, 0.7)]));
        assert_eq!(burst.quality().steady, 1.0);
        assert!((burst.mean().unwrap().0 - 0.5).abs() < 0.6);
    }

    #[test]
    fn what_trembles_fades_or_shares_the_line_is_believed_less() {
        let trembling = heard((0..40).map(|n| (425.0 + 8.0 * (n as f32 * 0.3).sin(), 1.0, 0.98)));
        assert!(trembling.quality().steady <= LEAST, "{}", trembling.quality().steady);
        let fading = heard((0..40).map(|n| (425.0, 10f32.powf(-0.02 * n as f32), 0.98)));
        assert!(fading.quality().steady <= LEAST, "{}", fading.quality().steady);
        let shared = heard((0..40).map(|_| (425.0, 1.0, 0.7)));
        assert!((0.6..0.7).contains(&shared.quality().steady), "{}", shared.quality().steady);
        assert_eq!(heard((0..40).map(|n| (400.0, 1.0 + (n % 3) as f32, 0.98))).quality().beating, 1.0, "a tone that beats");
    }

    #[test]
    fn too_short_a_burst_tells_nothing() {
        let burst = heard((0..7).map(|_| (425.0, 1.0, 1.0)));
        assert_eq!((burst.mean(), burst.quality().steady), (None, LEAST));
    }
}
