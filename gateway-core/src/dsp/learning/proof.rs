//! The proof that a tone ends no call that goes on: hours of what is no tone, and the recordings of the line itself.

use serde::{Deserialize, Serialize};

use crate::dsp::babble::Babble;
use crate::dsp::fax::Fax;
use crate::dsp::music::Music;
use crate::dsp::progress::{ProgressDetector, ProgressTone, TonePlan, VoiceDetector};
use crate::dsp::{FRAME_SAMPLES, Frame};
use crate::rng::Rng;

/// Samples in a clip of the corpus: ten minutes.
pub const CLIP_SAMPLES: usize = 10 * 60 * 8000;

/// How loud the corpus is, in dBm0: as loud as somebody who speaks up.
const CORPUS_DBM0: f32 = -16.0;

/// After the end of a call nothing is heard for this long: it is over.
const CALL_OVER_FRAMES: usize = 10 * 50;

/// Whoever speaks for so long after a tone has not hung up.
const SPEAKS_ON_FRAMES: u32 = 50;

/// What a clip of the corpus holds.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "specta", derive(specta::Type))]
#[serde(rename_all = "snake_case")]
pub enum CorpusKind {
    /// Synthetic speech of many voices.
    Speech,
    /// Synthetic music of pure timbres, with notes and rests as long as those of busy tones.
    Music,
    /// Faxes and modems that call and answer, and hold tones.
    Machines,
}

impl CorpusKind {
    /// Every kind.
    pub const ALL: [CorpusKind; 3] = [CorpusKind::Speech, CorpusKind::Music, CorpusKind::Machines];

    /// Ten minutes of it, which follow from `seed`.
    #[must_use]
    pub fn clip(self, seed: u64) -> Vec<i16> {
        let rng = Rng::from_seed(seed);
        let mut samples = vec![0; CLIP_SAMPLES];
        match self {
            CorpusKind::Speech => Babble::new(rng, CORPUS_DBM0).fill(&mut samples),
            CorpusKind::Music => Music::new(rng, CORPUS_DBM0).fill(&mut samples),
            CorpusKind::Machines => Fax::new(rng, CORPUS_DBM0).fill(&mut samples),
        }
        samples
    }
}

/// A moment at which a call would have been ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "specta", derive(specta::Type))]
pub struct WouldEnd {
    /// Since the beginning of the recording, in ms.
    pub at_ms: u32,
    /// The tone.
    pub tone: ProgressTone,
    /// Somebody spoke on for a second after it: it would have been wrong. What goes on after a call is over is no voice.
    pub speaks_on: bool,
}

/// Where calls that sound like this would be ended by one of these tones. `samples` are 16 bit linear at 8 kHz.
#[must_use]
pub fn would_end(plan: &TonePlan, samples: &[i16]) -> Vec<WouldEnd> {
    let mut detector = ProgressDetector::new(plan);
    detector.dialed();
    let (mut heard, mut ends, mut quiet_until) = (Vec::new(), Vec::<WouldEnd>::new(), 0);
    let mut voice = VoiceDetector::new();
    let mut spoken_frames = 0;
    for (n, piece) in samples.chunks_exact(FRAME_SAMPLES).enumerate() {
        let mut frame = Frame::SILENCE;
        frame.0.copy_from_slice(piece);
        detector.process(&frame, &mut heard);
        if voice.process(&frame) {
            spoken_frames += 1;
        }
        let sure = heard.drain(..).find(|heard| heard.confidence >= 1.0 && ends_calls(heard.tone));
        if let Some(heard) = sure.filter(|_| n >= quiet_until) {
            let at_ms = u32::try_from((n + 1) * 20).unwrap_or(u32::MAX);
            ends.push(WouldEnd { at_ms, tone: heard.tone, speaks_on: false });
            (quiet_until, spoken_frames) = (n + CALL_OVER_FRAMES, 0);
        }
        if let Some(last) = ends.last_mut() {
            last.speaks_on |= spoken_frames >= SPEAKS_ON_FRAMES;
        }
    }
    ends
}

/// Whether a call ends when this tone is sure.
#[must_use]
pub fn ends_calls(tone: ProgressTone) -> bool {
    matches!(tone, ProgressTone::Busy | ProgressTone::Congestion | ProgressTone::Dial)
}
