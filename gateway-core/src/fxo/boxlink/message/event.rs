//! What the box reports unasked.

use super::MessageError;
use super::bytes::{Reader, put_text};
use crate::dsp::callerid::{CallerId, CallerIdSource, Presentation};
use crate::dsp::progress::ProgressTone;

/// An event.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum BoxEvent {
    /// A ring burst began.
    RingOn {
        /// When, in ms since the box started.
        at_ms: u32,
        /// Ringing frequency in Hz; 0 unknown.
        frequency_hz: u8,
    },
    /// A ring burst ended.
    RingOff {
        /// When, in ms since the box started.
        at_ms: u32,
        /// How long it was, in ms.
        on_ms: u16,
    },
    /// Battery is there.
    LineUp {
        /// Voltage in mV.
        millivolts: i32,
    },
    /// Battery is gone.
    LineDown,
    /// Polarity was reversed, or back.
    Polarity {
        /// Not reversed.
        forward: bool,
    },
    /// Off hook, the loop current went away.
    LoopOpened,
    /// The loop current was interrupted and is back.
    LoopInterruption {
        /// For how long, in ms.
        ms: u16,
    },
    /// A parallel telephone took the line.
    ExtensionPickup,
    /// The parallel telephone gave it back.
    ExtensionRelease,
    /// The hook relay moved.
    Hook {
        /// Closed: the line is seized.
        off_hook: bool,
        /// Why.
        cause: HookCause,
    },
    /// Something is overloaded.
    Overload(OverloadKind),
    /// Billing pulses.
    Billing {
        /// How many.
        pulses: u8,
    },
    /// Caller ID, decoded by the box.
    CallerId(CallerId),
    /// A DTMF digit, detected by the box.
    Dtmf {
        /// The digit.
        digit: char,
        /// How long it sounded, in ms.
        ms: u16,
    },
    /// A supervisory tone, detected by the box.
    Tone {
        /// Which.
        tone: ProgressTone,
        /// Full cadence cycles heard (appended by newer boxes; 1 when absent).
        cycles: u8,
    },
    /// How the sound of the last second went.
    AudioStats {
        /// Frames that were missing for the line.
        tx_underrun: u16,
        /// Frames from the line that were dropped.
        rx_overrun: u16,
        /// Sound waiting for the line, in ms.
        tx_fill_ms: u16,
    },
    /// The host was silent: all ports went on hook.
    WatchdogTripped,
}

/// Why the hook relay moved.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum HookCause {
    /// The host asked.
    Host,
    /// The box decided: watchdog, reset.
    Device,
    /// The hardware failed.
    Fault,
}

/// What is overloaded.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum OverloadKind {
    /// Too much loop current.
    LoopCurrent,
    /// Too loud.
    Receive,
}

impl BoxEvent {
    /// The operation code.
    #[must_use]
    pub fn op(&self) -> u8 {
        match self {
            BoxEvent::RingOn { .. } => 0x80,
            BoxEvent::RingOff { .. } => 0x81,
            BoxEvent::LineUp { .. } => 0x82,
            BoxEvent::LineDown => 0x83,
            BoxEvent::Polarity { .. } => 0x84,
            BoxEvent::LoopInterruption { .. } => 0x85,
            BoxEvent::ExtensionPickup => 0x86,
            BoxEvent::ExtensionRelease => 0x87,
            BoxEvent::Hook { .. } => 0x88,
            BoxEvent::Overload(_) => 0x89,
            BoxEvent::Billing { .. } => 0x8A,
            BoxEvent::CallerId(_) => 0x8B,
            BoxEvent::Dtmf { .. } => 0x8C,
            BoxEvent::Tone { .. } => 0x8D,
            BoxEvent::AudioStats { .. } => 0x8E,
            BoxEvent::WatchdogTripped => 0x8F,
            BoxEvent::LoopOpened => 0x90,
        }
    }

    /// The payload.
    #[must_use]
    pub fn payload(&self) -> Vec<u8> {
        let mut payload = Vec::new();
        match self {
            BoxEvent::RingOn { at_ms, frequency_hz } => {
                payload.extend(at_ms.to_le_bytes());
                payload.push(*frequency_hz);
            }
            BoxEvent::RingOff { at_ms, on_ms } => {
                payload.extend(at_ms.to_le_bytes());
                payload.extend(on_ms.to_le_bytes());
            }
            BoxEvent::LineUp { millivolts } => payload.extend(millivolts.to_le_bytes()),
            BoxEvent::LineDown
            | BoxEvent::LoopOpened
            | BoxEvent::ExtensionPickup
            | BoxEvent::ExtensionRelease
            | BoxEvent::WatchdogTripped => {}
            BoxEvent::Polarity { forward } => payload.push(u8::from(*forward)),
            BoxEvent::LoopInterruption { ms } => payload.extend(ms.to_le_bytes()),
            BoxEvent::Hook { off_hook, cause } => payload.extend([u8::from(*off_hook), cause.code()]),
            BoxEvent::Overload(kind) => payload.push(match kind {
                OverloadKind::LoopCurrent => 0,
                OverloadKind::Receive => 1,
            }),
            BoxEvent::Billing { pulses } => payload.push(*pulses),
            BoxEvent::CallerId(caller) => put_caller(&mut payload, caller),
            BoxEvent::Dtmf { digit, ms } => {
                payload.push(u8::try_from(*digit).unwrap_or(b'?'));
                payload.extend(ms.to_le_bytes());
            }
            BoxEvent::Tone { tone, cycles } => payload.extend([tone_code(*tone), *cycles]),
            BoxEvent::AudioStats { tx_underrun, rx_overrun, tx_fill_ms } => {
                payload.extend([tx_underrun, rx_overrun, tx_fill_ms].iter().flat_map(|field| field.to_le_bytes()));
            }
        }
        payload
    }

