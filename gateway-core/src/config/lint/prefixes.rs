//! What expensive numbers begin with, country by country.

/// A country and the prefixes that lead out of it or to numbers that pay whoever is called.
struct Costly {
    country: &'static str,
    prefixes: &'static [&'static str],
}

/// International access (ITU-T E.164, list of dialling procedures) first, then premium-rate numbers of the national numbering
/// plan. Short codes and shared-cost numbers are left out: they are dialled every day.
const COSTLY: &[Costly] = &[
    Costly { country: "BR", prefixes: &["00", "0900"] },
    Costly { country: "US", prefixes: &["011", "1900"] },
    Costly { country: "AR", prefixes: &["00", "0600", "0609"] },
    Costly { country: "MX", prefixes: &["00", "900"] },
    Costly { country: "GB", prefixes: &["00", "09"] },
    Costly { country: "DE", prefixes: &["00", "0900"] },
    Costly { country: "FR", prefixes: &["00", "089"] },
    Costly { country: "ES", prefixes: &["00", "803", "806", "807"] },
    Costly { country: "PT", prefixes: &["00", "760"] },
];

/// The prefixes of a country that no entry of `blocked` covers. A country that is not known has none.
pub(super) fn open(country: &str, blocked: &[String]) -> Vec<&'static str> {
    let known = COSTLY.iter().filter(|row| row.country == country).flat_map(|row| row.prefixes);
    known.copied().filter(|prefix| !blocked.iter().any(|blocked| !blocked.is_empty() && prefix.starts_with(blocked.as_str()))).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::country;

    #[test]
    fn every_country_of_the_line_profiles_is_known() {
        let known: Vec<&str> = COSTLY.iter().map(|row| row.country).collect();
        assert_eq!(country::codes().collect::<Vec<_>>(), known);
    }

    #[test]
    fn a_shorter_block_covers_what_begins_with_it() {
        let blocked = |prefixes: &[&str]| prefixes.iter().map(|prefix| (*prefix).to_owned()).collect::<Vec<_>>();
        assert_eq!(open("BR", &[]), ["00", "0900"]);
        assert_eq!(open("BR", &blocked(&["00"])), ["0900"]);
        assert_eq!(open("BR", &blocked(&["0"])), [""; 0]);
        assert_eq!(open("BR", &blocked(&["001", "09001"])), ["00", "0900"], "a part of it is not enough");
        assert_eq!(open("XX", &[]), [""; 0]);
    }
}
