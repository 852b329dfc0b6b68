//! The thread of a simulated box: bytes in and out as a real one, paced by its own deadlines.
//!
//! The gateway runs it in process; `loopstartd simulate` runs it behind a pseudo-terminal.

use std::thread::JoinHandle;
use std::time::Duration;

use super::clock::Clock;
use super::inbox::{Inbox, Outbox, Received, SendFailure, inbox};
use crate::config::PortId;
use crate::fxo::simulator::{ExchangeEvent, LineAct, VirtualBox, VirtualBoxOutput};

/// Pieces of bytes and acts that may wait for the simulated box; a sender that finds no room waits as long as it says.
const ORDERS: usize = 1024;

/// What the simulated box is told.
#[derive(Debug)]
pub enum ExchangeOrder {
    /// Bytes that the host wrote.
    Bytes(Vec<u8>),
    /// Something shall happen on a line.
    Act(PortId, LineAct),
    /// End.
    Stop,
}

/// What comes from the simulated box.
#[derive(Debug)]
pub enum ExchangeSaid {
    /// Bytes for the host.
    Bytes(Vec<u8>),
    /// Something happened on a line.
    Event(ExchangeEvent),
}

/// Why the simulated box took no order.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum ExchangeFailure {
    /// It is too far behind.
    #[error("busy")]
    Busy,
    /// It has ended.
    #[error("ended")]
    Ended,
}

/// The sending end to a simulated box. The box ends when it is told to, or when the last of these is gone.
#[derive(Clone, Debug)]
pub struct ExchangeOutbox(Outbox<ExchangeOrder, ()>);

impl ExchangeOutbox {
    /// Sends an order, waiting at most `patience` for room.
    ///
    /// # Errors
    /// The box is behind, or has ended.
    pub fn send(&self, order: ExchangeOrder, patience: Duration) -> Result<(), ExchangeFailure> {
        self.0.send(order, patience).map_err(|failure| match failure {
            SendFailure::Stuck => ExchangeFailure::Busy,
            SendFailure::Closed => ExchangeFailure::Ended,
        })
    }
}

/// Starts a thread that runs `simulated`; `say` hears everything it says, and ends it by answering false.
///
/// # Errors
/// The system gave no thread.
pub fn start(
    simulated: VirtualBox,
    clock: Clock,
    say: impl FnMut(ExchangeSaid) -> bool + Send + 'static,
) -> std::io::Result<(ExchangeOutbox, JoinHandle<()>)> {
    let (outbox, inbox) = inbox(ORDERS, 0);
    let thread = std::thread::Builder::new().name("exchange".to_owned()).spawn(move || run(simulated, clock, &inbox, say))?;
    Ok((ExchangeOutbox(outbox), thread))
}

fn run(mut simulated: VirtualBox, clock: Clock, inbox: &Inbox<ExchangeOrder, ()>, mut say: impl FnMut(ExchangeSaid) -> bool) {
    let mut said = Vec::new();
    loop {
        let wake = simulated.deadline().map(|due| clock.instant(due));
        let order = inbox.receive(wake);
        let now = clock.now();
        match order {
            Received::Order(ExchangeOrder::Bytes(bytes)) => simulated.receive(&bytes, now, &mut said),
            Received::Order(ExchangeOrder::Act(port, act)) => simulated.act(port, act, now, &mut said),
            Received::Order(ExchangeOrder::Stop) | Received::Closed => return,
            Received::Audio(()) | Received::DeadlinePassed => {}
        }
        if simulated.deadline().is_some_and(|due| due <= now) {
            simulated.handle_timeout(now, &mut said);
        }
        for output in said.drain(..) {
            let output = match output {
                VirtualBoxOutput::Write(bytes) => ExchangeSaid::Bytes(bytes),
                VirtualBoxOutput::Event(event) => ExchangeSaid::Event(event),
            };
            if !say(output) {
                return;
            }
        }
    }
}
