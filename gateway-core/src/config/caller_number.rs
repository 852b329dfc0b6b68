//! How the number of a caller on the line is written for SIP: as the exchange sends it, or in one of the forms of ITU-T E.164
//! and E.123, whichever of its habits the exchange follows.
//!
//! Only what can be read without doubt is written anew: a number with the international prefix, one with the trunk prefix, a
//! whole national number, or a local one where the area code is set. Everything else stays as it came, since a number that is
//! guessed wrong calls a stranger back.

use super::country::numbering::{Numbering, numbering};
use super::settings::{CallerNumberFormat, GatewaySettings};

/// Digits of a whole international number: the longest is ITU-T E.164 §6.2.1; shorter ones are no telephones of a country.
const INTERNATIONAL_DIGITS: std::ops::RangeInclusive<usize> = 8..=15;

/// What a number says.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Read<'a> {
    /// A national (significant) number of the country: area code and subscriber's number.
    National(&'a str, &'a str),
    /// A number of another country, beginning with its calling code.
    Foreign(&'a str),
}

/// The number of a caller as the settings want it. `number` is what the line sent.
#[must_use]
pub fn written(number: &str, gateway: &GatewaySettings) -> String {
    let row = numbering(&gateway.country).filter(|_| gateway.caller_number_format != CallerNumberFormat::AsReceived);
    let read = row.and_then(|row| Some((row, read(number, row, &gateway.area_code)?)));
    let Some((row, read)) = read else { return number.to_owned() };
    let (code, abroad, trunk) = (row.calling_code, row.international_prefix, row.trunk_prefix);
    match (gateway.caller_number_format, read) {
        (CallerNumberFormat::AsReceived, _) => number.to_owned(),
        (CallerNumberFormat::E164, Read::National(area, rest)) => format!("+{code}{area}{rest}"),
        (CallerNumberFormat::E164, Read::Foreign(digits)) => format!("+{digits}"),
        (CallerNumberFormat::E164Digits, Read::National(area, rest)) => format!("{code}{area}{rest}"),
        (CallerNumberFormat::E164Digits, Read::Foreign(digits)) => digits.to_owned(),
        (CallerNumberFormat::National, Read::National(area, rest)) => format!("{trunk}{area}{rest}"),
        (CallerNumberFormat::NationalSignificant, Read::National(area, rest)) => format!("{area}{rest}"),
        (CallerNumberFormat::National | CallerNumberFormat::NationalSignificant, Read::Foreign(digits)) => format!("{abroad}{digits}"),
    }
}

fn read<'a>(number: &'a str, row: &Numbering, area: &'a str) -> Option<Read<'a>> {
    let is_digits = |text: &str| text.bytes().all(|byte| byte.is_ascii_digit());
    if let Some(digits) = number.strip_prefix('+') {
        return international(digits, row).filter(|_| is_digits(digits));
    }
    if !is_digits(number) || row.is_emergency(number) {
        return None;
    }
    let whole = |digits: &str| row.is_national(digits.len());
    let behind = |prefix: &str| number.strip_prefix(prefix).filter(|rest| !prefix.is_empty() && rest.len() < number.len());
    if let Some(abroad) = behind(row.international_prefix).and_then(|rest| international(rest, row)) {
        return Some(abroad);
    }
    if let Some(national) = behind(row.trunk_prefix).filter(|rest| whole(rest)) {
        return Some(Read::National("", national));
    }
    if row.needs_prefix {
        return None;
    }
    if whole(number) {
        return Some(Read::National("", number));
    }
    if let Some(national) = behind(row.calling_code).filter(|rest| whole(rest)) {
        return Some(Read::National("", national));
    }
    let local = !area.is_empty() && row.is_national(area.len() + number.len());
    local.then_some(Read::National(area, number))
}

