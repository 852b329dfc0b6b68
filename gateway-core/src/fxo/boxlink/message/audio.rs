//! Sound in band.

use serde::{Deserialize, Serialize};

use super::MessageError;
use super::bytes::Reader;
use crate::dsp::{FRAME_SAMPLES, g711};

/// The operation of a packet of sound.
const SAMPLES: u8 = 1;

/// How samples are coded.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum AudioFormat {
    /// ITU-T G.711 µ-law, one byte a sample.
    #[default]
    Ulaw,
    /// ITU-T G.711 A-law, one byte a sample.
    Alaw,
    /// Linear, 16 bit, little endian.
    Linear,
}

impl AudioFormat {
    /// Its code in requests and packets, which is also its bit in [`AudioFormats`].
    #[must_use]
    pub fn code(self) -> u8 {
        match self {
            AudioFormat::Ulaw => 0,
            AudioFormat::Alaw => 1,
            AudioFormat::Linear => 2,
        }
    }

    /// The format with this code.
    ///
    /// # Errors
    /// [`MessageError::Value`] when there is none.
    pub fn of(code: u8) -> Result<AudioFormat, MessageError> {
        match code {
            0 => Ok(AudioFormat::Ulaw),
            1 => Ok(AudioFormat::Alaw),
            2 => Ok(AudioFormat::Linear),
            _ => Err(MessageError::Value),
        }
    }
}

/// A set of formats, one bit each.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct AudioFormats(pub u8);

impl AudioFormats {
    /// All of them.
    pub const ALL: AudioFormats = AudioFormats(0b111);

    /// Whether `format` is one of them.
    #[must_use]
    pub fn contains(self, format: AudioFormat) -> bool {
        self.0 >> format.code() & 1 != 0
    }

    /// `wanted` when it is there, else the first that is.
    #[must_use]
    pub fn choose(self, wanted: AudioFormat) -> Option<AudioFormat> {
        [wanted, AudioFormat::Ulaw, AudioFormat::Alaw, AudioFormat::Linear].into_iter().find(|&format| self.contains(format))
    }
}

/// How much sound a packet holds.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Period {
    /// 20 ms, which every box with sound in band has.
    #[default]
    Twenty,
    /// 10 ms.
    Ten,
}

impl Period {
    /// As AUDIO says it, in ms.
    #[must_use]
    pub fn ms(self) -> u8 {
        match self {
            Period::Twenty => 20,
            Period::Ten => 10,
        }
    }

    /// The period of so many milliseconds, where it is one.
    #[must_use]
    pub fn of_ms(ms: u8) -> Option<Period> {
        [Period::Twenty, Period::Ten].into_iter().find(|period| period.ms() == ms)
    }

    /// Samples in a packet.
    #[must_use]
    pub fn samples(self) -> usize {
        usize::from(self.ms()) * FRAME_SAMPLES / 20
    }
}

/// A period of sound, as it travels.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SoundPacket {
    /// Samples sounded before the first of this packet, wrapping.
    pub timestamp: u32,
    /// The sound, as many samples as a [`Period`] has.
    pub samples: Vec<i16>,
}

impl SoundPacket {
    /// The operation code.
    pub const OP: u8 = SAMPLES;

    /// The payload.
    #[must_use]
    pub fn payload(&self, format: AudioFormat) -> Vec<u8> {
        let mut payload = Vec::with_capacity(5 + 2 * self.samples.len());
        payload.extend(self.timestamp.to_le_bytes());
        payload.push(format.code());
        let samples = self.samples.iter();
        match format {
            AudioFormat::Ulaw => payload.extend(samples.map(|&sample| g711::ulaw_encode(sample))),
            AudioFormat::Alaw => payload.extend(samples.map(|&sample| g711::alaw_encode(sample))),
            AudioFormat::Linear => payload.extend(samples.flat_map(|sample| sample.to_le_bytes())),
        }
        payload
    }

    /// The sound in this payload.
    ///
    /// # Errors
    /// [`MessageError`] when it is neither 10 ms nor 20 ms of a known format.
    pub fn decode(op: u8, payload: &[u8]) -> Result<SoundPacket, MessageError> {
        if op != SAMPLES {
            return Err(MessageError::UnknownOperation(op));
        }
        let mut fields = Reader(payload);
        let (timestamp, format) = (fields.u32()?, AudioFormat::of(fields.u8()?)?);
        let codes = fields.rest();
        let samples = match format {
            AudioFormat::Ulaw => codes.iter().map(|&code| g711::ulaw_decode(code)).collect(),
            AudioFormat::Alaw => codes.iter().map(|&code| g711::alaw_decode(code)).collect(),
            AudioFormat::Linear => codes.as_chunks().0.iter().map(|&bytes| i16::from_le_bytes(bytes)).collect(),
        };
        whole_period(samples).map(|samples| SoundPacket { timestamp, samples })
    }
}

/// What is behind 20 ms is left out: a later version of the protocol may put something there.
fn whole_period(mut samples: Vec<i16>) -> Result<Vec<i16>, MessageError> {
    samples.truncate(Period::Twenty.samples());
    if [Period::Twenty, Period::Ten].iter().any(|period| period.samples() == samples.len()) {
        Ok(samples)
    } else {
        Err(MessageError::Short)
    }
}
