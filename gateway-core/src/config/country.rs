//! What an analog line sounds and behaves like in each country: ringing, tones, caller ID, digits, flash and polarity.

mod africa;
mod america;
mod asia;
mod europe;
pub mod numbering;
mod oceania;
mod sources;

use serde::Serialize;

use crate::dsp::callerid::CallerIdSource;
use crate::dsp::progress::{FurtherTone, ProgressTone, TonePlan};
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
    /// Level of the whole tone as an exchange plays it, in dBm0.
    pub level_dbm0: f32,
}

/// A further form of a tone, as another operator or an older exchange of the same country plays it.
#[derive(Clone, Copy, Debug, PartialEq, Serialize)]
#[cfg_attr(feature = "specta", derive(specta::Type))]
pub struct Variant {
    /// Which tone.
    pub tone: ProgressTone,
    /// How it sounds there.
    pub row: ToneRow,
    /// Whose it is, or what is known of it.
    pub of: &'static str,
}

/// What a line expects to be closed with, for voice frequencies.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[cfg_attr(feature = "specta", derive(specta::Type))]
#[serde(rename_all = "snake_case")]
pub enum Impedance {
    /// 600 Ω.
    Ohm600,
    /// 900 Ω.
    Ohm900,
    /// 270 Ω + (750 Ω ∥ 150 nF): the harmonised one of Europe (ETSI TBR 21, ES 201 168).
    Harmonised,
    /// 220 Ω + (820 Ω ∥ 120 nF), or 115 nF: Germany, Australia and others.
    Ohm220And820,
    /// 370 Ω + (620 Ω ∥ 310 nF): United Kingdom, New Zealand.
    Ohm370And620,
    /// 200 Ω + (680 Ω ∥ 100 nF): China.
    Ohm200And680,
}

/// How much direct current a seized line draws, and at which voltage.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[cfg_attr(feature = "specta", derive(specta::Type))]
#[serde(rename_all = "snake_case")]
pub enum DirectCurrent {
    /// A low resistance, as FCC Part 68 wants it.
    Fcc,
    /// The same, limited to 60 mA (ETSI TBR 21).
    Limited60Ma,
    /// At a lower voltage, for long loops and small currents: Japan, Australia and others.
    LowVoltage,
}

/// Decadic dialling.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[cfg_attr(feature = "specta", derive(specta::Type))]
pub struct Pulses {
    /// The part of a pulse in which the loop is closed, in per cent.
    pub make_percent: u8,
    /// Pulses a second.
    pub per_second: u8,
}

/// The line profile of one country.
#[derive(Clone, Copy, Debug, PartialEq, Serialize)]
#[cfg_attr(feature = "specta", derive(specta::Type))]
pub struct Country {
    /// ISO 3166-1 alpha-2.
    pub code: &'static str,
    /// Ringing: on and off times in ms, alternating, beginning with on.
    pub ring_cadence_ms: &'static [u32],
    /// Frequency of the ringing in Hz.
    pub ring_frequency_hz: u8,
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
    /// Call waiting tone; `None`: not known for sure.
    pub call_waiting: Option<ToneRow>,
    /// Further forms of these tones, which are listened for as well.
    pub variants: &'static [Variant],
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
    /// Decadic dialling.
    pub pulses: Pulses,
    /// What a polarity reversal means.
    pub polarity: PolarityHabit,
    /// Usual length of the loop interruption with which exchanges tell that the far end has hung up, in ms; `None`: they send none,
    /// or it is not known for sure.
    pub loop_interruption_ms: Option<u32>,
    /// What the line is closed with, for voice frequencies.
    pub impedance: Impedance,
    /// What a seized line draws.
    pub direct_current: DirectCurrent,
    /// Collect calls can be refused by a double answer.
    pub collect_by_double_answer: bool,
    /// Where the numbers of this row are from.
    pub sources: &'static [&'static str],
}

/// Time that the off-time of the cadence may be exceeded before the ringing counts as over, in ms.
const RING_TIMEOUT_MARGIN_MS: u32 = 1500;

