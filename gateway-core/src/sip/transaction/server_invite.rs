//! The INVITE server transaction (RFC 3261 §17.2.1, RFC 6026 §7.1).

use std::time::Duration;

use super::{Answer, ServerAct, T1, T2, T4, TRYING_AFTER};
use crate::time::{Moment, Timers};

/// Timers of RFC 3261 table 4 that this machine uses, and the 200 ms of §17.2.1.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Timer {
    /// Nobody said anything yet: send 100.
    Trying,
    /// Sends the refusal again.
    G,
    /// Gives up waiting for the ACK.
    H,
    /// Absorbs further ACKs.
    I,
    /// Absorbs further INVITEs after a 2xx (RFC 6026).
    L,
}

/// RFC 3261 figure 7 with the Accepted state of RFC 6026 figure 4.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum State {
    /// No final response yet.
    Proceeding {
        /// Some response is there to be sent again.
        answered: bool,
    },
    /// A 2xx was sent; its retransmission is the session's work.
    Accepted,
    /// A refusal was sent, the ACK is missing.
    Completed {
        /// The current distance between two retransmissions.
        interval: Duration,
    },
    /// The refusal is acknowledged.
    Confirmed,
    /// Over.
    Terminated,
}

/// The machine; the last response is kept by the table around it.
#[derive(Clone, Debug)]
pub(crate) struct ServerInvite {
    state: State,
    reliable: bool,
    timers: Timers<Timer>,
}

impl ServerInvite {
    /// Enters Proceeding: the INVITE has just come, over a reliable transport or not.
    pub(crate) fn start(reliable: bool, now: Moment) -> Self {
        let mut timers = Timers::new();
        timers.set(Timer::Trying, now + TRYING_AFTER);
        ServerInvite { state: State::Proceeding { answered: false }, reliable, timers }
    }

    pub(crate) fn state(&self) -> State {
        self.state
    }

    pub(crate) fn deadline(&self) -> Option<Moment> {
        self.timers.deadline()
    }

    /// The INVITE came again.
    pub(crate) fn repeated(&mut self, out: &mut Vec<ServerAct>) {
        match self.state {
            State::Proceeding { answered: true } | State::Completed { .. } => out.push(ServerAct::Transmit),
            State::Proceeding { answered: false } | State::Accepted | State::Confirmed | State::Terminated => {}
        }
    }

    /// An ACK with the branch of the INVITE came.
    pub(crate) fn acknowledged(&mut self, now: Moment, out: &mut Vec<ServerAct>) {
        match self.state {
            State::Completed { .. } => self.enter(State::Confirmed, &[(Timer::I, if self.reliable { now } else { now + T4 })]),
            // Old clients send the ACK of a 2xx with the branch of the INVITE: it belongs to the session.
            State::Accepted => out.push(ServerAct::Tell),
            State::Proceeding { .. } | State::Confirmed | State::Terminated => {}
        }
    }

    /// The session answers. `Transmit` sends what it answered; nothing comes out when a final response was there before.
    pub(crate) fn respond(&mut self, answer: Answer, now: Moment, out: &mut Vec<ServerAct>) {
        match (self.state, answer) {
            (State::Proceeding { .. }, Answer::Provisional) => {
                self.timers.clear(Timer::Trying);
                self.state = State::Proceeding { answered: true };
                out.push(ServerAct::Transmit);
            }
            (State::Proceeding { .. }, Answer::Success) => {
                self.enter(State::Accepted, &[(Timer::L, now + 64 * T1)]);
                out.push(ServerAct::Transmit);
            }
            (State::Proceeding { .. }, Answer::Failure) => {
                self.enter(State::Completed { interval: T1 }, &[(Timer::H, now + 64 * T1)]);
                if !self.reliable {
                    self.timers.set(Timer::G, now + T1);
                }
                out.push(ServerAct::Transmit);
            }
            (State::Accepted, Answer::Success) => out.push(ServerAct::Transmit),
            (State::Accepted, Answer::Provisional | Answer::Failure)
            | (State::Completed { .. } | State::Confirmed | State::Terminated, Answer::Provisional | Answer::Success | Answer::Failure) => {
            }
        }
    }

    /// Works off the timers that are due.
    pub(crate) fn handle_timeout(&mut self, now: Moment, out: &mut Vec<ServerAct>) {
        while let Some(timer) = self.timers.expired(now) {
            match (timer, self.state) {
                (Timer::Trying, State::Proceeding { .. }) => {
                    self.state = State::Proceeding { answered: true };
                    out.push(ServerAct::Trying);
                }
                (Timer::G, State::Completed { interval }) => {
                    let interval = (2 * interval).min(T2);
                    self.state = State::Completed { interval };
                    self.timers.set(Timer::G, now + interval);
                    out.push(ServerAct::Transmit);
                }
                // Timer H: the refusal was never acknowledged. Nothing depends on it, the session is long over.
                (Timer::H, State::Completed { .. }) | (Timer::I, State::Confirmed) | (Timer::L, State::Accepted) => {
                    self.enter(State::Terminated, &[]);
                }
                // Every change of state stops the timers of the state before.
                (Timer::Trying | Timer::G | Timer::H | Timer::I | Timer::L, _) => {}
            }
        }
    }

