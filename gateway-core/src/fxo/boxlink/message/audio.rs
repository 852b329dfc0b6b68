//! Sound in band.

use serde::{Deserialize, Serialize};

use super::MessageError;
use super::bytes::Reader;
use crate::dsp::{FRAME_SAMPLES, Frame, g711};

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

/// 20 ms of sound, as it travels.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct SoundPacket {
    /// Samples sounded before the first of this packet, wrapping.
    pub timestamp: u32,
    /// The sound.
    pub frame: Frame,
}

impl SoundPacket {
    /// The operation code.
    pub const OP: u8 = SAMPLES;

    /// The payload.
    #[must_use]
    pub fn payload(&self, format: AudioFormat) -> Vec<u8> {
        let mut payload = Vec::with_capacity(5 + 2 * FRAME_SAMPLES);
        payload.extend(self.timestamp.to_le_bytes());
        payload.push(format.code());
        let samples = self.frame.0.iter();
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
    /// [`MessageError`] when it is not 20 ms of a known format.
    pub fn decode(op: u8, payload: &[u8]) -> Result<SoundPacket, MessageError> {
        if op != SAMPLES {
            return Err(MessageError::UnknownOperation(op));
        }
        let mut fields = Reader(payload);
        let (timestamp, format) = (fields.u32()?, AudioFormat::of(fields.u8()?)?);
        let mut frame = Frame::SILENCE;
        match format {
            AudioFormat::Ulaw => companded(fields.rest(), g711::ulaw_decode, &mut frame)?,
            AudioFormat::Alaw => companded(fields.rest(), g711::alaw_decode, &mut frame)?,
            AudioFormat::Linear => {
                for sample in &mut frame.0 {
                    *sample = fields.u16()?.cast_signed();
                }
            }
        }
        Ok(SoundPacket { timestamp, frame })
    }
}

fn companded(codes: &[u8], decode: fn(u8) -> i16, frame: &mut Frame) -> Result<(), MessageError> {
    if codes.len() < FRAME_SAMPLES {
        return Err(MessageError::Short);
    }
    for (sample, &code) in frame.0.iter_mut().zip(codes) {
        *sample = decode(code);
    }
    Ok(())
}
