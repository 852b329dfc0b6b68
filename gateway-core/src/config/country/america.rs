//! Countries of the Americas. ITU OB 781 is the annex of national tones to ITU Operational Bulletin No. 781 (2003), the later
//! edition of ITU-T E.180 Supplement 2.

use super::CallerIdTiming::{AfterFirstRing, BeforeFirstRing};
use super::DirectCurrent::LowVoltage;
use super::sources::{
    ASTERISK_TONES, BELLCORE_CALLER_ID, BELLCORE_SIGNALS, DAHDI_LINE, DAHDI_TONES, DTMF_CALLER_ID, ITU_TONES, MODEM_PULSES,
};
use super::{Country, PolarityHabit, Pulses, ToneRow, at_level, cadenced, continuous, habit, usual, variant};
use crate::dsp::callerid::CallerIdSource::{Bell202, Dtmf, V23};
use crate::dsp::progress::ProgressTone::{Busy, Congestion, Dial, Ringback};

pub(super) const COUNTRIES: &[Country] = &[
    // Brazil. Tones and ringing: the public tone tables of Asterisk and DAHDI, which agree. Caller ID: DTMF with the category
    // digit before the ring, FSK after it, by operator. Flash: PABX 100–300 ms, exchanges up to 300 ms.
    // The 25 Hz of the ringing, the ratio of the pulses and the tolerances of Anatel are not confirmed.
    Country {
        code: "BR",
        call_waiting: Some(cadenced(&[425.0], &[50, 1000])),
        caller_id: &[habit(Dtmf, BeforeFirstRing), habit(V23, AfterFirstRing), habit(Bell202, AfterFirstRing)],
        caller_id_category: true,
        dtmf_low_dbm0: -12.0,
        dtmf_high_dbm0: -10.0,
        flash_ms: Some(300),
        polarity: PolarityHabit::AnswerAndRelease,
        direct_current: LowVoltage,
        collect_by_double_answer: true,
        sources: &[ASTERISK_TONES, DAHDI_TONES, ITU_TONES, DAHDI_LINE, DTMF_CALLER_ID],
        ..usual(
            continuous(&[425.0]),
            cadenced(&[425.0], &[1000, 4000]),
            cadenced(&[425.0], &[250, 250]),
            cadenced(&[425.0], &[250, 250, 750, 250]),
        )
    },
    // United States.
    Country { code: "US", ..NORTH_AMERICAN },
    // Argentina. Tones: ITU OB 781; the tone table of DAHDI has other ones. How caller ID comes is not confirmed.
    Country {
        code: "AR",
        call_waiting: Some(cadenced(&[425.0], &[300, 10_000])),
        variants: &[
            variant(Ringback, cadenced(&[425.0], &[1000, 4500]), "tone table of DAHDI"),
            variant(Busy, cadenced(&[425.0], &[300, 300]), "tone table of DAHDI"),
            variant(Congestion, cadenced(&[425.0], &[200, 300]), "tone table of DAHDI"),
        ],
        sources: &[ITU_TONES, DAHDI_TONES, DAHDI_LINE],
        ..usual(continuous(&[425.0]), cadenced(&[425.0], &[1000, 4000]), cadenced(&[425.0], &[300, 200]), cadenced(&[425.0], &[300, 400]))
    },
    // Mexico. Tones: the public tone table of Asterisk; busy and congestion sound alike. There the bell
    // rings 2 s and the ringback 1 s; both pause 4 s. How caller ID comes is not confirmed.
    Country {
        code: "MX",
        ring_cadence_ms: &[2000, 4000],
        call_waiting: Some(cadenced(&[425.0], &[200, 600, 200, 10_000])),
        dtmf_low_dbm0: -10.0,
        dtmf_high_dbm0: -10.0,
        sources: &[ASTERISK_TONES, DAHDI_LINE],
        ..usual(continuous(&[425.0]), cadenced(&[425.0], &[1000, 4000]), cadenced(&[425.0], &[250, 250]), cadenced(&[425.0], &[250, 250]))
    },
    // Canada: as its neighbour.
    Country { code: "CA", ..NORTH_AMERICAN },
    // Chile. Tones: ITU OB 781. Second call: the tone table of Asterisk; ITU OB 781 has only a tone of 900 + 1300 Hz for those who
    // wait. How caller ID comes is not confirmed.
    Country {
        code: "CL",
        call_waiting: Some(cadenced(&[400.0], &[250, 8750])),
        dtmf_low_dbm0: -10.0,
        dtmf_high_dbm0: -10.0,
        sources: &[ITU_TONES, ASTERISK_TONES, DAHDI_TONES, DAHDI_LINE],
        ..usual(continuous(&[400.0]), cadenced(&[400.0], &[1000, 3000]), cadenced(&[400.0], &[500, 500]), cadenced(&[400.0], &[200, 200]))
    },
    // Colombia. Tones: ITU OB 781. How caller ID comes, and the tone of a second call, are not confirmed.
    Country {
        code: "CO",
        sources: &[ITU_TONES, DAHDI_LINE],
        ..usual(
            continuous(&[425.0]),
            cadenced(&[425.0], &[1000, 4500]),
            cadenced(&[425.0], &[250, 250]),
            cadenced(&[425.0], &[100, 250, 350, 250, 650, 250]),
        )
    },
    // Peru. Tones: ITU OB 781, where 0.15 s and 0.3 s of ringback can only be misprints of 1.5 s and 3 s, which is what Spain has,
    // where the operator is from. How caller ID comes is not confirmed.
    Country {
        code: "PE",
        call_waiting: Some(cadenced(&[425.0], &[175, 175, 175, 3500])),
        sources: &[ITU_TONES, DAHDI_LINE],
        ..usual(
            continuous(&[425.0]),
            cadenced(&[425.0], &[1500, 3000]),
            cadenced(&[425.0], &[500, 500]),
            cadenced(&[425.0], &[200, 200, 200, 200, 200, 600]),
        )
    },
    // Uruguay. Tones: ITU OB 781. No source tells what the line is closed with.
    Country {
        code: "UY",
        call_waiting: Some(cadenced(&[425.0], &[200, 200, 200, 4400])),
        variants: &[variant(Dial, cadenced(&[450.0], &[700, 800, 200, 300]), "older exchanges")],
        caller_id: &[habit(Dtmf, BeforeFirstRing)],
        sources: &[ITU_TONES, DTMF_CALLER_ID],
        ..usual(continuous(&[425.0]), cadenced(&[425.0], &[1000, 4000]), cadenced(&[425.0], &[500, 500]), cadenced(&[425.0], &[250, 250]))
    },
    // Paraguay. Tones: ITU OB 781. No source tells what the line is closed with, nor how caller ID comes.
    Country {
        code: "PY",
        call_waiting: Some(cadenced(&[425.0], &[300, 10_000])),
        sources: &[ITU_TONES],
        ..usual(continuous(&[425.0]), cadenced(&[425.0], &[1000, 4000]), cadenced(&[425.0], &[500, 500]), cadenced(&[425.0], &[250, 250]))
    },
    // Venezuela. Tones: ITU OB 781. No source tells what the line is closed with, nor how caller ID comes.
    Country {
        code: "VE",
        call_waiting: Some(cadenced(&[400.0, 450.0], &[300, 6000])),
        dtmf_low_dbm0: -9.0,
        dtmf_high_dbm0: -7.0,
        sources: &[ITU_TONES, DAHDI_TONES],
        ..usual(continuous(&[425.0]), cadenced(&[425.0], &[1000, 4000]), cadenced(&[425.0], &[500, 500]), cadenced(&[425.0], &[250, 250]))
    },
];

