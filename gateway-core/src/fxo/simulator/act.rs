//! What can be done to a simulated line, what it tells, and what sounds on it. All of it travels as JSON.

use std::sync::Arc;

use serde::{Deserialize, Serialize};

use crate::config::PortId;
use crate::config::country::{CallerIdHabit, CallerIdTiming};
use crate::dsp::callerid::{CallerId, CallerIdSource, Presentation};

/// A [`LineAct`] and its line: one line of NDJSON for the headless simulator.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "specta", derive(specta::Type))]
pub struct PortAct {
    /// The line.
    pub port: PortId,
    /// What to do.
    #[serde(flatten)]
    pub act: LineAct,
}

/// Something done to a line, by a person at the far end or at the cable.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "specta", derive(specta::Type))]
#[serde(tag = "act", rename_all = "snake_case")]
pub enum LineAct {
    /// Somebody calls this line.
    Ring(IncomingCall),
    /// The caller gives up before the answer.
    StopRinging,
    /// The called party answers now, whatever its script says.
    Answer {
        /// The exchange reverses the polarity.
        #[serde(default)]
        polarity: bool,
    },
    /// The far end hangs up.
    HangUp {
        /// How the line is told; absent: as the exchange usually does.
        #[serde(default)]
        how: Option<HangUpHow>,
    },
    /// The line cable is pulled.
    CableOut,
    /// The line cable is plugged.
    CableIn,
    /// A parallel telephone is lifted or put down.
    Extension {
        /// Lifted.
        off_hook: bool,
    },
    /// The far end makes another sound.
    Speak {
        /// Which.
        sound: Sound,
    },
    /// The exchange gives dial tone, or forgets to.
    DialTone {
        /// It does.
        present: bool,
    },
    /// The exchange answers a hook flash with dial tone and keeps the far end meanwhile (register recall), or takes no notice.
    Recall {
        /// It does.
        present: bool,
    },
    /// The exchange announces a second caller to whoever talks (call waiting), or refuses him.
    CallWaiting {
        /// It does.
        present: bool,
    },
    /// The loop current breaks for a moment; the call goes on.
    Interrupt {
        /// For how long, in ms.
        ms: u32,
    },
    /// The polarity turns; the call goes on.
    Reverse,
}

/// A call to a line.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "specta", derive(specta::Type))]
#[serde(default)]
pub struct IncomingCall {
    /// The caller's number.
    pub from: Option<String>,
    /// The caller's name.
    pub name: Option<String>,
    /// Whether the number may be shown.
    pub presentation: Presentation,
    /// Brazil's category digit; '8' is a collect call, which ends when the line answers twice.
    pub category: Option<char>,
    /// How caller ID is sent; absent: as the exchange usually does.
    pub caller_id: Option<CallerIdSending>,
    /// On and off times of the ringing in ms; absent: as the exchange usually does.
    pub cadence_ms: Option<Vec<u32>>,
    /// What the caller says once answered; absent: an echo.
    pub sound: Option<Sound>,
}

impl IncomingCall {
    /// The category digit that means a collect call.
    pub const COLLECT: char = '8';

    /// What the line will be told of the caller by `source`.
    #[must_use]
    pub fn caller(&self, source: CallerIdSource) -> CallerId {
        let shown = self.presentation == Presentation::Allowed;
        CallerId {
            number: self.from.clone().filter(|_| shown),
            name: self.name.clone().filter(|_| shown && source != CallerIdSource::Dtmf),
            presentation: self.presentation,
            category: self.category.filter(|_| source == CallerIdSource::Dtmf),
            source,
        }
    }
}

/// When and how caller ID is sent.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "specta", derive(specta::Type))]
#[serde(tag = "when", rename_all = "snake_case")]
pub enum CallerIdSending {
    /// Not at all.
    Never,
    /// After a polarity reversal, before the first ring.
    BeforeRing {
        /// How; `device` makes the box decode it.
        source: CallerIdSource,
    },
    /// Between the first and the second ring.
    AfterRing {
        /// How; `device` makes the box decode it.
        source: CallerIdSource,
    },
}

impl CallerIdSending {
    /// As exchanges of a country send it.
    #[must_use]
    pub fn of(habit: CallerIdHabit) -> Self {
        let source = habit.source;
        match habit.timing {
            CallerIdTiming::BeforeFirstRing => CallerIdSending::BeforeRing { source },
            CallerIdTiming::AfterFirstRing => CallerIdSending::AfterRing { source },
        }
    }
}

/// How a line learns that the far end hung up.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "specta", derive(specta::Type))]
#[serde(tag = "kind", rename_all = "snake_case")]
pub enum HangUpHow {
    /// The loop current breaks, then silence.
    Interruption {
        /// For how long, in ms.
        ms: u32,
    },
    /// Busy tone.
    BusyTone,
    /// Congestion tone.
    CongestionTone,
    /// Dial tone comes back.
    DialTone,
    /// The polarity turns, then silence.
    Polarity,
    /// The loop current breaks, then busy tone.
    InterruptionAndBusyTone {
        /// For how long, in ms.
        ms: u32,
    },
    /// Nothing but silence.
    Silent,
}

/// What a far end sounds like.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "specta", derive(specta::Type))]
#[serde(tag = "kind", rename_all = "snake_case")]
pub enum Sound {
    /// Silence.
    Silence,
    /// What it hears, a little later and 6 dB softer.
    Echo {
        /// How much later, in ms.
        delay_ms: u32,
    },
    /// A tone.
    Tone {
        /// Its frequency in Hz.
        frequency_hz: f32,
        /// Its level in dBm0.
        level_dbm0: f32,
    },
    /// 1004 Hz at 0 dBm0: the reference by which levels are measured.
    Milliwatt,
    /// Something with the rhythm and spectrum of speech.
    Speech,
    /// A recording, repeated.
    Recording {
        /// Samples, 8 kHz, linear.
        samples: Recording,
    },
}

