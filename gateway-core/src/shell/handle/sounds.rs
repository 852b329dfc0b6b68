//! The sound kept with calls: to be heard, to learn a tone from, and to prove one by.

use std::io;
use std::ops::ControlFlow;
use std::path::Path;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde::{Deserialize, Serialize};

use super::{GatewayHandle, StoreFault};
use crate::config::settings::Settings;
use crate::config::{PortId, learned_tone};
use crate::dsp::g711::alaw_decode;
use crate::dsp::learning::proof::{CorpusKind, WouldEnd, ends_calls, would_end};
use crate::dsp::learning::{LearnedTone, LearningFault, learn};
use crate::dsp::progress::{ProgressTone, TonePlan};
use crate::gateway::plan;
use crate::shell::calls_csv::{ExportError, write_whole};
use crate::shell::store::StoreError;

/// Most clips of ten minutes that one proof listens to: 25 hours.
const MOST_CLIPS: u32 = 150;

/// The first seed of the corpus of proofs.
const FIRST_SEED: u64 = 90_000;

/// The sound of a call.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[cfg_attr(feature = "specta", derive(specta::Type))]
pub struct KeptSound {
    /// A-law at 8 kHz (ITU-T G.711), oldest first, in base64.
    pub alaw_base64: String,
    /// Where the tones of its port, as the settings are now, would have ended the call.
    pub would_end: Vec<WouldEnd>,
}

/// What a call taught.
#[derive(Clone, Debug, PartialEq, Serialize)]
#[cfg_attr(feature = "specta", derive(specta::Type))]
pub struct Lesson {
    /// The tone.
    pub tone: LearnedTone,
    /// As a setting has it, named busy.
    pub text: String,
    /// The port's tones, as the settings are now, hear it already: nothing has to be learned.
    pub is_known: bool,
    /// With it the call would have ended by itself.
    pub ends_its_call: bool,
}

/// Why nothing could be learned, or proved.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error, Serialize)]
#[cfg_attr(feature = "specta", derive(specta::Type))]
#[serde(tag = "kind", rename_all = "snake_case")]
pub enum LessonError {
    /// No sound of the call is kept.
    #[error("no sound is kept")]
    NoSound,
    /// There is no such port, or the text is no tone.
    #[error("no such port or tone")]
    Unknown,
    /// Nothing in the sound can be learned.
    #[error("nothing to learn: {fault}")]
    Nothing {
        /// Why.
        fault: LearningFault,
    },
    /// The database could not be read.
    #[error("store: {error}")]
    Store {
        /// Why.
        error: StoreFault,
    },
    /// It was cancelled, or the gateway stops.
    #[error("cancelled")]
    Cancelled,
}

/// How far a proof is, and what it has found.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "specta", derive(specta::Type))]
pub struct ToneProof {
    /// Calls of the port whose sound was listened to.
    pub calls: u32,
    /// Their sound together, in seconds.
    pub calls_s: u32,
    /// Calls that the tone would have ended, each with the moment.
    pub ended: Vec<EndedCall>,
    /// Minutes of the corpus that were listened to: speech, music, machines.
    pub minutes: [u32; 3],
    /// Times that the tone would have ended a call in them.
    pub false_ends: [u32; 3],
    /// From 0 to 1.
    pub done: f32,
}

/// A kept call that the tone would have ended.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "specta", derive(specta::Type))]
pub struct EndedCall {
    /// Name of the call.
    pub call: String,
    /// When in its sound; if somebody spoke on, it would have been wrong.
    pub end: WouldEnd,
}

impl From<StoreError> for LessonError {
    fn from(error: StoreError) -> Self {
        LessonError::Store { error: error.into() }
    }
}

impl GatewayHandle {
    /// The sound of a call; `None`: none is kept.
    ///
    /// # Errors
    /// Why the database did not answer.
    pub async fn call_sound(&self, call: &str) -> Result<Option<KeptSound>, StoreFault> {
        let Some(record) = self.inner.store.record(call).await? else { return Ok(None) };
        let Some(alaw) = self.inner.store.sound(call).await? else { return Ok(None) };
        let plan = tones_of(&self.settings(), record.port);
        let heard = off_thread(move || {
            let would_end = plan.map(|plan| would_end(&plan, &linear(&alaw))).unwrap_or_default();
            KeptSound { alaw_base64: STANDARD.encode(&alaw), would_end }
        });
        Ok(heard.await)
    }

    /// Writes the sound of a call to `path` as a WAV file of linear samples, replacing what is there.
    ///
    /// # Errors
    /// See [`ExportError`]; nothing has changed at `path` then. A call without sound is no file.
    pub async fn save_call_sound(&self, call: &str, path: &Path) -> Result<(), ExportError> {
        let alaw = self.inner.store.sound(call).await?;
        let alaw = alaw.ok_or_else(|| ExportError::NotWritable { detail: "no sound is kept".to_owned() })?;
        Ok(write_whole(path, wav(&linear(&alaw))?).await?)
    }

