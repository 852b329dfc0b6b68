//! From a device that follows to two line interfaces that are on hook and listening.

use std::collections::VecDeque;
use std::time::Duration;

use super::{Ask, PORTS, number};
use crate::fxo::u100::registers::{Kind, LINE_SETUP, device, line};
use crate::fxo::u100::stream::Message;
use crate::time::Moment;

/// A device that does not say that it follows is asked for its number after this time; it may have old firmware.
pub(super) const FOLLOWS_WITHIN: Duration = Duration::from_secs(4);

/// After a reset of a line interface, and after its line side got power.
const SETTLE: Duration = Duration::from_millis(50);

/// How often the line side is asked for before the port is taken as it is: without a line side it has no line.
const LINE_SIDE_TRIES: u8 = 20;

/// What is to be done next.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Step {
    Write(Message),
    Read(Ask),
    /// Nothing yet.
    Wait,
    Done,
}

#[derive(Clone, Copy, Debug)]
enum Task {
    Write(Kind, u8, u8, u8),
    Read(Kind, u8, u8),
    /// Until the line side of a port answers.
    LineSide(u8),
    Settle,
}

/// The rest of what is to be done.
#[derive(Debug)]
pub(super) struct Setup {
    tasks: VecDeque<Task>,
    /// Nothing is done before.
    until: Option<Moment>,
    asked: bool,
    line_side_tries: u8,
}

impl Setup {
    pub(super) fn new() -> Self {
        let mut tasks: VecDeque<Task> =
            [device::ID, device::HARDWARE, device::FIRMWARE].map(|register| Task::Read(Kind::ReadDevice, 0, register)).into();
        tasks.push_back(Task::Write(Kind::WriteDevice, 0, device::CONTROL, device::CONTROL_RESET));
        tasks.push_back(Task::Settle);
        tasks.extend([device::FIFO, device::UART, device::HOST].map(|register| Task::Read(Kind::ReadDevice, 0, register)));
        for port in (0..PORTS).map(number) {
            tasks.push_back(Task::Write(Kind::WriteLine, port, line::CONTROL_1, line::RESET));
            tasks.push_back(Task::Settle);
            tasks.push_back(Task::Write(Kind::WriteLine, port, line::POWER, 0));
            tasks.push_back(Task::Settle);
            tasks.push_back(Task::LineSide(port));
            tasks.extend(LINE_SETUP.map(|(register, value)| Task::Write(Kind::WriteLine, port, register, value)));
        }
        tasks.push_back(Task::Write(Kind::WriteDevice, 0, device::CONTROL, device::CONTROL_EVENTS));
        // The answer to the last question says that everything before has arrived.
        tasks.push_back(Task::Read(Kind::ReadDevice, 0, device::CONTROL));
        Setup { tasks, until: None, asked: false, line_side_tries: 0 }
    }

    pub(super) fn is_done(&self) -> bool {
        self.tasks.is_empty()
    }

    pub(super) fn deadline(&self) -> Option<Moment> {
        self.until
    }

    pub(super) fn next(&mut self, now: Moment) -> Step {
        if self.asked || self.until.is_some_and(|until| until > now) {
            return Step::Wait;
        }
        self.until = None;
        match self.tasks.front().copied() {
            None => Step::Done,
            Some(Task::Write(kind, port, register, value)) => {
                self.tasks.pop_front();
                Step::Write(Message { kind, port, register, value })
            }
            Some(Task::Settle) => {
                self.tasks.pop_front();
                self.until = Some(now + SETTLE);
                Step::Wait
            }
            Some(Task::Read(kind, port, register)) => self.read(kind, port, register),
            Some(Task::LineSide(port)) => self.read(Kind::ReadLine, port, line::LINE_SIDE),
        }
    }

    fn read(&mut self, kind: Kind, port: u8, register: u8) -> Step {
        self.asked = true;
        Step::Read(Ask { kind, port, register })
    }

    /// What was asked for last is known.
    pub(super) fn answered(&mut self, message: Message, now: Moment) {
        self.asked = false;
        if let Some(Task::LineSide(_)) = self.tasks.front()
            && message.value >> 4 == 0
            && self.line_side_tries < LINE_SIDE_TRIES
        {
            self.line_side_tries += 1;
            self.until = Some(now + SETTLE);
            return;
        }
        self.line_side_tries = 0;
        self.tasks.pop_front();
    }
}