    fn enter(&mut self, state: State, timers: &[(Timer, Moment)]) {
        self.timers.clear_all();
        for &(timer, at) in timers {
            self.timers.set(timer, at);
        }
        self.state = state;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn run(machine: &mut ServerInvite) -> Vec<(u64, ServerAct)> {
        let mut story = Vec::new();
        while let Some(at) = machine.deadline() {
            let mut out = Vec::new();
            machine.handle_timeout(at, &mut out);
            story.extend(out.into_iter().map(|act| (at.as_millis(), act)));
        }
        story
    }

    #[test]
    fn trying_is_sent_after_200_ms_of_silence_and_then_repeated_on_demand() {
        let mut machine = ServerInvite::start(false, Moment::ZERO);
        let mut out = Vec::new();
        machine.repeated(&mut out);
        assert_eq!(out, []);
        assert_eq!(run(&mut machine), [(200, ServerAct::Trying)]);
        machine.repeated(&mut out);
        assert_eq!(out, [ServerAct::Transmit]);
    }

    #[test]
    fn a_session_that_answers_in_time_sends_no_trying() {
        let mut machine = ServerInvite::start(false, Moment::ZERO);
        machine.respond(Answer::Provisional, Moment::from_millis(50), &mut Vec::new());
        assert_eq!(machine.deadline(), None);
    }

    #[test]
    fn an_unacknowledged_refusal_is_repeated_with_a_ceiling_of_t2_for_32_seconds() {
        let mut machine = ServerInvite::start(false, Moment::ZERO);
        let mut out = Vec::new();
        machine.respond(Answer::Failure, Moment::ZERO, &mut out);
        assert_eq!(out, [ServerAct::Transmit]);
        let sent = [500, 1500, 3500, 7500, 11_500, 15_500, 19_500, 23_500, 27_500, 31_500];
        assert_eq!(run(&mut machine), sent.map(|ms| (ms, ServerAct::Transmit)));
        assert_eq!(machine.state(), State::Terminated);
    }

    #[test]
    fn the_ack_of_a_refusal_stops_its_repetition_and_the_transaction_ends_after_t4() {
        let mut machine = ServerInvite::start(false, Moment::ZERO);
        let mut out = Vec::new();
        machine.respond(Answer::Failure, Moment::ZERO, &mut out);
        machine.acknowledged(Moment::from_millis(100), &mut out);
        machine.repeated(&mut out);
        machine.acknowledged(Moment::from_millis(200), &mut out);
        assert_eq!(out, [ServerAct::Transmit]);
        assert_eq!(machine.deadline(), Some(Moment::from_millis(5100)));
        assert_eq!(run(&mut machine), []);
        assert_eq!(machine.state(), State::Terminated);
    }

    #[test]
    fn after_a_2xx_invites_are_absorbed_and_no_other_final_response_is_sent() {
        let mut machine = ServerInvite::start(false, Moment::ZERO);
        let mut out = Vec::new();
        machine.respond(Answer::Success, Moment::ZERO, &mut out);
        machine.repeated(&mut out);
        machine.respond(Answer::Failure, Moment::from_millis(10), &mut out);
        machine.respond(Answer::Provisional, Moment::from_millis(20), &mut out);
        assert_eq!(out, [ServerAct::Transmit]);
        machine.respond(Answer::Success, Moment::from_millis(500), &mut out);
        machine.acknowledged(Moment::from_millis(600), &mut out);
        assert_eq!(out, [ServerAct::Transmit, ServerAct::Transmit, ServerAct::Tell]);
        assert_eq!(machine.deadline(), Some(Moment::from_millis(32_000)));
        assert_eq!(run(&mut machine), []);
        assert_eq!(machine.state(), State::Terminated);
    }

    #[test]
    fn over_a_stream_a_refusal_is_sent_once_and_its_ack_ends_it() {
        let mut machine = ServerInvite::start(true, Moment::ZERO);
        machine.respond(Answer::Failure, Moment::ZERO, &mut Vec::new());
        assert_eq!(machine.deadline(), Some(Moment::from_millis(32_000)), "the ACK may never come");
        machine.acknowledged(Moment::from_millis(100), &mut Vec::new());
        assert_eq!(machine.deadline(), Some(Moment::from_millis(100)));
        assert_eq!(run(&mut machine), []);
        assert_eq!(machine.state(), State::Terminated);
    }
}
