//! The hook of a port, and that nothing stays seized.

use std::time::Duration;

use super::asking::{Examiner, STEP};
use super::{Missing, Rule, Seen, WireGone, link, sound};
use crate::fxo::boxlink::frame::Packet;
use crate::fxo::boxlink::message::{BoxEvent, Hello, HookPosition, Request, ResponseBody, Status};

/// Least voltage of a line that can be seized, in mV.
const BATTERY_MIN_MV: u32 = 3_000;

const FLASH: Duration = Duration::from_millis(300);

/// How late the answer to a flash may be.
const FLASH_LATE: Duration = Duration::from_millis(200);

/// Until the relay has moved, the line has settled, and the event has come.
const SETTLE_STEPS: u32 = 15;

/// The host is silent for a second longer than the box may wait.
const SILENCE_STEPS: u32 = 300;

const SEIZE: Request = Request::Hook(HookPosition::Off);
const RELEASE: Request = Request::Hook(HookPosition::On);

/// A port that nobody uses.
pub(super) fn at_rest(examiner: &mut Examiner<'_>, port: u8) -> Result<(), WireGone> {
    let seen = hook_seen(examiner, port, false)?;
    examiner.judge(Rule::StartsOnHook, Some(port), seen);
    let mut seen = None;
    for _ in 0..2 {
        seen = seen.or(examiner.ask(port, &RELEASE)?.err());
    }
    examiner.judge(Rule::ReleaseAgain, Some(port), seen);
    let flash = flash();
    let got = examiner.status_of(port, flash.op(), flash.payload())?;
    examiner.judge_status(Rule::FlashOnHook, Some(port), Status::BadState, got);
    let seen = match examiner.ask(port, &Request::Reset)? {
        Err(seen) => Some(seen),
        Ok(_) => hook_seen(examiner, port, false)?,
    };
    examiner.judge(Rule::Reset, Some(port), seen);
    Ok(())
}

/// Seizes the line, flashes, and releases it, where that is allowed. Answers whether the line can be seized.
pub(super) fn seized(examiner: &mut Examiner<'_>, port: u8, allowed: bool) -> Result<bool, WireGone> {
    let rules = [Rule::Seize, Rule::Repeated, Rule::Flash, Rule::Release];
    let live = examiner.line(port)?.is_ok_and(|line| line.millivolts.unsigned_abs() >= BATTERY_MIN_MV);
    if !live {
        let got = examiner.status_of(port, SEIZE.op(), SEIZE.payload())?;
        examiner.judge_status(Rule::NoBattery, Some(port), Status::NoLine, got);
        examiner.ask(port, &RELEASE)?.ok();
    } else {
        examiner.skip(Rule::NoBattery, Some(port), Missing::LineWithoutBattery);
    }
    if !live || !allowed {
        let why = if live { Missing::Permission } else { Missing::Battery };
        for rule in rules {
            examiner.skip(rule, Some(port), why);
        }
        return Ok(false);
    }
    seize(examiner, port)?;
    flashed(examiner, port)?;
    let seen = moved(examiner, port, &RELEASE, false)?;
    examiner.judge(Rule::Release, Some(port), seen);
    Ok(true)
}

fn seize(examiner: &mut Examiner<'_>, port: u8) -> Result<(), WireGone> {
    examiner.take_events();
    let order = examiner.packet(port, SEIZE.op(), SEIZE.payload());
    let first = examiner.exchange(&order, SETTLE_STEPS)?;
    let again = examiner.exchange(&order, SETTLE_STEPS)?;
    examiner.listen(SETTLE_STEPS)?;
    let events = hook_events(&examiner.take_events(), port, true);
    let seen = match &first {
        None => Some(Seen::Nothing),
        Some(answer) if answer.packet.payload.first() != Some(&Status::Ok.code()) => {
            Some(answer.packet.payload.first().map_or(Seen::Unreadable, |&status| Seen::Status { status }))
        }
        Some(_) if events == 0 => Some(Seen::Events { count: 0 }),
        Some(_) => hook_seen(examiner, port, true)?,
    };
    examiner.judge(Rule::Seize, Some(port), seen);
    let seen = match (first, again) {
        (Some(first), Some(again)) if first.packet == again.packet => (events != 1).then_some(Seen::Events { count: events }),
        (Some(_), Some(_)) => Some(Seen::Value),
        (None, _) | (_, None) => Some(Seen::Nothing),
    };
    examiner.judge(Rule::Repeated, Some(port), seen);
    Ok(())
}

