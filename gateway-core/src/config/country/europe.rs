//! Countries of Europe. The tones are those of ITU OB 781 (the annex of national tones to ITU Operational Bulletin No. 781 of 2003,
//! the later edition of ITU-T E.180 Supplement 2) unless a row says otherwise. Digits are dialled at −9 dBm0 (high group) and
//! −11 dBm0 (low group), within ETSI ES 201 235-2, unless the tone table of DAHDI has other levels.

use super::CallerIdTiming::{AfterFirstRing, BeforeFirstRing};
use super::DirectCurrent::{Fcc, Limited60Ma, LowVoltage};
use super::Impedance::{Harmonised, Ohm220And820, Ohm370And620, Ohm600};
use super::sources::{
    ANDROID_TONES, ASTERISK_CALLER_ID, ASTERISK_TONES, DAHDI_LINE, DAHDI_TONES, DTMF_CALLER_ID, ETSI_CALLER_ID, ETSI_DTMF, ITU_TONES,
    MODEM_PULSES,
};
use super::{BRITISH_PULSES, CallerIdHabit, Country, PolarityHabit, ToneRow, cadenced, continuous, habit, usual, variant};
use crate::dsp::callerid::CallerIdSource::{Dtmf, V23};
use crate::dsp::progress::ProgressTone::{Busy, Congestion, Dial, Ringback};

/// ETSI EN 300 659-1: V.23 between the first and the second ring.
const ETSI_AFTER_FIRST_RING: &[CallerIdHabit] = &[habit(V23, AfterFirstRing)];

/// DTMF before the first ring, as several countries of the north have it.
const DTMF_BEFORE_FIRST_RING: &[CallerIdHabit] = &[habit(Dtmf, BeforeFirstRing)];

/// What stands behind a row with tones of the ITU, without caller ID.
const TONES_AND_LINE: &[&str] = &[ITU_TONES, ETSI_DTMF, DAHDI_LINE];

/// The same with caller ID by V.23.
const WITH_ETSI_CALLER_ID: &[&str] = &[ITU_TONES, ETSI_CALLER_ID, ETSI_DTMF, DAHDI_LINE];

/// The same with caller ID by DTMF.
const WITH_DTMF_CALLER_ID: &[&str] = &[ITU_TONES, ASTERISK_CALLER_ID, DTMF_CALLER_ID, ETSI_DTMF, DAHDI_LINE];

