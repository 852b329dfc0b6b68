//! Caller ID as DTMF digits (ETSI EN 300 659-3 annex; Brazil): a start letter, the number, a stop sign.

use std::time::Duration;

use super::{BurstFault, CallerId, CallerIdSource, Presentation};
use crate::time::Moment;

/// Whether the first digit may be the caller's category.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum CategoryDigit {
    /// Never: every digit belongs to the number.
    Never,
    /// As in Brazil: one digit more than a Brazilian number has (8 or 9 digits, with area code 10 or 11), and the rest is one.
    #[default]
    Brazil,
}

/// Puts digits together until they are a caller ID.
#[derive(Clone, Debug)]
pub struct DtmfCallerIdReceiver {
    category_digit: CategoryDigit,
    digits: String,
    deadline: Option<Moment>,
}

/// A string of digits that is over.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DigitString {
    /// The digits with their signs: at most [`DtmfCallerIdReceiver::LONGEST`].
    pub digits: String,
    /// Who calls, or why the digits do not tell.
    pub caller: Result<CallerId, BurstFault>,
}

/// A number without a start letter is believed from this length on, when a stop `C` ends it.
const LEAST_UNSTARTED: usize = 8;

impl DtmfCallerIdReceiver {
    /// Digits that are kept, signs included; a longer string is no caller ID.
    pub const LONGEST: usize = 40;

    /// So long after a digit began the next must have begun, else the string is over.
    pub const GAP: Duration = Duration::from_millis(600);

    /// A receiver without digits.
    #[must_use]
    pub fn new(category_digit: CategoryDigit) -> Self {
        DtmfCallerIdReceiver { category_digit, digits: String::with_capacity(Self::LONGEST), deadline: None }
    }

    /// Takes a digit that began at `now`; tells the string that it ends.
    pub fn digit(&mut self, digit: char, now: Moment) -> Option<DigitString> {
        if self.digits.len() < Self::LONGEST {
            self.digits.push(digit);
        }
        self.deadline = Some(now + Self::GAP);
        let is_stop = digit == 'C' || (digit == '#' && self.digits.len() > 1);
        is_stop.then(|| self.finish())
    }

    /// When [`handle_timeout`](Self::handle_timeout) is due.
    #[must_use]
    pub fn deadline(&self) -> Option<Moment> {
        self.deadline
    }

    /// Ends a string whose stop sign got lost.
    pub fn handle_timeout(&mut self, now: Moment) -> Option<DigitString> {
        let due = self.deadline.is_some_and(|deadline| now >= deadline);
        due.then(|| self.finish())
    }

    /// Forgets all digits.
    pub fn reset(&mut self) {
        self.digits.clear();
        self.deadline = None;
    }

    fn finish(&mut self) -> DigitString {
        let digits = self.digits.clone();
        self.reset();
        let caller = if digits.len() < Self::LONGEST { read(&digits, self.category_digit) } else { Err(BurstFault::TooLong) };
        DigitString { digits, caller }
    }
}

/// Understands a string as [`parse`] does, and says why it cannot.
///
/// # Errors
/// [`BurstFault::NoStart`] or [`BurstFault::Digits`].
pub fn read(digits: &str, category_digit: CategoryDigit) -> Result<CallerId, BurstFault> {
    let is_started = without_stray(digits).starts_with(['A', 'B', 'D']);
    parse(digits, category_digit).ok_or(if is_started { BurstFault::Digits } else { BurstFault::NoStart })
}

/// Understands a string of digits with its start and, if it came, stop sign; `None` when it is no caller ID.
#[must_use]
pub fn parse(digits: &str, category_digit: CategoryDigit) -> Option<CallerId> {
    let (body, has_stop) = match digits.strip_suffix('C') {
        Some(body) => (body, true),
        None => (digits.strip_suffix('#').unwrap_or(digits), false),
    };
    let mut sections = without_stray(body).split_inclusive(['A', 'B', 'C', 'D']);
    let first = sections.next()?;
    match first {
        "A" | "D" => {
            let number = sections.next().unwrap_or("");
            let code = number.strip_suffix('B').and(sections.next());
            started(first, number.trim_end_matches(['A', 'B', 'C', 'D']), code, category_digit)
        }
        "B" => Some(absent(sections.next().unwrap_or(""))),
        number if has_stop && number.len() >= LEAST_UNSTARTED => numbered(number, category_digit),
        _ => None,
    }
}

/// Digits before a start letter that are taken for clicks of the line and not for a number.
const MOST_STRAY: usize = 2;

