//! Hours of the day: `08:00-18:00`, `22:00-06:00`, several with commas between. Blank: always.

use std::time::Duration;

/// Most spans that a text may have.
const MAX_SPANS: usize = 6;

const MINUTES_A_DAY: u16 = 24 * 60;

/// Spans of the day, in minutes since midnight, from the first to before the second.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Hours(Vec<(u16, u16)>);

impl Hours {
    /// Reads hours; `None` where the text has something else. `24:00` is the end of the day, and an end before its beginning is on
    /// the next day.
    #[must_use]
    pub fn parse(text: &str) -> Option<Hours> {
        let spans = text.split([',', ' ']).filter(|span| !span.is_empty());
        let spans = spans.map(|span| {
            let (from, until) = span.split_once('-')?;
            Some((minute(from).filter(|from| *from < MINUTES_A_DAY)?, minute(until)?)).filter(|(from, until)| from != until)
        });
        let spans = spans.collect::<Option<Vec<_>>>()?;
        (spans.len() <= MAX_SPANS).then_some(Hours(spans))
    }

    /// Whether this time of the day lies within; always where there are no hours.
    #[must_use]
    pub fn contain(&self, of_day: Duration) -> bool {
        let minute = u16::try_from(of_day.as_secs() / 60).unwrap_or(MINUTES_A_DAY);
        let within = |(from, until): &(u16, u16)| {
            if from < until { (*from..*until).contains(&minute) } else { minute >= *from || minute < *until }
        };
        self.0.is_empty() || self.0.iter().any(within)
    }
}

/// `08:30` → 510.
fn minute(text: &str) -> Option<u16> {
    let (hours, minutes) = text.split_once(':')?;
    let number = |text: &str, digits: std::ops::RangeInclusive<usize>| {
        (digits.contains(&text.len()) && text.bytes().all(|byte| byte.is_ascii_digit())).then(|| text.parse::<u16>().ok()).flatten()
    };
    let minute = number(hours, 1..=2)? * 60 + number(minutes, 2..=2).filter(|minutes| *minutes < 60)?;
    (minute <= MINUTES_A_DAY).then_some(minute)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn contain(text: &str, hour: u64, minute: u64) -> bool {
        Hours::parse(text).unwrap().contain(Duration::from_secs(hour * 3600 + minute * 60))
    }

    #[test]
    fn hours_contain_their_beginning_and_not_their_end() {
        assert!(contain("08:00-18:00", 8, 0) && contain("8:00-18:00", 17, 59));
        assert!(!contain("08:00-18:00", 18, 0) && !contain("08:00-18:00", 7, 59));
        assert!(contain("08:00-12:00, 13:30-18:00", 13, 30) && !contain("08:00-12:00,13:30-18:00", 12, 0));
        assert!(contain("22:00-06:00", 23, 0) && contain("22:00-06:00", 5, 59) && !contain("22:00-06:00", 6, 0));
        assert!(contain("00:00-24:00", 23, 59) && contain(" ", 3, 0));
    }

    #[test]
    fn what_is_no_span_is_no_hours() {
        for text in [
            "8",
            "8-18",
            "08:00",
            "08:00-08:00",
            "25:00-26:00",
            "24:00-06:00",
            "08:60-09:00",
            "08:00-24:01",
            "a:00-9:00",
            "08:00–18:00",
            "+8:00-9:00",
        ] {
            assert_eq!(Hours::parse(text), None, "{text}");
        }
        assert_eq!(Hours::parse(&"08:00-09:00 ".repeat(7)), None);
    }
}
