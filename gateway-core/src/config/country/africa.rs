//! Countries of Africa.

use super::sources::{DAHDI_LINE, DAHDI_TONES, ITU_TONES};
use super::{BRITISH_PULSES, Country, Impedance, cadenced, continuous, usual, variant};
use crate::dsp::progress::ProgressTone::{Dial, Ringback};

pub(super) const COUNTRIES: &[Country] = &[
    // South Africa. Tones: ITU-T E.180 Supplement 2. Dial tone, ringback and the tone of a second call are 400 Hz modulated with
    // 33 Hz, which is heard as its two sidebands; exchanges of another make modulate with 17 Hz. Which exchanges send caller ID
    // how is not confirmed.
    Country {
        code: "ZA",
        ring_validation_ms: 150,
        call_waiting: Some(cadenced(&[367.0, 433.0], &[400, 4000])),
        variants: &[
            variant(Dial, continuous(&[383.0, 417.0]), "exchanges of another make"),
            variant(Ringback, cadenced(&[383.0, 417.0], &[400, 200, 400, 2000]), "exchanges of another make"),
        ],
        dtmf_low_dbm0: -13.0,
        dtmf_high_dbm0: -11.0,
        pulses: BRITISH_PULSES,
        impedance: Impedance::Ohm220And820,
        sources: &[ITU_TONES, DAHDI_TONES, DAHDI_LINE],
        ..usual(
            continuous(&[367.0, 433.0]),
            cadenced(&[367.0, 433.0], &[400, 200, 400, 2000]),
            cadenced(&[400.0], &[500, 500]),
            cadenced(&[400.0], &[250, 250]),
        )
    },
];
