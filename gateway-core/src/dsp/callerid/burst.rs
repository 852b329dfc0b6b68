//! What the line really sent: one attempt to tell who calls, as evidence, also where it could not be understood.

use serde::{Deserialize, Deserializer, Serialize, Serializer};

use super::CallerId;
use super::fsk::FskStandard;
use super::mdmf::{self, CallDataError, DateTime};

/// One attempt to tell who calls, from its carrier or first digit to its end.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "specta", derive(specta::Type))]
pub struct CallerIdBurst {
    /// Level in dBm0: the mean power of mark and space, or of both tones of the digits.
    pub level_dbm0: f32,
    /// Signal to noise in dB, in the band of the receiver: the mark before the message, or the tones of the digits, against all else that
    /// sounds with them. `None`: neither came whole.
    pub snr_db: Option<f32>,
    /// What was sent.
    pub content: BurstContent,
    /// What the receiver made of it.
    pub reading: BurstReading,
}

/// What a burst was made of.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "specta", derive(specta::Type))]
#[serde(tag = "form", rename_all = "snake_case")]
pub enum BurstContent {
    /// Bytes by frequency shift keying.
    Fsk {
        /// Which modem; `None`: the burst ended before its mark told.
        standard: Option<FskStandard>,
        /// What came, from the message type to the checksum: at most [`mdmf::LONGEST`] bytes, in JSON as hexadecimal digits.
        #[serde(with = "hex")]
        #[cfg_attr(feature = "specta", specta(type = String))]
        bytes: Vec<u8>,
        /// By how much the mark is louder than the space, in dB; `None`: no byte came.
        twist_db: Option<f32>,
        /// Whether the sum of all bytes is zero.
        checksum: Checksum,
        /// The kind of message; `None`: no byte came.
        message_type: Option<MessageType>,
    },
    /// DTMF digits.
    Dtmf {
        /// What came, with start and stop signs: at most [`DtmfCallerIdReceiver::LONGEST`](super::dtmf::DtmfCallerIdReceiver::LONGEST).
        digits: String,
    },
}

/// Whether the checksum of a message fits (Telcordia GR-30: the sum of all bytes is zero, modulo 256).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "specta", derive(specta::Type))]
#[serde(rename_all = "snake_case")]
pub enum Checksum {
    /// It does.
    Good,
    /// It does not.
    Bad,
    /// The message ended before it.
    Missing,
}

/// The kind of an FSK message, by its first byte.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "specta", derive(specta::Type))]
#[serde(rename_all = "snake_case")]
pub enum MessageType {
    /// Single data message format: calling number delivery.
    Sdmf,
    /// Multiple data message format: call setup.
    Mdmf,
    /// Something else, as a message waiting indicator.
    Other,
}

impl MessageType {
    /// The kind that a first byte stands for.
    #[must_use]
    pub fn of(first: u8) -> Self {
        match first {
            mdmf::SDMF => MessageType::Sdmf,
            mdmf::MDMF => MessageType::Mdmf,
            _ => MessageType::Other,
        }
    }
}

/// What the receiver made of a burst.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "specta", derive(specta::Type))]
#[serde(tag = "result", rename_all = "snake_case")]
pub enum BurstReading {
    /// It tells who calls.
    Understood {
        /// Who.
        caller: CallerId,
        /// When, by the clock of the exchange.
        date_time: Option<DateTime>,
    },
    /// It tells nothing.
    NotUnderstood {
        /// Why.
        fault: BurstFault,
    },
}

/// Why a burst was not understood.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "specta", derive(specta::Type))]
#[serde(rename_all = "snake_case")]
pub enum BurstFault {
    /// A carrier and no byte.
    NoMessage,
    /// The carrier ended before the message did.
    CutShort,
    /// A byte had no stop bit: the bits came wrongly.
    Framing,
    /// The checksum is wrong.
    Checksum,
    /// The message is whole, and neither SDMF nor MDMF call setup.
    Type,
    /// The message is whole, and its parameters are longer than it.
    Body,
    /// Digits without a start letter, as a telephone beside us dials them: they are not kept.
    NoStart,
    /// What stands between start letter and stop sign is no number.
    Digits,
    /// More digits than any number has.
    TooLong,
}

