//! Saying something to the box and waiting for what it answers, never longer than a bound.

use std::time::Duration;

use super::{Finding, Missing, Rule, Seen, Verdict, Wire, WireGone};
use crate::fxo::boxlink::frame::{Class, Deframer, Packet};
use crate::fxo::boxlink::message::{LineStatus, Request, Response, ResponseBody, Status};

/// How finely time is looked at.
pub(super) const STEP: Duration = Duration::from_millis(20);

/// How long an answer may take.
const ANSWER_STEPS: u32 = 25;

/// What came for a question: the answer and how many steps it took.
pub(super) struct Answer {
    pub(super) packet: Packet,
    pub(super) steps: u32,
}

pub(super) struct Examiner<'a> {
    wire: &'a mut dyn Wire,
    tell: &'a mut dyn FnMut(Finding),
    deframer: Deframer,
    seq: u8,
    /// Events that came while something else was waited for.
    events: Vec<Packet>,
}

impl<'a> Examiner<'a> {
    pub(super) fn new(wire: &'a mut dyn Wire, tell: &'a mut dyn FnMut(Finding)) -> Self {
        Examiner { wire, tell, deframer: Deframer::new(), seq: 0, events: Vec::new() }
    }

    pub(super) fn send(&mut self, bytes: &[u8]) -> Result<(), WireGone> {
        self.wire.send(bytes)
    }

    /// All packets that come during `steps` steps; events are kept for [`Examiner::take_events`], too.
    pub(super) fn listen(&mut self, steps: u32) -> Result<Vec<Packet>, WireGone> {
        let mut packets = Vec::new();
        for _ in 0..steps {
            let bytes = self.wire.listen(STEP)?;
            self.deframer.push(&bytes, &mut packets);
        }
        self.events.extend(packets.iter().filter(|packet| packet.class == Class::Event).cloned());
        Ok(packets)
    }

    /// The events since they were last taken.
    pub(super) fn take_events(&mut self) -> Vec<Packet> {
        std::mem::take(&mut self.events)
    }

    /// A packet with this request under a sequence number of its own.
    pub(super) fn packet(&mut self, port: u8, op: u8, payload: Vec<u8>) -> Packet {
        self.seq = self.seq.wrapping_add(1);
        Packet { class: Class::Request, port, seq: self.seq, op, payload }
    }

    /// Sends a request packet and waits up to `steps` steps for its answer.
    pub(super) fn exchange(&mut self, request: &Packet, steps: u32) -> Result<Option<Answer>, WireGone> {
        self.wire.send(&request.to_wire())?;
        for step in 1..=steps {
            let answers = |packet: &Packet| {
                packet.class == Class::Response && (packet.port, packet.seq, packet.op) == (request.port, request.seq, request.op)
            };
            if let Some(packet) = self.listen(1)?.into_iter().find(answers) {
                return Ok(Some(Answer { packet, steps: step }));
            }
        }
        Ok(None)
    }

    /// The answer to raw bytes in place of a request's fields: its status.
    pub(super) fn status_of(&mut self, port: u8, op: u8, payload: Vec<u8>) -> Result<Result<u8, Seen>, WireGone> {
        let packet = self.packet(port, op, payload);
        Ok(match self.exchange(&packet, ANSWER_STEPS)? {
            None => Err(Seen::Nothing),
            Some(answer) => answer.packet.payload.first().copied().ok_or(Seen::Unreadable),
        })
    }

    /// Asks, and reads what the answer carries.
    pub(super) fn ask(&mut self, port: u8, request: &Request) -> Result<Result<ResponseBody, Seen>, WireGone> {
        let packet = self.packet(port, request.op(), request.payload());
        let Some(answer) = self.exchange(&packet, ANSWER_STEPS)? else { return Ok(Err(Seen::Nothing)) };
        Ok(match Response::decode(request, &answer.packet.payload) {
            Ok(Response { status: Status::Ok, body }) => Ok(body),
            Ok(Response { status, .. }) => Err(Seen::Status { status: status.code() }),
            Err(_) => Err(Seen::Unreadable),
        })
    }

    /// The electrical state of a line.
    pub(super) fn line(&mut self, port: u8) -> Result<Result<LineStatus, Seen>, WireGone> {
        Ok(match self.ask(port, &Request::Line)? {
            Ok(ResponseBody::Line(line)) => Ok(line),
            Ok(_) => Err(Seen::Unreadable),
            Err(seen) => Err(seen),
        })
    }

    /// Judges: nothing seen amiss means that the rule held.
    pub(super) fn judge(&mut self, rule: Rule, port: Option<u8>, seen: Option<Seen>) {
        let verdict = seen.map_or(Verdict::Held, |seen| Verdict::Broken { seen });
        (self.tell)(Finding { rule, port, verdict });
    }

    /// A request must be answered by this status.
    pub(super) fn judge_status(&mut self, rule: Rule, port: Option<u8>, wanted: Status, got: Result<u8, Seen>) {
        let seen = match got {
            Ok(status) if status == wanted.code() => None,
            Ok(status) => Some(Seen::Status { status }),
            Err(seen) => Some(seen),
        };
        self.judge(rule, port, seen);
    }

    pub(super) fn skip(&mut self, rule: Rule, port: Option<u8>, why: Missing) {
        (self.tell)(Finding { rule, port, verdict: Verdict::Skipped { why } });
    }
}
