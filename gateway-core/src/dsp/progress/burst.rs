//! How much a burst sounds like a machine that plays a tone: pure, steady in frequency, even in level.
//!
//! A note that is sung or played can have the frequency and the length of a supervisory tone. What it seldom has is the evenness of
//! an oscillator: it swells or fades, it trembles, it has overtones, or others sound with it.

use super::ear::Sound;

/// At the beginning of a burst its edge is in the window of these looks.
const ONSET_LOOKS: u32 = 3;

/// At its end, too; which looks these are is known only when it is over.
const END_LOOKS: usize = 4;

/// A look in which this part of all energy is the tone's hears it alone: nothing but its source can have bent it (15 dB of signal to
/// noise).
const ALONE: f32 = 0.97;

/// From so many looks on a tone is judged by those that hear it alone.
const LEAST_LOOKS_ALONE: u32 = 5;

/// Where something else sounds all the time, the worst of each quality still counts for so much: a tone under a voice is a tone.
const LEAST_SHARED: f32 = 0.5;

/// This part of all energy in the tone is as pure as it gets over a line with 10 dB of signal to noise, and this one is the least that
/// an ear takes for a tone.
const PURE: f32 = 0.9;
const IMPURE: f32 = 0.6;

/// An oscillator stays within the first, in Hz; a voice that holds a note goes beyond the second.
const STEADY_HZ: Bound = Bound { least: 1.0, by_noise: 8.0 };
const UNSTEADY_HZ: Bound = Bound { least: 4.0, by_noise: 20.0 };

/// The level of an oscillator stays within the first, in dB; that of a plucked string falls by more than the second within a burst.
const EVEN_DB: Bound = Bound { least: 0.4, by_noise: 5.0 };
const UNEVEN_DB: Bound = Bound { least: 1.6, by_noise: 6.5 };

/// An exchange of today is exact. One whose tone is further off than this, in Hz, is believed later: so are the notes beside it.
const EXACT_HZ: f32 = 6.0;
const INEXACT_HZ: f32 = 14.0;

/// Where the ear takes a whole band for a tone, what is steady in it and further off than this, in Hz, is another tone.
const FOREIGN_HZ: f32 = 17.0;

/// The generator of an exchange has hardly any overtones (E.180 Supplement 2), and a line that clips it to a square wave adds a third
/// with a ninth of its power; an organ, a clarinet or a voice has more. Parts of the power of the tone.
const CLIPPED: f32 = 0.12;
const INSTRUMENT: f32 = 0.25;

/// Between two parts that beat the ear hears a frequency that jumps: when they are equal, from look to look by as much as they are apart
/// and more; when one is 6 dB below the other and they are 25 Hz apart, by the first of these on average, in Hz. One note moves by less
/// than the second, a player's vibrato included. Parts that are nearer to one another may move less, as a share of 25 Hz.
const RESTLESS_HZ: f32 = 12.0;
const CALM_HZ: f32 = 6.0;
const USUALLY_APART_HZ: f32 = 25.0;

/// Fewer looks tell nothing of moves.
const LEAST_LOOKS_MOVING: u32 = 3;

/// What can be asked of a tone is less where something else sounds with it: it grows with the amplitude of that, as a part of all.
struct Bound {
    least: f32,
    by_noise: f32,
}

impl Bound {
    fn at(&self, purity: f32) -> f32 {
        self.least + self.by_noise * (1.0 - purity).max(0.0).sqrt()
    }
}

/// What is measured of one burst, edges left out.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Burst {
    looks: u32,
    waiting: [Look; END_LOOKS],
    all: Extremes,
    alone: Extremes,
    sum_purity: f32,
    sum_overtones: f32,
    sum_hz: f32,
    /// Of the distances without their signs: beyond what a look can tell, the sign is chance.
    sum_distance_hz: f32,
    sum_power: f32,
    /// Of the moves from one look to the next, in Hz.
    sum_moves_hz: f32,
    last_hz: f32,
    apart_hz: f32,
}

/// How far looks are from one another.
#[derive(Clone, Copy, Debug, Default)]
struct Extremes {
    looks: u32,
    least_purity: f32,
    least_hz: f32,
    most_hz: f32,
    least_power: f32,
    most_power: f32,
}

/// From 0 to 1: how far a burst or a gap is what an exchange plays.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub(super) struct Quality {
    /// For a tone that is steady.
    pub(super) steady: f32,
    /// For one whose parts beat against each other.
    pub(super) beating: f32,
}

impl Quality {
    /// Of a gap that is so much what an exchange leaves between two bursts: after a burst that is none of an exchange, it is none.
    pub(super) fn of_gap(quality: f32, after: Self) -> Self {
        let of = |burst: f32| quality * (burst / LEAST_SHARED).min(1.0);
        Quality { steady: of(after.steady), beating: of(after.beating) }
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
    overtones: f32,
}

impl Burst {
    /// Takes one look at the burst.
    pub(super) fn look(&mut self, sound: &Sound) {
        self.looks += 1;
        self.apart_hz = sound.apart_hz;
        if self.looks <= ONSET_LOOKS {
            return;
        }
        let look = Look { offset_hz: sound.offset_hz, power: sound.power, purity: sound.purity, overtones: sound.overtones };
        let oldest = std::mem::replace(&mut self.waiting[0], look);
        self.waiting.rotate_left(1);
        if self.looks > ONSET_LOOKS + END_LOOKS as u32 {
            self.take(oldest);
        }
    }

