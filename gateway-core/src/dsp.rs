//! Telephony arithmetic at 8 kHz: companding, tones, DTMF, call progress and caller ID. A [`Frame`] is the only audio currency.

pub mod babble;
pub mod callerid;
pub mod dtmf;
pub mod echo_canceller;
pub mod echo_loss;
pub mod fax;
pub mod filter;
pub mod g711;
pub mod goertzel;
pub mod hybrid;
pub mod learning;
pub mod level;
pub mod line_model;
pub mod music;
pub mod progress;
pub mod rate;
pub mod spectrum;
pub mod tone;

/// Samples a second on every line, in every direction.
pub const SAMPLE_RATE_HZ: u32 = 8000;

/// Samples in one [`Frame`]: 20 ms.
pub const FRAME_SAMPLES: usize = 160;

/// The length of one [`Frame`] in milliseconds.
pub const FRAME_MS: u64 = 20;

/// 20 ms of linear audio: 160 samples, 8 kHz, 16 bit. Full scale (32767) is +3.14 dBm0 (ITU-T G.711, A-law).
#[derive(Clone, Copy, PartialEq, Eq)]
pub struct Frame(pub [i16; FRAME_SAMPLES]);

impl Frame {
    /// 20 ms of silence.
    pub const SILENCE: Frame = Frame([0; FRAME_SAMPLES]);
}

impl Default for Frame {
    fn default() -> Self {
        Frame::SILENCE
    }
}

impl std::fmt::Debug for Frame {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Frame({:?} …)", &self.0[..4])
    }
}
