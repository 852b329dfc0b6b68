//! The sound of a line: what the exchange plays, the echo of the hybrid, noise, and the digits it hears.

use std::collections::VecDeque;
use std::time::Duration;

use super::ExchangeConfig;
use crate::dsp::babble::{Babble, WhiteNoise};
use crate::dsp::callerid::fsk::{FskShape, FskStandard, FskTransmitter};
use crate::dsp::callerid::mdmf::CallData;
use crate::dsp::callerid::{ALERTING_HZ, CallerId, CallerIdSource, dtmf::to_digits};
use crate::dsp::dtmf::{DtmfEvent, DtmfGenerator, DtmfLevels, DtmfReceiver};
use crate::dsp::progress::{ProgressTone, TonePlan};
use crate::dsp::tone::{ToneGenerator, ToneSpec};
use crate::dsp::{FRAME_MS, Frame};
use crate::fxo::simulator::act::{LineSound, Sound};
use crate::rng::Rng;

/// A DTMF digit of caller ID and the pause after it.
const DIGIT_ON: Duration = Duration::from_millis(60);
const DIGIT_OFF: Duration = Duration::from_millis(50);

/// What goes before an FSK message and after it, in bits, and how fast.
const FSK_LEAD_BITS: u32 = 300 + 180 + 24;
const FSK_BITS_PER_SECOND: u32 = 1200;

/// In a call there is no seizure, and only this much mark before the message, in bits; the alerting signal has this level each tone.
const WAITING_LEAD_BITS: u32 = 80;
const ALERTING_DBM0: f32 = -18.0;

/// Speech of a far end, on average, in dBm0.
const SPEECH_DBM0: f32 = -18.0;

/// Longest delay of an echo, in frames.
const MOST_DELAY: usize = 100;

/// The sound machine of one line.
#[derive(Debug)]
pub(super) struct Voice {
    rng: Rng,
    noise: Option<WhiteNoise>,
    /// What plays the current sound; `None` until its first frame is asked for.
    player: Option<Player>,
    /// What the subscriber sent last, for the hybrid and for echoes.
    sent: Frame,
    receiver: DtmfReceiver,
}

#[derive(Debug)]
enum Player {
    Silence,
    Tone(Box<ToneGenerator>),
    Digits(Box<DtmfGenerator>),
    Fsk(Box<FskTransmitter>),
    Repeated { samples: std::sync::Arc<[i16]>, at: usize },
    Speech(Box<Babble>),
    Echo { waiting: VecDeque<Frame> },
}

impl Voice {
    pub(super) fn new(config: &ExchangeConfig, mut rng: Rng) -> Self {
        let noise = config.noise_dbm0.map(|level_dbm0| WhiteNoise::new(rng.fork(), level_dbm0));
        Voice { rng, noise, player: None, sent: Frame::SILENCE, receiver: DtmfReceiver::new() }
    }

    /// Another sound begins with the next frame.
    pub(super) fn change(&mut self) {
        self.player = None;
    }

    /// Takes 20 ms from the subscriber; gives the digits that begin in it.
    pub(super) fn hear(&mut self, frame: &Frame) -> Vec<char> {
        self.sent = *frame;
        let mut events = Vec::new();
        self.receiver.process(frame, &mut events);
        let begun = events.into_iter().filter_map(|event| match event {
            DtmfEvent::Begin { digit, .. } => Some(digit),
            DtmfEvent::End { .. } => None,
        });
        begun.collect()
    }

    /// The next 20 ms for the subscriber.
    pub(super) fn frame(&mut self, sound: &LineSound, off_hook: bool, config: &ExchangeConfig) -> Frame {
        let rng = &mut self.rng;
        let mut frame = Frame::SILENCE;
        // A line without current is quiet, and what plays is found again when the current is back.
        if *sound != LineSound::Quiet {
            let player = self.player.get_or_insert_with(|| Player::of(sound, config, rng));
            player.fill(&mut frame, &self.sent);
        }
        if let Some(loss_db) = config.hybrid_loss_db.filter(|_| off_hook) {
            mix(&mut frame, &self.sent, 10f32.powf(-loss_db / 20.0));
        }
        if let Some(noise) = &mut self.noise {
            noise.mix_into(&mut frame.0);
        }
        frame
    }
}

impl Player {
    fn of(sound: &LineSound, config: &ExchangeConfig, rng: &mut Rng) -> Player {
        let tone = |spec: &ToneSpec| Player::Tone(Box::new(ToneGenerator::new(spec)));
        match sound {
            LineSound::Quiet => Player::Silence,
            LineSound::DialTone => tone(&config.tones.dial),
            LineSound::Ringback => tone(&config.tones.ringback),
            LineSound::Busy => tone(&config.tones.busy),
            LineSound::Congestion => tone(&config.tones.congestion),
            LineSound::CallerId(caller) => Player::of_caller(caller),
            LineSound::CallWaiting => tone(&call_waiting_tone(&config.tones)),
            LineSound::Alerting => tone(&ToneSpec { frequencies_hz: ALERTING_HZ.to_vec(), level_dbm0: ALERTING_DBM0, cadence_ms: vec![] }),
            LineSound::WaitingCaller(caller) => Player::of_waiting_caller(caller),
            LineSound::FarEnd(far) => Player::of_far_end(far, rng),
        }
    }