fn flashed(examiner: &mut Examiner<'_>, port: u8) -> Result<(), WireGone> {
    let flash = flash();
    let order = examiner.packet(port, flash.op(), flash.payload());
    let longest = FLASH + FLASH_LATE;
    let most_steps = u32::try_from(longest.as_millis() / STEP.as_millis()).unwrap_or(u32::MAX);
    let seen = match examiner.exchange(&order, most_steps)? {
        None => Some(Seen::Nothing),
        Some(answer) => {
            let took = STEP * answer.steps;
            match answer.packet.payload.first() {
                Some(&0) if took + STEP < FLASH => Some(Seen::After { ms: u64::try_from(took.as_millis()).unwrap_or(u64::MAX) }),
                Some(&0) => hook_seen(examiner, port, true)?,
                Some(&status) => Some(Seen::Status { status }),
                None => Some(Seen::Unreadable),
            }
        }
    };
    examiner.judge(Rule::Flash, Some(port), seen);
    Ok(())
}

/// Orders the hook; what is wrong with the answer, with the event, or with what is measured afterwards.
fn moved(examiner: &mut Examiner<'_>, port: u8, order: &Request, off_hook: bool) -> Result<Option<Seen>, WireGone> {
    examiner.take_events();
    if let Err(seen) = examiner.ask(port, order)? {
        return Ok(Some(seen));
    }
    examiner.listen(SETTLE_STEPS)?;
    match hook_events(&examiner.take_events(), port, off_hook) {
        1 => hook_seen(examiner, port, off_hook),
        count => Ok(Some(Seen::Events { count })),
    }
}

/// What is seen where the relay should be elsewhere.
fn hook_seen(examiner: &mut Examiner<'_>, port: u8, off_hook: bool) -> Result<Option<Seen>, WireGone> {
    Ok(match examiner.line(port)? {
        Err(seen) => Some(seen),
        Ok(line) if line.off_hook == off_hook => None,
        Ok(_) if off_hook => Some(Seen::OnHook),
        Ok(_) => Some(Seen::OffHook),
    })
}

fn hook_events(events: &[Packet], port: u8, off_hook: bool) -> usize {
    let moved = |packet: &&Packet| {
        packet.port == port
            && matches!(BoxEvent::decode(packet.op, &packet.payload), Ok(BoxEvent::Hook { off_hook: at, .. }) if at == off_hook)
    };
    events.iter().filter(moved).count()
}

fn flash() -> Request {
    Request::Flash { ms: u16::try_from(FLASH.as_millis()).unwrap_or(u16::MAX) }
}

/// Seizes a line, or starts its sound where none may be seized, and falls silent.
pub(super) fn watchdog(examiner: &mut Examiner<'_>, hello: &Hello, live: Option<u8>) -> Result<(), WireGone> {
    let port = live.unwrap_or(0);
    let running = match (live, sound::in_band(hello)) {
        (Some(port), _) => examiner.ask(port, &SEIZE)?.is_ok(),
        (None, Some(format)) => sound::start(examiner, port, format)?.is_none(),
        (None, None) => false,
    };
    if !running {
        // A box that answers wrongly may have seized the line all the same.
        examiner.ask(port, &RELEASE)?.ok();
        examiner.skip(Rule::Watchdog, None, Missing::Occasion);
        return Ok(());
    }
    examiner.listen(SILENCE_STEPS)?;
    examiner.take_events();
    let answered = link::ping(examiner)?.err();
    let tripped = |packet: &Packet| matches!(BoxEvent::decode(packet.op, &packet.payload), Ok(BoxEvent::WatchdogTripped));
    let told = examiner.take_events().iter().filter(|packet| tripped(packet)).count();
    let seen = match answered {
        Some(seen) => Some(seen),
        None if told != 1 => Some(Seen::Events { count: told }),
        None => hook_seen(examiner, port, false)?,
    };
    // Whatever the box thinks of silence: the line is not left to it.
    let released: Result<ResponseBody, Seen> = examiner.ask(port, &RELEASE)?;
    examiner.judge(Rule::Watchdog, None, seen.or(released.err()));
    Ok(())
}
