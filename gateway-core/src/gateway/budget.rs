//! The toll budget of a port: how many minutes a day, and at what hours, SIP callers may use its line.
//!
//! What counts is the time from the answer to the end, in the local calendar; a call across midnight counts on both days. Calls to
//! emergency numbers count too, but nothing here refuses or ends them; in a two-stage call nobody knows the number in time.

use std::time::Duration;

use super::call::{Call, CallEvent};
use super::io::Action;
use super::local_time::LocalTime;
use super::mark::MarkKind;
use super::notice::{NoticeCode, Severity};
use super::record::EndCause;
use super::{Gateway, port_id};
use crate::config::PortId;
use crate::time::Moment;

/// Whether a port takes outgoing calls now.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Allowance {
    /// It does.
    Open,
    /// Not at this time of the day.
    OutOfHours,
    /// Not today: its minutes are spent.
    Spent,
}

/// The budget of a port, as it was when its call was answered.
#[derive(Clone, Copy, Debug)]
pub(super) struct Budget {
    /// Of one day; `None`: no bound.
    minutes: Option<Duration>,
    /// The share at which a notice is due; 0: none.
    warn_percent: u32,
}

/// What the outgoing calls of a port that are over have used of one day.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Ledger {
    day: i32,
    spent: Duration,
    /// That the share is reached at which a notice is due was told.
    warned: bool,
}

impl Ledger {
    fn of(&self, day: i32) -> Duration {
        if self.day == day { self.spent } else { Duration::ZERO }
    }

    fn on(&mut self, day: i32) -> &mut Ledger {
        if self.day != day {
            *self = Ledger { day, ..Ledger::default() };
        }
        self
    }
}

impl Gateway {
    /// The local time is this. Budgets begin anew with each day.
    pub(super) fn tell_time(&mut self, time: LocalTime, now: Moment, out: &mut Vec<Action>) {
        self.calendar.tell(time, now);
        for index in 0..self.ports.len() {
            self.look_at_budget(port_id(index), now, out);
        }
    }

    /// What the call records say that a port has used of a day.
    pub(super) fn seed_budget(&mut self, id: PortId, day: i32, spent: Duration) {
        if let Some(port) = self.ports.get_mut(id.index()) {
            port.ledger = Ledger { day, spent, warned: false };
        }
    }

    /// Whether a port takes outgoing calls now. Before the local time is known nothing is refused.
    pub(super) fn allowance(&self, id: PortId, now: Moment) -> Allowance {
        let (Some(port), Some(today)) = (self.ports.get(id.index()), self.calendar.at(now)) else { return Allowance::Open };
        if !port.hours.contain(today.of_day) {
            return Allowance::OutOfHours;
        }
        let spent = port.ledger.of(today.day) + self.running(id, today, now).map_or(Duration::ZERO, |(running, _)| running);
        match minutes(port.settings.outgoing_budget_min) {
            Some(budget) if spent >= budget => Allowance::Spent,
            Some(_) | None => Allowance::Open,
        }
    }

    /// An answered outgoing call of a port is over.
    pub(super) fn spend(&mut self, id: PortId, answered: Moment, now: Moment) {
        let Some(today) = self.calendar.at(now) else { return };
        if let Some(port) = self.ports.get_mut(id.index()) {
            port.ledger.on(today.day).spent += now.since(answered).min(today.of_day);
        }
    }

    /// Looks at the budget of a port again, when that is due.
    pub(super) fn budget_timeout(&mut self, id: PortId, now: Moment, out: &mut Vec<Action>) {
        if self.ports.get(id.index()).and_then(|port| port.budget_due).is_some_and(|due| due <= now) {
            self.look_at_budget(id, now, out);
        }
    }

    /// Looks at the outgoing call of a port: tells when the share is reached, ends it when the day is spent, and knows when to look
    /// again. A call keeps the budget that held when it was answered: Apply ends none.
    pub(super) fn look_at_budget(&mut self, id: PortId, now: Moment, out: &mut Vec<Action>) {
        let Some(port) = self.ports.get_mut(id.index()) else { return };
        let in_force = Budget { minutes: minutes(port.settings.outgoing_budget_min), warn_percent: port.settings.outgoing_warn_percent };
        let budget = port.budget.take().unwrap_or(in_force);
        port.budget_due = None;
        let Some(today) = self.calendar.at(now) else { return };
        let Some((running, emergency)) = self.running(id, today, now) else { return };
        let port = &mut self.ports[id.index()];
        port.budget = Some(budget);
        let Budget { minutes: Some(budget), warn_percent: percent } = budget else { return };
        let ledger = port.ledger.on(today.day);
        let spent = ledger.spent + running;
        let share = budget * percent / 100;
        let mut news = None;
        if spent >= share && percent > 0 && !ledger.warned {
            ledger.warned = true;
            news = Some(NoticeCode::BudgetNearlySpent);
        }
        let over = spent >= budget && !emergency;
        let next = [share, budget].into_iter().filter(|bound| *bound > spent).min().map(|bound| now + (bound - spent));
        port.budget_due = next.into_iter().chain(self.calendar.midnight_after(now)).min();
        let args = [("spent", (spent.as_secs() / 60).to_string()), ("budget", (budget.as_secs() / 60).to_string())];
        if over {
            self.mark(id, MarkKind::BudgetSpent { budget_min: u32::try_from(budget.as_secs() / 60).unwrap_or(u32::MAX) }, now, out);
            news = Some(NoticeCode::BudgetSpent);
        }
        if let Some(code) = news
            && let Action::Notice(mut notice) = self.notice(Severity::Warning, code, Some(id), &args, now)
        {
            notice.setting = Some(format!("ports[{}].outgoing_budget_min", id.0));
            out.push(Action::Notice(notice));
        }
        if over {
            self.call_event(id, CallEvent::End(EndCause::BudgetSpent), now, out);
        }
    }

    /// What the answered outgoing call of a port has used of today, and whether it calls for help.
    fn running(&self, id: PortId, today: LocalTime, now: Moment) -> Option<(Duration, bool)> {
        let call = self.ports.get(id.index())?.call.as_ref()?;
        let answered = call.facts().answered?;
        match call {
            Call::ToLine(call) => Some((now.since(answered).min(today.of_day), call.order().emergency)),
            Call::ToSip(_) | Call::TestCall(_) | Call::LineTest(_) => None,
        }
    }
}

/// Minutes of a setting; 0 turns the matter off.
fn minutes(minutes: u32) -> Option<Duration> {
    (minutes > 0).then(|| Duration::from_secs(u64::from(minutes) * 60))
}
