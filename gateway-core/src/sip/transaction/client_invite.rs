//! The INVITE client transaction (RFC 3261 §17.1.1, RFC 6026 §7.2).

use std::time::Duration;

use super::{Answer, ClientAct, T1};
use crate::time::{Moment, Timers};

/// Timers of RFC 3261 table 4 that this machine uses.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Timer {
    /// Sends the INVITE again.
    A,
    /// Nobody answered at all.
    B,
    /// Waits for retransmitted refusals.
    D,
    /// Waits for further 2xx (RFC 6026).
    M,
}

/// RFC 3261 figure 5 with the Accepted state of RFC 6026 figure 5.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum State {
    /// Sent, nothing heard.
    Calling {
        /// The current distance between two retransmissions.
        interval: Duration,
    },
    /// A provisional response came.
    Proceeding,
    /// A 2xx came; more of them may follow.
    Accepted,
    /// A refusal came and is acknowledged.
    Completed,
    /// Over.
    Terminated,
}

/// The machine; the request and its ACK are kept by the table around it.
#[derive(Clone, Debug)]
pub(crate) struct ClientInvite {
    state: State,
    reliable: bool,
    timers: Timers<Timer>,
}

impl ClientInvite {
    /// Enters Calling: the INVITE has just been sent, over a reliable transport or not.
    pub(crate) fn start(reliable: bool, now: Moment) -> Self {
        let mut timers = Timers::new();
        if !reliable {
            timers.set(Timer::A, now + T1);
        }
        timers.set(Timer::B, now + 64 * T1);
        ClientInvite { state: State::Calling { interval: T1 }, reliable, timers }
    }

    pub(crate) fn state(&self) -> State {
        self.state
    }

    pub(crate) fn deadline(&self) -> Option<Moment> {
        self.timers.deadline()
    }

    /// A response to the INVITE came.
    pub(crate) fn receive(&mut self, answer: Answer, now: Moment, out: &mut Vec<ClientAct>) {
        match (self.state, answer) {
            (State::Calling { .. } | State::Proceeding, Answer::Provisional) => {
                self.timers.clear_all();
                self.state = State::Proceeding;
                out.push(ClientAct::Tell);
            }
            (State::Calling { .. } | State::Proceeding, Answer::Success) => {
                self.enter(State::Accepted, Timer::M, now + 64 * T1);
                out.push(ClientAct::Tell);
            }
            (State::Calling { .. } | State::Proceeding, Answer::Failure) => {
                self.enter(State::Completed, Timer::D, if self.reliable { now } else { now + 64 * T1 });
                out.extend([ClientAct::Acknowledge, ClientAct::Tell]);
            }
            (State::Accepted, Answer::Success) => out.push(ClientAct::Tell),
            (State::Completed, Answer::Failure) => out.push(ClientAct::Acknowledge),
            (State::Accepted, Answer::Provisional | Answer::Failure)
            | (State::Completed, Answer::Provisional | Answer::Success)
            | (State::Terminated, Answer::Provisional | Answer::Success | Answer::Failure) => {}
        }
    }

    /// Works off the timers that are due.
    pub(crate) fn handle_timeout(&mut self, now: Moment, out: &mut Vec<ClientAct>) {
        while let Some(timer) = self.timers.expired(now) {
            match (timer, self.state) {
                (Timer::A, State::Calling { interval }) => {
                    let interval = 2 * interval;
                    self.state = State::Calling { interval };
                    self.timers.set(Timer::A, now + interval);
                    out.push(ClientAct::Transmit);
                }
                (Timer::B, State::Calling { .. }) => {
                    self.terminate();
                    out.push(ClientAct::GiveUp);
                }
                (Timer::D, State::Completed) | (Timer::M, State::Accepted) => self.terminate(),
                // Every change of state stops the timers of the state before.
                (Timer::A | Timer::B | Timer::D | Timer::M, _) => {}
            }
        }
    }

