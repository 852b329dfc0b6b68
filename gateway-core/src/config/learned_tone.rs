//! Tones that a line plays beside those of its country, as text: `busy 425 250/250`, `congestion 480+620 250/250/250/750`,
//! `dial 450 continuous`.

use crate::dsp::progress::{FurtherTone, ProgressTone};
use crate::dsp::tone::ToneSpec;

/// The lowest and the highest frequency in Hz: what a telephone line carries.
const FREQUENCIES_HZ: std::ops::RangeInclusive<u32> = 200..=3400;

/// The shortest and the longest burst or rest in ms.
const DURATIONS_MS: std::ops::RangeInclusive<u32> = 50..=12_000;

/// A rest that is as long is one of ringing or of call waiting, in every country: what has one ends no call.
const ALERTING_REST_MS: u32 = 1500;

/// Most bursts in one round of a cadence.
const MOST_BURSTS: usize = 3;

/// What a tone is played at in a simulation; the detector asks for no level.
const USUAL_DBM0: f32 = -20.0;

const CONTINUOUS: &str = "continuous";

/// The tones that can be learned, by their words.
const NAMES: [(&str, ProgressTone); 4] = [
    ("busy", ProgressTone::Busy),
    ("congestion", ProgressTone::Congestion),
    ("dial", ProgressTone::Dial),
    ("ringback", ProgressTone::Ringback),
];

/// What is wrong with the text of a tone.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ToneFault {
    /// There are not three words.
    NotThreeWords,
    /// It begins with no name of a tone.
    UnknownName,
    /// Neither one nor two frequencies from 200 to 3400 Hz.
    BadFrequencies,
    /// Not one to three pairs of times from 50 ms to 12 s; nor `continuous`, which dial tone alone may be: before a number is dialled
    /// any other would be taken for a refusal.
    BadCadence,
    /// A tone that ends calls, with a rest as long as those of ringing.
    RestTooLong,
}

impl ToneFault {
    /// The word for it, which the window has words for.
    #[must_use]
    pub fn word(self) -> &'static str {
        match self {
            ToneFault::NotThreeWords => "tone_not_three_words",
            ToneFault::UnknownName => "tone_unknown_name",
            ToneFault::BadFrequencies => "tone_bad_frequencies",
            ToneFault::BadCadence => "tone_bad_cadence",
            ToneFault::RestTooLong => "tone_rest_too_long",
        }
    }
}

/// Reads a tone.
///
/// # Errors
/// The first fault of the text.
pub fn parse(text: &str) -> Result<FurtherTone, ToneFault> {
    let words: Vec<&str> = text.split_whitespace().collect();
    let [name, frequencies, cadence] = words[..] else { return Err(ToneFault::NotThreeWords) };
    let (_, tone) = NAMES.into_iter().find(|(word, _)| *word == name).ok_or(ToneFault::UnknownName)?;
    let hz: Vec<u32> = numbers(frequencies, '+', &FREQUENCIES_HZ).ok_or(ToneFault::BadFrequencies)?;
    if hz.len() > 2 || hz.first() == hz.get(1) {
        return Err(ToneFault::BadFrequencies);
    }
    let is_continuous = cadence == CONTINUOUS && tone == ProgressTone::Dial;
    let cadence_ms = if is_continuous { Vec::new() } else { numbers(cadence, '/', &DURATIONS_MS).ok_or(ToneFault::BadCadence)? };
    if cadence_ms.len() % 2 == 1 || cadence_ms.len() > 2 * MOST_BURSTS {
        return Err(ToneFault::BadCadence);
    }
    let ends_calls = matches!(tone, ProgressTone::Busy | ProgressTone::Congestion);
    if ends_calls && cadence_ms.iter().skip(1).step_by(2).any(|&rest_ms| rest_ms >= ALERTING_REST_MS) {
        return Err(ToneFault::RestTooLong);
    }
    let frequencies_hz = hz.into_iter().map(|hz| hz as f32).collect();
    Ok(FurtherTone { tone, spec: ToneSpec { frequencies_hz, level_dbm0: USUAL_DBM0, cadence_ms } })
}

