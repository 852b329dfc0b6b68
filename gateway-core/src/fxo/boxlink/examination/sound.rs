//! The sound of a port: its pace, its counters, and that it stops.

use super::asking::Examiner;
use super::{Missing, Rule, Seen, WireGone};
use crate::fxo::boxlink::frame::{Class, Packet};
use crate::fxo::boxlink::message::{AudioFormat, Hello, Period, Request, SoundPacket, Status};

/// One second of listening.
const SECOND_STEPS: u32 = 50;

/// What was on its way when the sound was stopped has come after so many steps.
const SETTLE_STEPS: u32 = 10;

pub(super) fn sound(examiner: &mut Examiner<'_>, hello: &Hello, port: u8) -> Result<(), WireGone> {
    let Some(format) = in_band(hello) else {
        for rule in [Rule::Sound, Rule::SoundStops, Rule::HalfPeriods] {
            examiner.skip(rule, Some(port), Missing::SoundInBand);
        }
        return Ok(());
    };
    let seen = match start(examiner, port, format)? {
        Some(seen) => Some(seen),
        None => amiss(&sounds(examiner, port, SECOND_STEPS)?, Period::Twenty),
    };
    examiner.judge(Rule::Sound, Some(port), seen);
    let seen = stop(examiner, port, format)?;
    examiner.judge(Rule::SoundStops, Some(port), seen);
    half_periods(examiner, port, format)
}

fn half_periods(examiner: &mut Examiner<'_>, port: u8, format: AudioFormat) -> Result<(), WireGone> {
    let refused = Seen::Status { status: Status::BadArgument.code() };
    let seen = match examiner.ask(port, &audio(true, format, Period::Ten))?.err() {
        Some(seen) if seen == refused => {
            examiner.skip(Rule::HalfPeriods, Some(port), Missing::HalfPeriods);
            return Ok(());
        }
        Some(seen) => Some(seen),
        None => amiss(&sounds(examiner, port, SECOND_STEPS)?, Period::Ten),
    };
    let lasting = stop(examiner, port, format)?;
    examiner.judge(Rule::HalfPeriods, Some(port), seen.or(lasting));
    Ok(())
}

/// Stops the sound of a port; what was seen instead where it does not stop.
fn stop(examiner: &mut Examiner<'_>, port: u8, format: AudioFormat) -> Result<Option<Seen>, WireGone> {
    if let Err(seen) = examiner.ask(port, &audio(false, format, Period::Twenty))? {
        return Ok(Some(seen));
    }
    examiner.listen(SETTLE_STEPS)?;
    let late = sounds(examiner, port, SETTLE_STEPS)?.len();
    Ok((late > 0).then_some(Seen::Packets { count: late }))
}

/// The format that is asked for, where the box has sound in band.
pub(super) fn in_band(hello: &Hello) -> Option<AudioFormat> {
    hello.formats.choose(AudioFormat::Ulaw).filter(|_| hello.audio_in_band)
}

/// Starts the sound of a port; what was seen instead where it does not start.
pub(super) fn start(examiner: &mut Examiner<'_>, port: u8, format: AudioFormat) -> Result<Option<Seen>, WireGone> {
    Ok(examiner.ask(port, &audio(true, format, Period::Twenty))?.err())
}

fn audio(run: bool, format: AudioFormat, period: Period) -> Request {
    Request::Audio { run, format, frame_ms: period.ms() }
}

fn sounds(examiner: &mut Examiner<'_>, port: u8, steps: u32) -> Result<Vec<Packet>, WireGone> {
    let packets = examiner.listen(steps)?;
    Ok(packets.into_iter().filter(|packet| packet.class == Class::Audio && packet.port == port).collect())
}

/// What is wrong with a second of sound.
fn amiss(packets: &[Packet], period: Period) -> Option<Seen> {
    // Some boxes send in bursts, and the host is late now and then: a fifth more or less is no fault.
    let right = 1000 / usize::from(period.ms());
    if packets.len().abs_diff(right) > right / 5 {
        return Some(Seen::Packets { count: packets.len() });
    }
    let mut next: Option<(u8, u32)> = None;
    for packet in packets {
        let sound = SoundPacket::decode(packet.op, &packet.payload).ok().filter(|sound| sound.samples.len() == period.samples());
        let Some(sound) = sound else { return Some(Seen::Unreadable) };
        if next.is_some_and(|next| next != (packet.seq, sound.timestamp)) {
            return Some(Seen::Gap);
        }
        let samples = u32::try_from(period.samples()).unwrap_or(0);
        next = Some((packet.seq.wrapping_add(1), sound.timestamp.wrapping_add(samples)));
    }
    None
}
