//! The messages that FSK caller ID carries: SDMF and MDMF (Telcordia GR-30, SR-TSV-002476; ETSI EN 300 659-3).
//!
//! A message is type, length, body and a checksum that makes the sum of all bytes zero. Everything in it comes from a stranger.

use serde::{Deserialize, Serialize};

use super::{CallerId, CallerIdSource, Presentation};

/// Message type "calling number delivery", one fixed body (SDMF).
pub const SDMF: u8 = 0x04;

/// Message type "call setup", a list of parameters (MDMF).
pub const MDMF: u8 = 0x80;

/// The longest message: type, length, 255 bytes, checksum.
pub const LONGEST: usize = 258;

/// Digits of a number that are kept; E.164 has 15, with prefixes some more.
const LONGEST_NUMBER: usize = 32;

/// Characters of a name that are kept (EN 300 659-3: 50).
const LONGEST_NAME: usize = 50;

const DATE_AND_TIME: u8 = 0x01;
const CALLING_NUMBER: u8 = 0x02;
const ABSENCE_OF_NUMBER: u8 = 0x04;
const CALLING_NAME: u8 = 0x07;
const ABSENCE_OF_NAME: u8 = 0x08;

/// What a caller ID message says.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct CallData {
    /// When the call was set up, by the clock of the exchange.
    pub date_time: Option<DateTime>,
    /// Digits of the calling number, also `*`, `#`, `+`.
    pub number: Option<String>,
    /// Why there is no number.
    pub number_absence: Option<Absence>,
    /// The calling name, printable characters only.
    pub name: Option<String>,
    /// Why there is no name.
    pub name_absence: Option<Absence>,
}

/// Why a number or name is missing.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Absence {
    /// The caller withheld it ("P").
    Private,
    /// The exchange does not know it ("O").
    Unavailable,
}

/// A time of the exchange, without year.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "specta", derive(specta::Type))]
pub struct DateTime {
    /// 1–12.
    pub month: u8,
    /// 1–31.
    pub day: u8,
    /// 0–23.
    pub hour: u8,
    /// 0–59.
    pub minute: u8,
}

/// Why a message was not understood.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, thiserror::Error)]
#[serde(rename_all = "snake_case")]
pub enum CallDataError {
    /// Fewer bytes than the length says, or more.
    #[error("the length does not fit")]
    Length,
    /// The sum of all bytes is not zero.
    #[error("the checksum is wrong")]
    Checksum,
    /// Neither SDMF nor MDMF call setup.
    #[error("not a caller ID message")]
    Type,
    /// A parameter is longer than the message, or an SDMF body shorter than its date.
    #[error("the body is cut off")]
    Body,
}

impl CallData {
    /// As the rest of the gateway knows it.
    #[must_use]
    pub fn into_caller_id(self, source: CallerIdSource) -> CallerId {
        let presentation = match (&self.number, self.number_absence) {
            (_, Some(Absence::Private)) => Presentation::Private,
            (None, _) => Presentation::Unavailable,
            (Some(_), Some(Absence::Unavailable) | None) => Presentation::Allowed,
        };
        CallerId { number: self.number, name: self.name, presentation, category: None, source }
    }

    /// What a simulated exchange sends for this caller; there is no date in it.
    #[must_use]
    pub fn of_caller_id(caller: &CallerId) -> Self {
        let number_absence = match caller.presentation {
            Presentation::Allowed => None,
            Presentation::Private => Some(Absence::Private),
            Presentation::Unavailable => Some(Absence::Unavailable),
        };
        let number = caller.number.clone().filter(|_| number_absence.is_none());
        CallData { number, number_absence, name: caller.name.clone(), ..CallData::default() }
    }

    /// The MDMF message with its checksum. What does not fit into it is cut off.
    #[must_use]
    pub fn to_mdmf(&self) -> Vec<u8> {
        let mut body = Vec::new();
        let mut put = |kind: u8, value: &[u8]| {
            body.push(kind);
            body.push(value.len() as u8);
            body.extend_from_slice(value);
        };
        if let Some(date_time) = self.date_time {
            put(DATE_AND_TIME, date_time.to_digits().as_bytes());
        }
        match (&self.number, self.number_absence) {
            (Some(number), _) => put(CALLING_NUMBER, &latin1(number, LONGEST_NUMBER)),
            (None, Some(absence)) => put(ABSENCE_OF_NUMBER, &[absence.letter()]),
            (None, None) => {}
        }
        match (&self.name, self.name_absence) {
            (Some(name), _) => put(CALLING_NAME, &latin1(name, LONGEST_NAME)),
            (None, Some(absence)) => put(ABSENCE_OF_NAME, &[absence.letter()]),
            (None, None) => {}
        }
        sealed(MDMF, &body)
    }

