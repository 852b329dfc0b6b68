//! Digits through the whole path: a line, our channel, RTP, a channel again, and the line behind it.

use std::net::SocketAddr;
use std::time::Duration;

use gateway_core::config::country::brazil;
use gateway_core::config::settings::{DtmfToSip, LineSettings, PortSettings};
use gateway_core::dsp::dtmf::{DtmfEvent, DtmfReceiver};
use gateway_core::dsp::line_model::{Companding, Impairments, LineModel};
use gateway_core::dsp::{FRAME_SAMPLES, Frame, g711};
use gateway_core::gateway::plan::media_config;
use gateway_core::media::{Channel, Ear, MediaCommand, MediaOutput, MediaPlan};
use gateway_core::rng::Rng;
use gateway_core::rtp::packet;
use gateway_core::sdp::{Agreed, Codec};
use gateway_core::time::Moment;

use super::context::Context;
use super::report::{Limit, Report};
use super::sound::{self, DigitShape};

/// Calls of a whole run, each with so many digits: a hundred thousand.
const CALLS: usize = 2000;
const DIGITS: usize = 50;

/// Digits of one way to carry them; the rest go the other way.
const BY_EVENTS: usize = CALLS * 4 / 5;

/// Frames after the last digit in which the other side may still be playing.
const DRAIN_FRAMES: usize = 200;

pub fn run(context: &mut Context, report: &mut Report) {
    report.text("## Digits through the whole path");
    report.text(
        "Digits of 60 ms with pauses of 50 ms, in noise of −50 dBm0 and through A-law, go from one line through our channel, RTP and another \
         channel of ours to the next line, where they are received again. As events (RFC 4733) one packet in a hundred is lost and one in a \
         hundred comes twice; what is left of the digits in the audio beside them is given to a receiver, too.",
    );
    let (mut events, mut in_band) = (Outcome::default(), Outcome::default());
    for call in 0..context.trials(CALLS) as u64 {
        let by_events = call < context.trials(BY_EVENTS) as u64;
        let outcome = if by_events { &mut events } else { &mut in_band };
        outcome.add(carry(if by_events { DtmfToSip::Rfc4733 } else { DtmfToSip::InBand }, Rng::from_seed(9000 + call)));
    }
    let limit = |what: &str, outcome: &Outcome| Limit {
        what: format!("{what}: {} digits, each once", outcome.sent),
        source: "ours",
        ours: (
            outcome.missed + outcome.extra + outcome.leaked == 0,
            format!("{} missed, {} too many, {} left in the audio", outcome.missed, outcome.extra, outcome.leaked),
        ),
        rival: None,
    };
    report.limits("Each digit once", "spandsp has no such path.", &[limit("as events", &events), limit("in the audio", &in_band)]);
}

#[derive(Default)]
struct Outcome {
    sent: usize,
    missed: usize,
    extra: usize,
    leaked: usize,
}

impl Outcome {
    fn add(&mut self, other: Outcome) {
        self.sent += other.sent;
        self.missed += other.missed;
        self.extra += other.extra;
        self.leaked += other.leaked;
    }
}

fn channel(dtmf_to_sip: DtmfToSip, peer: SocketAddr, ssrc: u32) -> Channel {
    let line = LineSettings { dtmf_to_sip, dtmf_on_ms: 60, dtmf_off_ms: 50, ..LineSettings::default() };
    let mut channel = Channel::new(media_config(&PortSettings { line, ..PortSettings::default() }, brazil()));
    let mut out = Vec::new();
    channel.command(MediaCommand::Listen(Ear::OffHook), Moment::ZERO, &mut out);
    let plan = MediaPlan::new(Agreed::plain(peer, Codec::Pcma), ssrc, "bench");
    channel.command(MediaCommand::Attach(Box::new(plan)), Moment::ZERO, &mut out);
    channel
}

fn carry(dtmf_to_sip: DtmfToSip, mut rng: Rng) -> Outcome {
    let addresses: [SocketAddr; 2] = [([192, 0, 2, 1], 4000).into(), ([192, 0, 2, 2], 4000).into()];
    let (mut near, mut far) = (channel(dtmf_to_sip, addresses[1], 1), channel(dtmf_to_sip, addresses[0], 2));
    let digits: Vec<char> = sound::shuffled(&mut rng, 4).into_iter().take(DIGITS).collect();
    let shape = DigitShape { low_dbm0: -14.0, high_dbm0: -12.0, on_ms: 60.0, off_ms: 50.0, ..DigitShape::default() };
    let (mut samples, _) = sound::digits(&mut rng, &shape, &digits);
    samples.resize(samples.len() + DRAIN_FRAMES * FRAME_SAMPLES, 0);
    let line = Impairments { noise_dbm0: Some(-50.0), companding: Some(Companding::ALaw), ..Impairments::default() };
    LineModel::new(line, rng.fork()).process(&mut samples);
    let (mut receiver, mut in_audio) = (DtmfReceiver::new(), DtmfReceiver::new());
    let (mut heard, mut left, mut out) = (Vec::new(), Vec::new(), Vec::new());
    let is_event = dtmf_to_sip == DtmfToSip::Rfc4733;
    for (n, piece) in samples.chunks_exact(FRAME_SAMPLES).enumerate() {
        let now = Moment::ZERO + Duration::from_millis(20 * n as u64);
        near.line_frame(&Frame(piece.try_into().expect("a frame")), now, &mut out);
        near.to_line(now);
        for output in out.drain(..) {
            let MediaOutput::Rtp { bytes, .. } = output else { continue };
            if is_event {
                leak(&bytes, &mut in_audio, &mut left);
            }
            // Lost packets of audio cost digits that are in it, whoever receives them.
            let times = if !is_event { 1 } else { 1 + usize::from(rng.chance(10)) - usize::from(rng.chance(10)).min(1) };
            for _ in 0..times {
                far.packet(&bytes, addresses[0], now, &mut Vec::new());
            }
        }
        far.line_frame(&Frame::SILENCE, now, &mut Vec::new());
        receiver.process(&far.to_line(now), &mut heard);
    }
    let told: Vec<char> = heard.iter().filter_map(begun).collect();
    let common = common(&digits, &told);
    Outcome { sent: digits.len(), missed: digits.len() - common, extra: told.len() - common, leaked: left.iter().filter_map(begun).count() }
}

/// Gives the audio of a packet to a receiver.
fn leak(bytes: &[u8], receiver: &mut DtmfReceiver, events: &mut Vec<DtmfEvent>) {
    let Ok(packet) = packet::read(bytes) else { return };
    if packet.payload.len() == FRAME_SAMPLES {
        let frame = Frame(std::array::from_fn(|n| g711::alaw_decode(packet.payload[n])));
        receiver.process(&frame, events);
    }
}

fn begun(event: &DtmfEvent) -> Option<char> {
    match event {
        DtmfEvent::Begin { digit, .. } => Some(*digit),
        DtmfEvent::End { .. } => None,
    }
}

/// How many digits both have in the same order.
fn common(one: &[char], other: &[char]) -> usize {
    let mut row = vec![0_usize; other.len() + 1];
    for a in one {
        let mut diagonal = 0;
        for (n, b) in other.iter().enumerate() {
            let above = row[n + 1];
            row[n + 1] = if a == b { diagonal + 1 } else { above.max(row[n]) };
            diagonal = above;
        }
    }
    row[other.len()]
}