/// What stands behind a `+` or the international prefix.
fn international<'a>(digits: &'a str, row: &Numbering) -> Option<Read<'a>> {
    let own = digits.strip_prefix(row.calling_code);
    match own {
        Some(national) => row.is_national(national.len()).then_some(Read::National("", national)),
        None => (INTERNATIONAL_DIGITS.contains(&digits.len()) && !digits.starts_with('0')).then_some(Read::Foreign(digits)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use CallerNumberFormat::{AsReceived, E164, E164Digits, National, NationalSignificant};

    fn of(country: &str, area: &str, format: CallerNumberFormat, number: &str) -> String {
        let settings = GatewaySettings {
            country: country.to_owned(),
            area_code: area.to_owned(),
            caller_number_format: format,
            ..GatewaySettings::default()
        };
        written(number, &settings)
    }

    #[test]
    fn every_habit_of_an_exchange_becomes_the_same_number() {
        for sent in ["1133334444", "01133334444", "551133334444", "+551133334444", "00551133334444", "33334444"] {
            assert_eq!(of("BR", "11", E164, sent), "+551133334444", "{sent}");
            assert_eq!(of("BR", "11", E164Digits, sent), "551133334444", "{sent}");
            assert_eq!(of("BR", "11", National, sent), "01133334444", "{sent}");
            assert_eq!(of("BR", "11", NationalSignificant, sent), "1133334444", "{sent}");
            assert_eq!(of("BR", "11", AsReceived, sent), sent);
        }
    }

    #[test]
    fn what_is_not_sure_stays_as_it_came() {
        for sent in ["", "33334444", "190", "*67", "P", "1133334444999", "0112", "+55119", "+", "00"] {
            assert_eq!(of("BR", "", E164, sent), sent, "no area code is known");
        }
        assert_eq!(of("DE", "30", E164, "3012345678"), "3012345678", "where numbers are of any length only a prefix tells");
        assert_eq!(of("XX", "11", E164, "1133334444"), "1133334444");
    }

    #[test]
    fn an_area_code_that_is_also_the_calling_code_is_an_area_code() {
        assert_eq!(of("BR", "55", E164, "5533334444"), "+555533334444");
        assert_eq!(of("BR", "11", E164, "55999998888"), "+5555999998888");
    }

    #[test]
    fn other_countries_keep_their_own_habits() {
        for (country, area, sent, expected) in [
            ("BR", "11", "11988887777", "+5511988887777"),
            ("BR", "11", "988887777", "+5511988887777"),
            ("BR", "11", "004930123456", "+4930123456"),
            ("US", "212", "5550100", "+12125550100"),
            ("US", "", "12125550100", "+12125550100"),
            ("US", "", "2125550100", "+12125550100"),
            ("US", "", "011442075550100", "+442075550100"),
            ("GB", "", "02075550100", "+442075550100"),
            ("GB", "", "2075550100", "+442075550100"),
            ("DE", "", "030123456", "+4930123456"),
            ("FR", "", "0142345678", "+33142345678"),
            ("ES", "", "912345678", "+34912345678"),
            ("PT", "", "351212345678", "+351212345678"),
            ("AR", "11", "43334444", "+541143334444"),
            ("MX", "55", "12345678", "+525512345678"),
        ] {
            assert_eq!(of(country, area, E164, sent), expected, "{country} {sent}");
        }
        assert_eq!(of("US", "", National, "2125550100"), "12125550100");
        assert_eq!(of("US", "", NationalSignificant, "+442075550100"), "011442075550100");
    }

    #[test]
    fn a_number_that_was_written_is_read_as_the_same_one() {
        for row in crate::config::country::numbering::numberings() {
            for digits in row.national_digits {
                let national = "23456789012345"[..usize::from(*digits)].to_owned();
                let whole = format!("+{}{national}", row.calling_code);
                for format in [E164, National] {
                    let sent = of(row.country, "", format, &whole);
                    assert_eq!(of(row.country, "", E164, &sent), whole, "{} {sent}", row.country);
                }
            }
        }
    }
}
