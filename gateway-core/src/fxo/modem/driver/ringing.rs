//! Ring bursts and callers, as a modem tells them: in lines of text.
//!
//! `RING` comes once a burst, `DRON` and `DROF` say in tenths of a second how long the ringing was on and off (ITU-T V.253
//! §6.4). Which of them comes first differs, and not every modem sends both: a burst is told once all the same.

use std::time::Duration;

use super::{Clock, ModemDriver, PORT};
use crate::dsp::callerid::{CallerId, CallerIdSource, Presentation};
use crate::fxo::{DeviceOutput, LineEvent};
use crate::time::Moment;

/// A burst lasts so long where the modem does not say it; most countries ring for one second.
const USUAL_BURST: Duration = Duration::from_secs(1);

/// What is told of one and the same burst comes within this time.
const SAME_BURST: Duration = Duration::from_millis(2500);

/// No further line about a caller comes after such a pause.
const CALLER_PAUSE: Duration = Duration::from_millis(500);

/// What is known of a ringing line.
#[derive(Debug, Default)]
pub(super) struct Ringing {
    /// When the last burst was first heard of.
    began: Option<Moment>,
    /// The last burst is not over yet.
    sounds: bool,
    /// The lines about the caller so far.
    caller: Option<Caller>,
}

impl Ringing {
    /// When the last burst was first heard of.
    pub(super) fn last(&self) -> Option<Moment> {
        self.began
    }
}

#[derive(Debug, Default)]
struct Caller {
    number: Option<String>,
    name: Option<String>,
    presentation: Presentation,
}

impl ModemDriver {
    /// Takes a line that tells of ringing.
    pub(super) fn ring_line(&mut self, line: &str, now: Moment, out: &mut Vec<DeviceOutput>) -> bool {
        if line == "RING" {
            self.ring_began(now, out);
            return true;
        }
        let Some((word, tenths)) = line.split_once('=') else { return false };
        match (word.trim(), tenths.trim().parse::<u16>()) {
            ("DRON", Ok(tenths)) => self.burst_lasted(Duration::from_millis(u64::from(tenths) * 100), now, out),
            ("DROF" | "DRON", _) => {}
            _ => return false,
        }
        true
    }

    pub(super) fn ring_began(&mut self, now: Moment, out: &mut Vec<DeviceOutput>) {
        self.caller_known(out);
        let known = self.ringing.began.is_some_and(|began| now - began < SAME_BURST);
        if !known {
            self.ringing.began = Some(now);
            self.ringing.sounds = true;
            self.timers.set(Clock::BurstOver, now + USUAL_BURST);
            out.push(DeviceOutput::Line(PORT, LineEvent::RingOn { frequency_hz: 0 }));
        }
    }

    fn burst_lasted(&mut self, on: Duration, now: Moment, out: &mut Vec<DeviceOutput>) {
        let known = self.ringing.began.is_some_and(|began| now - began < SAME_BURST);
        if !known {
            self.ring_began(now, out);
        }
        if std::mem::take(&mut self.ringing.sounds) {
            self.timers.clear(Clock::BurstOver);
            out.push(DeviceOutput::Line(PORT, LineEvent::RingOff { on }));
        }
    }

    pub(super) fn burst_over(&mut self, now: Moment, out: &mut Vec<DeviceOutput>) {
        if std::mem::take(&mut self.ringing.sounds) {
            let on = self.ringing.began.map_or(USUAL_BURST, |began| now - began);
            out.push(DeviceOutput::Line(PORT, LineEvent::RingOff { on }));
        }
    }

    /// Takes a line about the caller, as in `NMBR = 1133334444`. `P` and `O` stand for withheld and unknown.
    pub(super) fn caller_line(&mut self, line: &str, now: Moment) -> bool {
        let Some((word, value)) = line.split_once('=') else { return false };
        let (word, value) = (word.trim(), value.trim());
        if !matches!(word, "DATE" | "TIME" | "NMBR" | "NAME" | "MESG" | "DDN_NMBR") {
            return false;
        }
        let caller = self.ringing.caller.get_or_insert_with(Caller::default);
        match (word, value) {
            ("NMBR", "P") => caller.presentation = Presentation::Private,
            ("NMBR", "O") => caller.presentation = Presentation::Unavailable,
            ("NMBR", number) => caller.number = Some(number.to_owned()).filter(|number| !number.is_empty()),
            ("NAME", "P" | "O" | "") => {}
            ("NAME", name) => caller.name = Some(name.to_owned()),
            _ => {}
        }
        // Name and number come in either order, so only a pause or the next burst ends them.
        self.timers.set(Clock::CallerKnown, now + CALLER_PAUSE);
        true
    }

    pub(super) fn caller_known(&mut self, out: &mut Vec<DeviceOutput>) {
        self.timers.clear(Clock::CallerKnown);
        let Some(caller) = self.ringing.caller.take() else { return };
        // A date alone says nothing of the caller.
        if caller.number.is_none() && caller.name.is_none() && caller.presentation == Presentation::Allowed {
            return;
        }
        out.push(DeviceOutput::Line(
            PORT,
            LineEvent::CallerId(CallerId {
                number: caller.number,
                name: caller.name,
                presentation: caller.presentation,
                category: None,
                source: CallerIdSource::Device,
            }),
        ));
    }
}
