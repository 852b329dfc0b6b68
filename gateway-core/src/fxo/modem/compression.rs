//! How samples look on the wire of a modem, chosen by name from its own list.
//!
//! The numbers of `+VSM` mean one thing with one maker and another with the next: 131 is µ-law with Conexant and G.726 with
//! Silicon Laboratories. The names in the list are what can be trusted (ITU-T V.253 §10.2.5).

use crate::dsp::g711;

/// A coding of samples, 8000 a second, a byte each.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Coding {
    /// µ-law (ITU-T G.711).
    Ulaw,
    /// A-law (ITU-T G.711).
    Alaw,
    /// Linear, 8 bits, silence at 128.
    Unsigned,
    /// Linear, 8 bits, two's complement.
    Signed,
}

impl Coding {
    /// Best first: companded codings keep soft speech above the noise of eight bits.
    const PREFERRED: [Coding; 4] = [Coding::Ulaw, Coding::Alaw, Coding::Unsigned, Coding::Signed];

    /// A 16-bit sample on the wire.
    #[must_use]
    pub fn encode(self, linear: i16) -> u8 {
        match self {
            Coding::Ulaw => g711::ulaw_encode(linear),
            Coding::Alaw => g711::alaw_encode(linear),
            Coding::Unsigned => high_byte(linear) ^ 0x80,
            Coding::Signed => high_byte(linear),
        }
    }

    /// The 16-bit sample of a byte from the wire.
    #[must_use]
    pub fn decode(self, code: u8) -> i16 {
        match self {
            Coding::Ulaw => g711::ulaw_decode(code),
            Coding::Alaw => g711::alaw_decode(code),
            Coding::Unsigned => i16::from_be_bytes([code ^ 0x80, 0]),
            Coding::Signed => i16::from_be_bytes([code, 0]),
        }
    }

    /// The coding that a list names so, with so many bits.
    fn named(name: &str, bits: &str) -> Option<Coding> {
        let name: String = name.chars().filter(char::is_ascii_alphanumeric).collect::<String>().to_ascii_uppercase();
        if name.contains("ULAW") {
            Some(Coding::Ulaw)
        } else if name.contains("ALAW") {
            Some(Coding::Alaw)
        } else if bits != "8" || name.contains("ADPCM") {
            None
        } else if name.contains("UNSIGNED") || name == "8BITLINEAR" {
            Some(Coding::Unsigned)
        } else if name.contains("SIGNED") {
            Some(Coding::Signed)
        } else {
            None
        }
    }
}

fn high_byte(linear: i16) -> u8 {
    linear.to_be_bytes()[0]
}

/// A coding and the number under which this modem knows it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Compression {
    /// For `+VSM=`.
    pub number: u16,
    /// What it is.
    pub coding: Coding,
}

impl Compression {
    /// The best coding in the answer to `AT+VSM=?`, one line each: `number,"name",bits,…,(rates),…`; or, as U.S. Robotics
    /// lists them, `number,"name",(rates)`. Only 8000 samples a second will do.
    #[must_use]
    pub fn best<'a>(lines: impl Iterator<Item = &'a str>) -> Option<Compression> {
        let offered: Vec<Compression> = lines.filter_map(Compression::parse).collect();
        Coding::PREFERRED.iter().find_map(|coding| offered.iter().find(|offer| offer.coding == *coding).copied())
    }

    fn parse(line: &str) -> Option<Compression> {
        let line = line.strip_prefix("+VSM:").unwrap_or(line).trim();
        let (number, rest) = line.split_once(',')?;
        let (name, rest) = rest.trim_start().strip_prefix('"')?.split_once('"')?;
        if !rest.contains("8000") {
            return None;
        }
        let bits = rest.trim_start_matches(',').split(',').next().map(str::trim).unwrap_or_default();
        // A list without bits names them, "8-BIT LINEAR".
        let bits = if bits.starts_with('(') && name.starts_with("8-BIT") { "8" } else { bits };
        Some(Compression { number: number.trim().parse().ok()?, coding: Coding::named(name, bits)? })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn best(list: &str) -> Option<(u16, Coding)> {
        Compression::best(list.lines()).map(|found| (found.number, found.coding))
    }

    #[test]
    fn the_name_decides_not_the_number() {
        let conexant = "0,\"SIGNED PCM\",8,0,8000,0,0\n1,\"UNSIGNED PCM\",8,0,8000,0,0\n129,\"IMA ADPCM\",4,0,8000,0,0\n\
                        131,\"Mu-Law\",8,0,8000,0,0\n132,\"A-Law\",8,0,8000,0,0\n133,\"14 bit PCM\",14,0,8000,0,0";
        assert_eq!(best(conexant), Some((131, Coding::Ulaw)));
        let robotics = "128,\"8-BIT LINEAR\",(7200,8000,11025)\n129,\"16-BIT LINEAR\",(7200,8000,11025)\n\
                        130,\"8-BIT ALAW\",(8000)\n131,\"8-BIT ULAW\",(8000)\n132,\"IMA ADPCM\",(8000)";
        assert_eq!(best(robotics), Some((131, Coding::Ulaw)));
        let silicon = "0,\"SIGNED PCM\",8,0,8000,0,0\n1,\"UNSIGNED PCM\",8,0,8000,0,0\n4,\"uLAW\",8,0,8000,0,0\n131,\"G.726\",4,0,8000,0,0";
        assert_eq!(best(silicon), Some((4, Coding::Ulaw)));
        assert_eq!(best("0,\"SIGNED PCM\",16,0,(8000),(127-129)\n5,\"A-Law Companded PCM\",8,0,(8000),(127-129)"), Some((5, Coding::Alaw)));
    }

    #[test]
    fn an_older_modem_speaks_linear_and_a_useless_one_nothing() {
        assert_eq!(best("1,\"UNSIGNED PCM\",8,0,8000,0,0\n140,\"2 BIT ADPCM\",2,0,8000,0,0"), Some((1, Coding::Unsigned)));
        assert_eq!(best("128,\"8-BIT LINEAR\",(7200,8000,11025)"), Some((128, Coding::Unsigned)));
        assert_eq!(best("1,\"UNSIGNED PCM\",8,0,7200,0,0"), None);
        assert_eq!(best("140,\"2 BIT ADPCM\",2,0,8000,0,0\nnonsense\n,\"\""), None);
    }

    #[test]
    fn every_coding_is_its_own_inverse() {
        for coding in Coding::PREFERRED {
            for code in 0..=255 {
                let linear = coding.decode(code);
                assert_eq!(coding.decode(coding.encode(linear)), linear, "{coding:?} {code}");
            }
        }
    }
}
