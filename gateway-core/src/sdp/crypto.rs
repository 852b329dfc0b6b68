//! Keys for SRTP in a description: `a=crypto` (SDES, RFC 4568), with the suites of RFC 4568 §6.2, RFC 6188 and RFC 7714.

use std::fmt;

use base64::Engine as _;
use base64::prelude::BASE64_STANDARD;
use serde::{Deserialize, Serialize};

use crate::rng::Rng;

/// Whether audio is sent and taken in SRTP.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "specta", derive(specta::Type))]
#[serde(rename_all = "snake_case")]
pub enum SrtpUse {
    /// Never.
    #[default]
    Off,
    /// Where the other side does it too (RFC 8643).
    Preferred,
    /// Always: a call without it does not come about.
    Mandatory,
}

/// How packets are sealed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Suite {
    /// AES-128 in counter mode, tags of 80 bits: the one that everybody has.
    AesCm128Sha1_80,
    /// AES-128 in counter mode, tags of 32 bits.
    AesCm128Sha1_32,
    /// AES-256 in counter mode, tags of 80 bits.
    AesCm256Sha1_80,
    /// AES-128 in Galois/counter mode.
    AesGcm128,
    /// AES-256 in Galois/counter mode.
    AesGcm256,
}

impl Suite {
    /// Every suite that is taken.
    pub const ALL: [Suite; 5] =
        [Suite::AesCm128Sha1_80, Suite::AesCm256Sha1_80, Suite::AesCm128Sha1_32, Suite::AesGcm128, Suite::AesGcm256];

    /// Those of our offers, in their order. Some telephones look at the first one only.
    pub const OFFERED: [Suite; 3] = [Suite::AesCm128Sha1_80, Suite::AesCm256Sha1_80, Suite::AesCm128Sha1_32];

    /// As the attribute names it.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Suite::AesCm128Sha1_80 => "AES_CM_128_HMAC_SHA1_80",
            Suite::AesCm128Sha1_32 => "AES_CM_128_HMAC_SHA1_32",
            Suite::AesCm256Sha1_80 => "AES_256_CM_HMAC_SHA1_80",
            Suite::AesGcm128 => "AEAD_AES_128_GCM",
            Suite::AesGcm256 => "AEAD_AES_256_GCM",
        }
    }

    /// Bytes of the master key.
    #[must_use]
    pub fn key_bytes(self) -> usize {
        match self {
            Suite::AesCm128Sha1_80 | Suite::AesCm128Sha1_32 | Suite::AesGcm128 => 16,
            Suite::AesCm256Sha1_80 | Suite::AesGcm256 => 32,
        }
    }

    /// Bytes of the master salt.
    #[must_use]
    pub fn salt_bytes(self) -> usize {
        match self {
            Suite::AesCm128Sha1_80 | Suite::AesCm128Sha1_32 | Suite::AesCm256Sha1_80 => 14,
            Suite::AesGcm128 | Suite::AesGcm256 => 12,
        }
    }

    fn bytes(self) -> usize {
        self.key_bytes() + self.salt_bytes()
    }
}

/// A master key and its salt (RFC 3711 §8.2).
#[derive(Clone, PartialEq, Eq)]
pub struct MasterKey {
    suite: Suite,
    bytes: Vec<u8>,
}

impl MasterKey {
    /// A fresh one.
    #[must_use]
    pub fn draw(suite: Suite, rng: &mut Rng) -> Self {
        let mut bytes = vec![0; suite.bytes()];
        rng.fill(&mut bytes);
        MasterKey { suite, bytes }
    }

    /// What it is for.
    #[must_use]
    pub fn suite(&self) -> Suite {
        self.suite
    }

    /// The key.
    #[must_use]
    pub fn key(&self) -> &[u8] {
        &self.bytes[..self.suite.key_bytes()]
    }

    /// The salt.
    #[must_use]
    pub fn salt(&self) -> &[u8] {
        &self.bytes[self.suite.key_bytes()..]
    }
}

impl fmt::Debug for MasterKey {
    /// The key itself is told to nobody.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "MasterKey({})", self.suite.name())
    }
}

/// Our keys for one call, one for each suite, so that no two suites ever share one.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct OwnKeys(Vec<MasterKey>);

impl OwnKeys {
    /// Of a call without SRTP.
    #[must_use]
    pub fn none() -> Self {
        OwnKeys(Vec::new())
    }

    /// Fresh ones, where they are used.
    #[must_use]
    pub fn draw(srtp: SrtpUse, rng: &mut Rng) -> Self {
        match srtp {
            SrtpUse::Off => OwnKeys::none(),
            SrtpUse::Preferred | SrtpUse::Mandatory => OwnKeys(Suite::ALL.map(|suite| MasterKey::draw(suite, rng)).into()),
        }
    }

    fn of(&self, suite: Suite) -> Option<&MasterKey> {
        self.0.iter().find(|key| key.suite == suite)
    }

    /// The lines of an offer, tagged from 1.
    #[must_use]
    pub fn offered(&self) -> Vec<CryptoLine> {
        let keys = Suite::OFFERED.into_iter().filter_map(|suite| self.of(suite));
        (1..).zip(keys).map(|(tag, key)| CryptoLine { tag, key: key.clone() }).collect()
    }