    fn enter(&mut self, state: State, timer: Timer, at: Moment) {
        self.timers.clear_all();
        self.timers.set(timer, at);
        self.state = state;
    }

    fn terminate(&mut self) {
        self.timers.clear_all();
        self.state = State::Terminated;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn run(machine: &mut ClientInvite, until_ms: u64) -> Vec<(u64, ClientAct)> {
        let mut story = Vec::new();
        while let Some(at) = machine.deadline().filter(|at| at.as_millis() <= until_ms) {
            let mut out = Vec::new();
            machine.handle_timeout(at, &mut out);
            story.extend(out.into_iter().map(|act| (at.as_millis(), act)));
        }
        story
    }

    #[test]
    fn an_unanswered_invite_is_sent_seven_times_and_given_up_after_32_seconds() {
        let mut machine = ClientInvite::start(false, Moment::ZERO);
        let mut expected: Vec<_> = [500, 1500, 3500, 7500, 15500, 31500].map(|ms| (ms, ClientAct::Transmit)).into();
        expected.push((32_000, ClientAct::GiveUp));
        assert_eq!(run(&mut machine, 100_000), expected);
        assert_eq!(machine.state(), State::Terminated);
        assert_eq!(machine.deadline(), None);
    }

    #[test]
    fn a_provisional_response_stops_every_timer() {
        let mut machine = ClientInvite::start(false, Moment::ZERO);
        let mut out = Vec::new();
        machine.receive(Answer::Provisional, Moment::from_millis(100), &mut out);
        machine.receive(Answer::Provisional, Moment::from_millis(200), &mut out);
        assert_eq!(out, [ClientAct::Tell, ClientAct::Tell]);
        assert_eq!(machine.deadline(), None);
    }

    #[test]
    fn a_refusal_is_acknowledged_each_time_but_told_once() {
        let mut machine = ClientInvite::start(false, Moment::ZERO);
        let mut out = Vec::new();
        machine.receive(Answer::Failure, Moment::from_millis(100), &mut out);
        machine.receive(Answer::Failure, Moment::from_millis(600), &mut out);
        machine.receive(Answer::Provisional, Moment::from_millis(601), &mut out);
        machine.receive(Answer::Success, Moment::from_millis(602), &mut out);
        assert_eq!(out, [ClientAct::Acknowledge, ClientAct::Tell, ClientAct::Acknowledge]);
        assert_eq!(machine.deadline(), Some(Moment::from_millis(32_100)));
        assert_eq!(run(&mut machine, 100_000), []);
        assert_eq!(machine.state(), State::Terminated);
    }

    #[test]
    fn every_2xx_is_told_for_64_t1() {
        let mut machine = ClientInvite::start(false, Moment::ZERO);
        let mut out = Vec::new();
        for ms in [100, 600, 1600] {
            machine.receive(Answer::Success, Moment::from_millis(ms), &mut out);
        }
        machine.receive(Answer::Failure, Moment::from_millis(1700), &mut out);
        assert_eq!(out, [ClientAct::Tell; 3]);
        assert_eq!(machine.deadline(), Some(Moment::from_millis(32_100)));
        machine.handle_timeout(Moment::from_millis(32_100), &mut out);
        assert_eq!(machine.state(), State::Terminated);
    }

    #[test]
    fn over_a_stream_an_invite_is_sent_once_and_its_refusal_ends_it() {
        let mut machine = ClientInvite::start(true, Moment::ZERO);
        assert_eq!(run(&mut machine, 100_000), [(32_000, ClientAct::GiveUp)]);
        let mut machine = ClientInvite::start(true, Moment::ZERO);
        let mut out = Vec::new();
        machine.receive(Answer::Failure, Moment::from_millis(100), &mut out);
        assert_eq!(out, [ClientAct::Acknowledge, ClientAct::Tell]);
        assert_eq!(run(&mut machine, 100), []);
        assert_eq!(machine.state(), State::Terminated);
    }
}
