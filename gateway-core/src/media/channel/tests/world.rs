//! Two gateways' channels, their lines, and the network between them.

use std::net::SocketAddr;
use std::time::Duration;

use crate::config::settings::DtmfToSip;
use crate::dsp::callerid::dtmf::CategoryDigit;
use crate::dsp::dtmf::{DtmfEvent, DtmfGenerator, DtmfReceiver};
use crate::dsp::progress::TonePlan;
use crate::dsp::tone::ToneSpec;
use crate::dsp::{FRAME_SAMPLES, Frame};
use crate::media::{CallSound, Channel, Digit, Ear, MediaCommand, MediaConfig, MediaEvent, MediaOutput, MediaPlan};
use crate::rng::Rng;
use crate::rtp::packet::{self, Packet};
use crate::sdp::{Agreed, Codec, Direction};
use crate::time::Moment;

pub(super) const A: usize = 0;
pub(super) const B: usize = 1;

pub(super) const FRAME: Duration = Duration::from_millis(20);

pub(super) fn address(side: usize, rtcp: bool) -> SocketAddr {
    SocketAddr::from(([192, 0, 2, 10 + u8::try_from(side).unwrap()], 4000 + u16::from(rtcp)))
}

fn tone(frequencies_hz: &[f32], cadence_ms: &[u32]) -> ToneSpec {
    ToneSpec { frequencies_hz: frequencies_hz.to_vec(), level_dbm0: -10.0, cadence_ms: cadence_ms.to_vec() }
}

/// Brazil's tones, and the default settings.
pub(super) fn config() -> MediaConfig {
    MediaConfig {
        tones: TonePlan {
            dial: tone(&[425.0], &[]),
            ringback: tone(&[425.0], &[1000, 4000]),
            busy: tone(&[425.0], &[250, 250]),
            congestion: tone(&[425.0], &[250, 250, 750, 250]),
            further: Vec::new(),
        },
        category_digit: CategoryDigit::Brazil,
        waiting_caller_id: false,
        dtmf_to_sip: DtmfToSip::Rfc4733,
        dtmf_on: Duration::from_millis(100),
        dtmf_off: Duration::from_millis(100),
        rtp_timeout: Some(Duration::from_secs(30)),
        silence_timeout: Some(Duration::from_secs(60)),
    }
}

/// The plan of `side`, whose peer is the other one.
pub(super) fn plan(side: usize) -> MediaPlan {
    let (peer, ssrc) = (1 - side, 0x1000 + u32::try_from(side).unwrap());
    MediaPlan {
        first_sequence: 65_500,
        first_timestamp: 0xffff_f000,
        ..MediaPlan::new(Agreed::plain(address(peer, false), Codec::Pcma), ssrc, &format!("side-{side}"))
    }
}

pub(super) fn direction(plan: MediaPlan, direction: Direction) -> MediaPlan {
    MediaPlan { agreed: Agreed { direction, ..plan.agreed }, ..plan }
}

/// A datagram on its way.
struct Datagram {
    arrival: Moment,
    to: usize,
    rtcp: bool,
    bytes: Vec<u8>,
}

/// Two channels and the network between them.
pub(super) struct World {
    pub(super) now: Moment,
    pub(super) channels: [Channel; 2],
    /// What each channel told.
    pub(super) events: [Vec<MediaEvent>; 2],
    pub(super) sounds: [Vec<CallSound>; 2],
    /// The RTP that each channel sent.
    pub(super) sent: [Vec<Vec<u8>>; 2],
    pub(super) rtcp_sent: [Vec<Vec<u8>>; 2],
    pub(super) loss_per_mille: u64,
    pub(super) jitter_ms: u64,
    pub(super) twice_per_mille: u64,
    on_the_way: Vec<Datagram>,
    rng: Rng,
}

impl World {
    /// Both channels attached to each other and off hook, over a perfect network.
    pub(super) fn new(seed: u64, configs: [MediaConfig; 2], plans: [MediaPlan; 2]) -> Self {
        let mut world = World {
            now: Moment::from_millis(20),
            channels: configs.map(Channel::new),
            events: [Vec::new(), Vec::new()],
            sounds: [Vec::new(), Vec::new()],
            sent: [Vec::new(), Vec::new()],
            rtcp_sent: [Vec::new(), Vec::new()],
            loss_per_mille: 0,
            jitter_ms: 0,
            twice_per_mille: 0,
            on_the_way: Vec::new(),
            rng: Rng::from_seed(seed),
        };
        for (side, plan) in plans.into_iter().enumerate() {
            world.command(side, MediaCommand::Listen(Ear::OffHook));
            world.command(side, MediaCommand::Attach(Box::new(plan)));
        }
        world
    }

    pub(super) fn pair() -> Self {
        World::new(1, [config(), config()], [plan(A), plan(B)])
    }

    pub(super) fn command(&mut self, side: usize, command: MediaCommand) {
        let mut out = Vec::new();
        self.channels[side].command(command, self.now, &mut out);
        self.take(side, out);
    }

    /// 20 ms: both lines speak, the network delivers, both lines hear.
    pub(super) fn step(&mut self, lines: [&Frame; 2]) -> [Frame; 2] {
        for (side, line) in lines.into_iter().enumerate() {
            let mut out = Vec::new();
            self.channels[side].line_frame(line, self.now, &mut out);
            self.take(side, out);
        }
        self.deliver();
        let heard = [0, 1].map(|side| self.channels[side].to_line(self.now));
        self.now = self.now + FRAME;
        heard
    }

