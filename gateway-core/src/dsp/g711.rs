//! Companding: A-law and µ-law, 64 kbit/s (ITU-T G.711, bit-exact with the reference of ITU-T G.191).
//!
//! Linear samples are left-justified 16 bit: A-law uses the upper 13, µ-law the upper 14 bits.

/// The A-law code of silence (the smallest positive step).
pub const ALAW_SILENCE: u8 = 0xD5;

/// The µ-law code of silence (positive zero).
pub const ULAW_SILENCE: u8 = 0xFF;

/// One linear sample as an A-law code (ITU-T G.711 table 1, even bits inverted).
#[must_use]
pub const fn alaw_encode(linear: i16) -> u8 {
    let mut magnitude = (if linear < 0 { !linear } else { linear }) >> 4;
    if magnitude > 15 {
        let mut segment = 1;
        while magnitude > 31 {
            magnitude >>= 1;
            segment += 1;
        }
        magnitude = magnitude - 16 + (segment << 4);
    }
    let sign = if linear < 0 { 0 } else { 0x80 };
    (magnitude as u8 | sign) ^ 0x55
}

/// The linear sample that an A-law code stands for; at most ±32256.
#[must_use]
pub const fn alaw_decode(code: u8) -> i16 {
    ALAW_LINEAR[code as usize]
}

/// One linear sample as a µ-law code (ITU-T G.711 table 2, all bits inverted).
#[must_use]
pub const fn ulaw_encode(linear: i16) -> u8 {
    let magnitude = (if linear < 0 { !linear } else { linear } >> 2) + 33;
    let biased = if magnitude > 0x1FFF { 0x1FFF } else { magnitude };
    let mut segment: i16 = 1;
    let mut rest = biased >> 6;
    while rest != 0 {
        segment += 1;
        rest >>= 1;
    }
    let high = 8 - segment;
    let low = 0xF - ((biased >> segment) & 0xF);
    let sign = if linear < 0 { 0 } else { 0x80 };
    ((high << 4) | low) as u8 | sign
}

/// The linear sample that a µ-law code stands for; at most ±32124.
#[must_use]
pub const fn ulaw_decode(code: u8) -> i16 {
    ULAW_LINEAR[code as usize]
}

const ALAW_LINEAR: [i16; 256] = {
    let mut table = [0; 256];
    let mut code = 0;
    while code < 256 {
        table[code] = alaw_expand(code as u8);
        code += 1;
    }
    table
};

const ULAW_LINEAR: [i16; 256] = {
    let mut table = [0; 256];
    let mut code = 0;
    while code < 256 {
        table[code] = ulaw_expand(code as u8);
        code += 1;
    }
    table
};

const fn alaw_expand(code: u8) -> i16 {
    let bits = code ^ 0x55;
    let segment = (bits >> 4) & 7;
    let mut magnitude = (bits & 0xF) as i16;
    if segment > 0 {
        magnitude += 16;
    }
    magnitude = (magnitude << 4) + 8;
    if segment > 1 {
        magnitude <<= segment - 1;
    }
    if bits & 0x80 != 0 { magnitude } else { -magnitude }
}

const fn ulaw_expand(code: u8) -> i16 {
    let bits = !code;
    let segment = (bits >> 4) & 7;
    let mantissa = (bits & 0xF) as i16;
    let magnitude = ((mantissa * 2 + 33) << segment) - 33;
    // `magnitude` has 14 bits; two more make it left-justified.
    let linear = magnitude << 2;
    if bits & 0x80 == 0 { linear } else { -linear }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_alaw_code_survives_a_round_trip() {
        for code in 0..=255 {
            assert_eq!(alaw_encode(alaw_decode(code)), code);
        }
    }

    #[test]
    fn every_ulaw_code_survives_a_round_trip_except_negative_zero() {
        for code in (0..=255).filter(|&code| code != 0x7F) {
            assert_eq!(ulaw_encode(ulaw_decode(code)), code);
        }
        assert_eq!((ulaw_decode(0x7F), ulaw_encode(0)), (0, 0xFF));
    }

    #[test]
    fn known_points_are_those_of_the_recommendation() {
        assert_eq!(alaw_encode(0), ALAW_SILENCE);
        assert_eq!((alaw_decode(0xD5), alaw_decode(0x55)), (8, -8));
        assert_eq!((alaw_decode(0xAA), alaw_decode(0x2A)), (32256, -32256));
        assert_eq!((alaw_encode(i16::MAX), alaw_encode(i16::MIN)), (0xAA, 0x2A));
        assert_eq!((ulaw_encode(0), ulaw_encode(-1)), (ULAW_SILENCE, 0x7F));
        assert_eq!((ulaw_decode(0x80), ulaw_decode(0x00)), (32124, -32124));
        assert_eq!((ulaw_encode(i16::MAX), ulaw_encode(i16::MIN)), (0x80, 0x00));
        assert_eq!((ulaw_decode(0xFE), ulaw_decode(0x7E)), (8, -8));
    }

    /// The 1 kHz sequence of G.711 table 5 (A-law) and 6 (µ-law): the codes of a tone of 0 dBm0.
    #[test]
    fn the_digital_milliwatt_is_0_dbm0() {
        let alaw = [0x34, 0x21, 0x21, 0x34, 0xB4, 0xA1, 0xA1, 0xB4].map(alaw_decode);
        let ulaw = [0x1E, 0x0B, 0x0B, 0x1E, 0x9E, 0x8B, 0x8B, 0x9E].map(ulaw_decode);
        assert!(crate::dsp::level::dbm0_of(&alaw).abs() < 0.05);
        assert!(crate::dsp::level::dbm0_of(&ulaw).abs() < 0.1);
    }

    #[test]
    fn companding_is_monotone_and_near() {
        let (mut last_a, mut last_u) = (i16::MIN, i16::MIN);
        for linear in i16::MIN..=i16::MAX {
            let (a, u) = (alaw_decode(alaw_encode(linear)), ulaw_decode(ulaw_encode(linear)));
            assert!(a >= last_a && u >= last_u, "{linear}");
            let step = i32::from(linear).abs() / 16 + 16;
            assert!((i32::from(a) - i32::from(linear)).abs() <= step, "A-law {linear} -> {a}");
            assert!((i32::from(u) - i32::from(linear)).abs() <= step, "µ-law {linear} -> {u}");
            (last_a, last_u) = (a, u);
        }
    }
}
