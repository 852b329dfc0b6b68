//! The requests of one port: one outstanding, the others in a short queue.

use std::collections::VecDeque;
use std::time::Duration;

use crate::fxo::boxlink::frame::{Class, Packet};
use crate::fxo::boxlink::message::{HookPosition, Request};
use crate::time::Moment;

/// An answer that takes longer is asked for again, once, with the same sequence number.
const ANSWER_WAIT: Duration = Duration::from_millis(300);

/// The longest pulse digit: ten pulses and the pause before the next digit.
const PULSE_DIGIT: Duration = Duration::from_secs(2);

/// Most requests that wait. A request that finds no room is refused.
const QUEUE_BOUND: usize = 16;

/// A request and who wants it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Ask {
    /// The request.
    pub(super) request: Request,
    /// The line ordered it and learns when it fails; otherwise it is the driver's own.
    pub(super) ordered: bool,
}

impl Ask {
    pub(super) fn own(request: Request) -> Self {
        Ask { request, ordered: false }
    }

    pub(super) fn ordered(request: Request) -> Self {
        Ask { request, ordered: true }
    }
}

#[derive(Debug, Default)]
pub(super) struct Channel {
    seq: u8,
    pending: Option<Pending>,
    queue: VecDeque<Ask>,
}

#[derive(Debug)]
struct Pending {
    ask: Ask,
    packet: Packet,
    due: Moment,
    repeated: bool,
}

/// What became of the outstanding request.
pub(super) enum Expired {
    /// Nothing is due.
    No,
    /// Send these bytes again.
    Again(Vec<u8>),
    /// It was never answered.
    GivenUp(Ask),
}

impl Channel {
    /// The next request packet with a sequence number of its own.
    pub(super) fn packet(&mut self, port: u8, request: &Request) -> Packet {
        self.seq = self.seq.wrapping_add(1);
        Packet { class: Class::Request, port, seq: self.seq, op: request.op(), payload: request.payload() }
    }

    /// Forgets what was asked; answers to it are no longer expected.
    pub(super) fn clear(&mut self) {
        self.pending = None;
        self.queue.clear();
    }

    /// Takes a request; gives the bytes to send when it is its turn at once.
    ///
    /// A release goes before everything that waits and ends what the device is still timing: whoever lets go of the line
    /// wants none of that any more. A request that waits already is not queued twice.
    ///
    /// # Errors
    /// Gives the request back when the queue is full.
    pub(super) fn ask(&mut self, port: u8, ask: Ask, now: Moment) -> Result<Option<Vec<u8>>, Ask> {
        if is_release(&ask.request) {
            self.queue.retain(|waiting| !moves_hook(&waiting.request));
            if self.pending.as_ref().is_some_and(|pending| is_timed(&pending.ask.request)) {
                self.pending = None;
            }
            self.queue.push_front(ask);
            self.queue.truncate(QUEUE_BOUND);
        } else if let Some(twin) = self.twin(&ask) {
            twin.ordered |= ask.ordered;
        } else if self.queue.len() < QUEUE_BOUND {
            self.queue.push_back(ask);
        } else {
            return Err(ask);
        }
        Ok(if self.pending.is_none() { self.next(port, now) } else { None })
    }

    /// The same question in the queue already, with no order between that would change its answer.
    fn twin(&mut self, ask: &Ask) -> Option<&mut Ask> {
        let last = self.queue.back_mut()?;
        (last.request == ask.request && !is_timed(&ask.request)).then_some(last)
    }

    /// The bytes of the next request, when none is outstanding.
    pub(super) fn next(&mut self, port: u8, now: Moment) -> Option<Vec<u8>> {
        if self.pending.is_some() {
            return None;
        }
        let ask = self.queue.pop_front()?;
        let packet = self.packet(port, &ask.request);
        let wire = packet.to_wire();
        self.pending = Some(Pending { ask, packet, due: now + ANSWER_WAIT, repeated: false });
        Some(wire)
    }

    /// The request that this response answers, if it is the outstanding one.
    pub(super) fn answered(&mut self, response: &Packet) -> Option<Ask> {
        let asked = &self.pending.as_ref()?.packet;
        if (asked.seq, asked.op) != (response.seq, response.op) {
            return None;
        }
        self.pending.take().map(|pending| pending.ask)
    }

    pub(super) fn deadline(&self) -> Option<Moment> {
        self.pending.as_ref().map(|pending| pending.due)
    }

    /// Repeats the outstanding request, or gives it up, when its answer is overdue.
    pub(super) fn expire(&mut self, now: Moment) -> Expired {
        let Some(pending) = self.pending.as_mut().filter(|pending| pending.due <= now) else { return Expired::No };
        if !pending.repeated {
            pending.repeated = true;
            pending.due = now + ANSWER_WAIT + duration_of(&pending.ask.request);
            return Expired::Again(pending.packet.to_wire());
        }
        match self.pending.take() {
            Some(pending) => Expired::GivenUp(pending.ask),
            None => Expired::No,
        }
    }
}

fn is_release(request: &Request) -> bool {
    matches!(request, Request::Hook(HookPosition::On | HookPosition::OnListening))
}

/// Answered only when the device has finished.
fn is_timed(request: &Request) -> bool {
    matches!(request, Request::Flash { .. } | Request::DialPulse { .. })
}

fn moves_hook(request: &Request) -> bool {
    matches!(request, Request::Hook(_)) || is_timed(request)
}

/// How long the device works on it before it answers.
fn duration_of(request: &Request) -> Duration {
    match request {
        Request::Flash { ms } => Duration::from_millis(u64::from(*ms)),
        Request::DialPulse { digits, .. } => PULSE_DIGIT * u32::try_from(digits.len()).unwrap_or(u32::MAX),
        Request::Hello { .. }
        | Request::Ping
        | Request::GetUacMap
        | Request::SetCountry { .. }
        | Request::SetDaa { .. }
        | Request::Hook(_)
        | Request::Tones(_)
        | Request::Gain { .. }
        | Request::Audio { .. }
        | Request::Line
        | Request::Reset => Duration::ZERO,
    }
}
