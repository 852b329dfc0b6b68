//! An audio channel without audio: it hears what sounds on the line by name, with the delays that real detectors have.

use std::time::Duration;

use crate::dsp::callerid::CallerId;
use crate::dsp::progress::{HeardTone, ProgressTone};
use crate::gateway::plan;
use crate::media::{Ear, MediaCommand, MediaConfig, MediaEvent};
use crate::time::{Moment, earliest};

/// What sounds on a line, by name.
#[derive(Clone, Debug, PartialEq)]
pub enum Sound {
    /// Nothing.
    Silence,
    /// A supervisory tone with the length of one cadence cycle.
    Tone(ProgressTone, Duration),
    /// A far end that speaks or echoes.
    Voice,
    /// A caller-ID burst.
    CallerId(CallerId),
}

/// Time a detector needs to be sure of a continuous tone.
const TONE_SURE: Duration = Duration::from_millis(500);

/// Time a detector needs to be sure of a voice.
const VOICE_SURE: Duration = Duration::from_millis(300);

/// Length of a caller-ID burst.
const BURST: Duration = Duration::from_millis(800);

/// Cycles that are told before a detector stops repeating itself.
const MOST_CYCLES: u32 = 20;

/// The channel of one port.
#[derive(Clone, Debug)]
pub struct DeafChannel {
    config: Option<MediaConfig>,
    ear: Ear,
    attached: bool,
    sound: Sound,
    since: Moment,
    told: u32,
    dialing: Option<(String, Moment)>,
    /// When RTP was last on its way to us.
    rtp_seen: Moment,
    rtp_told: bool,
    /// When something was last heard from either side.
    alive_seen: Moment,
    silence_told: bool,
}

impl Default for DeafChannel {
    fn default() -> Self {
        DeafChannel {
            config: None,
            ear: Ear::Closed,
            attached: false,
            sound: Sound::Silence,
            since: Moment::ZERO,
            told: 0,
            dialing: None,
            rtp_seen: Moment::ZERO,
            rtp_told: false,
            alive_seen: Moment::ZERO,
            silence_told: false,
        }
    }
}

impl DeafChannel {
    /// An order of the brain.
    pub fn command(&mut self, command: MediaCommand, now: Moment) {
        match command {
            MediaCommand::Configure(config) => self.config = Some(*config),
            MediaCommand::Listen(ear) => {
                self.ear = ear;
                self.since = now;
                self.told = 0;
            }
            MediaCommand::Attach(_) => {
                if !self.attached {
                    self.attached = true;
                    (self.rtp_seen, self.alive_seen) = (now, now);
                    (self.rtp_told, self.silence_told) = (false, false);
                }
            }
            MediaCommand::Detach => self.attached = false,
            MediaCommand::Dial(digits) => {
                let each = self.config.as_ref().map_or(plan::ms(200), |config| config.dtmf_on + config.dtmf_off);
                let length = each * u32::try_from(digits.len()).unwrap_or(0);
                self.dialing = Some((digits, now + length));
            }
            MediaCommand::Quiet => self.dialing = None,
            MediaCommand::Digit { .. } => {}
        }
    }

    /// Digits that have just gone out on the line.
    pub fn take_dialed(&mut self, now: Moment) -> Option<String> {
        let done = self.dialing.as_ref().is_some_and(|(_, at)| *at <= now);
        if done { self.dialing.take().map(|(digits, _)| digits) } else { None }
    }

    /// Listens: `sound` is on the line, `rtp` is flowing towards us.
    pub fn listen(&mut self, sound: Sound, rtp: bool, now: Moment) -> Vec<MediaEvent> {
        if self.sound != sound {
            self.sound = sound;
            self.since = now;
            self.told = 0;
        }
        let mut events = Vec::new();
        if let Some(at) = self.next_recognition()
            && at <= now
        {
            self.told += 1;
            events.extend(self.recognise());
        }
        if rtp || !self.attached {
            self.rtp_seen = now;
        }
        if rtp || !self.attached || self.sound != Sound::Silence {
            self.alive_seen = now;
        }
        if let Some(at) = self.rtp_loss().filter(|at| *at <= now) {
            self.rtp_told = true;
            events.push(MediaEvent::RtpLost { for_ms: millis(at.since(self.rtp_seen)) });
        }
        if let Some(at) = self.silence().filter(|at| *at <= now) {
            self.silence_told = true;
            events.push(MediaEvent::Silence { for_ms: millis(at.since(self.alive_seen)) });
        }
        events
    }

    /// When [`DeafChannel::listen`] has something to tell.
    #[must_use]
    pub fn deadline(&self) -> Option<Moment> {
        let dialing = self.dialing.as_ref().map(|(_, at)| *at);
        [self.next_recognition(), self.rtp_loss(), self.silence(), dialing].into_iter().fold(None, earliest)
    }

    fn rtp_loss(&self) -> Option<Moment> {
        let timeout = self.config.as_ref()?.rtp_timeout?;
        (self.attached && !self.rtp_told).then(|| self.rtp_seen + timeout)
    }

    fn silence(&self) -> Option<Moment> {
        let timeout = self.config.as_ref()?.silence_timeout?;
        (self.attached && !self.silence_told).then(|| self.alive_seen + timeout)
    }

    /// When the next thing about the present sound is sure.
    fn next_recognition(&self) -> Option<Moment> {
        match (&self.sound, self.ear) {
            (Sound::Tone(_, cycle), Ear::OffHook) if cycle.is_zero() => (self.told == 0).then(|| self.since + TONE_SURE),
            (Sound::Tone(_, cycle), Ear::OffHook) => (self.told < MOST_CYCLES).then(|| self.since + *cycle * (self.told + 1)),
            (Sound::Voice, Ear::OffHook) => (self.told == 0).then(|| self.since + VOICE_SURE),
            (Sound::CallerId(_), Ear::OnHook) => (self.told == 0).then(|| self.since + BURST),
            (Sound::Silence | Sound::Tone(..) | Sound::Voice | Sound::CallerId(_), _) => None,
        }
    }

    fn recognise(&self) -> Option<MediaEvent> {
        match &self.sound {
            Sound::Silence => None,
            Sound::Tone(tone, _) => {
                Some(MediaEvent::Tone(HeardTone { tone: *tone, frequency_hz: 425.0, level_dbm0: -13.0, cycles: self.told }))
            }
            Sound::Voice => Some(MediaEvent::Voice),
            Sound::CallerId(caller) => Some(MediaEvent::CallerId(caller.clone())),
        }
    }
}

fn millis(time: Duration) -> u32 {
    u32::try_from(time.as_millis()).unwrap_or(u32::MAX)
}
