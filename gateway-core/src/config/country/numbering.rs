//! Which numbers of a country lead abroad, which are expensive, and which call for help.
//!
//! The rows are from the lists of ITU-T E.164 (country codes, dialling procedures) and from the national numbering plans
//! (international access, premium-rate numbers, emergency numbers). Shared-cost numbers and other short codes are left out: they are
//! dialled every day.

mod africa;
mod america;
mod asia;
mod europe;
mod oceania;

use serde::Serialize;

/// The numbers of one country that are not like the others, as they are dialled on its lines.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[cfg_attr(feature = "specta", derive(specta::Type))]
pub struct Numbering {
    /// ISO 3166-1 alpha-2.
    pub country: &'static str,
    /// Country calling code (ITU-T E.164, list of assigned country codes).
    pub calling_code: &'static str,
    /// What is dialled before a number of another country (ITU-T E.164, list of dialling procedures).
    pub international_prefix: &'static str,
    /// What is dialled before a number of another area of the country; blank where nothing is.
    pub trunk_prefix: &'static str,
    /// How many digits a national (significant) number has.
    pub national_digits: &'static [u8],
    /// Numbers have so many lengths that only their prefix tells what they are.
    pub needs_prefix: bool,
    /// What begins so leads out of the country, or to another carrier that may lead anywhere.
    pub international: &'static [&'static str],
    /// What begins so pays whoever is called.
    pub premium: &'static [&'static str],
    /// Service codes in digits alone that may stand before a number, as for one call without or with the caller's number.
    pub passed_over: &'static [&'static str],
    /// Whole numbers that call for help.
    pub emergency: &'static [&'static str],
}

/// The rows of every country, in the order of the line profiles.
pub fn numberings() -> impl Iterator<Item = &'static Numbering> {
    let regions = [america::NUMBERINGS, europe::NUMBERINGS, asia::NUMBERINGS, oceania::NUMBERINGS, africa::NUMBERINGS];
    regions.into_iter().flatten()
}

/// A country whose numbers tell by their length what they are, from where `00` leads abroad, and where nothing else is known to be
/// costly.
const fn plan(
    country: &'static str,
    calling_code: &'static str,
    trunk_prefix: &'static str,
    national_digits: &'static [u8],
    emergency: &'static [&'static str],
) -> Numbering {
    Numbering {
        country,
        calling_code,
        international_prefix: "00",
        trunk_prefix,
        national_digits,
        needs_prefix: false,
        international: &["00"],
        premium: &[],
        passed_over: &[],
        emergency,
    }
}

/// Why a number is closed until it is opened.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Costly {
    /// It leads out of the country.
    International,
    /// It pays whoever is called.
    Premium,
}

/// The numbers of a country by its ISO 3166-1 alpha-2 code.
#[must_use]
pub fn numbering(country: &str) -> Option<&'static Numbering> {
    numberings().find(|row| row.country == country)
}

impl Numbering {
    /// Whether these digits, as a whole, call for help.
    #[must_use]
    pub fn is_emergency(&self, digits: &str) -> bool {
        self.emergency.contains(&digits)
    }

    /// Whether a national (significant) number has so many digits.
    #[must_use]
    pub fn is_national(&self, digits: usize) -> bool {
        self.national_digits.iter().any(|count| usize::from(*count) == digits)
    }

    /// A number, and what is left of it where it begins with a service code in digits alone; in North America also what it is with
    /// the 1 that need not be dialled, or with an operator's help.
    fn meant_by(&self, number: String) -> Vec<String> {
        let rests = self.passed_over.iter().filter_map(|code| number.strip_prefix(code)).map(str::to_owned);
        let mut all: Vec<String> = rests.chain([number.clone()]).collect();
        if self.calling_code == "1" {
            let whole = |number: &str| number.len() == NATIONAL_DIGITS_OF_1;
            let spelled = all
                .iter()
                .filter_map(|number| [Some(number.as_str()), number.strip_prefix('0')].into_iter().flatten().find(|it| whole(it)));
            let spelled: Vec<String> = spelled.map(|number| format!("1{number}")).collect();
            all.extend(spelled);
        }
        all
    }

    /// What digits that are dialled would cost. A service code in front (`*31#`, `*67`, `*21*`) hides nothing, nor do the
    /// digits `A`–`D`, which exchanges pass over.
    #[must_use]
    pub fn costly(&self, digits: &str) -> Option<Costly> {
        let heard = heard_as(digits).into_iter().flat_map(|number| self.meant_by(number)).collect::<Vec<_>>();
        let begins = |prefixes: &[&str]| heard.iter().any(|number| prefixes.iter().any(|prefix| number.starts_with(prefix)));
        if begins(self.international) {
            Some(Costly::International)
        } else if begins(self.premium) {
            Some(Costly::Premium)
        } else {
            None
        }
    }
}

/// Digits of a number of the North American numbering plan, without the 1 in front.
const NATIONAL_DIGITS_OF_1: usize = 10;

/// Digits of a service code: two of them are usual everywhere.
const SERVICE_CODE_DIGITS: usize = 2;

