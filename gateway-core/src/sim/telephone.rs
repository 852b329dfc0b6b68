//! A telephone that can be listened to: an audio channel whose "line" is somebody's mouth and ear.

use std::collections::VecDeque;
use std::net::SocketAddr;
use std::time::Duration;

use crate::config::country;
use crate::config::settings::PortSettings;
use crate::dsp::Frame;
use crate::dsp::dtmf::{DtmfGenerator, DtmfLevels};
use crate::dsp::goertzel::power_at;
use crate::dsp::level::{dbm0_of, dbm0_of_power};
use crate::dsp::tone::{ToneGenerator, ToneSpec};
use crate::gateway::plan;
use crate::media::{Channel, Ear, MediaCommand, MediaOutput, MediaPlan};
use crate::sdp::Agreed;
use crate::time::Moment;

/// Frames remembered: the last second.
const MOST_FRAMES: usize = 50;

/// A handset.
#[derive(Debug)]
pub struct Telephone {
    channel: Channel,
    attached: Option<Agreed>,
    tone: Option<ToneGenerator>,
    keys: DtmfGenerator,
    heard: VecDeque<Frame>,
}

impl Default for Telephone {
    fn default() -> Self {
        let mut channel = Channel::new(plan::media_config(&PortSettings::default(), country::brazil()));
        channel.command(MediaCommand::Listen(Ear::OffHook), Moment::ZERO, &mut Vec::new());
        Telephone { channel, attached: None, tone: None, keys: DtmfGenerator::new(DtmfLevels::default()), heard: VecDeque::new() }
    }
}

impl Telephone {
    /// From now on a tone is spoken into it, or nothing.
    pub fn speak(&mut self, tone: Option<&ToneSpec>) {
        self.tone = tone.map(ToneGenerator::new);
    }

    /// Keys are pressed, one after the other, 100 ms each. What is no key is skipped.
    pub fn press(&mut self, keys: &str) {
        let time = Duration::from_millis(100);
        for key in keys.chars() {
            // A key that does not exist makes no sound.
            let _ = self.keys.push(&key.to_string(), time, time);
        }
    }

    /// How loud the last second was, in dBm0.
    #[must_use]
    pub fn level_dbm0(&self) -> f32 {
        dbm0_of(&self.samples())
    }

    /// How loud one frequency was in the last second, in dBm0.
    #[must_use]
    pub fn level_at_dbm0(&self, frequency_hz: f32) -> f32 {
        dbm0_of_power(power_at(&self.samples(), frequency_hz))
    }

    fn samples(&self) -> Vec<i16> {
        self.heard.iter().flat_map(|frame| frame.0).collect()
    }

    /// 20 ms of talking and listening with whom was agreed; what is to be sent.
    pub fn tick(&mut self, agreed: Option<&Agreed>, now: Moment) -> Vec<(SocketAddr, Vec<u8>)> {
        let mut out = Vec::new();
        if self.attached.as_ref() != agreed {
            self.attached = agreed.cloned();
            let order = agreed.map_or(MediaCommand::Detach, |agreed| MediaCommand::Attach(Box::new(plan_of(agreed))));
            self.channel.command(order, now, &mut out);
        }
        let mut said = Frame::SILENCE;
        if !self.keys.is_idle() {
            self.keys.fill(&mut said);
        } else if let Some(tone) = &mut self.tone {
            tone.fill(&mut said.0);
        }
        self.channel.line_frame(&said, now, &mut out);
        if self.heard.len() >= MOST_FRAMES {
            self.heard.pop_front();
        }
        self.heard.push_back(self.channel.to_line(now));
        out.into_iter().filter_map(packet).collect()
    }

    /// An RTP packet came.
    pub fn receive(&mut self, bytes: &[u8], source: SocketAddr, now: Moment) {
        self.channel.packet(bytes, source, now, &mut Vec::new());
    }
}

fn plan_of(agreed: &Agreed) -> MediaPlan {
    MediaPlan::new(agreed.clone(), 0x7e1e, "telephone")
}

/// RTCP is not for the toy world.
fn packet(output: MediaOutput) -> Option<(SocketAddr, Vec<u8>)> {
    match output {
        MediaOutput::Rtp { to, bytes } => Some((to, bytes)),
        MediaOutput::Rtcp { .. } | MediaOutput::Event(_) | MediaOutput::Sound(_) => None,
    }
}
