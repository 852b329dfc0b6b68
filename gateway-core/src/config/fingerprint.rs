//! Fingerprints of certificates: their SHA-256.

use std::fmt;

use sha2::{Digest as _, Sha256};

const BYTES: usize = 32;

/// The SHA-256 of a certificate as it goes over the wire (DER).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Fingerprint([u8; BYTES]);

impl Fingerprint {
    /// The fingerprint of a certificate.
    #[must_use]
    pub fn of(certificate: &[u8]) -> Fingerprint {
        Fingerprint(Sha256::digest(certificate).into())
    }

    /// Reads 64 hexadecimal digits; colons and blanks between bytes do not count.
    #[must_use]
    pub fn parse(text: &str) -> Option<Fingerprint> {
        let digits: Vec<u8> = text
            .chars()
            .filter(|c| !matches!(c, ':' | ' '))
            .map(|c| c.to_digit(16).and_then(|digit| u8::try_from(digit).ok()))
            .collect::<Option<_>>()?;
        let bytes: Vec<u8> = digits.chunks(2).map(|pair| pair.iter().fold(0, |byte, digit| byte << 4 | digit)).collect();
        // An odd number of digits is one too few.
        (digits.len() == 2 * BYTES).then(|| bytes.try_into().ok().map(Fingerprint)).flatten()
    }
}

impl fmt::Display for Fingerprint {
    /// In upper case with colons, as other programs show it.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (index, byte) in self.0.iter().enumerate() {
            write!(f, "{}{byte:02X}", if index == 0 { "" } else { ":" })?;
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_shown_can_be_read_in_any_spelling() {
        let fingerprint = Fingerprint::of(b"abc");
        let shown = fingerprint.to_string();
        assert!(shown.starts_with("BA:78:16:BF:") && shown.len() == 95, "{shown}");
        for text in [shown.clone(), shown.replace(':', ""), shown.replace(':', " ").to_lowercase()] {
            assert_eq!(Fingerprint::parse(&text), Some(fingerprint));
        }
        for text in ["", "BA:78", &shown[1..], &format!("{shown}:00"), &shown.replace('B', "G")] {
            assert_eq!(Fingerprint::parse(text), None, "{text}");
        }
    }
}
