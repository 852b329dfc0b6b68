//! An audio channel without audio: it hears what sounds on the line by name, with the delays that real detectors have.

use std::collections::VecDeque;
use std::time::Duration;

use crate::dsp::callerid::{CallerId, CallerIdSource};
use crate::dsp::progress::{HeardTone, ProgressTone};
use crate::gateway::plan;
use crate::media::{Ear, MediaCommand, MediaConfig, MediaEvent, SoundResult, SoundTest};
use crate::sdp::Direction;
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

/// Time a detector needs to tell a continuous tone, and to be sure of it.
const TONE_HEARD: Duration = Duration::from_millis(500);
const TONE_SURE: Duration = Duration::from_millis(2000);

/// Time a detector needs to be sure of a cadence.
const CADENCE_SURE: Duration = Duration::from_millis(1400);

/// Time a detector needs to be sure of a voice.
const VOICE_SURE: Duration = Duration::from_millis(300);

/// The first cycle of a slow cadence is believed in its pause.
const FIRST_CYCLE: Duration = Duration::from_millis(1600);

/// Times that real measurements of sound take.
const TONE_STAYS: Duration = Duration::from_millis(2000);
const TONE_GONE: Duration = Duration::from_millis(300);
const NOISE_TAKES: Duration = Duration::from_millis(1300);
const ECHO_TAKES: Duration = Duration::from_millis(1400);

/// Cycles that are told before a detector stops repeating itself.
const MOST_CYCLES: u32 = 20;

/// Digits that wait to be heard on the line; more are not taken.
const MOST_DIGITS: usize = 32;

/// The channel of one port.
#[derive(Clone, Debug)]
pub struct DeafChannel {
    config: Option<MediaConfig>,
    ear: Ear,
    attached: bool,
    sound: Sound,
    since: Moment,
    told: u32,
    /// Digits on their way to the line, and when they are out; true: ordered with [`MediaCommand::Dial`].
    dialing: VecDeque<(String, Moment, bool)>,
    /// Media flows both ways, as agreed: neither hold nor one way.
    both_ways: bool,
    /// What came from the network when it was last looked at.
    rtp: Rtp,
    /// When RTP was last on its way to us.
    rtp_seen: Moment,
    rtp_told: u32,
    /// When something was last heard from either side.
    alive_seen: Moment,
    silence_told: u32,
    /// What is measured in the sound, and since when.
    test: Option<(SoundTest, Moment)>,
}

