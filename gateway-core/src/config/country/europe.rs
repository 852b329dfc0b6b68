//! Countries of Europe. ITU OB 781 is the annex of national tones to ITU Operational Bulletin No. 781 (2003). Digits are
//! dialled at −9 dBm0 (high group) and −11 dBm0 (low group), within ETSI ES 201 235-2.

use super::CallerIdTiming::{AfterFirstRing, BeforeFirstRing};
use super::{CallerIdHabit, Country, PolarityHabit, ToneRow, cadenced, continuous, habit};
use crate::dsp::callerid::CallerIdSource::V23;

/// ETSI EN 300 659-1: V.23 between the first and the second ring.
const ETSI_AFTER_FIRST_RING: &[CallerIdHabit] = &[habit(V23, AfterFirstRing)];

pub(super) const COUNTRIES: &[Country] = &[
    // United Kingdom. Tones: BT SIN 350. Caller ID: BT SIN 227, V.23 after a reversal and before the ring. Recall: 50–130 ms
    // (BT SIN 351).
    Country {
        code: "GB",
        ring_cadence_ms: &[400, 200, 400, 2000],
        ring_validation_ms: 150,
        caller_id: &[habit(V23, BeforeFirstRing)],
        flash_ms: Some(100),
        polarity: PolarityHabit::AnnouncesCallerId,
        ..european(
            continuous(&[350.0, 440.0]),
            cadenced(&[400.0, 450.0], &[400, 200, 400, 2000]),
            cadenced(&[400.0], &[375, 375]),
            cadenced(&[400.0], &[400, 350, 225, 525]),
        )
    },
    // Germany. Tones: ITU OB 781. Caller ID: ETSI EN 300 659-1.
    Country {
        code: "DE",
        ring_cadence_ms: &[1000, 4000],
        caller_id: ETSI_AFTER_FIRST_RING,
        ..european(
            continuous(&[425.0]),
            cadenced(&[425.0], &[1000, 4000]),
            cadenced(&[425.0], &[480, 480]),
            cadenced(&[425.0], &[240, 240]),
        )
    },
    // France. Tones: ITU OB 781, at 440 Hz; congestion is not in it, the public tone table of Asterisk gives 250/250.
    // Caller ID: ETSI EN 300 659-1.
    Country {
        code: "FR",
        ring_cadence_ms: &[1500, 3500],
        caller_id: ETSI_AFTER_FIRST_RING,
        ..european(
            continuous(&[440.0]),
            cadenced(&[440.0], &[1500, 3500]),
            cadenced(&[440.0], &[500, 500]),
            cadenced(&[440.0], &[250, 250]),
        )
    },
    // Spain. Tones: the public tone table of Asterisk. Caller ID: ETSI EN 300 659-1 on many lines, not confirmed for all.
    Country {
        code: "ES",
        ring_cadence_ms: &[1500, 3000],
        ..european(
            continuous(&[425.0]),
            cadenced(&[425.0], &[1500, 3000]),
            cadenced(&[425.0], &[200, 200]),
            cadenced(&[425.0], &[200, 200, 200, 200, 200, 600]),
        )
    },
    // Portugal. Tones: the public tone table of Asterisk. Caller ID is not confirmed.
    Country {
        code: "PT",
        ring_cadence_ms: &[1000, 5000],
        ..european(
            continuous(&[425.0]),
            cadenced(&[425.0], &[1000, 5000]),
            cadenced(&[425.0], &[500, 500]),
            cadenced(&[425.0], &[200, 200]),
        )
    },
];

/// What the European profiles share, with the four tones of one country.
const fn european(dial: ToneRow, ringback: ToneRow, busy: ToneRow, congestion: ToneRow) -> Country {
    Country {
        code: "",
        ring_cadence_ms: &[],
        ring_validation_ms: 200,
        dial,
        ringback,
        busy,
        congestion,
        caller_id: &[],
        caller_id_category: false,
        dtmf_low_dbm0: -11.0,
        dtmf_high_dbm0: -9.0,
        flash_ms: None,
        polarity: PolarityHabit::Unknown,
        collect_by_double_answer: false,
    }
}