/// The text of a tone with these frequencies in Hz and this cadence in ms (empty: continuous); `None` for one that cannot be learned.
#[must_use]
pub fn text_of(tone: ProgressTone, frequencies_hz: &[u32], cadence_ms: &[u32]) -> Option<String> {
    let (name, _) = NAMES.into_iter().find(|(_, named)| *named == tone)?;
    let joined = |numbers: &[u32], sign: &str| numbers.iter().map(u32::to_string).collect::<Vec<_>>().join(sign);
    let cadence = if cadence_ms.is_empty() { CONTINUOUS.to_owned() } else { joined(cadence_ms, "/") };
    let text = format!("{name} {} {cadence}", joined(frequencies_hz, "+"));
    parse(&text).is_ok().then_some(text)
}

fn numbers(text: &str, sign: char, range: &std::ops::RangeInclusive<u32>) -> Option<Vec<u32>> {
    let plain = |word: &str| (word.len() <= 5 && word.bytes().all(|byte| byte.is_ascii_digit())).then(|| word.parse().ok()).flatten();
    text.split(sign).map(|word| plain(word).filter(|number| range.contains(number))).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::country::countries;

    #[test]
    fn tones_are_read_and_written() {
        for text in ["busy 425 250/250", "congestion 480+620 250/250/250/750", "dial 350+440 continuous", "ringback 425 1000/4000"] {
            let tone = parse(text).unwrap();
            let hz: Vec<u32> = tone.spec.frequencies_hz.iter().map(|&hz| hz as u32).collect();
            assert_eq!(text_of(tone.tone, &hz, &tone.spec.cadence_ms).as_deref(), Some(text));
        }
        assert_eq!(parse("  busy  425   500/500 ").unwrap().spec.cadence_ms, [500, 500]);
    }

    #[test]
    fn what_is_no_tone_is_told_why() {
        for (text, fault) in [
            ("", ToneFault::NotThreeWords),
            ("busy 425", ToneFault::NotThreeWords),
            ("busy 425 250/250 x", ToneFault::NotThreeWords),
            ("engaged 425 250/250", ToneFault::UnknownName),
            ("busy 100 250/250", ToneFault::BadFrequencies),
            ("busy 425+425 250/250", ToneFault::BadFrequencies),
            ("busy 425+480+620 250/250", ToneFault::BadFrequencies),
            ("busy +425 250/250", ToneFault::BadFrequencies),
            ("busy 425 250", ToneFault::BadCadence),
            ("busy 425 250/250/250", ToneFault::BadCadence),
            ("busy 425 0/0", ToneFault::BadCadence),
            ("busy 425 250/99999999999999999999", ToneFault::BadCadence),
            ("busy 425 1/1/1/1/1/1/1/1", ToneFault::BadCadence),
            ("busy 425 -250/250", ToneFault::BadCadence),
            ("busy 425 continuous", ToneFault::BadCadence),
            ("ringback 425 continuous", ToneFault::BadCadence),
            ("busy 425 1000/3000", ToneFault::RestTooLong),
            ("congestion 425 200/200/200/4400", ToneFault::RestTooLong),
        ] {
            assert_eq!(parse(text).err(), Some(fault), "{text}");
        }
        assert_eq!(text_of(ProgressTone::CallWaiting, &[425], &[250, 250]), None);
        assert_eq!(text_of(ProgressTone::Busy, &[50], &[250, 250]), None);
    }

    #[test]
    fn no_country_ends_calls_with_a_tone_that_rests_as_long_as_ringing() {
        for country in countries() {
            let plan = country.tone_plan();
            let further = plan.further.iter().filter(|form| matches!(form.tone, ProgressTone::Busy | ProgressTone::Congestion));
            let ending = [&plan.busy, &plan.congestion].into_iter().chain(further.map(|form| &form.spec));
            let rests_ms = ending.flat_map(|spec| spec.cadence_ms.iter().skip(1).step_by(2));
            assert!(rests_ms.copied().all(|rest_ms| rest_ms < ALERTING_REST_MS), "{}", country.code);
        }
    }
}