/// Samples at 8 kHz, cheap to clone.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "specta", derive(specta::Type))]
#[serde(from = "Vec<i16>", into = "Vec<i16>")]
pub struct Recording(pub Arc<[i16]>);

impl From<Vec<i16>> for Recording {
    fn from(samples: Vec<i16>) -> Self {
        Recording(samples.into())
    }
}

impl From<Recording> for Vec<i16> {
    fn from(recording: Recording) -> Self {
        recording.0.to_vec()
    }
}

impl std::fmt::Debug for Recording {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Recording({} samples)", self.0.len())
    }
}

/// What sounds on a line, without its samples: enough for a world that plays no audio.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "specta", derive(specta::Type))]
#[serde(tag = "sound", content = "of", rename_all = "snake_case")]
pub enum LineSound {
    /// Nothing.
    #[default]
    Quiet,
    /// Dial tone.
    DialTone,
    /// Ringback tone.
    Ringback,
    /// Busy tone.
    Busy,
    /// Congestion tone.
    Congestion,
    /// Caller ID is being sent, on hook; whoever listens knows it when the sound ends.
    CallerId(CallerId),
    /// Call waiting tone, once.
    CallWaiting,
    /// The alerting signal of caller ID in a call.
    Alerting,
    /// Caller ID of a second caller is being sent in a call.
    WaitingCaller(CallerId),
    /// The far end is connected.
    FarEnd(Sound),
}

/// An [`ExchangeEvent`] and its line: one line of NDJSON from the headless simulator.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "specta", derive(specta::Type))]
pub struct PortEvent {
    /// The line.
    pub port: PortId,
    /// What happened.
    #[serde(flatten)]
    pub event: ExchangeEvent,
}

/// What the exchange noticed on a line.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "specta", derive(specta::Type))]
#[serde(tag = "event", rename_all = "snake_case")]
pub enum ExchangeEvent {
    /// The subscriber's loop closed or opened.
    Hook {
        /// Closed.
        off_hook: bool,
    },
    /// A digit was received.
    Digit {
        /// `0`–`9`, `*`, `#`, `A`–`D`.
        digit: char,
    },
    /// The number is complete and the call goes out.
    Dialed {
        /// The number.
        number: String,
    },
    /// The called party rings.
    Alerting,
    /// The called party answered.
    Answered,
    /// The called party is busy.
    CalledBusy,
    /// The call found no way.
    NoRoute,
    /// The line is being rung.
    Ringing,
    /// The ringing stopped without an answer.
    RingingStopped,
    /// The ringing line was answered.
    Connected,
    /// Somebody called while the line was in use.
    CallerRefused,
    /// Somebody called while the line was in use, and waits.
    CallWaiting,
    /// A hook flash.
    Flash,
    /// The far end waits, and the subscriber may dial another number.
    Held,
    /// The subscriber talks with the far end again that waited.
    Retrieved,
    /// The subscriber gave the line back, and the far end that waited goes on with the number that was dialled.
    Transferred,
    /// The far end hung up.
    FarEndHungUp,
    /// The subscriber gave the line back.
    Released,
    /// The cable was plugged or pulled.
    Battery {
        /// Plugged.
        present: bool,
    },
    /// The parallel telephone was lifted or put down.
    Extension {
        /// Lifted.
        off_hook: bool,
    },
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn acts_are_written_as_a_person_would_write_them() {
        let ring = r#"{"port":0,"act":"ring","from":"1137077801","caller_id":{"when":"after_ring","source":"dtmf"}}"#;
        let parsed: PortAct = serde_json::from_str(ring).unwrap();
        let LineAct::Ring(call) = parsed.act else { panic!("not a ring") };
        assert_eq!(call.from.as_deref(), Some("1137077801"));
        assert_eq!(call.caller_id, Some(CallerIdSending::AfterRing { source: CallerIdSource::Dtmf }));
        for (text, act) in [
            (r#"{"port":1,"act":"hang_up"}"#, LineAct::HangUp { how: None }),
            (r#"{"port":1,"act":"cable_out"}"#, LineAct::CableOut),
            (r#"{"port":1,"act":"answer"}"#, LineAct::Answer { polarity: false }),
            (r#"{"port":1,"act":"speak","sound":{"kind":"echo","delay_ms":200}}"#, LineAct::Speak { sound: Sound::Echo { delay_ms: 200 } }),
            (
                r#"{"port":1,"act":"hang_up","how":{"kind":"interruption","ms":500}}"#,
                LineAct::HangUp { how: Some(HangUpHow::Interruption { ms: 500 }) },
            ),
        ] {
            assert_eq!(serde_json::from_str::<PortAct>(text).unwrap(), PortAct { port: PortId(1), act });
        }
    }

    #[test]
    fn events_and_recordings_survive_json() {
        let event = PortEvent { port: PortId(3), event: ExchangeEvent::Digit { digit: '#' } };
        let text = serde_json::to_string(&event).unwrap();
        assert_eq!(text, r##"{"port":3,"event":"digit","digit":"#"}"##);
        assert_eq!(serde_json::from_str::<PortEvent>(&text).unwrap(), event);
        let sound = Sound::Recording { samples: vec![1, -2, 3].into() };
        let back: Sound = serde_json::from_str(&serde_json::to_string(&sound).unwrap()).unwrap();
        assert_eq!(back, sound);
    }

    #[test]
    fn a_withheld_number_is_not_sent() {
        let call = IncomingCall { from: Some("123".to_owned()), presentation: Presentation::Private, ..IncomingCall::default() };
        assert_eq!(call.caller(CallerIdSource::Dtmf).number, None);
    }
}