    /// Learns the tone at the end of a call, as one by which the exchange says that the far end has hung up.
    ///
    /// # Errors
    /// See [`LessonError`].
    pub async fn learn_tone(&self, call: &str) -> Result<Lesson, LessonError> {
        let record = self.inner.store.record(call).await?.ok_or(LessonError::NoSound)?;
        let alaw = self.inner.store.sound(call).await?.ok_or(LessonError::NoSound)?;
        let plan = tones_of(&self.settings(), record.port).ok_or(LessonError::Unknown)?;
        off_thread(move || lesson(plan, &linear(&alaw))).await.unwrap_or(Err(LessonError::Cancelled))
    }

    /// Lets a tone, as a setting has it, listen to every kept call of a port and to `clips` of ten minutes of what is no tone, one
    /// kind after the other. `progress` is told after each call and clip, and may end it.
    ///
    /// # Errors
    /// See [`LessonError`].
    pub async fn prove_tone(
        &self,
        port: PortId,
        text: &str,
        clips: u32,
        mut progress: impl FnMut(&ToneProof) -> ControlFlow<()>,
    ) -> Result<ToneProof, LessonError> {
        let mut plan = tones_of(&self.settings(), port).ok_or(LessonError::Unknown)?;
        plan.further.push(learned_tone::parse(text).map_err(|_| LessonError::Unknown)?);
        let calls = self.inner.store.calls_with_sound(port).await?;
        let clips = clips.min(MOST_CLIPS);
        let steps = calls.len() as f32 + clips as f32;
        let mut proof = ToneProof::default();
        let mut step = 0.0;
        let mut told = |proof: &mut ToneProof| {
            step += 1.0;
            proof.done = step / steps;
            if progress(proof).is_break() { Err(LessonError::Cancelled) } else { Ok(()) }
        };
        for call in calls {
            if let Some(alaw) = self.inner.store.sound(&call).await? {
                let samples = linear(&alaw);
                proof.calls += 1;
                proof.calls_s += u32::try_from(samples.len() / 8000).unwrap_or(u32::MAX);
                let ends = ends_in(&plan, samples).await?;
                proof.ended.extend(ends.into_iter().map(|end| EndedCall { call: call.clone(), end }));
            }
            told(&mut proof)?;
        }
        for (clip, (place, kind)) in (0..clips).zip(CorpusKind::ALL.into_iter().enumerate().cycle()) {
            let samples = off_thread(move || kind.clip(FIRST_SEED + u64::from(clip))).await.ok_or(LessonError::Cancelled)?;
            proof.minutes[place] += 10;
            proof.false_ends[place] += u32::try_from(ends_in(&plan, samples).await?.len()).unwrap_or(u32::MAX);
            told(&mut proof)?;
        }
        proof.done = 1.0;
        Ok(proof)
    }
}

/// The tones that a port listens for; `None`: there is no such port.
fn tones_of(settings: &Settings, port: PortId) -> Option<TonePlan> {
    let line = &settings.ports.get(port.index())?.line;
    Some(plan::tone_plan(line, plan::country(&settings.gateway.country)))
}

fn linear(alaw: &[u8]) -> Vec<i16> {
    alaw.iter().map(|&code| alaw_decode(code)).collect()
}

/// A WAV file of one channel at 8 kHz.
fn wav(samples: &[i16]) -> io::Result<Vec<u8>> {
    let spec = hound::WavSpec { channels: 1, sample_rate: 8000, bits_per_sample: 16, sample_format: hound::SampleFormat::Int };
    let mut file = io::Cursor::new(Vec::new());
    let mut write = || {
        let mut writer = hound::WavWriter::new(&mut file, spec)?;
        samples.iter().try_for_each(|&sample| writer.write_sample(sample))?;
        writer.finalize()
    };
    write().map_err(io::Error::other)?;
    Ok(file.into_inner())
}

async fn ends_in(plan: &TonePlan, samples: Vec<i16>) -> Result<Vec<WouldEnd>, LessonError> {
    let plan = plan.clone();
    off_thread(move || would_end(&plan, &samples)).await.ok_or(LessonError::Cancelled)
}

fn lesson(mut plan: TonePlan, samples: &[i16]) -> Result<Lesson, LessonError> {
    let tone = learn(samples).map_err(|fault| LessonError::Nothing { fault })?;
    let text = learned_tone::text_of(ProgressTone::Busy, &tone.frequencies_hz, &tone.cadence_ms);
    let text = text.ok_or(LessonError::Nothing { fault: LearningFault::NotRepeated })?;
    let within = |plan: &TonePlan| would_end(plan, samples).iter().any(|end| end.at_ms >= tone.from_ms && ends_calls(end.tone));
    let is_known = within(&plan);
    plan.further.extend(learned_tone::parse(&text));
    let ends_its_call = within(&plan);
    Ok(Lesson { tone, text, is_known, ends_its_call })
}

/// Computes beside the tasks of the gateway; `None` when the program ends meanwhile.
async fn off_thread<T: Send + 'static>(compute: impl FnOnce() -> T + Send + 'static) -> Option<T> {
    tokio::task::spawn_blocking(compute).await.ok()
}
