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
use crate::dsp::learning::proof::{CorpusKind, WouldEnd, alerts, spoils, would_end};
use crate::dsp::learning::{LearnedTone, LearningFault, learn};
use crate::dsp::progress::{ProgressTone, TonePlan};
use crate::gateway::plan;
use crate::shell::calls_csv::ExportError;
use crate::shell::store::StoreError;
use crate::shell::whole_file::write_whole;

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
    /// Where the tones that end calls on its port, as the settings are now, would have been sure.
    pub would_end: Vec<WouldEnd>,
}

/// What a call taught.
#[derive(Clone, Debug, PartialEq, Serialize)]
#[cfg_attr(feature = "specta", derive(specta::Type))]
pub struct Lesson {
    /// The tone.
    pub tone: LearnedTone,
    /// As a setting has it: busy, or dial where it has no cadence.
    pub text: String,
    /// The port's tones, as the settings are now, end calls by it already: nothing has to be learned.
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
        let ear = Ear::of(&self.settings(), record.port);
        let heard = off_thread(move || {
            let would_end = ear.map(|ear| ear.would_end(&linear(&alaw))).unwrap_or_default();
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
        let ear = Ear::of(&self.settings(), record.port).ok_or(LessonError::Unknown)?;
        off_thread(move || lesson(ear, &linear(&alaw))).await.unwrap_or(Err(LessonError::Cancelled))
    }

    /// Lets a tone, as a setting has it, listen to every kept call of a port that was answered, and to `clips` of ten minutes of what
    /// is no tone, one kind after the other. `progress` is told after each call and clip, and may end it.
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
        let ear = Ear::of(&self.settings(), port).ok_or(LessonError::Unknown)?;
        let before = ear.plan.clone();
        let ear = ear.with(text).ok_or(LessonError::Unknown)?;
        let plan = ear.plan.clone();
        if off_thread(move || spoils(&before, &plan)).await.ok_or(LessonError::Cancelled)? {
            return Err(LessonError::Nothing { fault: LearningFault::Alerting });
        }
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
                let ends = ear.clone().ends_in(samples).await?;
                proof.ended.extend(ends.into_iter().map(|end| EndedCall { call: call.clone(), end }));
            }
            told(&mut proof)?;
        }
        for (clip, (place, kind)) in (0..clips).zip(CorpusKind::ALL.into_iter().enumerate().cycle()) {
            let samples = off_thread(move || kind.clip(FIRST_SEED + u64::from(clip))).await.ok_or(LessonError::Cancelled)?;
            proof.minutes[place] += 10;
            proof.false_ends[place] += u32::try_from(ear.clone().ends_in(samples).await?.len()).unwrap_or(u32::MAX);
            told(&mut proof)?;
        }
        proof.done = 1.0;
        Ok(proof)
    }
}

/// What a port listens for, and what of it ends calls.
#[derive(Clone, Debug)]
struct Ear {
    plan: TonePlan,
    /// Busy and congestion tone do.
    ends_on_busy: bool,
    /// Dial tone does.
    ends_on_dial: bool,
}

impl Ear {
    /// `None`: there is no such port.
    fn of(settings: &Settings, port: PortId) -> Option<Ear> {
        let line = &settings.ports.get(port.index())?.line;
        let plan = plan::tone_plan(line, plan::country(&settings.gateway.country));
        Some(Ear { plan, ends_on_busy: line.end_on_disconnect_tone, ends_on_dial: line.end_on_dial_tone })
    }

    /// The same with a tone more, which ends calls; `None`: the text is no tone.
    fn with(mut self, text: &str) -> Option<Ear> {
        let tone = learned_tone::parse(text).ok()?;
        self.ends_on_dial |= tone.tone == ProgressTone::Dial;
        self.ends_on_busy |= tone.tone != ProgressTone::Dial;
        self.plan.further.push(tone);
        Some(self)
    }

    fn would_end(&self, samples: &[i16]) -> Vec<WouldEnd> {
        let mut ends = would_end(&self.plan, samples);
        ends.retain(|end| if end.tone == ProgressTone::Dial { self.ends_on_dial } else { self.ends_on_busy });
        ends
    }

    async fn ends_in(self, samples: Vec<i16>) -> Result<Vec<WouldEnd>, LessonError> {
        off_thread(move || self.would_end(&samples)).await.ok_or(LessonError::Cancelled)
    }
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

fn lesson(ear: Ear, samples: &[i16]) -> Result<Lesson, LessonError> {
    let nothing = |fault| LessonError::Nothing { fault };
    let tone = learn(samples).map_err(nothing)?;
    if alerts(&ear.plan, samples, tone.from_ms) {
        return Err(nothing(LearningFault::Alerting));
    }
    // Without a cadence it is an invitation to dial: that is also what it means before a number.
    let name = if tone.cadence_ms.is_empty() { ProgressTone::Dial } else { ProgressTone::Busy };
    let text = learned_tone::text_of(name, &tone.frequencies_hz, &tone.cadence_ms).ok_or(nothing(LearningFault::Alerting))?;
    let within = |ear: &Ear| ear.would_end(samples).iter().any(|end| end.at_ms >= tone.from_ms);
    let is_known = within(&ear);
    let before = ear.plan.clone();
    let ear = ear.with(&text).ok_or(LessonError::Unknown)?;
    if !is_known && spoils(&before, &ear.plan) {
        return Err(nothing(LearningFault::Alerting));
    }
    let ends_its_call = within(&ear);
    Ok(Lesson { tone, text, is_known, ends_its_call })
}

/// Computes beside the tasks of the gateway; `None` when the program ends meanwhile.
async fn off_thread<T: Send + 'static>(compute: impl FnOnce() -> T + Send + 'static) -> Option<T> {
    tokio::task::spawn_blocking(compute).await.ok()
}
