//! Numbers of the countries of Oceania.

use super::{Numbering, plan};

pub(super) const NUMBERINGS: &[Numbering] = &[
    // `14` begins the codes of carriers.
    Numbering {
        international_prefix: "0011",
        international: &["001", "14"],
        premium: &["190"],
        passed_over: &["1831", "1832"],
        ..plan("AU", "61", "0", &[9], &["000", "106", "112"])
    },
    Numbering {
        international: &["00", "0161"],
        premium: &["0900"],
        passed_over: &["0196", "0197"],
        ..plan("NZ", "64", "0", &[8, 9, 10], &["111"])
    },
];
