//! Examines a box against `docs/BOX-PROTOCOL.md`, rule by rule, over any wire.
//!
//! It is a plain conversation: it says something, listens for a bounded time, and judges what came. Time passes in [`Wire`],
//! so that the same examination runs over a real serial port and, in virtual time, over the simulated box.

mod asking;
mod line;
mod link;
mod sound;
#[cfg(test)]
mod tests;

use std::time::Duration;

use serde::Serialize;

use self::asking::Examiner;
use super::message::Hello;

/// The way to the box, on which time passes.
pub trait Wire {
    /// Sends bytes to the box.
    ///
    /// # Errors
    /// [`WireGone`] when there is no way any more.
    fn send(&mut self, bytes: &[u8]) -> Result<(), WireGone>;

    /// What the box says during all of `span`.
    ///
    /// # Errors
    /// [`WireGone`] when there is no way any more.
    fn listen(&mut self, span: Duration) -> Result<Vec<u8>, WireGone>;
}

/// The box went away in the middle of the examination.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("the box went away")]
pub struct WireGone;

/// A rule of the protocol. `docs/BOX-PROTOCOL.md` says what each asks for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Rule {
    /// HELLO is answered by a description of the box.
    Hello,
    /// Garbage before two zero bytes does no harm.
    FreshStart,
    /// A packet with a wrong checksum is not answered.
    Checksum,
    /// The clock that PING tells runs.
    Uptime,
    /// A second HELLO tells the same `boot_id`.
    BootId,
    /// Another major version is refused.
    Version,
    /// An operation that does not exist is refused as such.
    UnknownOperation,
    /// A request without its fields is refused.
    MissingField,
    /// Fields that a later version appends are ignored.
    AppendedField,
    /// A port that does not exist is refused.
    NoSuchPort,
    /// A port is on hook when nobody ordered anything.
    StartsOnHook,
    /// Releasing a line that is released does no harm.
    ReleaseAgain,
    /// A flash on hook is refused.
    FlashOnHook,
    /// RESET leaves the port on hook.
    Reset,
    /// Sound comes, in the pace and with the counters that it should have.
    Sound,
    /// Sound that was stopped stops.
    SoundStops,
    /// Sound of 10 ms comes in its own pace, where the box has it.
    HalfPeriods,
    /// A line without battery is not seized.
    NoBattery,
    /// A line is seized, said so, and measured so.
    Seize,
    /// A request that comes twice is answered twice and carried out once.
    Repeated,
    /// A flash is answered when it is over, and leaves the line seized.
    Flash,
    /// A line is released, said so, and measured so.
    Release,
    /// A host that falls silent loses its lines and its sound, and is told.
    Watchdog,
}

impl Rule {
    /// Every rule.
    pub const ALL: [Rule; 23] = [
        Rule::Hello,
        Rule::FreshStart,
        Rule::Checksum,
        Rule::Uptime,
        Rule::BootId,
        Rule::Version,
        Rule::UnknownOperation,
        Rule::MissingField,
        Rule::AppendedField,
        Rule::NoSuchPort,
        Rule::StartsOnHook,
        Rule::ReleaseAgain,
        Rule::FlashOnHook,
        Rule::Reset,
        Rule::Sound,
        Rule::SoundStops,
        Rule::HalfPeriods,
        Rule::NoBattery,
        Rule::Seize,
        Rule::Repeated,
        Rule::Flash,
        Rule::Release,
        Rule::Watchdog,
    ];
}

/// How a rule went.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case", tag = "verdict")]
pub enum Verdict {
    /// The box keeps it.
    Held,
    /// It does not.
    Broken {
        /// What was seen instead.
        seen: Seen,
    },
    /// It could not be looked at.
    Skipped {
        /// What was missing.
        why: Missing,
    },
}

/// What was seen where something else should have been.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case", tag = "seen")]
pub enum Seen {
    /// No answer.
    Nothing,
    /// An answer where there should be none.
    Answer,
    /// An answer with this status.
    Status {
        /// The status byte.
        status: u8,
    },
    /// An answer that is too short or means nothing.
    Unreadable,
    /// Another value than before, or the same where it should have changed.
    Value,
    /// The port off hook.
    OffHook,
    /// The port on hook.
    OnHook,
    /// So many packets in a second.
    Packets {
        /// How many.
        count: usize,
    },
    /// A counter or a timestamp that jumps.
    Gap,
    /// No event, or more than one.
    Events {
        /// How many.
        count: usize,
    },
    /// An answer after this long.
    After {
        /// Milliseconds, in steps of 20.
        ms: u64,
    },
}

/// Why a rule was not looked at.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Missing {
    /// The box has no sound in band.
    SoundInBand,
    /// The box has no packets of 10 ms.
    HalfPeriods,
    /// The line has no battery.
    Battery,
    /// Every line has battery.
    LineWithoutBattery,
    /// Nobody allowed to seize lines.
    Permission,
    /// All port numbers exist.
    PortNumber,
    /// Nothing runs that a watchdog could end.
    Occasion,
}

/// One rule, looked at once.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
pub struct Finding {
    /// The rule.
    pub rule: Rule,
    /// The port, from 0; `None`: the whole box.
    pub port: Option<u8>,
    /// How it went.
    #[serde(flatten)]
    pub verdict: Verdict,
}

/// Examines the box at the other end of `wire`, and tells each finding as it comes. Lines are seized only where `seize` allows it; afterwards
/// every line is on hook. Answers what the box says of itself; nothing when it does not answer at all.
///
/// # Errors
/// [`WireGone`] when the box goes away meanwhile.
pub fn examine(wire: &mut dyn Wire, seize: bool, tell: &mut dyn FnMut(Finding)) -> Result<Option<Hello>, WireGone> {
    let mut examiner = Examiner::new(wire, tell);
    let Some(hello) = link::hello(&mut examiner)? else { return Ok(None) };
    link::link(&mut examiner, &hello)?;
    let mut live = None;
    for port in 0..hello.ports {
        line::at_rest(&mut examiner, port)?;
        sound::sound(&mut examiner, &hello, port)?;
        if line::seized(&mut examiner, port, seize)? {
            live = live.or(Some(port));
        }
    }
    line::watchdog(&mut examiner, &hello, live)?;
    Ok(Some(hello))
}