/// The string from its start letter on: what a reversal or the end of a ring was taken for goes, and so does the first half of a start
/// letter that an interruption split.
fn without_stray(body: &str) -> &str {
    let is_start = |letter: char| matches!(letter, 'A' | 'B' | 'D');
    let start = body.find(is_start).filter(|&start| start <= MOST_STRAY).unwrap_or(0);
    let body = &body[start..];
    let is_split = |body: &str| body.starts_with("AA") || body.starts_with("DD") || body.starts_with("BB");
    if is_split(body) { &body[1..] } else { body }
}

/// The string that an exchange sends: `A`, category, number, `C`; without a number `B`, a code and `C`.
#[must_use]
pub fn to_digits(caller: &CallerId) -> String {
    let category = caller.category.map(String::from).unwrap_or_default();
    match (caller.presentation, &caller.number) {
        (Presentation::Private, _) => format!("B{PRIVATE}C"),
        (Presentation::Unavailable, _) | (Presentation::Allowed, None) => format!("B{UNAVAILABLE}C"),
        (Presentation::Allowed, Some(number)) => format!("A{category}{number}C"),
    }
}

/// "Not available" after `B`.
const UNAVAILABLE: &str = "00";

/// "Presentation restricted" after `B`.
const PRIVATE: &str = "10";

fn started(start: &str, number: &str, code: Option<&str>, category_digit: CategoryDigit) -> Option<CallerId> {
    match (start, number, code) {
        (_, "", Some(code)) => Some(absent(code)),
        // Denmark's codes: D1 withheld, D2 and D3 not known.
        ("D", "1", _) => Some(without_number(Presentation::Private)),
        ("D", "2" | "3", _) | (_, "", None) => Some(without_number(Presentation::Unavailable)),
        (_, number, _) => numbered(number, category_digit),
    }
}

fn absent(code: &str) -> CallerId {
    let is_private = code.starts_with("10") || code == "1";
    without_number(if is_private { Presentation::Private } else { Presentation::Unavailable })
}

fn without_number(presentation: Presentation) -> CallerId {
    CallerId { number: None, name: None, presentation, category: None, source: CallerIdSource::Dtmf }
}

fn numbered(digits: &str, category_digit: CategoryDigit) -> Option<CallerId> {
    if digits.is_empty() || !digits.bytes().all(|digit| digit.is_ascii_digit()) {
        return None;
    }
    let (category, number) = match digits.split_at_checked(1) {
        Some((category, number)) if category_digit == CategoryDigit::Brazil && is_brazilian(number) => (category.chars().next(), number),
        _ => (None, digits),
    };
    Some(CallerId { category, ..with_number(number) })
}

fn with_number(number: &str) -> CallerId {
    CallerId { number: Some(number.to_owned()), ..without_number(Presentation::Allowed) }
}

