//! Numbers of the countries of the Americas.

use super::{Numbering, plan};

pub(super) const NUMBERINGS: &[Numbering] = &[
    Numbering {
        premium: &["0900"],
        ..plan("BR", "55", "0", &[10, 11], &["190", "191", "192", "193", "194", "197", "198", "199", "112", "911"])
    },
    Numbering { country: "US", ..north_american() },
    Numbering { premium: &["0600", "0609"], ..plan("AR", "54", "0", &[10], &["911", "100", "101", "103", "106", "107"]) },
    Numbering { premium: &["900", "01900"], ..plan("MX", "52", "", &[10], &["911"]) },
    Numbering { country: "CA", ..north_american() },
    // The codes of carriers that lead abroad stand before the 0 and the number of the other country.
    Numbering {
        international: &[
            "00", "1100", "1110", "1120", "1130", "1140", "1150", "1160", "1190", "1200", "1220", "1230", "1240", "1250", "1510", "1530",
            "1540", "1550", "1560", "1570", "1580", "1690", "1700", "1710", "1760", "1770", "1800", "1810", "1880",
        ],
        premium: &["700"],
        ..plan("CL", "56", "", &[9], &["131", "132", "133", "911"])
    },
    Numbering { premium: &["01900", "01901", "1900", "1901"], ..plan("CO", "57", "", &[10], &["123", "112", "119", "132", "156"]) },
    // The codes of carriers lead abroad as well when 00 follows them.
    Numbering {
        international: &["00", "191100", "191200", "191400", "197700", "199000"],
        premium: &["0805"],
        ..plan("PE", "51", "0", &[8, 9], &["105", "106", "116", "117", "911"])
    },
    Numbering {
        international: &["00", "013", "014", "015", "016", "017", "018", "019"],
        premium: &["090"],
        ..plan("UY", "598", "0", &[8], &["911", "104", "105", "128"])
    },
    plan("PY", "595", "0", &[7, 8, 9], &["911", "128", "132", "141"]),
    Numbering { premium: &["0900", "0901"], ..plan("VE", "58", "0", &[10], &["911", "112", "171"]) },
];

/// What the United States and Canada share. Foreign countries have area codes in their numbering plan: those of the Caribbean and the
/// Pacific count as international, and so does 101, which chooses another carrier for one call.
const fn north_american() -> Numbering {
    Numbering {
        international_prefix: "011",
        international: &[
            "01", "101", "1242", "1246", "1264", "1268", "1284", "1345", "1441", "1473", "1649", "1658", "1664", "1721", "1758", "1767",
            "1784", "1809", "1829", "1849", "1868", "1869", "1876",
        ],
        premium: &["1900"],
        passed_over: &["1167", "1182"],
        ..plan("", "1", "1", &[10], &["911", "988"])
    }
}
