//! The non-INVITE client transaction (RFC 3261 §17.1.2).

use std::time::Duration;

use super::{Answer, ClientAct, T1, T2, T4};
use crate::time::{Moment, Timers};

/// Timers of RFC 3261 table 4 that this machine uses.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Timer {
    /// Sends the request again.
    E,
    /// Nobody answered with a final response.
    F,
    /// Waits for retransmitted responses.
    K,
}

/// RFC 3261 figure 6.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum State {
    /// Sent, nothing heard.
    Trying {
        /// The current distance between two retransmissions.
        interval: Duration,
    },
    /// A provisional response came.
    Proceeding,
    /// A final response came.
    Completed,
    /// Over.
    Terminated,
}

/// The machine; the request is kept by the table around it.
#[derive(Clone, Debug)]
pub(crate) struct Client {
    state: State,
    reliable: bool,
    timers: Timers<Timer>,
}

impl Client {
    /// Enters Trying: the request has just been sent, over a reliable transport or not.
    pub(crate) fn start(reliable: bool, now: Moment) -> Self {
        let mut timers = Timers::new();
        if !reliable {
            timers.set(Timer::E, now + T1);
        }
        timers.set(Timer::F, now + 64 * T1);
        Client { state: State::Trying { interval: T1 }, reliable, timers }
    }

    pub(crate) fn state(&self) -> State {
        self.state
    }

    pub(crate) fn deadline(&self) -> Option<Moment> {
        self.timers.deadline()
    }

    /// A response to the request came.
    pub(crate) fn receive(&mut self, answer: Answer, now: Moment, out: &mut Vec<ClientAct>) {
        match (self.state, answer) {
            // A provisional response moves no timer: the next retransmission comes when it was due, later ones every T2.
            (State::Trying { .. } | State::Proceeding, Answer::Provisional) => {
                self.state = State::Proceeding;
                out.push(ClientAct::Tell);
            }
            (State::Trying { .. } | State::Proceeding, Answer::Success | Answer::Failure) => {
                self.timers.clear_all();
                self.timers.set(Timer::K, if self.reliable { now } else { now + T4 });
                self.state = State::Completed;
                out.push(ClientAct::Tell);
            }
            (State::Completed | State::Terminated, Answer::Provisional | Answer::Success | Answer::Failure) => {}
        }
    }

    /// Works off the timers that are due.
    pub(crate) fn handle_timeout(&mut self, now: Moment, out: &mut Vec<ClientAct>) {
        while let Some(timer) = self.timers.expired(now) {
            match (timer, self.state) {
                (Timer::E, State::Trying { interval }) => {
                    let interval = (2 * interval).min(T2);
                    self.state = State::Trying { interval };
                    self.timers.set(Timer::E, now + interval);
                    out.push(ClientAct::Transmit);
                }
                (Timer::E, State::Proceeding) => {
                    self.timers.set(Timer::E, now + T2);
                    out.push(ClientAct::Transmit);
                }
                (Timer::F, State::Trying { .. } | State::Proceeding) => {
                    self.terminate();
                    out.push(ClientAct::GiveUp);
                }
                (Timer::K, State::Completed) => self.terminate(),
                // Every change of state stops the timers of the state before.
                (Timer::E | Timer::F, State::Completed | State::Terminated)
                | (Timer::K, State::Trying { .. } | State::Proceeding | State::Terminated) => {}
            }
        }
    }

    fn terminate(&mut self) {
        self.timers.clear_all();
        self.state = State::Terminated;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn run(machine: &mut Client) -> Vec<(u64, ClientAct)> {
        let mut story = Vec::new();
        while let Some(at) = machine.deadline() {
            let mut out = Vec::new();
            machine.handle_timeout(at, &mut out);
            story.extend(out.into_iter().map(|act| (at.as_millis(), act)));
        }
        story
    }

    #[test]
    fn an_unanswered_request_is_repeated_with_a_ceiling_of_t2_and_given_up_after_32_seconds() {
        let mut machine = Client::start(false, Moment::ZERO);
        let sent = [500, 1500, 3500, 7500, 11_500, 15_500, 19_500, 23_500, 27_500, 31_500];
        let mut expected: Vec<_> = sent.map(|ms| (ms, ClientAct::Transmit)).into();
        expected.push((32_000, ClientAct::GiveUp));
        assert_eq!(run(&mut machine), expected);
        assert_eq!(machine.state(), State::Terminated);
    }

    #[test]
    fn after_a_provisional_response_it_is_repeated_every_t2() {
        let mut machine = Client::start(false, Moment::ZERO);
        machine.receive(Answer::Provisional, Moment::from_millis(100), &mut Vec::new());
        let sent = [500, 4500, 8500, 12_500, 16_500, 20_500, 24_500, 28_500];
        let mut expected: Vec<_> = sent.map(|ms| (ms, ClientAct::Transmit)).into();
        expected.push((32_000, ClientAct::GiveUp));
        // The next one would be due at 32 500: Timer F is earlier.
        assert_eq!(run(&mut machine), expected);
    }

    #[test]
    fn a_final_response_is_told_once_and_repetitions_are_absorbed_for_t4() {
        let mut machine = Client::start(false, Moment::ZERO);
        let mut out = Vec::new();
        machine.receive(Answer::Failure, Moment::from_millis(100), &mut out);
        machine.receive(Answer::Failure, Moment::from_millis(200), &mut out);
        assert_eq!(out, [ClientAct::Tell]);
        assert_eq!(machine.deadline(), Some(Moment::from_millis(5100)));
        assert_eq!(run(&mut machine), []);
        assert_eq!(machine.state(), State::Terminated);
    }

    #[test]
    fn over_a_stream_nothing_is_sent_twice_and_nobody_waits_for_repetitions() {
        let mut machine = Client::start(true, Moment::ZERO);
        assert_eq!(run(&mut machine), [(32_000, ClientAct::GiveUp)]);
        let mut machine = Client::start(true, Moment::ZERO);
        machine.receive(Answer::Success, Moment::from_millis(100), &mut Vec::new());
        assert_eq!(machine.deadline(), Some(Moment::from_millis(100)));
        assert_eq!(run(&mut machine), []);
        assert_eq!(machine.state(), State::Terminated);
    }
}