    /// The SDMF message with its checksum: date and number, or the reason why there is none.
    #[must_use]
    pub fn to_sdmf(&self) -> Vec<u8> {
        let midnight = DateTime { month: 1, day: 1, hour: 0, minute: 0 };
        let mut body = self.date_time.unwrap_or(midnight).to_digits().into_bytes();
        match &self.number {
            Some(number) => body.extend(latin1(number, LONGEST_NUMBER)),
            None => body.push(self.number_absence.unwrap_or(Absence::Unavailable).letter()),
        }
        sealed(SDMF, &body)
    }
}

/// Understands one message, from its type to its checksum.
///
/// # Errors
/// [`CallDataError`] when it is no whole caller ID message. Unknown parameters are passed over.
pub fn parse(message: &[u8]) -> Result<CallData, CallDataError> {
    let [kind, length, rest @ ..] = message else { return Err(CallDataError::Length) };
    let [body @ .., _checksum] = rest else { return Err(CallDataError::Length) };
    if body.len() != usize::from(*length) {
        return Err(CallDataError::Length);
    }
    if message.iter().fold(0_u8, |sum, &byte| sum.wrapping_add(byte)) != 0 {
        return Err(CallDataError::Checksum);
    }
    match *kind {
        MDMF => parse_parameters(body),
        SDMF => parse_single(body),
        _ => Err(CallDataError::Type),
    }
}

fn parse_parameters(mut body: &[u8]) -> Result<CallData, CallDataError> {
    let mut data = CallData::default();
    while let [kind, rest @ ..] = body {
        let [length, rest @ ..] = rest else { return Err(CallDataError::Body) };
        let (value, next) = rest.split_at_checked(usize::from(*length)).ok_or(CallDataError::Body)?;
        match *kind {
            DATE_AND_TIME => data.date_time = DateTime::of_digits(value),
            CALLING_NUMBER => (data.number, data.number_absence) = number_or_absence(value),
            ABSENCE_OF_NUMBER => data.number_absence = Absence::of(value),
            CALLING_NAME => data.name = name_of(value),
            ABSENCE_OF_NAME => data.name_absence = Absence::of(value),
            // Called number, call type, redirection and whatever comes: not needed.
            _ => {}
        }
        body = next;
    }
    Ok(data)
}

fn parse_single(body: &[u8]) -> Result<CallData, CallDataError> {
    let (date, number) = body.split_at_checked(8).ok_or(CallDataError::Body)?;
    let (number, number_absence) = number_or_absence(number);
    Ok(CallData { date_time: DateTime::of_digits(date), number, number_absence, ..CallData::default() })
}

/// Some exchanges put the letter of the reason where the number should be.
fn number_or_absence(value: &[u8]) -> (Option<String>, Option<Absence>) {
    if let Some(absence) = Absence::of(value) {
        return (None, Some(absence));
    }
    let digits = value.iter().map(|&byte| char::from(byte)).filter(|digit| digit.is_ascii_digit() || "*#+".contains(*digit));
    let number: String = digits.take(LONGEST_NUMBER).collect();
    if number.is_empty() { (None, Some(Absence::Unavailable)) } else { (Some(number), None) }
}

/// Latin-1 without control characters (EN 300 659-3 leaves the upper half to the country).
fn name_of(value: &[u8]) -> Option<String> {
    let printable = value.iter().map(|&byte| char::from(byte)).filter(|letter| !letter.is_control());
    let name: String = printable.take(LONGEST_NAME).collect();
    let name = name.trim();
    (!name.is_empty()).then(|| name.to_owned())
}

fn latin1(text: &str, longest: usize) -> Vec<u8> {
    text.chars().take(longest).map(|letter| u8::try_from(u32::from(letter)).unwrap_or(b'?')).collect()
}

fn sealed(kind: u8, body: &[u8]) -> Vec<u8> {
    let body = &body[..body.len().min(255)];
    let mut message = vec![kind, body.len() as u8];
    message.extend_from_slice(body);
    let sum = message.iter().fold(0_u8, |sum, &byte| sum.wrapping_add(byte));
    message.push(sum.wrapping_neg());
    message
}

impl Absence {
    fn of(value: &[u8]) -> Option<Self> {
        match value {
            [b'P'] => Some(Absence::Private),
            [b'O'] => Some(Absence::Unavailable),
            _ => None,
        }
    }

    fn letter(self) -> u8 {
        match self {
            Absence::Private => b'P',
            Absence::Unavailable => b'O',
        }
    }
}

impl DateTime {
    /// `MMDDhhmm`; `None` when it is no date.
    fn of_digits(value: &[u8]) -> Option<Self> {
        let digits: [u8; 8] = value.try_into().ok()?;
        if !digits.iter().all(u8::is_ascii_digit) {
            return None;
        }
        let pair = |n: usize| (digits[n] - b'0') * 10 + (digits[n + 1] - b'0');
        let date_time = DateTime { month: pair(0), day: pair(2), hour: pair(4), minute: pair(6) };
        let is_date = (1..=12).contains(&date_time.month) && (1..=31).contains(&date_time.day);
        (is_date && date_time.hour < 24 && date_time.minute < 60).then_some(date_time)
    }

