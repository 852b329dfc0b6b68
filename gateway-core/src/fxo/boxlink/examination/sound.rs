//! The sound of a port: its pace, its counters, and that it stops.

use super::asking::Examiner;
use super::{Missing, Rule, Seen, WireGone};
use crate::dsp::{FRAME_MS, FRAME_SAMPLES};
use crate::fxo::boxlink::frame::{Class, Packet};
use crate::fxo::boxlink::message::{AudioFormat, Hello, Request, SoundPacket};

/// One second of listening.
const SECOND_STEPS: u32 = 50;

/// Packets that a second of sound may have, where the box sends in bursts and the host is late now and then.
const PACKETS: std::ops::RangeInclusive<usize> = 40..=60;

/// What was on its way when the sound was stopped has come after so many steps.
const SETTLE_STEPS: u32 = 10;

pub(super) fn sound(examiner: &mut Examiner<'_>, hello: &Hello, port: u8) -> Result<(), WireGone> {
    let Some(format) = in_band(hello) else {
        for rule in [Rule::Sound, Rule::SoundStops] {
            examiner.skip(rule, Some(port), Missing::SoundInBand);
        }
        return Ok(());
    };
    let seen = match start(examiner, port, format)? {
        Some(seen) => Some(seen),
        None => amiss(&sounds(examiner, port, SECOND_STEPS)?),
    };
    examiner.judge(Rule::Sound, Some(port), seen);
    let seen = match examiner.ask(port, &audio(false, format))? {
        Err(seen) => Some(seen),
        Ok(_) => {
            examiner.listen(SETTLE_STEPS)?;
            let late = sounds(examiner, port, SETTLE_STEPS)?.len();
            (late > 0).then_some(Seen::Packets { count: late })
        }
    };
    examiner.judge(Rule::SoundStops, Some(port), seen);
    Ok(())
}

/// The format that is asked for, where the box has sound in band.
pub(super) fn in_band(hello: &Hello) -> Option<AudioFormat> {
    hello.formats.choose(AudioFormat::Ulaw).filter(|_| hello.audio_in_band)
}

/// Starts the sound of a port; what was seen instead where it does not start.
pub(super) fn start(examiner: &mut Examiner<'_>, port: u8, format: AudioFormat) -> Result<Option<Seen>, WireGone> {
    Ok(examiner.ask(port, &audio(true, format))?.err())
}

fn audio(run: bool, format: AudioFormat) -> Request {
    Request::Audio { run, format, frame_ms: u8::try_from(FRAME_MS).unwrap_or(20) }
}

fn sounds(examiner: &mut Examiner<'_>, port: u8, steps: u32) -> Result<Vec<Packet>, WireGone> {
    let packets = examiner.listen(steps)?;
    Ok(packets.into_iter().filter(|packet| packet.class == Class::Audio && packet.port == port).collect())
}

/// What is wrong with a second of sound.
fn amiss(packets: &[Packet]) -> Option<Seen> {
    if !PACKETS.contains(&packets.len()) {
        return Some(Seen::Packets { count: packets.len() });
    }
    let mut before: Option<(u8, u32)> = None;
    for packet in packets {
        let Ok(sound) = SoundPacket::decode(packet.op, &packet.payload) else { return Some(Seen::Unreadable) };
        let samples = u32::try_from(FRAME_SAMPLES).unwrap_or(0);
        let follows = before.is_none_or(|(seq, at)| (seq.wrapping_add(1), at.wrapping_add(samples)) == (packet.seq, sound.timestamp));
        if !follows {
            return Some(Seen::Gap);
        }
        before = Some((packet.seq, sound.timestamp));
    }
    None
}