    /// The answer to an offered line: its tag with our key (RFC 4568 §5.1.2).
    #[must_use]
    pub fn answering(&self, offered: &CryptoLine) -> Option<CryptoLine> {
        self.of(offered.key.suite).map(|key| CryptoLine { tag: offered.tag, key: key.clone() })
    }
}

/// What both sides seal with.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SrtpKeys {
    /// Ours, for what we send.
    pub sending: MasterKey,
    /// The peer's, for what it sends.
    pub receiving: MasterKey,
    /// The stream takes nothing else (`RTP/SAVP`).
    pub alone: bool,
}

/// One `a=crypto` line.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CryptoLine {
    /// Which one it is; an answer repeats it.
    pub tag: u32,
    /// The suite and the key of whoever wrote the line.
    pub key: MasterKey,
}

impl CryptoLine {
    /// Reads the value of the attribute. `None` for whatever is not done here: suites, several keys, keys that packets name (MKI),
    /// and session parameters other than a hint at the window; such a line must not be chosen (RFC 4568 §6.3.7).
    #[must_use]
    pub fn parse(value: &str) -> Option<CryptoLine> {
        let mut words = value.split_ascii_whitespace();
        let tag = words.next()?.parse().ok()?;
        let name = words.next()?;
        let suite = Suite::ALL.into_iter().find(|suite| suite.name().eq_ignore_ascii_case(name))?;
        let keys = words.next()?;
        let inline = keys.get(..7).filter(|method| method.eq_ignore_ascii_case("inline:"))?.len();
        let mut parts = keys.get(inline..)?.split('|');
        let bytes = BASE64_STANDARD.decode(parts.next()?).ok()?;
        // A lifetime is only followed by calls of years; a colon begins an MKI or a second key.
        if parts.any(|part| part.contains(':')) || bytes.len() != suite.bytes() || keys.contains(';') {
            return None;
        }
        words
            .all(|parameter| parameter.to_ascii_uppercase().starts_with("WSH="))
            .then_some(CryptoLine { tag, key: MasterKey { suite, bytes } })
    }

    /// The value of the attribute.
    #[must_use]
    pub fn write(&self) -> String {
        format!("{} {} inline:{}", self.tag, self.key.suite.name(), BASE64_STANDARD.encode(&self.key.bytes))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The example of RFC 4568 §9.1.
    const LINE: &str = "1 AES_CM_128_HMAC_SHA1_80 inline:PS1uQCVeeCFCanVmcjkpPywjNWhcYD0mXXtxaVBR|2^20|1:32";

    #[test]
    fn a_line_is_read_as_it_was_written_and_never_shows_its_key() {
        let mut rng = Rng::from_bytes([7; 32]);
        let keys = OwnKeys::draw(SrtpUse::Preferred, &mut rng);
        for line in keys.offered() {
            assert_eq!(CryptoLine::parse(&line.write()), Some(line.clone()));
            assert!(!format!("{line:?}").contains("inline"), "{line:?}");
        }
        for suite in Suite::ALL {
            let key = MasterKey::draw(suite, &mut rng);
            assert_eq!((key.key().len(), key.salt().len()), (suite.key_bytes(), suite.salt_bytes()));
        }
    }

    #[test]
    fn lifetimes_and_window_hints_are_taken() {
        for line in [&LINE[..LINE.len() - 5], "1 aes_cm_128_hmac_sha1_80 INLINE:PS1uQCVeeCFCanVmcjkpPywjNWhcYD0mXXtxaVBR WSH=128"] {
            let line = CryptoLine::parse(line).unwrap();
            assert_eq!((line.tag, line.key.suite(), line.key.key()[0]), (1, Suite::AesCm128Sha1_80, b'='));
        }
    }

    #[test]
    fn what_is_not_done_here_is_not_chosen() {
        let short = &LINE[..40];
        let with = |parameter: &str| format!("{} {parameter}", &LINE[..LINE.len() - 5]);
        for line in [
            LINE,
            short,
            "",
            "1",
            "x AES_CM_128_HMAC_SHA1_80 inline:PS1uQCVeeCFCanVmcjkpPywjNWhcYD0mXXtxaVBR",
            "1 F8_128_HMAC_SHA1_80 inline:PS1uQCVeeCFCanVmcjkpPywjNWhcYD0mXXtxaVBR",
            "1 AES_CM_128_HMAC_SHA1_80 uri:http://example",
            "1 AES_CM_128_HMAC_SHA1_80 inline:PS1uQCVeeCFCanVmcjkpPywjNWhcYD0mXXtxaVBR;inline:PS1uQCVeeCFCanVmcjkpPywjNWhcYD0mXXtxaVBR",
            &with("UNENCRYPTED_SRTP"),
            &with("KDR=1"),
            "1 AES_CM_128_HMAC_SHA1_80 ínlíne:",
        ] {
            assert_eq!(CryptoLine::parse(line), None, "{line}");
        }
    }
}