    fn to_digits(self) -> String {
        format!("{:02}{:02}{:02}{:02}", self.month, self.day, self.hour, self.minute)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::rng::Rng;

    fn full() -> CallData {
        CallData {
            date_time: Some(DateTime { month: 11, day: 23, hour: 2, minute: 59 }),
            number: Some("1133334444".into()),
            name: Some("JOÃO DA SILVA".into()),
            ..CallData::default()
        }
    }

    #[test]
    fn a_message_comes_back_as_it_was_built() {
        assert_eq!(parse(&full().to_mdmf()), Ok(full()));
        assert_eq!(parse(&full().to_sdmf()), Ok(CallData { name: None, ..full() }));
        for absence in [Absence::Private, Absence::Unavailable] {
            let data = CallData { number: None, name: None, number_absence: Some(absence), name_absence: Some(absence), ..full() };
            assert_eq!(parse(&data.to_mdmf()), Ok(data.clone()));
            assert_eq!(parse(&data.to_sdmf()).map(|single| single.number_absence), Ok(Some(absence)));
        }
        assert_eq!(parse(&CallData::default().to_mdmf()), Ok(CallData::default()));
    }

    #[test]
    fn the_bytes_are_those_of_the_standard() {
        let data = CallData {
            date_time: Some(DateTime { month: 9, day: 30, hour: 12, minute: 24 }),
            number: Some("6095551212".into()),
            ..CallData::default()
        };
        assert_eq!(data.to_sdmf()[..2], [0x04, 18]);
        assert_eq!(&data.to_sdmf()[2..20], b"093012246095551212");
        assert_eq!(data.to_sdmf()[20], 0x51);
        assert_eq!(data.to_mdmf()[..4], [0x80, 22, 0x01, 8]);
    }

    #[test]
    fn what_is_cut_off_or_wrong_is_told() {
        let message = full().to_mdmf();
        for length in 0..message.len() {
            assert_eq!(parse(&message[..length]), Err(CallDataError::Length), "{length}");
        }
        let mut wrong = message.clone();
        wrong[6] ^= 1;
        assert_eq!(parse(&wrong), Err(CallDataError::Checksum));
        assert_eq!(parse(&sealed(0x82, b"\x0b\x01\xff")), Err(CallDataError::Type));
        assert_eq!(parse(&sealed(MDMF, &[2, 9, b'1'])), Err(CallDataError::Body));
        assert_eq!(parse(&sealed(MDMF, &[2])), Err(CallDataError::Body));
        assert_eq!(parse(&sealed(SDMF, b"0101")), Err(CallDataError::Body));
    }

    #[test]
    fn strange_characters_are_left_out() {
        let data = parse(&sealed(MDMF, b"\x02\x0a(11)\x80 3\xff-3\x07\x07\x00A\x9f\x1b\xc9\x0d ")).unwrap();
        assert_eq!((data.number.as_deref(), data.name.as_deref()), (Some("1133"), Some("AÉ")));
        let data = parse(&sealed(MDMF, b"\x01\x0899999999\x02\x01P\x07\x01\x80")).unwrap();
        assert_eq!(data, CallData { number_absence: Some(Absence::Private), ..CallData::default() });
        let long = CallData { number: Some("9".repeat(300)), name: Some("x".repeat(300)), ..CallData::default() };
        let data = parse(&long.to_mdmf()).unwrap();
        assert_eq!((data.number.map(|n| n.len()), data.name.map(|n| n.len())), (Some(32), Some(50)));
    }

    #[test]
    fn mutated_messages_never_panic() {
        let mut rng = Rng::from_seed(6);
        let message = full().to_mdmf();
        let mut understood = 0;
        for _ in 0..20_000 {
            let mut mutated = message.clone();
            for _ in 0..=rng.below(4) {
                let at = usize::try_from(rng.below(mutated.len() as u64)).unwrap();
                mutated[at] = rng.next_u32() as u8;
            }
            let length = mutated.len() - usize::try_from(rng.below(3)).unwrap();
            // Half of them get a right checksum, or nothing behind it would ever be reached.
            if rng.chance(500) {
                let sum = mutated[..length - 1].iter().fold(0_u8, |sum, &byte| sum.wrapping_add(byte));
                mutated[length - 1] = sum.wrapping_neg();
            }
            if let Ok(data) = parse(&mutated[..length]) {
                understood += 1;
                assert!(data.number.is_none_or(|number| number.len() <= LONGEST_NUMBER && number.is_ascii()));
            }
        }
        assert!(understood > 1000, "{understood}");
    }
}