/// One frequency pair of the precise tone plan at the level of both together, which is 3 dB above the level of each.
const fn precise(row: ToneRow, level_of_each_dbm0: f32) -> ToneRow {
    at_level(row, level_of_each_dbm0 + 3.0)
}

/// What the United States and Canada share. Tones and levels: the precise tone plan (GR-506-CORE). Older exchanges play congestion
/// with longer tones than pauses (ITU OB 781). Caller ID: GR-30-CORE. Flash: 300–1000 ms (GR-506-CORE). Pulses: 61 % break.
const NORTH_AMERICAN: Country = Country {
    ring_frequency_hz: 20,
    call_waiting: Some(cadenced(&[440.0], &[300, 10_000])),
    variants: &[variant(Congestion, precise(cadenced(&[480.0, 620.0], &[300, 200]), -24.0), "older exchanges")],
    caller_id: &[habit(Bell202, AfterFirstRing)],
    dtmf_low_dbm0: -10.0,
    dtmf_high_dbm0: -10.0,
    flash_ms: Some(500),
    pulses: Pulses { make_percent: 39, per_second: 10 },
    sources: &[BELLCORE_SIGNALS, BELLCORE_CALLER_ID, ITU_TONES, DAHDI_LINE, MODEM_PULSES],
    ..usual(
        precise(continuous(&[350.0, 440.0]), -13.0),
        precise(cadenced(&[440.0, 480.0], &[2000, 4000]), -19.0),
        precise(cadenced(&[480.0, 620.0], &[500, 500]), -24.0),
        precise(cadenced(&[480.0, 620.0], &[250, 250]), -24.0),
    )
};
