//! Numbers of the countries of Europe.

use super::{Numbering, plan};

pub(super) const NUMBERINGS: &[Numbering] = &[
    Numbering { premium: &["09"], passed_over: &["141", "1470"], ..plan("GB", "44", "0", &[9, 10], &["999", "112", "18000"]) },
    // `010` chooses another carrier for one call.
    Numbering {
        needs_prefix: true,
        international: &["00", "010"],
        premium: &["0900"],
        ..plan("DE", "49", "0", &[7, 8, 9, 10, 11], &["110", "112"])
    },
    Numbering {
        premium: &["089"],
        passed_over: &["3651"],
        ..plan("FR", "33", "0", &[9], &["15", "17", "18", "112", "114", "115", "119", "196"])
    },
    Numbering {
        premium: &["803", "806", "807"],
        passed_over: &["067"],
        ..plan("ES", "34", "", &[9], &["112", "061", "062", "080", "085", "091", "092"])
    },
    Numbering { premium: &["760"], ..plan("PT", "351", "", &[9], &["112", "117"]) },
    // The 0 in front of an area is part of the number, which is therefore the same in the whole country and from abroad.
    Numbering {
        premium: &["89", "144", "163", "164", "166", "0878"],
        ..plan("IT", "39", "", &[6, 7, 8, 9, 10, 11], &["112", "113", "114", "115", "117", "118", "1530"])
    },
    Numbering { premium: &["0900", "0906", "0909"], ..plan("NL", "31", "0", &[9, 11], &["112", "113"]) },
    Numbering { premium: &["090"], ..plan("BE", "32", "0", &[8, 9], &["112", "100", "101", "103", "107", "110"]) },
    Numbering {
        premium: &["0900", "0901", "0906"],
        ..plan("CH", "41", "0", &[9], &["112", "117", "118", "143", "144", "145", "147", "1414"])
    },
    // `10` chooses another carrier for one call.
    Numbering {
        needs_prefix: true,
        international: &["00", "10"],
        premium: &["0900", "0901", "0930", "0931", "0939"],
        ..plan("AT", "43", "0", &[4, 5, 6, 7, 8, 9, 10, 11, 12, 13], &["112", "122", "128", "133", "140", "141", "142", "144", "147"])
    },
    // `048` leads to Northern Ireland, which is of another country and its prices.
    Numbering {
        international: &["00", "048"],
        premium: &["15"],
        passed_over: &["141", "142"],
        ..plan("IE", "353", "0", &[7, 8, 9], &["112", "999"])
    },
    Numbering { needs_prefix: true, premium: &["0900", "0939", "0944", "099"], ..plan("SE", "46", "0", &[7, 8, 9], &["112", "90000"]) },
    Numbering { premium: &["820", "829"], ..plan("NO", "47", "", &[8], &["110", "112", "113"]) },
    Numbering { premium: &["90"], ..plan("DK", "45", "", &[8], &["112", "114"]) },
    // `99` leads abroad through a carrier of one's choice.
    Numbering {
        needs_prefix: true,
        international: &["00", "99"],
        premium: &["0600", "0700"],
        ..plan("FI", "358", "0", &[5, 6, 7, 8, 9, 10, 11, 12], &["112"])
    },
    Numbering { premium: &["70"], ..plan("PL", "48", "", &[9], &["112", "997", "998", "999"]) },
    Numbering { premium: &["900", "905", "906", "908", "909", "976"], ..plan("CZ", "420", "", &[9], &["112", "150", "155", "156", "158"]) },
    Numbering { premium: &["0690", "0691"], ..plan("HU", "36", "06", &[8, 9], &["112", "104", "105", "107"]) },
    Numbering { premium: &["901", "909"], ..plan("GR", "30", "", &[10], &["112", "100", "108", "166", "199"]) },
    Numbering { premium: &["0900", "0888", "0898"], ..plan("TR", "90", "0", &[10], &["112", "110", "155", "156", "158", "177"]) },
    // Kazakhstan has the areas that begin with 7, so that 8 and 7 lead there.
    Numbering {
        international_prefix: "810",
        international: &["810", "87"],
        premium: &["8803", "8809"],
        ..plan("RU", "7", "8", &[10], &["112", "101", "102", "103", "104", "01", "02", "03", "04"])
    },
    Numbering { premium: &["0900", "0901", "0903", "0906"], ..plan("RO", "40", "0", &[9], &["112"]) },
];
