//! What an analog line sounds and behaves like in each country: ringing, tones, caller ID, digits, flash and polarity.

mod america;
mod europe;
pub mod numbering;

use serde::Serialize;

use crate::dsp::callerid::CallerIdSource;
use crate::dsp::progress::TonePlan;
use crate::dsp::tone::ToneSpec;

/// When caller ID comes, seen from the first ring.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[cfg_attr(feature = "specta", derive(specta::Type))]
#[serde(rename_all = "snake_case")]
pub enum CallerIdTiming {
    /// Before the first ring, announced by a polarity reversal or a ring pulse (ETSI EN 300 659-1 §6.2).
    BeforeFirstRing,
    /// In the pause after the first ring (GR-30-CORE; ETSI EN 300 659-1 §6.3).
    AfterFirstRing,
}

/// One way in which exchanges of a country send caller ID.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[cfg_attr(feature = "specta", derive(specta::Type))]
pub struct CallerIdHabit {
    /// Modulation.
    pub source: CallerIdSource,
    /// When.
    pub timing: CallerIdTiming,
}

/// What a polarity reversal means on lines of a country, where the operator sends any.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[cfg_attr(feature = "specta", derive(specta::Type))]
#[serde(rename_all = "snake_case")]
pub enum PolarityHabit {
    /// Nothing is known; take it as no evidence unless a setting says otherwise.
    Unknown,
    /// On outgoing calls the first reversal is the answer and the second one the release, where the operator has enabled it.
    AnswerAndRelease,
    /// A reversal while idle announces caller ID.
    AnnouncesCallerId,
}

/// A supervisory tone of a country as data.
#[derive(Clone, Copy, Debug, PartialEq, Serialize)]
#[cfg_attr(feature = "specta", derive(specta::Type))]
pub struct ToneRow {
    /// One or two frequencies in Hz, sounded together.
    pub frequencies_hz: &'static [f32],
    /// On and off times in ms, alternating, beginning with on. Empty: continuous.
    pub cadence_ms: &'static [u32],
}

/// The line profile of one country.
#[derive(Clone, Copy, Debug, PartialEq, Serialize)]
#[cfg_attr(feature = "specta", derive(specta::Type))]
pub struct Country {
    /// ISO 3166-1 alpha-2.
    pub code: &'static str,
    /// Ringing: on and off times in ms, alternating, beginning with on.
    pub ring_cadence_ms: &'static [u32],
    /// Shortest burst that counts as a ring, in ms: well below the shortest burst of the cadence, well above dial pulses and clicks.
    pub ring_validation_ms: u32,
    /// Dial tone.
    pub dial: ToneRow,
    /// Ringback tone.
    pub ringback: ToneRow,
    /// Busy tone.
    pub busy: ToneRow,
    /// Congestion tone.
    pub congestion: ToneRow,
    /// How caller ID comes, the most usual way first. Empty: not known for sure, so listen to everything.
    pub caller_id: &'static [CallerIdHabit],
    /// The first digit of caller ID by DTMF is the caller's category.
    pub caller_id_category: bool,
    /// Level of the low tone group when we dial, in dBm0.
    pub dtmf_low_dbm0: f32,
    /// Level of the high tone group when we dial, in dBm0.
    pub dtmf_high_dbm0: f32,
    /// Usual length of a hook flash (register recall), in ms; `None`: not known for sure.
    pub flash_ms: Option<u32>,
    /// What a polarity reversal means.
    pub polarity: PolarityHabit,
    /// Collect calls can be refused by a double answer.
    pub collect_by_double_answer: bool,
}

/// Time that the off-time of the cadence may be exceeded before the ringing counts as over, in ms.
const RING_TIMEOUT_MARGIN_MS: u32 = 1500;

/// Level of a supervisory tone as an exchange plays it, in dBm0 (ITU-T E.180 §5 recommends −10 ± 5 dBm0).
const TONE_LEVEL_DBM0: f32 = -13.0;

impl Country {
    /// The tones, for the detector and for the simulated exchange.
    #[must_use]
    pub fn tone_plan(&self) -> TonePlan {
        TonePlan { dial: self.dial.spec(), ringback: self.ringback.spec(), busy: self.busy.spec(), congestion: self.congestion.spec() }
    }

    /// The longest silence inside the ringing, in ms.
    #[must_use]
    pub fn ring_pause_ms(&self) -> u32 {
        self.ring_cadence_ms.iter().skip(1).step_by(2).copied().max().unwrap_or(0)
    }