/// What comes from the network side of a channel.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub enum Rtp {
    /// No packets.
    #[default]
    Missing,
    /// Packets with silence.
    Silent,
    /// Packets with a voice.
    Voice,
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
            dialing: VecDeque::new(),
            both_ways: false,
            rtp: Rtp::Missing,
            rtp_seen: Moment::ZERO,
            rtp_told: 0,
            alive_seen: Moment::ZERO,
            silence_told: 0,
            test: None,
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
                self.test = None;
                self.since = now;
                self.told = 0;
            }
            MediaCommand::Attach(plan) => {
                self.both_ways = plan.agreed.direction == Direction::Sendrecv;
                if !self.attached {
                    self.attached = true;
                    self.heard_all(now);
                }
            }
            MediaCommand::Detach => self.attached = false,
            MediaCommand::Dial(digits) => {
                let each = self.config.as_ref().map_or(plan::ms(200), |config| config.dtmf_on + config.dtmf_off);
                let length = each * u32::try_from(digits.len()).unwrap_or(0);
                self.dialing.push_back((digits, self.free_at(now) + length, true));
            }
            // There is no sound that could be looked at.
            MediaCommand::Analyse => {}
            MediaCommand::TestSound(test) => self.test = Some((test, now)),
            MediaCommand::TakeSound { .. } => {}
            MediaCommand::Quiet => {
                self.dialing.clear();
                self.test = None;
            }
            MediaCommand::Digit { digit, duration } => {
                if self.dialing.len() < MOST_DIGITS {
                    self.dialing.push_back((digit.to_string(), self.free_at(now) + duration, false));
                }
            }
        }
    }

    /// Digits that have just gone out on the line; true when that completes a [`MediaCommand::Dial`].
    pub fn take_dialed(&mut self, now: Moment) -> Option<(String, bool)> {
        self.dialing.front().filter(|(_, at, _)| *at <= now)?;
        self.dialing.pop_front().map(|(digits, _, ordered)| (digits, ordered))
    }

    /// Whether RTP is sent.
    #[must_use]
    pub fn is_attached(&self) -> bool {
        self.attached
    }

    /// Listens: from now on `sound` is on the line and `rtp` comes towards us; until now it was what was told last.
    pub fn listen(&mut self, sound: Sound, rtp: Rtp, now: Moment) -> Vec<MediaEvent> {
        let was_heard = self.sound != Sound::Silence || sound != Sound::Silence;
        let flowing = rtp.max(std::mem::replace(&mut self.rtp, rtp));
        let mut events = Vec::new();
        if self.sound != sound {
            // Caller ID is known when its sound ends. What the box decodes, the box tells.
            if let (Sound::CallerId(caller), Ear::OnHook) = (std::mem::replace(&mut self.sound, sound), self.ear)
                && caller.source != CallerIdSource::Device
            {
                events.push(MediaEvent::CallerId(caller));
            }
            self.since = now;
            self.told = 0;
        }
        if let Some(at) = self.next_recognition()
            && at <= now
        {
            self.told += 1;
            events.extend(self.recognise());
        }
        if self.test_over().is_some_and(|at| at <= now) {
            events.extend(self.test.take().map(|(test, since)| MediaEvent::SoundTested(self.tested(test, since))));
        }
        let watched = self.attached && self.both_ways;
        if flowing != Rtp::Missing || !watched {
            (self.rtp_seen, self.rtp_told) = (now, 0);
        }
        if flowing == Rtp::Voice || !watched || self.ear != Ear::OffHook || was_heard {
            (self.alive_seen, self.silence_told) = (now, 0);
        }
        if self.rtp_loss().is_some_and(|at| at <= now) {
            self.rtp_told += 1;
            events.push(MediaEvent::RtpLost { for_ms: millis(now.since(self.rtp_seen)) });
        }
        if self.silence().is_some_and(|at| at <= now) {
            self.silence_told += 1;
            events.push(MediaEvent::Silence { for_ms: millis(now.since(self.alive_seen)) });
        }
        events
    }

    fn heard_all(&mut self, now: Moment) {
        (self.rtp_seen, self.alive_seen) = (now, now);
        (self.rtp_told, self.silence_told) = (0, 0);
    }

    /// When the digits that sound now are out.
    fn free_at(&self, now: Moment) -> Moment {
        self.dialing.back().map_or(now, |(_, at, _)| now.max(*at))
    }

    /// When [`DeafChannel::listen`] has something to tell.
    #[must_use]
    pub fn deadline(&self) -> Option<Moment> {
        let dialing = self.dialing.front().map(|(_, at, _)| *at);
        [self.next_recognition(), self.rtp_loss(), self.silence(), self.test_over(), dialing].into_iter().fold(None, earliest)
    }

    /// When the limit has passed once more without RTP.
    fn rtp_loss(&self) -> Option<Moment> {
        let timeout = self.config.as_ref()?.rtp_timeout?;
        (self.attached && self.both_ways).then(|| self.rtp_seen + timeout * (self.rtp_told + 1))
    }

    fn silence(&self) -> Option<Moment> {
        let timeout = self.config.as_ref()?.silence_timeout?;
        (self.attached && self.both_ways && self.ear == Ear::OffHook).then(|| self.alive_seen + timeout * (self.silence_told + 1))
    }

    fn is_dial_tone(&self) -> bool {
        matches!(self.sound, Sound::Tone(ProgressTone::Dial, _))
    }

    /// When what is measured in the sound is known.
    fn test_over(&self) -> Option<Moment> {
        let (test, since) = self.test?;
        Some(match test {
            SoundTest::ToneBreak { .. } if self.is_dial_tone() => since + TONE_STAYS,
            SoundTest::ToneBreak { .. } => self.since.max(since) + TONE_GONE,
            SoundTest::Noise => since + NOISE_TAKES,
            SoundTest::EchoReturnLoss => since + ECHO_TAKES,
        })
    }

    /// What is measured on a line that is in order.
    fn tested(&self, test: SoundTest, since: Moment) -> SoundResult {
        match test {
            SoundTest::ToneBreak { .. } => {
                SoundResult::ToneBroken { after_ms: (!self.is_dial_tone()).then(|| millis(self.since.since(since))) }
            }
            SoundTest::Noise => SoundResult::Noise { level_dbm0: -65.0 },
            SoundTest::EchoReturnLoss => SoundResult::EchoReturnLoss { loss_db: 18.0 },
        }
    }

    /// When the next thing about the present sound is sure.
    fn next_recognition(&self) -> Option<Moment> {
        match (&self.sound, self.ear) {
            (Sound::Tone(_, cycle), Ear::OffHook) if cycle.is_zero() => match self.told {
                0 => Some(self.since + TONE_HEARD),
                1 => Some(self.since + TONE_SURE),
                _ => None,
            },
            (Sound::Tone(_, cycle), Ear::OffHook) => {
                (self.told < MOST_CYCLES).then(|| self.since + (*cycle).min(FIRST_CYCLE) + *cycle * self.told)
            }
            (Sound::Voice, Ear::OffHook) => (self.told == 0).then(|| self.since + VOICE_SURE),
            (Sound::Silence | Sound::Tone(..) | Sound::Voice | Sound::CallerId(_), _) => None,
        }
    }

    fn recognise(&self) -> Option<MediaEvent> {
        match &self.sound {
            Sound::Silence | Sound::CallerId(_) => None,
            Sound::Tone(tone, cycle) => {
                let lasted = (*cycle).min(FIRST_CYCLE) + *cycle * self.told.saturating_sub(1);
                let (cycles, confidence) = match self.told {
                    told if !cycle.is_zero() => (told, (lasted.as_secs_f32() / CADENCE_SURE.as_secs_f32()).min(1.0)),
                    1 => (1, TONE_HEARD.as_secs_f32() / TONE_SURE.as_secs_f32()),
                    _ => (1, 1.0),
                };
                Some(MediaEvent::Tone(HeardTone { tone: *tone, frequency_hz: 425.0, level_dbm0: -13.0, cycles, confidence }))
            }
            Sound::Voice => Some(MediaEvent::Voice),
        }
    }
}

fn millis(time: Duration) -> u32 {
    u32::try_from(time.as_millis()).unwrap_or(u32::MAX)
}