/// Level of a supervisory tone as an exchange plays it, in dBm0 (ITU-T E.180 §5 recommends −10 ± 5 dBm0).
const TONE_LEVEL_DBM0: f32 = -13.0;

impl Country {
    /// The tones, for the detector and for the simulated exchange.
    #[must_use]
    pub fn tone_plan(&self) -> TonePlan {
        let waiting = self.call_waiting.map(|row| FurtherTone { tone: ProgressTone::CallWaiting, spec: row.spec() });
        let variants = self.variants.iter().map(|variant| FurtherTone { tone: variant.tone, spec: variant.row.spec() });
        TonePlan {
            dial: self.dial.spec(),
            ringback: self.ringback.spec(),
            busy: self.busy.spec(),
            congestion: self.congestion.spec(),
            further: variants.chain(waiting).collect(),
        }
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
        ToneSpec { frequencies_hz: self.frequencies_hz.to_vec(), level_dbm0: self.level_dbm0, cadence_ms: self.cadence_ms.to_vec() }
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
    let regions = [america::COUNTRIES, europe::COUNTRIES, asia::COUNTRIES, oceania::COUNTRIES, africa::COUNTRIES];
    regions.into_iter().flatten()
}

/// A continuous tone of one or two frequencies.
const fn continuous(frequencies_hz: &'static [f32]) -> ToneRow {
    ToneRow { frequencies_hz, cadence_ms: &[], level_dbm0: TONE_LEVEL_DBM0 }
}

/// A tone with a cadence.
const fn cadenced(frequencies_hz: &'static [f32], cadence_ms: &'static [u32]) -> ToneRow {
    ToneRow { frequencies_hz, cadence_ms, level_dbm0: TONE_LEVEL_DBM0 }
}

/// The same tone at a level that is known.
const fn at_level(row: ToneRow, level_dbm0: f32) -> ToneRow {
    ToneRow { level_dbm0, ..row }
}

/// A further form of a tone.
const fn variant(tone: ProgressTone, row: ToneRow, of: &'static str) -> Variant {
    Variant { tone, row, of }
}

const fn habit(source: CallerIdSource, timing: CallerIdTiming) -> CallerIdHabit {
    CallerIdHabit { source, timing }
}

/// Ten pulses a second, closed for 40 % of the time: the usual ratio, which stands wherever nothing else is known.
const PULSES: Pulses = Pulses { make_percent: 40, per_second: 10 };

/// The ratio of the United Kingdom and of the countries whose exchanges came from there: the second choice of the modem command `&P`.
const BRITISH_PULSES: Pulses = Pulses { make_percent: 33, per_second: 10 };

/// What a country has in common with most others, with its four tones. The bell rings in the cadence of the ringback tone, which is
/// how exchanges are built, unless a row says otherwise; 25 Hz is the usual frequency of the ringing.
const fn usual(dial: ToneRow, ringback: ToneRow, busy: ToneRow, congestion: ToneRow) -> Country {
    Country {
        code: "",
        ring_cadence_ms: ringback.cadence_ms,
        ring_frequency_hz: 25,
        ring_validation_ms: 200,
        dial,
        ringback,
        busy,
        congestion,
        call_waiting: None,
        variants: &[],
        caller_id: &[],
        caller_id_category: false,
        dtmf_low_dbm0: -11.0,
        dtmf_high_dbm0: -9.0,
        flash_ms: None,
        pulses: PULSES,
        polarity: PolarityHabit::Unknown,
        loop_interruption_ms: None,
        impedance: Impedance::Ohm600,
        direct_current: DirectCurrent::Fcc,
        collect_by_double_answer: false,
        sources: &[],
    }
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
            assert!((15..=50).contains(&country.ring_frequency_hz), "{code}");
            assert!((30..=45).contains(&country.pulses.make_percent) && (10..=20).contains(&country.pulses.per_second), "{code}");
            assert!(!country.sources.is_empty() && country.sources.iter().all(|source| !source.is_empty()), "{code}");
        }
        assert_eq!(seen.len(), 47);
    }

    /// The tone of a second call is short and may be higher than the others (1400 Hz in Belgium), and its pauses are long (14 s in Italy).
    #[test]
    fn every_call_waiting_tone_is_short_and_repeats() {
        for country in countries() {
            let Some(tone) = country.call_waiting else { continue };
            let cadence = tone.cadence_ms;
            assert!((2..=8).contains(&cadence.len()) && cadence.len() % 2 == 0, "{} {cadence:?}", country.code);
            assert!(cadence.iter().all(|ms| (40..=15_000).contains(ms)), "{} {cadence:?}", country.code);
            assert!(cadence.iter().step_by(2).sum::<u32>() <= 1000, "{} {cadence:?}", country.code);
            assert!((1..=2).contains(&tone.frequencies_hz.len()), "{}", country.code);
            assert!(tone.frequencies_hz.iter().all(|hz| (300.0..=1500.0).contains(hz)), "{}", country.code);
        }
    }

    /// A further form is worth its place only where the detector could not hear it as the first one.
    #[test]
    fn every_further_form_of_a_tone_is_another_one() {
        for country in countries() {
            for further in country.variants {
                let first = match further.tone {
                    ProgressTone::Dial => country.dial,
                    ProgressTone::Ringback => country.ringback,
                    ProgressTone::Busy => country.busy,
                    ProgressTone::Congestion => country.congestion,
                    other => panic!("{} {other:?}", country.code),
                };
                assert_ne!(further.row, first, "{} {}", country.code, further.of);
                assert!(further.row.cadence_ms.len() % 2 == 0 && further.row.cadence_ms.len() <= 8, "{} {}", country.code, further.of);
                assert!(further.row.cadence_ms.iter().all(|ms| (50..=6000).contains(ms)), "{} {}", country.code, further.of);
                assert!(further.row.frequencies_hz.iter().all(|hz| (300.0..=700.0).contains(hz)), "{} {}", country.code, further.of);
                assert!(!further.of.is_empty(), "{}", country.code);
            }
        }
    }

    /// Every form in which a tone is heard in a country.
    fn cadences_of(country: &Country, tone: ProgressTone, first: ToneRow) -> Vec<&'static [u32]> {
        let further = country.variants.iter().filter(|further| further.tone == tone).map(|further| further.row.cadence_ms);
        further.chain([first.cadence_ms]).collect()
    }

    #[test]
    fn busy_and_congestion_sound_as_those_who_live_there_know_them() {
        for (code, hz, busy) in [
            ("IN", 400.0, [750, 750]),
            ("AU", 425.0, [375, 375]),
            ("JP", 400.0, [500, 500]),
            ("GB", 400.0, [375, 375]),
            ("CN", 450.0, [350, 350]),
            ("SE", 425.0, [250, 250]),
        ] {
            let row = country(code).unwrap().busy;
            assert_eq!((row.frequencies_hz, row.cadence_ms), (&[hz][..], &busy[..]), "{code}");
        }
    }

    #[test]
    fn the_levels_of_the_precise_tone_plan_are_those_of_both_frequencies() {
        for code in ["US", "CA"] {
            let row = country(code).unwrap();
            let levels = [row.dial, row.ringback, row.busy, row.congestion].map(|tone| tone.level_dbm0);
            assert_eq!(levels, [-10.0, -16.0, -21.0, -21.0], "{code}");
        }
    }

    #[test]
    fn a_tone_that_ends_calls_is_never_mistaken_for_ringback_by_its_cadence() {
        for country in countries() {
            let ringback = cadences_of(country, ProgressTone::Ringback, country.ringback);
            for (tone, first) in [(ProgressTone::Busy, country.busy), (ProgressTone::Congestion, country.congestion)] {
                let ends = cadences_of(country, tone, first);
                assert!(ends.iter().all(|cadence| !ringback.contains(cadence)), "{} {tone:?}", country.code);
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