impl From<CallDataError> for BurstFault {
    fn from(error: CallDataError) -> Self {
        match error {
            CallDataError::Length => BurstFault::CutShort,
            CallDataError::Checksum => BurstFault::Checksum,
            CallDataError::Type => BurstFault::Type,
            CallDataError::Body => BurstFault::Body,
        }
    }
}

impl CallerIdBurst {
    /// Who calls, where it was understood.
    #[must_use]
    pub fn caller(&self) -> Option<&CallerId> {
        match &self.reading {
            BurstReading::Understood { caller, .. } => Some(caller),
            BurstReading::NotUnderstood { .. } => None,
        }
    }
}

/// A measured value, to a tenth: more digits would promise more than was measured.
pub(super) fn to_a_tenth(value: f32) -> f32 {
    (value * 10.0).round() / 10.0
}

/// The ratio of two powers in dB, within ±99 dB.
pub(super) fn ratio_db(power: f64, other: f64) -> f32 {
    let ratio = power.max(f64::MIN_POSITIVE) / other.max(f64::MIN_POSITIVE);
    to_a_tenth((10.0 * ratio.log10()).clamp(-99.0, 99.0) as f32)
}

/// Bytes as hexadecimal digits.
mod hex {
    use super::{Deserialize, Deserializer, Serializer, mdmf};

    pub(super) fn serialize<S: Serializer>(bytes: &[u8], serializer: S) -> Result<S::Ok, S::Error> {
        let digits = |byte: &u8| [byte >> 4, byte & 15].map(|digit| char::from_digit(u32::from(digit), 16).unwrap_or('0'));
        serializer.collect_str(&bytes.iter().flat_map(digits).collect::<String>())
    }

    pub(super) fn deserialize<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Vec<u8>, D::Error> {
        let text = String::deserialize(deserializer)?;
        let digits: Option<Vec<u8>> = text.chars().map(|digit| digit.to_digit(16).and_then(|digit| u8::try_from(digit).ok())).collect();
        let is_whole = |digits: &Vec<u8>| digits.len().is_multiple_of(2) && digits.len() <= 2 * mdmf::LONGEST;
        let digits = digits.filter(is_whole).ok_or_else(|| serde::de::Error::custom("no bytes in hexadecimal digits"))?;
        Ok(digits.chunks_exact(2).map(|pair| pair.iter().fold(0, |byte, digit| byte << 4 | digit)).collect())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn fsk(bytes: Vec<u8>) -> BurstContent {
        BurstContent::Fsk { standard: Some(FskStandard::V23), bytes, twist_db: None, checksum: Checksum::Missing, message_type: None }
    }

    #[test]
    fn bytes_are_hexadecimal_digits_in_json_and_come_back() {
        let content = fsk(vec![0x80, 0x0a, 0xff]);
        let json = serde_json::to_string(&content).unwrap();
        assert!(json.contains(r#""bytes":"800aff""#), "{json}");
        assert_eq!(serde_json::from_str::<BurstContent>(&json).unwrap(), content);
        for wrong in ["80a", "8g", "80é0", &"0".repeat(2 * mdmf::LONGEST + 2)] {
            assert!(serde_json::from_str::<BurstContent>(&json.replace("800aff", wrong)).is_err(), "{wrong}");
        }
        let longest = fsk(vec![7; mdmf::LONGEST]);
        assert_eq!(serde_json::from_str::<BurstContent>(&serde_json::to_string(&longest).unwrap()).unwrap(), longest);
    }

    #[test]
    fn ratios_are_bounded_and_rounded() {
        assert_eq!((ratio_db(1000.0, 1.0), ratio_db(1.0, 0.0), ratio_db(0.0, 1.0)), (30.0, 99.0, -99.0));
        assert_eq!(to_a_tenth(-13.4567), -13.5);
    }
}