    /// Plays two signals on the lines and answers what is heard on each, until `frames` have passed.
    pub(super) fn play(&mut self, signals: [&[i16]; 2], frames: usize) -> [Vec<i16>; 2] {
        let mut heard = [Vec::new(), Vec::new()];
        for n in 0..frames {
            let [a, b] = signals.map(|signal| frame_of(signal, n));
            for (side, frame) in self.step([&a, &b]).into_iter().enumerate() {
                heard[side].extend(frame.0);
            }
        }
        heard
    }

    fn deliver(&mut self) {
        self.on_the_way.sort_by_key(|datagram| datagram.arrival);
        let later = self.on_the_way.partition_point(|datagram| datagram.arrival <= self.now);
        for Datagram { arrival, to, rtcp, bytes } in self.on_the_way.drain(..later).collect::<Vec<_>>() {
            let mut out = Vec::new();
            let source = address(1 - to, rtcp);
            if rtcp {
                self.channels[to].rtcp(&bytes, source, arrival, &mut out);
            } else {
                self.channels[to].packet(&bytes, source, arrival, &mut out);
            }
            self.take(to, out);
        }
    }

    fn take(&mut self, side: usize, out: Vec<MediaOutput>) {
        for output in out {
            match output {
                MediaOutput::Event(event) => self.events[side].push(event),
                MediaOutput::Sound(sound) => self.sounds[side].push(sound),
                MediaOutput::Rtp { to, bytes } => {
                    assert_eq!(to, address(1 - side, false));
                    self.sent[side].push(bytes.clone());
                    self.send(side, false, bytes);
                }
                MediaOutput::Rtcp { to, bytes } => {
                    assert_eq!(to, address(1 - side, true));
                    self.rtcp_sent[side].push(bytes.clone());
                    self.send(side, true, bytes);
                }
            }
        }
    }

    fn send(&mut self, from: usize, rtcp: bool, bytes: Vec<u8>) {
        let copies = 1 + u64::from(self.rng.chance(self.twice_per_mille));
        for _ in 0..copies {
            let arrival = self.now + Duration::from_millis(self.rng.below(self.jitter_ms + 1));
            if !self.rng.chance(self.loss_per_mille) {
                self.on_the_way.push(Datagram { arrival, to: 1 - from, rtcp, bytes: bytes.clone() });
            }
        }
    }
}

pub(super) fn frame_of(signal: &[i16], n: usize) -> Frame {
    let mut frame = Frame::SILENCE;
    for (to, from) in frame.0.iter_mut().zip(signal.iter().skip(n * FRAME_SAMPLES)) {
        *to = *from;
    }
    frame
}

/// Digits as a telephone on the line sends them, after `start` samples of silence, and half a second of silence after them.
pub(super) fn keys(digits: &str, on_ms: u64, off_ms: u64, start: usize) -> Vec<i16> {
    let mut generator = DtmfGenerator::default();
    generator.push(digits, Duration::from_millis(on_ms), Duration::from_millis(off_ms)).unwrap();
    let mut signal = vec![0; start];
    let mut frame = Frame::SILENCE;
    while !generator.fill(&mut frame) {
        signal.extend(frame.0);
    }
    signal.extend(frame.0);
    signal.extend([0; 4000]);
    signal
}

/// The digits that a receiver finds in a signal.
pub(super) fn digits_in(signal: &[i16]) -> String {
    let mut receiver = DtmfReceiver::new();
    let mut found = Vec::new();
    for n in 0..signal.len().div_ceil(FRAME_SAMPLES) {
        receiver.process(&frame_of(signal, n), &mut found);
    }
    found.iter().filter_map(|event| if let DtmfEvent::Begin { digit, .. } = event { Some(*digit) } else { None }).collect()
}

pub(super) fn line_digits(events: &[MediaEvent]) -> String {
    events.iter().filter_map(|event| if let MediaEvent::LineDigit(digit) = event { Some(*digit) } else { None }).collect()
}

pub(super) fn net_digits(events: &[MediaEvent]) -> String {
    let digit = |event: &MediaEvent| -> Option<Digit> { if let MediaEvent::NetDigit(digit) = event { Some(*digit) } else { None } };
    events.iter().filter_map(digit).collect()
}

pub(super) fn parsed(sent: &[Vec<u8>]) -> impl Iterator<Item = Packet<'_>> {
    sent.iter().map(|bytes| packet::read(bytes).unwrap())
}

/// The audio that packets carry, laid out by timestamp; zeros where there is none. A-law.
pub(super) fn audio_of(sent: &[Vec<u8>]) -> Vec<i16> {
    let mut audio = Vec::new();
    let first = plan(A).first_timestamp;
    for packet in parsed(sent).filter(|packet| packet.header.payload_type == 8) {
        let start = packet.header.timestamp.wrapping_sub(first) as usize;
        audio.resize(audio.len().max(start + packet.payload.len()), 0);
        for (to, code) in audio[start..].iter_mut().zip(packet.payload) {
            *to = crate::dsp::g711::alaw_decode(*code);
        }
    }
    audio
}
