//! The thread of a simulated device: bytes in and out as a real one, paced by its own deadlines.
//!
//! The gateway runs it in process; `loopstartd simulate` runs it behind a pseudo-terminal.

use std::thread::JoinHandle;
use std::time::Duration;

use super::clock::Clock;
use super::inbox::{Inbox, Outbox, Received, SendFailure, inbox};
use crate::config::PortId;
use crate::dsp::Frame;
use crate::fxo::simulator::act::{LineAct, PortEvent};
use crate::fxo::simulator::virtual_box::{BoxOutput, VirtualBox};
use crate::fxo::simulator::virtual_modem::VirtualModem;
use crate::fxo::simulator::virtual_u100::VirtualU100;
use crate::time::Moment;

/// Pieces of bytes and acts that may wait for the simulated box; a sender that finds no room waits as long as it says.
const ORDERS: usize = 1024;

/// What the simulated box is told.
#[derive(Debug)]
pub enum ExchangeOrder {
    /// Bytes that the host wrote.
    Bytes(Vec<u8>),
    /// Something shall happen on a line.
    Act(PortId, LineAct),
    /// 20 ms that the host played on the channel of a line, where its sound is on a sound card.
    Sound(PortId, Frame),
    /// The host closed its end of the wire.
    HostGone,
    /// End.
    Stop,
}

/// What comes from the simulated box.
#[derive(Debug)]
pub enum ExchangeSaid {
    /// Bytes for the host.
    Bytes(Vec<u8>),
    /// Something happened on a line.
    Event(PortEvent),
    /// 20 ms of a line, for each that the host played.
    Sound(PortId, Frame),
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

/// A device with its lines, simulated.
pub trait Simulated: Send + 'static {
    /// Bytes from the host.
    fn receive(&mut self, bytes: &[u8], now: Moment, out: &mut Vec<BoxOutput>);
    /// Something is done to a line.
    fn act(&mut self, port: PortId, act: LineAct, now: Moment, out: &mut Vec<BoxOutput>);
    /// 20 ms that the host played on a sound card, for the same time of what the line says; silence where there is no card.
    fn sound(&mut self, _port: PortId, _played: &Frame, _now: Moment, _out: &mut Vec<BoxOutput>) -> Frame {
        Frame::SILENCE
    }
    /// The host closed its end of the wire.
    fn host_gone(&mut self, now: Moment, out: &mut Vec<BoxOutput>);
    /// When [`Simulated::handle_timeout`] is due.
    fn deadline(&self) -> Option<Moment>;
    /// What is due.
    fn handle_timeout(&mut self, now: Moment, out: &mut Vec<BoxOutput>);
}

impl Simulated for VirtualBox {
    fn receive(&mut self, bytes: &[u8], now: Moment, out: &mut Vec<BoxOutput>) {
        VirtualBox::receive(self, bytes, now, out);
    }

    fn act(&mut self, port: PortId, act: LineAct, now: Moment, out: &mut Vec<BoxOutput>) {
        VirtualBox::act(self, port, act, now, out);
    }

    fn sound(&mut self, port: PortId, played: &Frame, now: Moment, out: &mut Vec<BoxOutput>) -> Frame {
        VirtualBox::sound(self, port, played, now, out)
    }

    /// A box has no wire for that; it has a watchdog.
    fn host_gone(&mut self, _now: Moment, _out: &mut Vec<BoxOutput>) {}

    fn deadline(&self) -> Option<Moment> {
        VirtualBox::deadline(self)
    }

    fn handle_timeout(&mut self, now: Moment, out: &mut Vec<BoxOutput>) {
        VirtualBox::handle_timeout(self, now, out);
    }
}

impl Simulated for VirtualModem {
    fn receive(&mut self, bytes: &[u8], now: Moment, out: &mut Vec<BoxOutput>) {
        VirtualModem::receive(self, bytes, now, out);
    }

    /// A modem has one line, whatever its number.
    fn act(&mut self, _port: PortId, act: LineAct, now: Moment, out: &mut Vec<BoxOutput>) {
        VirtualModem::act(self, act, now, out);
    }

    fn host_gone(&mut self, now: Moment, out: &mut Vec<BoxOutput>) {
        self.drop_dtr(now, out);
    }

    fn deadline(&self) -> Option<Moment> {
        VirtualModem::deadline(self)
    }

    fn handle_timeout(&mut self, now: Moment, out: &mut Vec<BoxOutput>) {
        VirtualModem::handle_timeout(self, now, out);
    }
}

impl Simulated for VirtualU100 {
    fn receive(&mut self, bytes: &[u8], now: Moment, out: &mut Vec<BoxOutput>) {
        VirtualU100::receive(self, bytes, now, out);
    }

    fn act(&mut self, port: PortId, act: LineAct, now: Moment, out: &mut Vec<BoxOutput>) {
        VirtualU100::act(self, port, act, now, out);
    }

    fn host_gone(&mut self, _now: Moment, _out: &mut Vec<BoxOutput>) {
        VirtualU100::host_gone(self);
    }

    fn deadline(&self) -> Option<Moment> {
        VirtualU100::deadline(self)
    }

    fn handle_timeout(&mut self, now: Moment, out: &mut Vec<BoxOutput>) {
        VirtualU100::handle_timeout(self, now, out);
    }
}

/// Starts a thread that runs `simulated`; `say` hears everything it says, and ends it by answering false.
///
/// # Errors
/// The system gave no thread.
pub fn start(
    simulated: impl Simulated,
    clock: Clock,
    say: impl FnMut(ExchangeSaid) -> bool + Send + 'static,
) -> std::io::Result<(ExchangeOutbox, JoinHandle<()>)> {
    let (outbox, inbox) = inbox(ORDERS, 0);
    let thread = std::thread::Builder::new().name("exchange".to_owned()).spawn(move || run(simulated, clock, &inbox, say))?;
    Ok((ExchangeOutbox(outbox), thread))
}

fn run(mut simulated: impl Simulated, clock: Clock, inbox: &Inbox<ExchangeOrder, ()>, mut say: impl FnMut(ExchangeSaid) -> bool) {
    let mut said = Vec::new();
    loop {
        let wake = simulated.deadline().map(|due| clock.instant(due));
        let order = inbox.receive(wake);
        let now = clock.now();
        match order {
            Received::Order(ExchangeOrder::Bytes(bytes)) => simulated.receive(&bytes, now, &mut said),
            Received::Order(ExchangeOrder::Act(port, act)) => simulated.act(port, act, now, &mut said),
            Received::Order(ExchangeOrder::Sound(port, played)) => {
                let frame = simulated.sound(port, &played, now, &mut said);
                if !say(ExchangeSaid::Sound(port, frame)) {
                    return;
                }
            }
            Received::Order(ExchangeOrder::HostGone) => simulated.host_gone(now, &mut said),
            Received::Order(ExchangeOrder::Stop) | Received::Closed => return,
            Received::Audio(()) | Received::DeadlinePassed => {}
        }
        if simulated.deadline().is_some_and(|due| due <= now) {
            simulated.handle_timeout(now, &mut said);
        }
        for output in said.drain(..) {
            let output = match output {
                BoxOutput::Write(bytes) => ExchangeSaid::Bytes(bytes),
                BoxOutput::Event(port, event) => ExchangeSaid::Event(PortEvent { port, event }),
                // For worlds that play no audio; here it plays.
                BoxOutput::Sound(..) => continue,
            };
            if !say(output) {
                return;
            }
        }
    }
}