    /// The event with this operation and payload.
    ///
    /// # Errors
    /// [`MessageError`] tells what is wrong with it.
    pub fn decode(op: u8, payload: &[u8]) -> Result<BoxEvent, MessageError> {
        let mut fields = Reader(payload);
        Ok(match op {
            0x80 => BoxEvent::RingOn { at_ms: fields.u32()?, frequency_hz: fields.u8()? },
            0x81 => BoxEvent::RingOff { at_ms: fields.u32()?, on_ms: fields.u16()? },
            0x82 => BoxEvent::LineUp { millivolts: fields.i32()? },
            0x83 => BoxEvent::LineDown,
            0x84 => BoxEvent::Polarity { forward: fields.flag()? },
            0x85 => BoxEvent::LoopInterruption { ms: fields.u16()? },
            0x86 => BoxEvent::ExtensionPickup,
            0x87 => BoxEvent::ExtensionRelease,
            0x88 => BoxEvent::Hook { off_hook: fields.flag()?, cause: HookCause::of(fields.u8()?)? },
            0x89 => BoxEvent::Overload(match fields.u8()? {
                0 => OverloadKind::LoopCurrent,
                1 => OverloadKind::Receive,
                _ => return Err(MessageError::Value),
            }),
            0x8A => BoxEvent::Billing { pulses: fields.u8()? },
            0x8B => BoxEvent::CallerId(read_caller(&mut fields)?),
            0x8C => BoxEvent::Dtmf { digit: printable(fields.u8()?)?, ms: fields.u16()? },
            0x8D => BoxEvent::Tone { tone: tone_of(fields.u8()?)?, cycles: fields.u8().unwrap_or(1) },
            0x8E => BoxEvent::AudioStats { tx_underrun: fields.u16()?, rx_overrun: fields.u16()?, tx_fill_ms: fields.u16()? },
            0x8F => BoxEvent::WatchdogTripped,
            0x90 => BoxEvent::LoopOpened,
            unknown => return Err(MessageError::UnknownOperation(unknown)),
        })
    }
}

impl HookCause {
    fn code(self) -> u8 {
        match self {
            HookCause::Host => 0,
            HookCause::Device => 1,
            HookCause::Fault => 2,
        }
    }

    fn of(code: u8) -> Result<HookCause, MessageError> {
        match code {
            0 => Ok(HookCause::Host),
            1 => Ok(HookCause::Device),
            2 => Ok(HookCause::Fault),
            _ => Err(MessageError::Value),
        }
    }
}

fn tone_code(tone: ProgressTone) -> u8 {
    match tone {
        ProgressTone::Dial => 0,
        ProgressTone::Ringback => 1,
        ProgressTone::Busy => 2,
        ProgressTone::Congestion => 3,
        ProgressTone::SpecialInformation => 4,
        ProgressTone::CallWaiting => 5,
        ProgressTone::FaxCalling => 6,
        ProgressTone::FaxAnswering => 7,
        ProgressTone::ModemAnswering => 8,
    }
}

fn tone_of(code: u8) -> Result<ProgressTone, MessageError> {
    match code {
        0 => Ok(ProgressTone::Dial),
        1 => Ok(ProgressTone::Ringback),
        2 => Ok(ProgressTone::Busy),
        3 => Ok(ProgressTone::Congestion),
        4 => Ok(ProgressTone::SpecialInformation),
        5 => Ok(ProgressTone::CallWaiting),
        6 => Ok(ProgressTone::FaxCalling),
        7 => Ok(ProgressTone::FaxAnswering),
        8 => Ok(ProgressTone::ModemAnswering),
        _ => Err(MessageError::Value),
    }
}

fn printable(byte: u8) -> Result<char, MessageError> {
    if byte.is_ascii_graphic() { Ok(char::from(byte)) } else { Err(MessageError::Value) }
}

/// Source, presentation, category (0 none), number and name (empty: none).
fn put_caller(payload: &mut Vec<u8>, caller: &CallerId) {
    payload.push(match caller.source {
        CallerIdSource::Bell202 => 0,
        CallerIdSource::V23 => 1,
        CallerIdSource::Dtmf => 2,
        CallerIdSource::Device => 3,
    });
    payload.push(match caller.presentation {
        Presentation::Allowed => 0,
        Presentation::Private => 1,
        Presentation::Unavailable => 2,
    });
    payload.push(caller.category.and_then(|category| u8::try_from(category).ok()).unwrap_or(0));
    put_text(payload, caller.number.as_deref().unwrap_or_default());
    put_text(payload, caller.name.as_deref().unwrap_or_default());
}

fn read_caller(fields: &mut Reader<'_>) -> Result<CallerId, MessageError> {
    let source = match fields.u8()? {
        0 => CallerIdSource::Bell202,
        1 => CallerIdSource::V23,
        2 => CallerIdSource::Dtmf,
        3 => CallerIdSource::Device,
        _ => return Err(MessageError::Value),
    };
    let presentation = match fields.u8()? {
        0 => Presentation::Allowed,
        1 => Presentation::Private,
        2 => Presentation::Unavailable,
        _ => return Err(MessageError::Value),
    };
    let category = match fields.u8()? {
        0 => None,
        byte => Some(printable(byte)?),
    };
    let number = Some(fields.text()?).filter(|number| !number.is_empty());
    let name = Some(fields.text()?).filter(|name| !name.is_empty());
    Ok(CallerId { number, name, presentation, category, source })
}