    fn take(&mut self, look: Look) {
        if self.all.looks > 0 {
            self.sum_moves_hz += (look.offset_hz - self.last_hz).abs();
        }
        self.last_hz = look.offset_hz;
        self.sum_purity += look.purity;
        self.sum_overtones += look.overtones;
        self.sum_hz += look.offset_hz;
        self.sum_distance_hz += look.offset_hz.abs();
        self.sum_power += look.power;
        self.all.take(look);
        if look.purity >= ALONE {
            self.alone.take(look);
        }
    }

    /// Mean distance from the nominal frequency in Hz, and mean power; `None` while too little was heard.
    pub(super) fn mean(&self) -> Option<(f32, f32)> {
        let looks = self.all.looks as f32;
        (self.all.looks > 0).then(|| (self.sum_hz / looks, self.sum_power / looks))
    }

    /// How much it sounds like an oscillator, and like two that beat against each other.
    pub(super) fn quality(&self) -> Quality {
        if self.all.looks == 0 {
            return Quality { steady: LEAST_SHARED, beating: LEAST_SHARED };
        }
        let looks = self.all.looks as f32;
        let overtones = self.sum_overtones / self.sum_purity.max(f32::MIN_POSITIVE);
        let pure = falling(-self.sum_purity / looks, -PURE, -IMPURE, LEAST_SHARED) * falling(overtones, CLIPPED, INSTRUMENT, 0.0);
        let offset_hz = self.sum_distance_hz / looks;
        let exact = if offset_hz > FOREIGN_HZ { 0.0 } else { falling(offset_hz, EXACT_HZ, INEXACT_HZ, LEAST_SHARED) };
        let is_alone = self.alone.looks >= LEAST_LOOKS_ALONE;
        let steadiness = if is_alone { self.alone.steadiness(0.0) } else { self.all.steadiness(LEAST_SHARED) };
        Quality { steady: pure * exact * steadiness, beating: pure * self.restlessness() }
    }

    /// How far the frequency moves as that of two parts which beat: 1, and 0 for one note.
    fn restlessness(&self) -> f32 {
        if self.all.looks < LEAST_LOOKS_MOVING {
            return LEAST_SHARED;
        }
        let moves_hz = self.sum_moves_hz / (self.all.looks - 1) as f32;
        let share = (self.apart_hz / USUALLY_APART_HZ).min(1.0);
        falling(-moves_hz, -RESTLESS_HZ * share, -CALM_HZ * share, 0.0)
    }
}

impl Extremes {
    fn take(&mut self, look: Look) {
        if self.looks == 0 {
            (self.least_hz, self.most_hz) = (look.offset_hz, look.offset_hz);
            (self.least_power, self.most_power) = (look.power, look.power);
            self.least_purity = look.purity;
        }
        self.looks += 1;
        self.least_hz = self.least_hz.min(look.offset_hz);
        self.most_hz = self.most_hz.max(look.offset_hz);
        self.least_power = self.least_power.min(look.power);
        self.most_power = self.most_power.max(look.power);
        self.least_purity = self.least_purity.min(look.purity);
    }

    /// How far the tone stands still in frequency and in level: 1, and `least` for each at its worst.
    fn steadiness(&self, least: f32) -> f32 {
        let purity = self.least_purity;
        let range_db = 10.0 * (self.most_power / self.least_power.max(f32::MIN_POSITIVE)).log10();
        let still = falling(self.most_hz - self.least_hz, STEADY_HZ.at(purity), UNSTEADY_HZ.at(purity), least);
        still * falling(range_db, EVEN_DB.at(purity), UNEVEN_DB.at(purity), least)
    }
}

/// 1 up to `good`, `least` from `bad` on, a straight line between them.
fn falling(value: f32, good: f32, bad: f32, least: f32) -> f32 {
    let part = ((value - good) / (bad - good)).clamp(0.0, 1.0);
    1.0 - (1.0 - least) * part
}

#[cfg(test)]
mod tests {
    use super::*;

    fn heard(looks: impl IntoIterator<Item = (f32, f32, f32)>) -> Burst {
        let mut burst = Burst::default();
        for (frequency_hz, power, purity) in looks {
            burst.look(&Sound {
                tone: Some(0),
                frequency_hz,
                offset_hz: frequency_hz - 425.0,
                power,
                purity,
                apart_hz: 25.0,
                overtones: 0.0,
            });
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
        assert!(trembling.quality().steady <= LEAST_SHARED, "{}", trembling.quality().steady);
        let fading = heard((0..40).map(|n| (425.0, 10f32.powf(-0.02 * n as f32), 0.98)));
        assert!(fading.quality().steady <= LEAST_SHARED, "{}", fading.quality().steady);
        let shared = heard((0..40).map(|_| (425.0, 1.0, 0.7)));
        assert!((0.6..0.7).contains(&shared.quality().steady), "{}", shared.quality().steady);
        let beating = heard((0..40).map(|n| (425.0 + 15.0 * (n % 2) as f32, 1.0 + (n % 3) as f32, 0.98)));
        assert_eq!(beating.quality().beating, 1.0);
        assert_eq!(heard((0..40).map(|_| (441.0, 1.0, 0.98))).quality().beating, 0.0, "one note where two should beat");
        assert_eq!(trembling.quality().beating, 0.0, "vibrato");
    }

    #[test]
    fn too_short_a_burst_tells_nothing() {
        let burst = heard((0..7).map(|_| (425.0, 1.0, 1.0)));
        assert_eq!((burst.mean(), burst.quality().steady), (None, LEAST_SHARED));
    }
}
