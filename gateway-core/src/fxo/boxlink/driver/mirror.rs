//! What a line was last reported to be, so that events that got lost are told when a query shows the difference.

use std::time::Duration;

use crate::dsp::progress::{HeardTone, ProgressTone};
use crate::fxo::LineEvent;
use crate::fxo::boxlink::message::{BoxEvent, LineStatus};

/// Least voltage that counts as battery, in mV.
const BATTERY_MIN_MV: u32 = 3_000;

/// Cycles of a tone after which what a box hears is as sure as it gets.
const SURE_CYCLES: f32 = 3.0;

#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Mirror {
    battery: Option<bool>,
    off_hook: Option<bool>,
    forward: Option<bool>,
    extension: bool,
    ringing: bool,
}

impl Mirror {
    /// A hook order goes out: whatever the box says next about the hook is news.
    pub(super) fn forget_hook(&mut self) {
        self.off_hook = None;
    }

    /// The box did what it was told with its hook.
    pub(super) fn ordered(&mut self, off_hook: bool, events: &mut Vec<LineEvent>) {
        self.hook(off_hook, events);
    }

    /// The box went on hook by itself.
    pub(super) fn dropped(&mut self, events: &mut Vec<LineEvent>) {
        self.hook(false, events);
    }

    fn hook(&mut self, off_hook: bool, events: &mut Vec<LineEvent>) {
        if self.off_hook.replace(off_hook) != Some(off_hook) {
            events.push(LineEvent::Hook { off_hook });
        }
    }

    fn battery(&mut self, present: bool, millivolts: Option<i32>, events: &mut Vec<LineEvent>) {
        if self.battery.replace(present) != Some(present) {
            events.push(if present { LineEvent::BatteryUp { millivolts } } else { LineEvent::BatteryDown });
        }
    }

    fn extension(&mut self, off_hook: bool, events: &mut Vec<LineEvent>) {
        if std::mem::replace(&mut self.extension, off_hook) != off_hook {
            events.push(if off_hook { LineEvent::ExtensionPickup } else { LineEvent::ExtensionRelease });
        }
    }

    fn polarity(&mut self, forward: bool, events: &mut Vec<LineEvent>) {
        if self.forward.replace(forward) != Some(forward) {
            events.push(LineEvent::Polarity { forward });
        }
    }

    /// The answer to a query: first what it shows that was never told, then the measurement itself. A box that does not measure
    /// (`measures`) says zero for the current.
    pub(super) fn measured(&mut self, line: &LineStatus, measures: bool, events: &mut Vec<LineEvent>) {
        // The voltage of a ringing line swings: it tells nothing about the battery.
        if !line.ringing {
            let present = line.millivolts.unsigned_abs() >= BATTERY_MIN_MV || line.tenths_ma > 0;
            self.battery(present, Some(line.millivolts), events);
        } else if !self.ringing {
            events.push(LineEvent::RingOn { frequency_hz: 0 });
        }
        self.ringing = line.ringing;
        self.polarity(line.forward, events);
        self.extension(line.extension, events);
        self.hook(line.off_hook, events);
        events.push(LineEvent::Measured {
            millivolts: line.millivolts,
            microamps: measures.then_some(u32::from(line.tenths_ma) * 100),
            off_hook: line.off_hook,
        });
    }

    /// An event of the box as line words. What a line has no word for is dropped.
    pub(super) fn event(&mut self, event: BoxEvent, events: &mut Vec<LineEvent>) {
        match event {
            BoxEvent::RingOn { frequency_hz, .. } => {
                self.ringing = true;
                events.push(LineEvent::RingOn { frequency_hz });
            }
            BoxEvent::RingOff { on_ms, .. } => {
                self.ringing = false;
                events.push(LineEvent::RingOff { on: Duration::from_millis(u64::from(on_ms)) });
            }
            BoxEvent::LineUp { millivolts } => self.battery(true, Some(millivolts), events),
            BoxEvent::LineDown => self.battery(false, None, events),
            BoxEvent::Polarity { forward } => self.polarity(forward, events),
            BoxEvent::LoopOpened => events.push(LineEvent::LoopOpened),
            BoxEvent::LoopInterruption { ms } => {
                // A query during the interruption saw no battery; its end is not reported as battery.
                self.battery(true, None, events);
                events.push(LineEvent::LoopInterruption { duration: Duration::from_millis(u64::from(ms)) });
            }
            BoxEvent::ExtensionPickup => self.extension(true, events),
            BoxEvent::ExtensionRelease => self.extension(false, events),
            BoxEvent::Hook { off_hook, .. } => self.hook(off_hook, events),
            BoxEvent::CallerId(caller) => events.push(LineEvent::CallerId(caller)),
            BoxEvent::Tone { tone, cycles } => {
                // Dial tone has no cycles to count.
                let is_continuous = tone == ProgressTone::Dial;
                let confidence = if is_continuous { 1.0 } else { (f32::from(cycles) / SURE_CYCLES).min(1.0) };
                events.push(LineEvent::Tone(HeardTone { tone, frequency_hz: 0.0, level_dbm0: 0.0, cycles: u32::from(cycles), confidence }))
            }
            BoxEvent::Overload(_)
            | BoxEvent::Billing { .. }
            | BoxEvent::Dtmf { .. }
            | BoxEvent::AudioStats { .. }
            | BoxEvent::WatchdogTripped => {}
        }
    }
}
