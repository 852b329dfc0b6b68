//! Which chip answers, and what it does differently.

use super::stream::Leave;

/// What differs from maker to maker. A new maker is one more of these.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Chip {
    /// What it is called where the modem itself gives no better name.
    pub name: &'static str,
    /// Measures the line voltage with `AT-TRV` (Conexant 102752C §3).
    pub measures: bool,
    /// Tells of parallel telephones and loop interruptions once `-STE` asks for it (Conexant 102752C §3).
    pub watches_loop: bool,
    /// The value of `+VSD` that turns the silence detector off: sensitivity, and no time.
    pub silence_off: &'static str,
    /// How duplex sound is left, in the order in which it is tried.
    pub(super) leave: &'static [Leave],
}

/// CX93001, CX93010 and their like.
pub const CONEXANT: Chip = Chip {
    name: "Conexant",
    measures: true,
    watches_loop: true,
    silence_off: "0,0",
    leave: &[Leave::Caret, Leave::TripleCaret, Leave::EndOfText],
};

/// USR5637.
pub const US_ROBOTICS: Chip =
    Chip { name: "U.S. Robotics", measures: false, watches_loop: false, silence_off: "128,0", leave: &[Leave::EndOfText, Leave::Caret] };

/// Any other that lists voice among its modes.
pub const UNKNOWN: Chip = Chip {
    name: "V.253",
    measures: false,
    watches_loop: false,
    silence_off: "128,0",
    leave: &[Leave::EndOfText, Leave::Caret, Leave::TripleCaret],
};

impl Chip {
    /// The chip behind the answers to `ATI0`, `ATI3` and `AT+GMI9`; any of them may be empty.
    #[must_use]
    pub fn of(product: &str, firmware: &str, maker: &str) -> Chip {
        let says = |text: &str, word: &str| text.to_ascii_uppercase().contains(word);
        if product.trim() == "5601" || says(firmware, "U.S. ROBOTICS") {
            US_ROBOTICS
        } else if product.trim() == "56000" || says(maker, "CONEXANT") || says(firmware, "CX930") {
            CONEXANT
        } else {
            UNKNOWN
        }
    }
}

/// Whether the answer to `AT+FCLASS=?` lists voice, class 8. Lists look like `0,1,1.0,2,8` or `(0,1,8)`.
#[must_use]
pub fn has_voice(classes: &str) -> bool {
    classes.split(|c: char| !c.is_ascii_digit() && c != '.').any(|class| class == "8")
}

/// The number of a country for `+GCI` (ITU-T T.35 annex A).
#[must_use]
pub fn country_number(iso: &str) -> Option<u8> {
    Some(match iso {
        "AR" => 0x07,
        "AT" => 0x0A,
        "AU" => 0x09,
        "BE" => 0x0F,
        "BR" => 0x16,
        "CA" => 0x20,
        "CH" => 0xA6,
        "CL" => 0x25,
        "CN" => 0x26,
        "CO" => 0x27,
        "CZ" => 0x2E,
        "DE" => 0x42,
        "DK" => 0x31,
        "ES" => 0xA0,
        "FI" => 0x3C,
        "FR" => 0x3D,
        "GB" => 0xB4,
        "GR" => 0x46,
        "HK" => 0x50,
        "HU" => 0x51,
        "IE" => 0x57,
        "IL" => 0x58,
        "IN" => 0x53,
        "IT" => 0x59,
        "JP" => 0x00,
        "KR" => 0x61,
        "MX" => 0x73,
        "MY" => 0x6C,
        "NL" => 0x7B,
        "NO" => 0x82,
        "NZ" => 0x7E,
        "PE" => 0x88,
        "PH" => 0x89,
        "PL" => 0x8A,
        "PT" => 0x8B,
        "PY" => 0x87,
        "RO" => 0x8E,
        "RU" => 0xB8,
        "SE" => 0xA5,
        "SG" => 0x9C,
        "TH" => 0xA9,
        "TR" => 0xAE,
        "TW" => 0xFE,
        "US" => 0xB5,
        "UY" => 0xB7,
        "VE" => 0xBB,
        "ZA" => 0x9F,
        _ => return None,
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::country::countries;

    #[test]
    fn chips_are_known_by_what_they_answer() {
        assert_eq!(Chip::of("56000", "CX93001-EIS_V0.2013-V92", "CONEXANT ACF"), CONEXANT);
        assert_eq!(Chip::of("0", "", "CONEXANT ACF 3.0"), CONEXANT);
        assert_eq!(Chip::of("5601", "U.S. Robotics 56K FAX USB V1.2.23", ""), US_ROBOTICS);
        assert_eq!(Chip::of("MT9234MU", "", ""), UNKNOWN);
    }

    #[test]
    fn voice_is_class_eight_and_nothing_else() {
        assert!(has_voice("0,1,1.0,2,8"));
        assert!(has_voice("(0,1,8)"));
        assert!(!has_voice("0,1,1.0,2"));
        assert!(!has_voice("0,1,1.8,80"));
    }

    #[test]
    fn every_country_of_ours_has_a_number() {
        for country in countries().filter(|country| !country.code.is_empty()) {
            assert!(country_number(country.code).is_some(), "{}", country.code);
        }
    }
}
