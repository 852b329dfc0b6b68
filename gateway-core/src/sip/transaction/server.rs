//! The non-INVITE server transaction (RFC 3261 §17.2.2).

use super::{Answer, ServerAct, T1};
use crate::time::{Moment, Timers};

/// Timers that this machine uses.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Timer {
    /// The client has given up (its Timer F): an answer would reach nobody (RFC 4320 §4.2).
    Late,
    /// RFC 3261 Timer J: absorbs repetitions.
    J,
}

/// RFC 3261 figure 8.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum State {
    /// No response yet.
    Trying,
    /// A provisional response was sent.
    Proceeding,
    /// The final response was sent.
    Completed,
    /// Over.
    Terminated,
}

/// The machine; the last response is kept by the table around it.
#[derive(Clone, Debug)]
pub(crate) struct Server {
    state: State,
    reliable: bool,
    timers: Timers<Timer>,
}

impl Server {
    /// Enters Trying: the request has just come, over a reliable transport or not.
    pub(crate) fn start(reliable: bool, now: Moment) -> Self {
        let mut timers = Timers::new();
        timers.set(Timer::Late, now + 64 * T1);
        Server { state: State::Trying, reliable, timers }
    }

    pub(crate) fn state(&self) -> State {
        self.state
    }

    pub(crate) fn deadline(&self) -> Option<Moment> {
        self.timers.deadline()
    }

    /// The request came again.
    pub(crate) fn repeated(&mut self, out: &mut Vec<ServerAct>) {
        match self.state {
            State::Proceeding | State::Completed => out.push(ServerAct::Transmit),
            State::Trying | State::Terminated => {}
        }
    }

    /// We answer. Nothing comes out when a final response was there before.
    pub(crate) fn respond(&mut self, answer: Answer, now: Moment, out: &mut Vec<ServerAct>) {
        match (self.state, answer) {
            (State::Trying | State::Proceeding, Answer::Provisional) => {
                self.state = State::Proceeding;
                out.push(ServerAct::Transmit);
            }
            (State::Trying | State::Proceeding, Answer::Success | Answer::Failure) => {
                self.timers.clear_all();
                self.timers.set(Timer::J, if self.reliable { now } else { now + 64 * T1 });
                self.state = State::Completed;
                out.push(ServerAct::Transmit);
            }
            (State::Completed | State::Terminated, Answer::Provisional | Answer::Success | Answer::Failure) => {}
        }
    }

    /// Works off the timers that are due.
    pub(crate) fn handle_timeout(&mut self, now: Moment) {
        while let Some(timer) = self.timers.expired(now) {
            match timer {
                Timer::Late | Timer::J => {
                    self.timers.clear_all();
                    self.state = State::Terminated;
                }
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn repetitions_get_the_last_response_until_timer_j() {
        let mut machine = Server::start(false, Moment::ZERO);
        let mut out = Vec::new();
        machine.repeated(&mut out);
        assert_eq!(out, []);
        machine.respond(Answer::Success, Moment::from_millis(10), &mut out);
        machine.respond(Answer::Failure, Moment::from_millis(11), &mut out);
        machine.repeated(&mut out);
        assert_eq!(out, [ServerAct::Transmit, ServerAct::Transmit]);
        assert_eq!(machine.deadline(), Some(Moment::from_millis(32_010)));
        machine.handle_timeout(Moment::from_millis(32_009));
        assert_eq!(machine.state(), State::Completed);
        machine.handle_timeout(Moment::from_millis(32_010));
        assert_eq!(machine.state(), State::Terminated);
    }

    #[test]
    fn a_request_that_nobody_answers_is_forgotten_when_its_client_gave_up() {
        let mut machine = Server::start(false, Moment::ZERO);
        machine.handle_timeout(Moment::from_secs(32));
        assert_eq!(machine.state(), State::Terminated);
        let mut out = Vec::new();
        machine.respond(Answer::Success, Moment::from_secs(33), &mut out);
        assert_eq!(out, []);
    }
}