/// Whether this is a Brazilian number: 8 digits from 2, or 9 from 9, after an area code without zeros or none; or 0800 and the like.
fn is_brazilian(number: &str) -> bool {
    let digits = number.as_bytes();
    let is_subscriber = |digits: &[u8]| match digits.len() {
        8 => digits[0] >= b'2',
        9 => digits[0] == b'9',
        _ => false,
    };
    match digits {
        [b'0', b'3' | b'5' | b'8' | b'9', b'0', b'0', ..] => digits.len() == 11,
        [b'1'..=b'9', b'1'..=b'9', subscriber @ ..] if digits.len() >= 10 => is_subscriber(subscriber),
        subscriber => is_subscriber(subscriber),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::rng::Rng;

    fn heard(digits: &str) -> Option<(Option<String>, Option<char>, Presentation)> {
        parse(digits, CategoryDigit::Brazil).map(|caller| (caller.number, caller.category, caller.presentation))
    }

    fn number(number: &str, category: Option<char>) -> Option<(Option<String>, Option<char>, Presentation)> {
        Some((Some(number.to_owned()), category, Presentation::Allowed))
    }

    #[test]
    fn brazilian_numbers_lose_their_category() {
        assert_eq!(heard("A71137077801C"), number("1137077801", Some('7')));
        assert_eq!(heard("A111987654321C"), number("11987654321", Some('1')));
        assert_eq!(heard("A833334444#"), number("33334444", Some('8')));
        assert_eq!(heard("D1987654321C"), number("987654321", Some('1')));
        assert_eq!(heard("A108007021234C"), number("08007021234", Some('1')));
    }

    #[test]
    fn numbers_without_category_stay_whole() {
        for whole in ["33334444", "0201234567", "1133334444", "21", "123456"] {
            assert_eq!(heard(&format!("A{whole}C")), number(whole, None));
        }
        assert_eq!(parse("A71137077801C", CategoryDigit::Never).and_then(|caller| caller.number).as_deref(), Some("71137077801"));
    }

    #[test]
    fn withheld_and_unknown_numbers_are_told() {
        assert_eq!(heard("B10C"), Some((None, None, Presentation::Private)));
        assert_eq!(heard("D1#"), Some((None, None, Presentation::Private)));
        assert_eq!(heard("AB10C"), Some((None, None, Presentation::Private)));
        for unknown in ["B00C", "B0C", "D2#", "D3#", "AC", "AB00C"] {
            assert_eq!(heard(unknown), Some((None, None, Presentation::Unavailable)), "{unknown}");
        }
    }

    #[test]
    fn dialling_of_a_parallel_telephone_is_no_caller_id() {
        for dialed in ["33334444", "11987654321", "*21#", "#31#33334444", "5", "", "33334444#", "A*1C", "C"] {
            assert_eq!(heard(dialed), None, "{dialed}");
        }
        // The start letter may get lost with the first milliseconds.
        assert_eq!(heard("133334444C"), number("33334444", Some('1')));
    }

    #[test]
    fn clicks_before_the_start_letter_and_a_split_one_cost_nothing() {
        for stray in ["5A1133334444C", "0*A1133334444C", "AA1133334444C", "7AA1133334444#"] {
            assert_eq!(heard(stray), number("1133334444", None), "{stray}");
        }
        assert_eq!(heard("3B10C"), Some((None, None, Presentation::Private)));
        assert_eq!(heard("BB10C"), Some((None, None, Presentation::Private)));
        // A start letter after more digits than that belongs to something else.
        assert_eq!(heard("123A33334444C"), None);
    }

    #[test]
    fn a_string_ends_with_its_stop_sign_or_after_a_pause() {
        let mut receiver = DtmfCallerIdReceiver::new(CategoryDigit::Brazil);
        for (n, digit) in "A11133334444".chars().enumerate() {
            assert_eq!(receiver.digit(digit, Moment::from_millis(n as u64 * 150)), None);
        }
        let due = receiver.deadline().unwrap();
        assert_eq!(due, Moment::from_millis(11 * 150 + 600));
        assert_eq!(receiver.handle_timeout(Moment::from_millis(11 * 150 + 599)), None);
        let over = receiver.handle_timeout(due).unwrap();
        assert_eq!((over.digits.as_str(), over.caller.unwrap().number.as_deref()), ("A11133334444", Some("1133334444")));
        assert_eq!((receiver.deadline(), receiver.handle_timeout(due)), (None, None));
        let told = "A133334444C".chars().filter_map(|digit| receiver.digit(digit, due));
        let told: Vec<CallerId> = told.filter_map(|over| over.caller.ok()).collect();
        assert_eq!(told.len(), 1);
        assert_eq!(to_digits(&told[0]), "A133334444C");
    }

    #[test]
    fn any_string_is_survived_and_bounded() {
        let mut rng = Rng::from_seed(12);
        let signs: Vec<char> = "0123456789*#ABCD".chars().collect();
        for _ in 0..20_000 {
            let digits: String = (0..rng.below(16)).map(|_| signs[usize::try_from(rng.below(16)).unwrap()]).collect();
            if let Some(caller) = parse(&digits, CategoryDigit::Brazil) {
                assert!(caller.number.is_none_or(|number| number.bytes().all(|digit| digit.is_ascii_digit())));
            }
        }
        let mut receiver = DtmfCallerIdReceiver::new(CategoryDigit::Never);
        assert_eq!(receiver.digit('A', Moment::ZERO), None);
        for n in 0..1000 {
            assert_eq!(receiver.digit('5', Moment::from_millis(n)), None);
        }
        let over = receiver.digit('C', Moment::from_millis(1000)).unwrap();
        assert_eq!((over.digits.len(), over.caller), (DtmfCallerIdReceiver::LONGEST, Err(BurstFault::TooLong)));
    }

    #[test]
    fn why_digits_are_no_caller_id_is_told() {
        for (digits, fault) in [("33334444", BurstFault::NoStart), ("*21#", BurstFault::NoStart), ("A*1C", BurstFault::Digits)] {
            assert_eq!(read(digits, CategoryDigit::Brazil), Err(fault), "{digits}");
        }
    }
}