    fn of_caller(caller: &CallerId) -> Player {
        match caller.source {
            CallerIdSource::Dtmf => {
                let mut generator = DtmfGenerator::new(DtmfLevels::default());
                match generator.push(&to_digits(caller), DIGIT_ON, DIGIT_OFF) {
                    Ok(()) => Player::Digits(Box::new(generator)),
                    Err(_) => Player::Silence,
                }
            }
            CallerIdSource::Bell202 => Player::of_fsk(caller, FskStandard::Bell202),
            CallerIdSource::V23 => Player::of_fsk(caller, FskStandard::V23),
            CallerIdSource::Device => Player::Silence,
        }
    }

    fn of_waiting_caller(caller: &CallerId) -> Player {
        let standard = if caller.source == CallerIdSource::V23 { FskStandard::V23 } else { FskStandard::Bell202 };
        let shape = FskShape { seizure_bits: 0, mark_bits: WAITING_LEAD_BITS, ..FskShape::of(standard) };
        Player::Fsk(Box::new(FskTransmitter::new(shape, &CallData::of_caller_id(caller).to_mdmf())))
    }

    fn of_fsk(caller: &CallerId, standard: FskStandard) -> Player {
        let message = CallData::of_caller_id(caller).to_mdmf();
        Player::Fsk(Box::new(FskTransmitter::new(FskShape::of(standard), &message)))
    }

    fn of_far_end(far: &Sound, rng: &mut Rng) -> Player {
        let tone = |frequency_hz, level_dbm0| {
            let spec = ToneSpec { frequencies_hz: vec![frequency_hz], level_dbm0, cadence_ms: Vec::new() };
            Player::Tone(Box::new(ToneGenerator::new(&spec)))
        };
        match far {
            Sound::Silence => Player::Silence,
            Sound::Echo { delay_ms } => {
                let delay = usize::try_from(u64::from(*delay_ms) / FRAME_MS).unwrap_or(MOST_DELAY).min(MOST_DELAY);
                Player::Echo { waiting: vec![Frame::SILENCE; delay].into() }
            }
            Sound::Tone { frequency_hz, level_dbm0 } => tone(*frequency_hz, *level_dbm0),
            Sound::Milliwatt => tone(1004.0, 0.0),
            Sound::Speech => Player::Speech(Box::new(Babble::new(rng.fork(), SPEECH_DBM0))),
            Sound::Recording { samples } => Player::Repeated { samples: samples.0.clone(), at: 0 },
        }
    }

    fn fill(&mut self, frame: &mut Frame, sent: &Frame) {
        match self {
            Player::Silence => {}
            Player::Tone(generator) => generator.fill(&mut frame.0),
            Player::Digits(generator) => {
                generator.fill(frame);
            }
            Player::Fsk(transmitter) => {
                transmitter.fill(frame);
            }
            Player::Repeated { samples, at } => {
                for slot in &mut frame.0 {
                    *slot = samples.get(*at).copied().unwrap_or(0);
                    *at = (*at + 1).checked_rem(samples.len()).unwrap_or(0);
                }
            }
            Player::Speech(babble) => babble.fill(&mut frame.0),
            Player::Echo { waiting } => {
                waiting.push_back(*sent);
                if let Some(heard) = waiting.pop_front() {
                    mix(frame, &heard, 0.5);
                }
            }
        }
    }
}

fn mix(frame: &mut Frame, other: &Frame, gain: f32) {
    for (sample, added) in frame.0.iter_mut().zip(other.0) {
        *sample = sample.saturating_add((f32::from(added) * gain) as i16);
    }
}

/// The tone of the country without its pauses, as it sounds once; 440 Hz where it is not known.
fn call_waiting_tone(tones: &TonePlan) -> ToneSpec {
    let known = tones.further.iter().find(|further| further.tone == ProgressTone::CallWaiting);
    let (frequencies_hz, level_dbm0) =
        known.map_or((vec![440.0], -13.0), |further| (further.spec.frequencies_hz.clone(), further.spec.level_dbm0));
    ToneSpec { frequencies_hz, level_dbm0, cadence_ms: Vec::new() }
}

/// How long the caller ID of a second caller sounds.
pub(super) fn waiting_caller_duration(caller: &CallerId) -> Duration {
    let bytes = u32::try_from(CallData::of_caller_id(caller).to_mdmf().len()).unwrap_or(0);
    Duration::from_secs(1) * (WAITING_LEAD_BITS + 24 + 10 * bytes) / FSK_BITS_PER_SECOND
}

/// How long caller ID sounds, so that worlds without audio keep the same time.
pub(super) fn caller_id_duration(caller: &CallerId) -> Duration {
    match caller.source {
        CallerIdSource::Dtmf => {
            let digits = u32::try_from(to_digits(caller).len()).unwrap_or(0);
            (DIGIT_ON + DIGIT_OFF) * digits
        }
        CallerIdSource::Bell202 | CallerIdSource::V23 => {
            let bytes = u32::try_from(CallData::of_caller_id(caller).to_mdmf().len()).unwrap_or(0);
            Duration::from_secs(1) * (FSK_LEAD_BITS + 10 * bytes) / FSK_BITS_PER_SECOND
        }
        CallerIdSource::Device => Duration::from_millis(500),
    }
}