pub(super) const COUNTRIES: &[Country] = &[
    // United Kingdom. Tones: BT SIN 350. Caller ID: BT SIN 227, V.23 after a reversal and before the ring. Recall: 50–130 ms
    // (BT SIN 351). The drivers of DAHDI close the line with 320 Ω + (1050 Ω ∥ 230 nF); the nearest one of this program stands here.
    Country {
        code: "GB",
        ring_validation_ms: 150,
        call_waiting: Some(cadenced(&[400.0], &[100, 4000])),
        caller_id: &[habit(V23, BeforeFirstRing)],
        flash_ms: Some(100),
        pulses: BRITISH_PULSES,
        polarity: PolarityHabit::AnnouncesCallerId,
        impedance: Ohm370And620,
        sources: &["BT SIN 350", "BT SIN 227", "BT SIN 351", ETSI_DTMF, DAHDI_LINE, MODEM_PULSES],
        ..european(
            continuous(&[350.0, 440.0]),
            cadenced(&[400.0, 450.0], &[400, 200, 400, 2000]),
            cadenced(&[400.0], &[375, 375]),
            cadenced(&[400.0], &[400, 350, 225, 525]),
        )
    },
    // Germany. Caller ID: ETSI EN 300 659-1.
    Country {
        code: "DE",
        call_waiting: Some(cadenced(&[425.0], &[200, 200, 200, 5000])),
        caller_id: ETSI_AFTER_FIRST_RING,
        impedance: Ohm220And820,
        sources: WITH_ETSI_CALLER_ID,
        ..european(
            continuous(&[425.0]),
            cadenced(&[425.0], &[1000, 4000]),
            cadenced(&[425.0], &[480, 480]),
            cadenced(&[425.0], &[240, 240]),
        )
    },
    // France. Tones at 440 Hz; congestion is not in the list of the ITU, the tone table of Asterisk gives 250/250 and names the
    // other dial tone. Caller ID: ETSI EN 300 659-1. The bell rings with 50 Hz.
    Country {
        code: "FR",
        ring_frequency_hz: 50,
        call_waiting: Some(cadenced(&[440.0], &[300, 10_000])),
        variants: &[variant(Dial, continuous(&[330.0, 440.0]), "tone table of Asterisk")],
        caller_id: ETSI_AFTER_FIRST_RING,
        sources: &[ITU_TONES, ASTERISK_TONES, ETSI_CALLER_ID, ETSI_DTMF, DAHDI_LINE],
        ..european(
            continuous(&[440.0]),
            cadenced(&[440.0], &[1500, 3500]),
            cadenced(&[440.0], &[500, 500]),
            cadenced(&[440.0], &[250, 250]),
        )
    },
    // Spain. The list of the ITU has two forms of each tone; the first is also that of the tone table of Asterisk.
    // Caller ID: ETSI EN 300 659-1 on many lines, not confirmed for all.
    Country {
        code: "ES",
        call_waiting: Some(cadenced(&[425.0], &[175, 175, 175, 3500])),
        variants: &[
            variant(Ringback, cadenced(&[425.0], &[1000, 4000]), "second form of the list of the ITU"),
            variant(Busy, cadenced(&[425.0], &[500, 500]), "second form of the list of the ITU"),
            variant(Congestion, cadenced(&[425.0], &[250, 250]), "second form of the list of the ITU"),
        ],
        caller_id: ETSI_AFTER_FIRST_RING,
        sources: &[ITU_TONES, ASTERISK_TONES, ETSI_CALLER_ID, ETSI_DTMF, DAHDI_LINE],
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
        call_waiting: Some(cadenced(&[425.0], &[200, 200, 200, 5000])),
        sources: &[ASTERISK_TONES, ITU_TONES, ETSI_DTMF, DAHDI_LINE],
        ..european(
            continuous(&[425.0]),
            cadenced(&[425.0], &[1000, 5000]),
            cadenced(&[425.0], &[500, 500]),
            cadenced(&[425.0], &[200, 200]),
        )
    },
    // Italy. Dial tone has a cadence; the continuous one tells that a service is on.
    Country {
        code: "IT",
        call_waiting: Some(cadenced(&[425.0], &[400, 100, 250, 100, 150, 14_000])),
        variants: &[variant(Dial, continuous(&[425.0]), "lines with a service on")],
        caller_id: ETSI_AFTER_FIRST_RING,
        sources: WITH_ETSI_CALLER_ID,
        ..european(
            cadenced(&[425.0], &[200, 200, 600, 1000]),
            cadenced(&[425.0], &[1000, 4000]),
            cadenced(&[425.0], &[500, 500]),
            cadenced(&[425.0], &[200, 200]),
        )
    },
    // Netherlands.
    Country {
        code: "NL",
        call_waiting: Some(cadenced(&[425.0], &[500, 9500])),
        caller_id: DTMF_BEFORE_FIRST_RING,
        sources: WITH_DTMF_CALLER_ID,
        ..european(
            continuous(&[425.0]),
            cadenced(&[425.0], &[1000, 4000]),
            cadenced(&[425.0], &[500, 500]),
            cadenced(&[425.0], &[250, 250]),
        )
    },
    // Belgium. Sources name V.23 as well as DTMF for caller ID.
    Country {
        code: "BE",
        call_waiting: Some(cadenced(&[1400.0], &[175, 175, 175, 3500])),
        variants: &[
            variant(Dial, continuous(&[450.0]), "older exchanges"),
            variant(Ringback, cadenced(&[450.0], &[1000, 3000]), "older exchanges"),
            variant(Busy, cadenced(&[450.0], &[150, 150]), "older exchanges"),
        ],
        caller_id: &[habit(V23, AfterFirstRing), habit(Dtmf, BeforeFirstRing)],
        sources: &[ITU_TONES, ETSI_CALLER_ID, DTMF_CALLER_ID, ETSI_DTMF, DAHDI_LINE],
        ..european(
            continuous(&[425.0]),
            cadenced(&[425.0], &[1000, 3000]),
            cadenced(&[425.0], &[500, 500]),
            cadenced(&[425.0], &[167, 167]),
        )
    },
    // Switzerland.
    Country {
        code: "CH",
        call_waiting: Some(cadenced(&[425.0], &[200, 200, 200, 4000])),
        caller_id: ETSI_AFTER_FIRST_RING,
        dtmf_low_dbm0: -10.0,
        dtmf_high_dbm0: -10.0,
        sources: &[ITU_TONES, ETSI_CALLER_ID, DAHDI_TONES, DAHDI_LINE],
        ..european(
            continuous(&[425.0]),
            cadenced(&[425.0], &[1000, 4000]),
            cadenced(&[425.0], &[500, 500]),
            cadenced(&[425.0], &[200, 200]),
        )
    },
    // Austria. The further forms are those of analogue exchanges. The bell rings with 50 Hz.
    Country {
        code: "AT",
        ring_frequency_hz: 50,
        call_waiting: Some(cadenced(&[420.0], &[40, 1950])),
        variants: &[
            variant(Dial, continuous(&[450.0]), "older exchanges"),
            variant(Ringback, cadenced(&[450.0], &[1000, 5000]), "older exchanges"),
            variant(Busy, cadenced(&[450.0], &[300, 300]), "older exchanges"),
            variant(Congestion, cadenced(&[450.0], &[300, 300]), "older exchanges"),
        ],
        caller_id: ETSI_AFTER_FIRST_RING,
        impedance: Ohm220And820,
        sources: WITH_ETSI_CALLER_ID,
        ..european(
            continuous(&[420.0]),
            cadenced(&[420.0], &[1000, 5000]),
            cadenced(&[420.0], &[400, 400]),
            cadenced(&[420.0], &[200, 200]),
        )
    },
    // Ireland. Congestion is not in the list of the ITU and stands as mobile telephones play it. Caller ID is V.23; whether it comes
    // before or after the first ring is not confirmed.
    Country {
        code: "IE",
        ring_validation_ms: 150,
        call_waiting: Some(cadenced(&[425.0], &[180, 200, 200, 4500])),
        variants: &[
            variant(Dial, continuous(&[400.0]), "some exchanges"),
            variant(Dial, continuous(&[450.0]), "some exchanges"),
            variant(Ringback, cadenced(&[425.0], &[400, 200, 400, 2000]), "some exchanges"),
        ],
        caller_id: &[habit(V23, AfterFirstRing), habit(V23, BeforeFirstRing)],
        pulses: BRITISH_PULSES,
        sources: &[ITU_TONES, ANDROID_TONES, ETSI_CALLER_ID, ETSI_DTMF, DAHDI_LINE],
        ..european(
            continuous(&[425.0]),
            cadenced(&[400.0, 450.0], &[400, 200, 400, 2000]),
            cadenced(&[425.0], &[500, 500]),
            cadenced(&[425.0], &[200, 200]),
        )
    },
    // Sweden. Caller ID: DTMF after a polarity reversal. Rotary dials count otherwise there: a digit is one more than itself in
    // pulses, which no field of this table tells.
    Country {
        code: "SE",
        call_waiting: Some(cadenced(&[425.0], &[200, 500, 200, 9100])),
        caller_id: DTMF_BEFORE_FIRST_RING,
        polarity: PolarityHabit::AnnouncesCallerId,
        sources: WITH_DTMF_CALLER_ID,
        ..european(
            continuous(&[425.0]),
            cadenced(&[425.0], &[1000, 5000]),
            cadenced(&[425.0], &[250, 250]),
            cadenced(&[425.0], &[250, 750]),
        )
    },
    // Norway.
    Country {
        code: "NO",
        call_waiting: Some(cadenced(&[425.0], &[200, 600, 200, 10_000])),
        caller_id: ETSI_AFTER_FIRST_RING,
        dtmf_low_dbm0: -10.0,
        dtmf_high_dbm0: -10.0,
        sources: &[ITU_TONES, ETSI_CALLER_ID, DAHDI_TONES, DAHDI_LINE],
        ..european(
            continuous(&[425.0]),
            cadenced(&[425.0], &[1000, 4000]),
            cadenced(&[425.0], &[500, 500]),
            cadenced(&[425.0], &[200, 200]),
        )
    },
    // Denmark. The list of the ITU has other cadences for mobile networks, which are also those of the tone table of Asterisk.
    // Caller ID: DTMF without a polarity reversal.
    Country {
        code: "DK",
        call_waiting: Some(cadenced(&[425.0], &[200, 200, 200, 3600])),
        variants: &[
            variant(Busy, cadenced(&[425.0], &[500, 500]), "mobile networks"),
            variant(Congestion, cadenced(&[425.0], &[200, 200]), "mobile networks"),
        ],
        caller_id: DTMF_BEFORE_FIRST_RING,
        sources: WITH_DTMF_CALLER_ID,
        ..european(
            continuous(&[425.0]),
            cadenced(&[425.0], &[1000, 4000]),
            cadenced(&[425.0], &[250, 250]),
            cadenced(&[425.0], &[250, 250]),
        )
    },
    // Finland. Caller ID: DTMF after a polarity reversal.
    Country {
        code: "FI",
        call_waiting: Some(cadenced(&[425.0], &[150, 150, 150, 8000])),
        caller_id: DTMF_BEFORE_FIRST_RING,
        polarity: PolarityHabit::AnnouncesCallerId,
        sources: WITH_DTMF_CALLER_ID,
        ..european(
            continuous(&[425.0]),
            cadenced(&[425.0], &[1000, 4000]),
            cadenced(&[425.0], &[300, 300]),
            cadenced(&[425.0], &[200, 200]),
        )
    },
    // Poland. Busy and congestion sound alike. How caller ID comes is not confirmed.
    Country {
        code: "PL",
        call_waiting: Some(cadenced(&[425.0], &[150, 150, 150, 4000])),
        impedance: Ohm600,
        direct_current: Fcc,
        sources: TONES_AND_LINE,
        ..european(
            continuous(&[425.0]),
            cadenced(&[425.0], &[1000, 4000]),
            cadenced(&[425.0], &[500, 500]),
            cadenced(&[425.0], &[500, 500]),
        )
    },
    // Czechia. Dial tone has a cadence, which begins as busy does. How caller ID comes is not confirmed.
    Country {
        code: "CZ",
        call_waiting: Some(cadenced(&[425.0], &[330, 9000])),
        sources: TONES_AND_LINE,
        ..european(
            cadenced(&[425.0], &[330, 330, 660, 660]),
            cadenced(&[425.0], &[1000, 4000]),
            cadenced(&[425.0], &[330, 330]),
            cadenced(&[425.0], &[165, 165]),
        )
    },
    // Hungary. Busy and congestion sound alike. How caller ID comes is not confirmed.
    Country {
        code: "HU",
        call_waiting: Some(cadenced(&[425.0], &[40, 1960])),
        impedance: Ohm600,
        direct_current: Fcc,
        sources: TONES_AND_LINE,
        ..european(
            continuous(&[425.0]),
            cadenced(&[425.0], &[1250, 3750]),
            cadenced(&[425.0], &[300, 300]),
            cadenced(&[425.0], &[300, 300]),
        )
    },
    // Greece. Dial tone has a cadence. How caller ID comes is not confirmed.
    Country {
        code: "GR",
        call_waiting: Some(cadenced(&[425.0], &[300, 10_000])),
        variants: &[variant(Congestion, cadenced(&[425.0], &[200, 200]), "tone table of Asterisk")],
        sources: &[ITU_TONES, ASTERISK_TONES, ETSI_DTMF, DAHDI_LINE],
        ..european(
            cadenced(&[425.0], &[200, 300, 700, 800]),
            cadenced(&[425.0], &[1000, 4000]),
            cadenced(&[425.0], &[300, 300]),
            cadenced(&[425.0], &[150, 150]),
        )
    },
    // Turkey. The line is of the harmonised kind (Silicon Labs AN93). How caller ID comes is not confirmed.
    Country {
        code: "TR",
        call_waiting: Some(cadenced(&[450.0], &[200, 600, 200, 8000])),
        dtmf_low_dbm0: -10.0,
        dtmf_high_dbm0: -10.0,
        sources: &[ITU_TONES, DAHDI_TONES, "Silicon Labs AN93"],
        ..european(
            continuous(&[450.0]),
            cadenced(&[450.0], &[2000, 4000]),
            cadenced(&[450.0], &[500, 500]),
            cadenced(&[450.0], &[200, 200, 200, 200, 200, 200, 600, 200]),
        )
    },
    // Russia. Tones: GOST 45.223-2001, as the tone table of Asterisk gives it; the further forms are those of the list of the ITU.
    // How caller ID comes is not confirmed.
    Country {
        code: "RU",
        call_waiting: Some(cadenced(&[425.0], &[200, 5000])),
        variants: &[
            variant(Ringback, cadenced(&[425.0], &[800, 3200]), "list of the ITU"),
            variant(Busy, cadenced(&[425.0], &[400, 400]), "list of the ITU"),
        ],
        dtmf_low_dbm0: -10.0,
        dtmf_high_dbm0: -10.0,
        impedance: Ohm600,
        direct_current: LowVoltage,
        sources: &["GOST 45.223-2001", ASTERISK_TONES, ITU_TONES, DAHDI_TONES, DAHDI_LINE],
        ..european(
            continuous(&[425.0]),
            cadenced(&[425.0], &[1000, 4000]),
            cadenced(&[425.0], &[350, 350]),
            cadenced(&[425.0], &[175, 175]),
        )
    },
    // Romania. The further forms are those of analogue exchanges, whose ringback is 450 Hz modulated with 25 Hz and heard as its
    // sidebands. No congestion is listed, so it stands as busy. How caller ID comes, and the tone of a second call, are not confirmed.
    Country {
        code: "RO",
        variants: &[
            variant(Ringback, cadenced(&[425.0, 475.0], &[1850, 4150]), "older exchanges"),
            variant(Busy, cadenced(&[450.0], &[150, 180]), "older exchanges"),
        ],
        impedance: Ohm600,
        direct_current: Fcc,
        sources: TONES_AND_LINE,
        ..european(
            continuous(&[450.0]),
            cadenced(&[450.0], &[1500, 4500]),
            cadenced(&[450.0], &[170, 170]),
            cadenced(&[450.0], &[170, 170]),
        )
    },
];

/// What the European profiles share, with the four tones of one country: the harmonised line.
const fn european(dial: ToneRow, ringback: ToneRow, busy: ToneRow, congestion: ToneRow) -> Country {
    Country { impedance: Harmonised, direct_current: Limited60Ma, ..usual(dial, ringback, busy, congestion) }
}
