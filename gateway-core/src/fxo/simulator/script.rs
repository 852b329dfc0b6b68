//! The numbers of the simulated exchange and what happens when they are called.

use std::time::Duration;

use super::act::{HangUpHow, Sound};

/// What happens to a call.
#[derive(Clone, Debug, PartialEq)]
pub enum Script {
    /// Rings for a while, then answers.
    Answers {
        /// How long it rings.
        ringback: Duration,
        /// What follows.
        answer: Answer,
    },
    /// Rings until the exchange gives up.
    NeverAnswers,
    /// Busy.
    Busy,
    /// No way to it.
    Congestion,
}

/// An answered call.
#[derive(Clone, Debug, PartialEq)]
pub struct Answer {
    /// The exchange reverses the polarity.
    pub polarity: bool,
    /// What the far end sounds like.
    pub sound: Sound,
    /// When it hangs up by itself, and how; how is `None`: as the exchange usually does.
    pub hang_up: Option<(Duration, Option<HangUpHow>)>,
}

/// Ringing of a number without a script, and of those whose script does not care.
const USUAL_RINGBACK: Duration = Duration::from_secs(2);

/// The echo of a far end.
pub(super) const USUAL_ECHO: Sound = Sound::Echo { delay_ms: 200 };

const ANSWER: Answer = Answer { polarity: false, sound: USUAL_ECHO, hang_up: None };

/// What happens to a call to a number that is not in the table: rings for 2 s, answers, echoes.
pub const USUAL: Script = Script::Answers { ringback: USUAL_RINGBACK, answer: ANSWER };

/// The numbers that mean something, for people and tests.
const NUMBERS: &[(&str, Script)] = &[
    // Answers and echoes.
    ("100", USUAL),
    // Is busy.
    ("101", Script::Busy),
    // Rings and never answers.
    ("102", Script::NeverAnswers),
    // Answers with a reversal of the polarity.
    ("103", Script::Answers { ringback: USUAL_RINGBACK, answer: Answer { polarity: true, ..ANSWER } }),
    // Answers and hangs up after 10 s.
    ("104", Script::Answers { ringback: USUAL_RINGBACK, answer: Answer { hang_up: Some((Duration::from_secs(10), None)), ..ANSWER } }),
    // Has no way to it.
    ("105", Script::Congestion),
    // Answers with a 1000 Hz tone.
    (
        "106",
        Script::Answers {
            ringback: USUAL_RINGBACK,
            answer: Answer { sound: Sound::Tone { frequency_hz: 1000.0, level_dbm0: -10.0 }, ..ANSWER },
        },
    ),
    // Answers with speech.
    ("107", Script::Answers { ringback: USUAL_RINGBACK, answer: Answer { sound: Sound::Speech, ..ANSWER } }),
    // Answers after ringing long.
    ("108", Script::Answers { ringback: Duration::from_secs(30), answer: ANSWER }),
    // Answers, says nothing and hangs up without telling.
    (
        "109",
        Script::Answers {
            ringback: USUAL_RINGBACK,
            answer: Answer { sound: Sound::Silence, hang_up: Some((Duration::from_secs(10), Some(HangUpHow::Silent))), ..ANSWER },
        },
    ),
];

/// The script of a number in the table.
#[must_use]
pub fn script_of(number: &str) -> Option<&'static Script> {
    NUMBERS.iter().find(|(known, _)| *known == number).map(|(_, script)| script)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_table_holds_the_ten_numbers_and_no_others() {
        assert!((100..110).all(|number: u32| script_of(&number.to_string()).is_some()));
        assert_eq!(NUMBERS.len(), 10);
        assert_eq!(script_of("10"), None);
        assert_eq!(script_of("1000"), None);
    }
}