/// The ways in which an exchange may hear digits: as they are without the letters, which it passes over, and from where the number
/// itself may begin, which is after each `*` and `#`, and after the two digits of a service code that begins with one.
#[must_use]
pub fn heard_as(digits: &str) -> Vec<String> {
    let heard: String = digits.chars().filter(|c| !matches!(c, 'A'..='D')).collect();
    let after = heard.match_indices(['*', '#']).flat_map(|(at, sign)| {
        let rest = &heard[at + 1..];
        // A # that is not the first sign ends a code.
        let begins_code = sign == "*" || at == 0;
        [Some(rest), rest.get(SERVICE_CODE_DIGITS..).filter(|_| begins_code)]
    });
    let mut numbers: Vec<String> = after.flatten().map(str::to_owned).collect();
    numbers.push(heard);
    numbers
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::country;

    fn costly(country: &str, digits: &str) -> Option<Costly> {
        numbering(country).unwrap().costly(digits)
    }

    #[test]
    fn every_country_of_the_line_profiles_is_known() {
        assert_eq!(country::codes().collect::<Vec<_>>(), numberings().map(|row| row.country).collect::<Vec<_>>());
        assert_eq!(numbering("XX"), None);
    }

    #[test]
    fn no_number_that_calls_for_help_costs_anything() {
        for row in numberings() {
            assert!(!row.emergency.is_empty());
            for number in row.emergency {
                assert_eq!(row.costly(number), None, "{} {number}", row.country);
            }
        }
    }

    #[test]
    fn a_service_code_in_digits_and_a_1_left_out_hide_nothing() {
        for (country, digits) in [("GB", "14100442075550100"), ("GB", "147000211415"), ("FR", "365100211415"), ("ES", "06700211415")] {
            assert_eq!(costly(country, digits), Some(Costly::International), "{country} {digits}");
        }
        for digits in ["8095550100", "18095550100", "08095550100", "1167011442075550100"] {
            assert_eq!(costly("US", digits), Some(Costly::International), "{digits}");
        }
        assert_eq!(costly("BR", "*31#0800123"), None, "the 08 is no part of the code");
        assert_eq!((costly("US", "9005551212"), costly("US", "2125550100")), (Some(Costly::Premium), None));
    }

    #[test]
    fn what_leads_abroad_or_pays_the_called_is_costly() {
        assert_eq!(costly("BR", "00211415550100"), Some(Costly::International));
        assert_eq!(costly("BR", "0900123456"), Some(Costly::Premium));
        assert_eq!(costly("BR", "0800123456"), None);
        assert_eq!(costly("BR", "01133334444"), None);
        assert_eq!(costly("US", "18095550100"), Some(Costly::International));
        assert_eq!(costly("US", "12125550100"), None);
        assert_eq!(costly("DE", "010330049301234"), Some(Costly::International));
        assert_eq!(costly("IE", "0481234567"), Some(Costly::International), "another country, dialled as an area");
        assert_eq!((costly("RU", "87272000000"), costly("RU", "84950000000")), (Some(Costly::International), None));
        assert_eq!((costly("JP", "1840102025550100"), costly("JP", "1840312345678")), (Some(Costly::International), None));
        assert_eq!((costly("CL", "1230014155550100"), costly("CL", "221234567")), (Some(Costly::International), None));
        assert_eq!((costly("AU", "1831190212345"), costly("AU", "0291234567")), (Some(Costly::Premium), None));
    }

    #[test]
    fn the_prefix_that_leads_abroad_is_costly_everywhere() {
        for row in numberings() {
            let number = format!("{}4989123456", row.international_prefix);
            assert_eq!(row.costly(&number), Some(Costly::International), "{} {number}", row.country);
            for prefix in row.premium {
                assert_eq!(row.costly(&format!("{prefix}12345")), Some(Costly::Premium), "{} {prefix}", row.country);
            }
        }
    }

    /// A number without a prefix is told from one of another area by its length alone, which only an unlike length can.
    #[test]
    fn where_nothing_stands_before_an_area_no_prefix_is_needed() {
        for row in numberings() {
            assert!(!(row.needs_prefix && row.trunk_prefix.is_empty()), "{}", row.country);
            assert!(row.calling_code.chars().chain(row.trunk_prefix.chars()).all(|c| c.is_ascii_digit()), "{}", row.country);
            assert!(
                row.national_digits.iter().all(|digits| (4..=13).contains(digits)) && row.national_digits.is_sorted(),
                "{}",
                row.country
            );
        }
    }

    #[test]
    fn a_service_code_in_front_hides_nothing() {
        for digits in
            ["*31#0014155550100", "#31#0014155550100", "*670014155550100", "*21*0014155550100#", "A00D14155550100", "*0014155550100"]
        {
            assert_eq!(costly("BR", digits), Some(Costly::International), "{digits}");
        }
        for digits in ["*31#33334444", "*21*33334444#", "#21#", "*"] {
            assert_eq!(costly("BR", digits), None, "{digits}");
        }
    }
}
