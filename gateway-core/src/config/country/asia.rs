//! Countries of Asia. The tones are those of ITU-T E.180 Supplement 2 unless a row says otherwise. Frequencies that are modulated
//! with a lower one are heard as their two sidebands, and stand here as these.

use super::CallerIdTiming::{AfterFirstRing, BeforeFirstRing};
use super::DirectCurrent::{Limited60Ma, LowVoltage};
use super::sources::{
    ANDROID_TONES, ASTERISK_CALLER_ID, ASTERISK_TONES, BELLCORE_CALLER_ID, DAHDI_LINE, DAHDI_TONES, DTMF_CALLER_ID, ETSI_CALLER_ID,
    ITU_TONES, MODEM_PULSES,
};
use super::{BRITISH_PULSES, Country, Impedance, PolarityHabit, cadenced, continuous, habit, usual, variant};
use crate::dsp::callerid::CallerIdSource::{Bell202, Dtmf, V23};
use crate::dsp::progress::ProgressTone::{Busy, Congestion, Dial, Ringback};

pub(super) const COUNTRIES: &[Country] = &[
    // Israel. The cadence of congestion and the forms at 414 Hz are those of the tone table of Asterisk.
    // How caller ID comes is not confirmed.
    Country {
        code: "IL",
        call_waiting: Some(cadenced(&[400.0], &[500, 10_000])),
        variants: &[
            variant(Dial, continuous(&[414.0]), "tone table of Asterisk"),
            variant(Ringback, cadenced(&[414.0], &[1000, 3000]), "tone table of Asterisk"),
            variant(Busy, cadenced(&[414.0], &[500, 500]), "tone table of Asterisk"),
            variant(Congestion, cadenced(&[414.0], &[250, 250]), "tone table of Asterisk"),
        ],
        dtmf_low_dbm0: -10.0,
        dtmf_high_dbm0: -10.0,
        impedance: Impedance::Harmonised,
        direct_current: Limited60Ma,
        sources: &[ITU_TONES, ASTERISK_TONES, DAHDI_TONES, DAHDI_LINE],
        ..usual(continuous(&[400.0]), cadenced(&[400.0], &[1000, 3000]), cadenced(&[400.0], &[500, 500]), cadenced(&[400.0], &[250, 250]))
    },
    // Japan. Ringback is 400 Hz modulated with 16 Hz; congestion, which ITU-T E.180 Supplement 2 does not have, sounds like busy.
    // There are several tones for a second call, so none stands here. Caller ID comes by V.23 before the ring and only to who
    // answers a first, short ringing by closing the loop.
    Country {
        code: "JP",
        ring_frequency_hz: 16,
        variants: &[variant(Dial, cadenced(&[400.0], &[250, 250]), "private branch exchanges")],
        caller_id: &[habit(V23, BeforeFirstRing)],
        dtmf_low_dbm0: -7.0,
        dtmf_high_dbm0: -7.0,
        pulses: BRITISH_PULSES,
        polarity: PolarityHabit::AnnouncesCallerId,
        direct_current: LowVoltage,
        sources: &[ITU_TONES, ASTERISK_TONES, DAHDI_TONES, DAHDI_LINE, ASTERISK_CALLER_ID, MODEM_PULSES],
        ..usual(
            continuous(&[400.0]),
            cadenced(&[384.0, 416.0], &[1000, 2000]),
            cadenced(&[400.0], &[500, 500]),
            cadenced(&[400.0], &[500, 500]),
        )
    },
    // India. Dial tone and ringback are 400 Hz modulated with 25 Hz. Caller ID: DTMF after a polarity reversal.
    Country {
        code: "IN",
        ring_validation_ms: 150,
        call_waiting: Some(cadenced(&[400.0], &[200, 100, 200, 7500])),
        variants: &[variant(Ringback, cadenced(&[375.0, 425.0], &[1000, 2000]), "trunk exchanges")],
        caller_id: &[habit(Dtmf, BeforeFirstRing)],
        dtmf_low_dbm0: -10.0,
        dtmf_high_dbm0: -10.0,
        pulses: BRITISH_PULSES,
        polarity: PolarityHabit::AnnouncesCallerId,
        impedance: Impedance::Ohm370And620,
        sources: &[ITU_TONES, DAHDI_TONES, DAHDI_LINE, ASTERISK_CALLER_ID, DTMF_CALLER_ID],
        ..usual(
            continuous(&[375.0, 425.0]),
            cadenced(&[375.0, 425.0], &[400, 200, 400, 2000]),
            cadenced(&[400.0], &[750, 750]),
            cadenced(&[400.0], &[250, 250]),
        )
    },
    // China. Caller ID: Bell 202 in the pause after the first ring, DTMF at some exchanges.
    Country {
        code: "CN",
        call_waiting: Some(cadenced(&[450.0], &[400, 4000])),
        caller_id: &[habit(Bell202, AfterFirstRing), habit(Dtmf, BeforeFirstRing)],
        impedance: Impedance::Ohm200And680,
        direct_current: LowVoltage,
        sources: &[ITU_TONES, BELLCORE_CALLER_ID, DAHDI_TONES, DAHDI_LINE, "Sipura SPA manual"],
        ..usual(continuous(&[450.0]), cadenced(&[450.0], &[1000, 4000]), cadenced(&[450.0], &[350, 350]), cadenced(&[450.0], &[700, 700]))
    },
    // Taiwan, which no list of the ITU has. Tones: the tone tables of Asterisk and DAHDI; the bell pauses longer than ringback.
    // Caller ID: ETSI EN 300 659-1, by V.23 or DTMF as the exchange can.
    Country {
        code: "TW",
        ring_cadence_ms: &[1000, 4000],
        call_waiting: Some(cadenced(&[350.0, 440.0], &[250, 250, 250, 3250])),
        caller_id: &[habit(V23, BeforeFirstRing), habit(Dtmf, BeforeFirstRing)],
        direct_current: LowVoltage,
        sources: &[ASTERISK_TONES, ETSI_CALLER_ID, DTMF_CALLER_ID, DAHDI_TONES, DAHDI_LINE],
        ..american(&[1000, 2000], &[250, 250])
    },
    // South Korea. How caller ID comes is not confirmed.
    Country {
        code: "KR",
        call_waiting: Some(cadenced(&[350.0, 440.0], &[250, 250, 250, 3250])),
        dtmf_low_dbm0: -10.0,
        dtmf_high_dbm0: -10.0,
        sources: &[ITU_TONES, ASTERISK_TONES, DAHDI_LINE],
        ..american(&[1000, 2000], &[300, 200])
    },
    // Singapore. Ringback is 425 Hz modulated with 24 Hz, which is the frequency of the ringing as well. Caller ID is the one of North
    // America.
    Country {
        code: "SG",
        ring_frequency_hz: 24,
        ring_validation_ms: 150,
        call_waiting: Some(cadenced(&[425.0], &[300, 200, 300, 3200])),
        caller_id: &[habit(Bell202, AfterFirstRing)],
        pulses: BRITISH_PULSES,
        sources: &[ITU_TONES, ANDROID_TONES, BELLCORE_CALLER_ID, DAHDI_TONES, DAHDI_LINE],
        ..usual(
            continuous(&[425.0]),
            cadenced(&[401.0, 449.0], &[400, 200, 400, 2000]),
            cadenced(&[425.0], &[750, 750]),
            cadenced(&[425.0], &[250, 250]),
        )
    },
    // Malaysia. The tone of a second call is that of the tone table of DAHDI. How caller ID comes is not confirmed.
    Country {
        code: "MY",
        ring_validation_ms: 150,
        call_waiting: Some(cadenced(&[425.0], &[100, 4000])),
        variants: &[variant(Ringback, cadenced(&[425.0], &[1000, 3000, 1000, 5000]), "second form of the list of the ITU")],
        dtmf_low_dbm0: -10.0,
        dtmf_high_dbm0: -10.0,
        pulses: BRITISH_PULSES,
        direct_current: LowVoltage,
        sources: &[ITU_TONES, DAHDI_TONES, DAHDI_LINE],
        ..usual(
            continuous(&[425.0]),
            cadenced(&[425.0], &[400, 200, 400, 2000]),
            cadenced(&[425.0], &[500, 500]),
            cadenced(&[425.0], &[500, 250]),
        )
    },
    // Thailand. Dial tone is 400 Hz modulated with 50 Hz. How caller ID comes is not confirmed.
    Country {
        code: "TH",
        call_waiting: Some(cadenced(&[400.0], &[1000, 10_000])),
        variants: &[variant(Ringback, cadenced(&[420.0], &[1000, 5000]), "tone table of Asterisk")],
        direct_current: LowVoltage,
        sources: &[ITU_TONES, ASTERISK_TONES, DAHDI_TONES, DAHDI_LINE],
        ..usual(
            continuous(&[350.0, 450.0]),
            cadenced(&[400.0], &[1000, 4000]),
            cadenced(&[400.0], &[500, 500]),
            cadenced(&[400.0], &[300, 300]),
        )
    },
    // Philippines. How caller ID comes is not confirmed.
    Country {
        code: "PH",
        call_waiting: Some(cadenced(&[440.0], &[300, 10_000])),
        dtmf_low_dbm0: -10.0,
        dtmf_high_dbm0: -10.0,
        direct_current: LowVoltage,
        sources: &[ITU_TONES, DAHDI_TONES, DAHDI_LINE],
        ..usual(
            continuous(&[425.0]),
            cadenced(&[425.0, 480.0], &[1000, 4000]),
            cadenced(&[480.0, 620.0], &[500, 500]),
            cadenced(&[480.0, 620.0], &[250, 250]),
        )
    },
    // Hong Kong: the frequencies and the caller ID of North America with the double ring of Britain. Sources give several tones for a
    // second call.
    Country {
        code: "HK",
        ring_validation_ms: 150,
        caller_id: &[habit(Bell202, AfterFirstRing)],
        dtmf_low_dbm0: -10.0,
        dtmf_high_dbm0: -10.0,
        pulses: BRITISH_PULSES,
        sources: &[ITU_TONES, ANDROID_TONES, DAHDI_LINE, BELLCORE_CALLER_ID, MODEM_PULSES],
        ..american(&[400, 200, 400, 3000], &[250, 250])
    },
];

/// The frequencies of the precise tone plan of North America, with cadences of the country. No source tells their levels there.
const fn american(ringback_ms: &'static [u32], congestion_ms: &'static [u32]) -> Country {
    let busy = cadenced(&[480.0, 620.0], &[500, 500]);
    let congestion = cadenced(&[480.0, 620.0], congestion_ms);
    usual(continuous(&[350.0, 440.0]), cadenced(&[440.0, 480.0], ringback_ms), busy, congestion)
}
