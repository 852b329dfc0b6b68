//! Numbers of the countries of Asia.

use super::{Numbering, plan};

pub(super) const NUMBERINGS: &[Numbering] = &[
    Numbering {
        international: &["00", "012", "013", "014", "015", "016", "017", "018", "019"],
        premium: &["1900", "1901", "1902", "1919"],
        ..plan("IL", "972", "0", &[8, 9], &["100", "101", "102", "112", "911"])
    },
    // `00` begins the codes of carriers.
    Numbering {
        international_prefix: "010",
        international: &["010", "00"],
        premium: &["0990"],
        passed_over: &["184", "186"],
        ..plan("JP", "81", "0", &[9, 10], &["110", "118", "119"])
    },
    Numbering { premium: &["1861", "1862"], ..plan("IN", "91", "0", &[10], &["112", "100", "101", "102", "108"]) },
    // `179` begins the codes of carriers over the Internet.
    Numbering {
        international: &["00", "179"],
        premium: &["160", "168"],
        ..plan("CN", "86", "0", &[10, 11], &["110", "119", "120", "122"])
    },
    Numbering {
        international_prefix: "002",
        international: &["00", "019"],
        premium: &["020"],
        ..plan("TW", "886", "0", &[8, 9], &["110", "112", "119"])
    },
    Numbering { international_prefix: "001", premium: &["060"], ..plan("KR", "82", "0", &[8, 9, 10], &["112", "119"]) },
    Numbering {
        international_prefix: "001",
        international: &["00", "01", "02", "03"],
        premium: &["1900"],
        ..plan("SG", "65", "", &[8], &["999", "995", "993"])
    },
    Numbering { premium: &["1600"], ..plan("MY", "60", "0", &[8, 9, 10], &["999", "112", "994"]) },
    Numbering { international_prefix: "001", premium: &["1900"], ..plan("TH", "66", "0", &[8, 9], &["191", "199", "1155", "1669"]) },
    plan("PH", "63", "0", &[9, 10], &["911", "112", "117"]),
    Numbering {
        international_prefix: "001",
        premium: &["900"],
        passed_over: &["133"],
        ..plan("HK", "852", "", &[8], &["999", "112", "992"])
    },
];
