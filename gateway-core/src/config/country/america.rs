//! Countries of the Americas. ITU OB 781 is the annex of national tones to ITU Operational Bulletin No. 781 (2003).

use super::CallerIdTiming::{AfterFirstRing, BeforeFirstRing};
use super::{Country, PolarityHabit, cadenced, continuous, habit};
use crate::dsp::callerid::CallerIdSource::{Bell202, Dtmf, V23};

pub(super) const COUNTRIES: &[Country] = &[
    // Brazil. Tones and ringing: the public tone tables of Asterisk and DAHDI, which agree. Caller ID: DTMF with the category
    // digit before the ring, FSK after it, by operator. Flash: PABX 100–300 ms, exchanges up to 300 ms.
    // The 25 Hz of the ringing and the tolerances of Anatel are not confirmed.
    Country {
        code: "BR",
        ring_cadence_ms: &[1000, 4000],
        ring_validation_ms: 200,
        dial: continuous(&[425.0]),
        ringback: cadenced(&[425.0], &[1000, 4000]),
        busy: cadenced(&[425.0], &[250, 250]),
        congestion: cadenced(&[425.0], &[250, 250, 750, 250]),
        caller_id: &[habit(Dtmf, BeforeFirstRing), habit(V23, AfterFirstRing), habit(Bell202, AfterFirstRing)],
        caller_id_category: true,
        dtmf_low_dbm0: -12.0,
        dtmf_high_dbm0: -10.0,
        flash_ms: Some(300),
        polarity: PolarityHabit::AnswerAndRelease,
        collect_by_double_answer: true,
    },
    // United States. Tones: the precise tone plan (GR-506-CORE). Caller ID: GR-30-CORE. Flash: 300–1000 ms (GR-506-CORE).
    Country {
        code: "US",
        ring_cadence_ms: &[2000, 4000],
        ring_validation_ms: 200,
        dial: continuous(&[350.0, 440.0]),
        ringback: cadenced(&[440.0, 480.0], &[2000, 4000]),
        busy: cadenced(&[480.0, 620.0], &[500, 500]),
        congestion: cadenced(&[480.0, 620.0], &[250, 250]),
        caller_id: &[habit(Bell202, AfterFirstRing)],
        caller_id_category: false,
        dtmf_low_dbm0: -10.0,
        dtmf_high_dbm0: -10.0,
        flash_ms: Some(500),
        polarity: PolarityHabit::Unknown,
        collect_by_double_answer: false,
    },
    // Argentina. Tones: ITU OB 781. How caller ID comes is not confirmed.
    Country {
        code: "AR",
        ring_cadence_ms: &[1000, 4000],
        ring_validation_ms: 200,
        dial: continuous(&[425.0]),
        ringback: cadenced(&[425.0], &[1000, 4000]),
        busy: cadenced(&[425.0], &[300, 200]),
        congestion: cadenced(&[425.0], &[300, 400]),
        caller_id: &[],
        caller_id_category: false,
        dtmf_low_dbm0: -11.0,
        dtmf_high_dbm0: -9.0,
        flash_ms: None,
        polarity: PolarityHabit::Unknown,
        collect_by_double_answer: false,
    },
    // Mexico. Tones: the public tone table of Asterisk; busy and congestion sound alike. There the bell
    // rings 2 s and the ringback 1 s; both pause 4 s. How caller ID comes is not confirmed.
    Country {
        code: "MX",
        ring_cadence_ms: &[2000, 4000],
        ring_validation_ms: 200,
        dial: continuous(&[425.0]),
        ringback: cadenced(&[425.0], &[1000, 4000]),
        busy: cadenced(&[425.0], &[250, 250]),
        congestion: cadenced(&[425.0], &[250, 250]),
        caller_id: &[],
        caller_id_category: false,
        dtmf_low_dbm0: -10.0,
        dtmf_high_dbm0: -10.0,
        flash_ms: None,
        polarity: PolarityHabit::Unknown,
        collect_by_double_answer: false,
    },
];
