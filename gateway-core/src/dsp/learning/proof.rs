//! The proof that a tone ends no call that goes on: hours of what is no tone, and the recordings of the line itself.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use crate::dsp::babble::Babble;
use crate::dsp::fax::Fax;
use crate::dsp::music::Music;
use crate::dsp::progress::{HeardTone, ProgressDetector, ProgressTone, TonePlan, VoiceDetector};
use crate::dsp::tone::ToneGenerator;
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

/// How long a tone of the plan is listened to: two rounds of the slowest call waiting tone.
const PLAYED_S: usize = 24;

/// A tone of the plan may be told so much later for a tone that was added.
const LATER_MS: u32 = 1000;

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
    let mut voice = VoiceDetector::new();
    let (mut ends, mut over_until, mut spoken_frames) = (Vec::<WouldEnd>::new(), 0, 0);
    listen(plan, samples, |n, frame, heard| {
        if voice.process(frame) {
            spoken_frames += 1;
        }
        let sure = heard.iter().find(|heard| heard.confidence >= 1.0 && ends_calls(heard.tone));
        if let Some(heard) = sure.filter(|_| n >= over_until) {
            ends.push(WouldEnd { at_ms: ms_after(n), tone: heard.tone, speaks_on: false });
            (over_until, spoken_frames) = (n + CALL_OVER_FRAMES, 0);
        }
        if let Some(last) = ends.last_mut() {
            last.speaks_on |= spoken_frames >= SPEAKS_ON_FRAMES;
        }
    });
    ends
}

/// Whether ringback or call waiting tone of this plan is told at `from_ms` or later.
#[must_use]
pub fn alerts(plan: &TonePlan, samples: &[i16], from_ms: u32) -> bool {
    let mut alerts = false;
    listen(plan, samples, |n, _, heard| {
        alerts |= ms_after(n) >= from_ms && heard.iter().any(|heard| is_alerting(heard.tone));
    });
    alerts
}

/// Whether tones that were added to `plan` do harm in `with`: ringback or call waiting tone of the plan is taken for one that ends
/// calls, or is told as what it is much later or never, or a tone that ended calls does so no longer.
#[must_use]
pub fn spoils(plan: &TonePlan, with: &TonePlan) -> bool {
    let four = [
        (ProgressTone::Dial, &plan.dial),
        (ProgressTone::Ringback, &plan.ringback),
        (ProgressTone::Busy, &plan.busy),
        (ProgressTone::Congestion, &plan.congestion),
    ];
    let mut all = four.into_iter().chain(plan.further.iter().map(|form| (form.tone, &form.spec)));
    all.any(|(tone, spec)| {
        let mut samples = vec![0; 8000 * PLAYED_S];
        ToneGenerator::new(spec).fill(&mut samples);
        let told = |plan: &TonePlan| {
            let mut first_ms = BTreeMap::new();
            listen(plan, &samples, |n, _, heard| {
                for heard in heard {
                    first_ms.entry(heard.tone).or_insert(ms_after(n));
                }
            });
            first_ms
        };
        let (before, after) = (told(plan), told(with));
        let ends = |told: &BTreeMap<ProgressTone, u32>| told.keys().any(|&tone| ends_calls(tone));
        let is_later = before.get(&tone).is_some_and(|ms| after.get(&tone).is_none_or(|later_ms| *later_ms > ms + LATER_MS));
        match tone {
            _ if is_alerting(tone) => is_later || (ends(&after) && !ends(&before)),
            _ if ends_calls(tone) => !would_end(plan, &samples).is_empty() && would_end(with, &samples).is_empty(),
            _ => false,
        }
    })
}

/// Whether a call ends when this tone is sure.
#[must_use]
pub fn ends_calls(tone: ProgressTone) -> bool {
    matches!(tone, ProgressTone::Busy | ProgressTone::Congestion | ProgressTone::Dial)
}

fn is_alerting(tone: ProgressTone) -> bool {
    matches!(tone, ProgressTone::Ringback | ProgressTone::CallWaiting)
}

/// Lets a detector for `plan` listen, and tells with each frame, counted from 0, what was heard in it.
fn listen(plan: &TonePlan, samples: &[i16], mut told: impl FnMut(usize, &Frame, &[HeardTone])) {
    let mut detector = ProgressDetector::new(plan);
    detector.dialed();
    let mut heard = Vec::new();
    for (n, piece) in samples.chunks_exact(FRAME_SAMPLES).enumerate() {
        let mut frame = Frame::SILENCE;
        frame.0.copy_from_slice(piece);
        detector.process(&frame, &mut heard);
        told(n, &frame, &heard);
        heard.clear();
    }
}

/// The end of a frame, in ms since the beginning.
fn ms_after(frame: usize) -> u32 {
    u32::try_from((frame + 1) * 20).unwrap_or(u32::MAX)
}