    /// No burst for this long after the last one means that the ringing is over, in ms.
    #[must_use]
    pub fn ring_timeout_ms(&self) -> u32 {
        self.ring_pause_ms() + RING_TIMEOUT_MARGIN_MS
    }
}

impl ToneRow {
    /// The tone as the generator and the detector take it.
    #[must_use]
    pub fn spec(&self) -> ToneSpec {
        ToneSpec { frequencies_hz: self.frequencies_hz.to_vec(), level_dbm0: TONE_LEVEL_DBM0, cadence_ms: self.cadence_ms.to_vec() }
    }
}

/// The profile of a country by its ISO 3166-1 alpha-2 code, in capitals as the settings hold it.
#[must_use]
pub fn country(code: &str) -> Option<&'static Country> {
    countries().find(|country| country.code == code)
}

/// Brazil, for which this gateway was made.
#[must_use]
pub fn brazil() -> &'static Country {
    &america::COUNTRIES[0]
}

/// All codes, in the order of the list that people see.
pub fn codes() -> impl Iterator<Item = &'static str> {
    countries().map(|country| country.code)
}

/// All profiles: Brazil first, for which this gateway was made.
pub fn countries() -> impl Iterator<Item = &'static Country> {
    america::COUNTRIES.iter().chain(europe::COUNTRIES)
}

/// A continuous tone of one or two frequencies.
const fn continuous(frequencies_hz: &'static [f32]) -> ToneRow {
    ToneRow { frequencies_hz, cadence_ms: &[] }
}

/// A tone with a cadence.
const fn cadenced(frequencies_hz: &'static [f32], cadence_ms: &'static [u32]) -> ToneRow {
    ToneRow { frequencies_hz, cadence_ms }
}

const fn habit(source: CallerIdSource, timing: CallerIdTiming) -> CallerIdHabit {
    CallerIdHabit { source, timing }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn brazil_is_first_and_sounds_like_brazil() {
        let brazil = countries().next().unwrap();
        assert_eq!(brazil.code, "BR");
        let plan = brazil.tone_plan();
        assert_eq!((plan.dial.frequencies_hz.as_slice(), plan.dial.cadence_ms.as_slice()), (&[425.0][..], &[][..]));
        assert_eq!(plan.busy.cadence_ms, [250, 250]);
        assert_eq!(plan.congestion.cadence_ms, [250, 250, 750, 250]);
        assert_eq!(plan.ringback.cadence_ms, [1000, 4000]);
        assert_eq!((brazil.ring_pause_ms(), brazil.ring_timeout_ms()), (4000, 5500));
        assert!(brazil.caller_id_category && brazil.collect_by_double_answer);
    }

    #[test]
    fn every_profile_is_whole() {
        let mut seen = std::collections::BTreeSet::new();
        for country in countries() {
            let code = country.code;
            assert!(code.len() == 2 && code.chars().all(|c| c.is_ascii_uppercase()) && seen.insert(code), "{code}");
            assert_eq!(super::country(code), Some(country));
            for cadence in [country.ring_cadence_ms, country.ringback.cadence_ms, country.busy.cadence_ms, country.congestion.cadence_ms] {
                assert!(
                    !cadence.is_empty() && cadence.len() % 2 == 0 && cadence.iter().all(|ms| (50..=6000).contains(ms)),
                    "{code} {cadence:?}"
                );
            }
            for tone in [country.dial, country.ringback, country.busy, country.congestion] {
                assert!((1..=2).contains(&tone.frequencies_hz.len()), "{code}");
                assert!(tone.frequencies_hz.iter().all(|hz| (300.0..=700.0).contains(hz)), "{code}");
            }
            let shortest_burst = country.ring_cadence_ms.iter().step_by(2).min().unwrap();
            assert!(country.ring_validation_ms < *shortest_burst, "{code}");
            assert!((-15.0..=-5.0).contains(&country.dtmf_low_dbm0) && (-15.0..=-5.0).contains(&country.dtmf_high_dbm0), "{code}");
        }
        assert_eq!(seen.len(), 9);
    }

    #[test]
    fn a_tone_that_ends_calls_is_never_mistaken_for_ringback_by_its_cadence() {
        for country in countries() {
            for tone in [country.busy, country.congestion] {
                assert_ne!(tone.cadence_ms, country.ringback.cadence_ms, "{}", country.code);
            }
        }
    }

    #[test]
    fn an_unknown_code_has_no_profile() {
        for code in ["", "br", "XX", "BRA"] {
            assert_eq!(country(code), None);
        }
    }

    #[test]
    fn the_double_ring_of_britain_pauses_two_seconds() {
        assert_eq!(country("GB").map(Country::ring_pause_ms), Some(2000));
    }
}
