//! What holds for the conversation with the whole box.

use std::time::Duration;

use super::asking::{Examiner, STEP};
use super::{Missing, Rule, Seen, WireGone};
use crate::fxo::boxlink::frame::{Class, DELIMITER, MAJOR, WHOLE_BOX};
use crate::fxo::boxlink::message::{Hello, Request, ResponseBody, Status};

/// HELLO is said so often before a box counts as silent.
const GREETINGS: usize = 6;

/// The beginning of a packet that nobody finished.
const GARBAGE: [u8; 4] = [0x55, 0xAA, 0x10, 0xFF];

/// Steps between two readings of the clock of the box, and for which nothing may be answered.
const PAUSE_STEPS: u32 = 25;

/// An operation that does not exist.
const NO_OPERATION: u8 = 0x7F;

const HELLO: Request = Request::Hello { major: MAJOR, minor: 0 };

/// Greets the box, first after bytes that mean nothing, then without them; nothing when it never answers.
pub(super) fn hello(examiner: &mut Examiner<'_>) -> Result<Option<Hello>, WireGone> {
    let mut seen = Seen::Nothing;
    for greeting in 0..GREETINGS {
        let garbage = greeting < GREETINGS / 2;
        examiner.send(if garbage { &GARBAGE } else { &[] })?;
        examiner.send(&[DELIMITER, DELIMITER])?;
        match examiner.ask(WHOLE_BOX, &HELLO)? {
            Ok(ResponseBody::Hello(hello)) if hello.major == MAJOR && (1..WHOLE_BOX).contains(&hello.ports) => {
                examiner.judge(Rule::Hello, None, None);
                examiner.judge(Rule::FreshStart, None, (!garbage).then_some(Seen::Nothing));
                return Ok(Some(hello));
            }
            Ok(_) => seen = Seen::Value,
            Err(other) => seen = other,
        }
    }
    examiner.judge(Rule::Hello, None, Some(seen));
    Ok(None)
}

/// The rules of the conversation.
pub(super) fn link(examiner: &mut Examiner<'_>, hello: &Hello) -> Result<(), WireGone> {
    checksum(examiner)?;
    uptime(examiner)?;
    boot_id(examiner, hello)?;
    let got = examiner.status_of(WHOLE_BOX, HELLO.op(), vec![MAJOR + 1, 0])?;
    examiner.judge_status(Rule::Version, None, Status::BadArgument, got);
    let got = examiner.status_of(0, NO_OPERATION, Vec::new())?;
    examiner.judge_status(Rule::UnknownOperation, None, Status::UnknownOperation, got);
    let got = examiner.status_of(0, Request::Flash { ms: 0 }.op(), Vec::new())?;
    examiner.judge_status(Rule::MissingField, None, Status::BadArgument, got);
    let got = examiner.status_of(WHOLE_BOX, Request::Ping.op(), vec![1, 2, 3])?;
    examiner.judge_status(Rule::AppendedField, None, Status::Ok, got);
    if hello.ports + 1 < WHOLE_BOX {
        let got = examiner.status_of(hello.ports, Request::Line.op(), Vec::new())?;
        examiner.judge_status(Rule::NoSuchPort, None, Status::NoLine, got);
    } else {
        examiner.skip(Rule::NoSuchPort, None, Missing::PortNumber);
    }
    Ok(())
}

fn checksum(examiner: &mut Examiner<'_>) -> Result<(), WireGone> {
    let ping = examiner.packet(WHOLE_BOX, Request::Ping.op(), Vec::new());
    let mut wire = ping.to_wire();
    // The last byte before the delimiter is the high byte of the sum; no bit of it is changed into a delimiter.
    if let Some(sum) = wire.len().checked_sub(2).and_then(|last| wire.get_mut(last)) {
        *sum = if *sum == 1 { 2 } else { *sum ^ 1 };
    }
    examiner.send(&wire)?;
    let answered = examiner.listen(PAUSE_STEPS)?.iter().any(|packet| packet.class == Class::Response && packet.seq == ping.seq);
    examiner.judge(Rule::Checksum, None, answered.then_some(Seen::Answer));
    Ok(())
}

/// The clock of the box keeps the time of the wire, to a quarter.
fn uptime(examiner: &mut Examiner<'_>) -> Result<(), WireGone> {
    let first = ping(examiner)?;
    examiner.listen(PAUSE_STEPS)?;
    let second = ping(examiner)?;
    let pause = STEP * PAUSE_STEPS;
    let seen = match (first, second) {
        (Ok(first), Ok(second)) => {
            let ran = Duration::from_millis(u64::from(second.wrapping_sub(first)));
            (ran < pause * 3 / 4 || ran > pause * 2).then_some(Seen::Value)
        }
        (Err(seen), _) | (_, Err(seen)) => Some(seen),
    };
    examiner.judge(Rule::Uptime, None, seen);
    Ok(())
}

pub(super) fn ping(examiner: &mut Examiner<'_>) -> Result<Result<u32, Seen>, WireGone> {
    Ok(match examiner.ask(WHOLE_BOX, &Request::Ping)? {
        Ok(ResponseBody::Ping { uptime_ms }) => Ok(uptime_ms),
        Ok(_) => Err(Seen::Unreadable),
        Err(seen) => Err(seen),
    })
}

fn boot_id(examiner: &mut Examiner<'_>, hello: &Hello) -> Result<(), WireGone> {
    let seen = match examiner.ask(WHOLE_BOX, &HELLO)? {
        Ok(ResponseBody::Hello(again)) if again.boot_id == hello.boot_id => None,
        Ok(_) => Some(Seen::Value),
        Err(seen) => Some(seen),
    };
    examiner.judge(Rule::BootId, None, seen);
    Ok(())
}
