//! Countries of Oceania.

use super::CallerIdTiming::AfterFirstRing;
use super::DirectCurrent::LowVoltage;
use super::sources::{ANDROID_TONES, ASTERISK_TONES, BELLCORE_CALLER_ID, DAHDI_LINE, DAHDI_TONES, ITU_TONES};
use super::{BRITISH_PULSES, Country, Impedance, cadenced, continuous, habit, usual, variant};
use crate::dsp::callerid::CallerIdSource::Bell202;
use crate::dsp::progress::ProgressTone::{Busy, Dial, Ringback};

pub(super) const COUNTRIES: &[Country] = &[
    // Australia. Tones: ACIF S002, as the tone table of Asterisk gives it: 425 Hz modulated with 25 Hz for dial tone and ringback,
    // heard as its two sidebands. Congestion has the cadence of busy and is only softer in between. Older exchanges play other
    // frequencies. Caller ID is the one of North America.
    Country {
        code: "AU",
        ring_validation_ms: 150,
        call_waiting: Some(cadenced(&[425.0], &[200, 200, 200, 4400])),
        variants: &[
            variant(Dial, continuous(&[425.0]), "tone table of mobile telephones"),
            variant(Dial, continuous(&[400.0, 450.0]), "older exchanges"),
            variant(Ringback, cadenced(&[400.0, 450.0], &[400, 200, 400, 2000]), "older exchanges"),
            variant(Busy, cadenced(&[400.0], &[375, 375]), "older exchanges"),
        ],
        caller_id: &[habit(Bell202, AfterFirstRing)],
        dtmf_low_dbm0: -10.0,
        dtmf_high_dbm0: -10.0,
        pulses: BRITISH_PULSES,
        impedance: Impedance::Ohm220And820,
        direct_current: LowVoltage,
        sources: &["ACIF S002", ASTERISK_TONES, ITU_TONES, ANDROID_TONES, BELLCORE_CALLER_ID, DAHDI_TONES, DAHDI_LINE],
        ..usual(
            continuous(&[413.0, 438.0]),
            cadenced(&[413.0, 438.0], &[400, 200, 400, 2000]),
            cadenced(&[425.0], &[375, 375]),
            cadenced(&[425.0], &[375, 375]),
        )
    },
    // New Zealand. Tones: ITU-T E.180 Supplement 2. Rotary dials count the other way there: a digit is ten less itself in pulses,
    // which no field of this table tells (PTC 200). How caller ID comes is not confirmed.
    Country {
        code: "NZ",
        ring_validation_ms: 150,
        call_waiting: Some(cadenced(&[400.0], &[200, 3000])),
        pulses: BRITISH_PULSES,
        impedance: Impedance::Ohm370And620,
        sources: &[ITU_TONES, "TNA 102", "PTC 200", DAHDI_TONES, DAHDI_LINE],
        ..usual(
            continuous(&[400.0]),
            cadenced(&[400.0, 450.0], &[400, 200, 400, 2000]),
            cadenced(&[400.0], &[500, 500]),
            cadenced(&[400.0], &[250, 250]),
        )
    },
];
