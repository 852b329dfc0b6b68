//! The thread of the box: opens it, runs a session on it, and looks for it again when it is gone.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::{Mutex, PoisonError};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

use tokio::sync::{broadcast, mpsc, oneshot, watch};

use super::choice::{DeviceChoice, DeviceFault, DeviceState, DeviceStatus, driver_at};
use super::chosen::{Chosen, Moved, Plugged, Whereabouts, plugged};
use super::history::History;
use super::link::{SerialLink, VirtualLink};
use super::session::{Around, Ending, Session, millis};
use super::trace::{RawTrace, TraceQuery};
use super::voice::{Voice, VoiceAt};
use super::wire::Wire;
use crate::config::PortId;
use crate::config::country::Country;
use crate::dsp::Frame;
use crate::fxo::LineCommand;
use crate::fxo::catalog::{self, Driver, FXLP_BOX, FXLP_BOX_WITH_CARD, VOICE_MODEM};
use crate::fxo::simulator::act::LineAct;
use crate::fxo::simulator::exchange::ExchangeConfig;
use crate::gateway::io::Event;
use crate::shell::clock::Clock;
use crate::shell::handle::{DeviceError, Update};
use crate::shell::inbox::{Inbox, Outbox, Received, inbox};
use crate::shell::port::PortOutbox;

/// Orders that may wait for the box thread. It handles one in microseconds; more waiting means that it is stuck.
const ORDERS: usize = 1024;

/// Frames that may wait to be played, over all lines: 64 lines for 40 ms, or two lines for more than a second.
const FRAMES: usize = 128;

/// The first pause before a box that went away is looked for again; it doubles up to [`LONGEST_PAUSE`].
pub(super) const FIRST_PAUSE: Duration = Duration::from_millis(500);

/// The longest pause between two looks.
pub(super) const LONGEST_PAUSE: Duration = Duration::from_secs(5);

/// Between the word that something was plugged in and its serial port, the system makes the port and gives it its permissions.
pub(super) const SETTLES: Duration = Duration::from_millis(200);

/// What the box thread is told.
pub(crate) enum BoxOrder {
    /// An order for a line.
    Line { port: PortId, command: LineCommand },
    /// Where the audio of each line goes from now on.
    Ports(Vec<PortOutbox>),
    /// The country of the simulated exchange from now on.
    Country(&'static Country),
    /// Something shall happen at the simulated exchange.
    Act { port: PortId, act: LineAct, answer: oneshot::Sender<Result<(), DeviceError>> },
    /// Something was plugged in.
    Plugged,
    /// What went over the wires lately.
    Trace { query: TraceQuery, answer: oneshot::Sender<RawTrace> },
    /// Use another box from now on: release every line of this one and close it first.
    Choose { choice: DeviceChoice, done: oneshot::Sender<()> },
    /// Release every line, close the box and end.
    Stop { done: oneshot::Sender<()> },
    /// Bytes that opening number `link` read.
    Bytes { link: u64, bytes: Vec<u8> },
    /// Opening number `link` heard 20 ms on the channel of one of its ports.
    Heard { link: u64, port: PortId, frame: Frame },
    /// The sound card of opening number `link` is gone.
    CardLost { link: u64 },
    /// Opening number `link` came to its end.
    WireLost { link: u64, fault: DeviceFault },
    /// The code that serves the box fails.
    #[cfg(test)]
    Fail,
}

/// 20 ms to be heard on a line.
pub(crate) struct Play {
    pub(crate) port: PortId,
    pub(crate) frame: Frame,
}

pub(crate) type BoxOutbox = Outbox<BoxOrder, Play>;
pub(super) type BoxInbox = Inbox<BoxOrder, Play>;

/// Where the box thread tells how things are.
pub(crate) struct Reports {
    /// The brain's inbox.
    pub(crate) brain: mpsc::Sender<Event>,
    /// The latest status.
    pub(crate) status: watch::Sender<DeviceStatus>,
    /// Subscribers.
    pub(crate) updates: broadcast::Sender<Update>,
}

impl Reports {
    pub(super) fn status(&self, change: impl FnOnce(&mut DeviceStatus)) {
        let mut after = self.status.borrow().clone();
        change(&mut after);
        if *self.status.borrow() != after {
            self.status.send_replace(after.clone());
            // Nobody listening is fine: the status can be asked for.
            let _ = self.updates.send(Update::Device(after));
        }
    }
}

/// Starts the thread of the box with what was chosen. It ends on [`BoxOrder::Stop`], or when the brain is gone.
///
/// # Errors
/// The system gave no thread.
pub(crate) fn start(
    chosen: Chosen,
    country: &'static Country,
    ports: Vec<PortOutbox>,
    clock: Clock,
    reports: Reports,
) -> std::io::Result<(BoxOutbox, JoinHandle<()>)> {
    let (outbox, inbox) = inbox(ORDERS, FRAMES);
    let own = outbox.clone();
    let thread = std::thread::Builder::new().name("box".to_owned()).spawn(move || {
        let history = History::of(chosen.choice());
        BoxThread { clock, inbox, own, reports, ports, chosen, country, link: 0, pause: FIRST_PAUSE, history }.run();
    })?;
    Ok((outbox, thread))
}

struct BoxThread {
    clock: Clock,
    inbox: BoxInbox,
    own: BoxOutbox,
    reports: Reports,
    ports: Vec<PortOutbox>,
    chosen: Chosen,
    country: &'static Country,
    link: u64,
    pause: Duration,
    history: History,
}

impl BoxThread {
    fn run(mut self) {
        loop {
            let ending = match self.chosen.choice() {
                DeviceChoice::None => {
                    self.reports.status(|status| *status = DeviceStatus::default());
                    self.wait(None)
                }
                DeviceChoice::Virtual { .. }
                | DeviceChoice::Serial { .. }
                | DeviceChoice::SerialWithCard { .. }
                | DeviceChoice::SerialAs { .. }
                | DeviceChoice::Modems { .. } => self.serve(),
            };
            let ending = match ending {
                Ending::Lost(fault) => self.wait_after(fault),
                other => other,
            };
            match ending {
                Ending::Lost(_) | Ending::Again => {}
                Ending::Choose { choice, done } => {
                    self.history.choose(&choice);
                    self.chosen.choose(choice, &plugged());
                    self.pause = FIRST_PAUSE;
                    // Whoever asked may have given up waiting.
                    let _ = done.send(());
                }
                Ending::Stop { done } => {
                    let _ = done.map(|done| done.send(()));
                    return;
                }
            }
        }
    }

    /// Opens the box and serves it until it ends, one way or the other. A panic in our own code for it closes the box, so
    /// that its watchdog puts the lines on hook.
    fn serve(&mut self) -> Ending {
        let choice = self.chosen.choice().clone();
        self.history.reopening();
        let (wires, counters) = (self.history.wires(), self.history.counters());
        self.reports.status(|status| {
            // A box that is looked for again stays "lost" until it answers.
            if status.choice != choice || !matches!(status.state, DeviceState::Lost { .. }) {
                *status = DeviceStatus { choice: choice.clone(), state: DeviceState::Opening, counters, wires };
            }
        });
        // Whoever gave up the last opening starts afresh with this one.
        self.inbox.take_given_up();
        let was_up = Mutex::new(false);
        let country = self.country;
        let around = Around {
            clock: self.clock,
            inbox: &self.inbox,
            reports: &self.reports,
            ports: &mut self.ports,
            country: &mut self.country,
            history: &mut self.history,
            was_up: &was_up,
        };
        let count = choice.devices();
        let mut open = opener(&mut self.chosen, &self.reports, self.clock, country, &mut self.link, self.own.clone());
        let served = catch_unwind(AssertUnwindSafe(|| match Session::open(count, &mut open, around) {
            Ok(session) => session.run(),
            Err(fault) => Ending::Lost(fault),
        }));
        let ending = served.unwrap_or_else(|_| {
            tracing::error!("the code that serves the box failed; the box is closed and opened again");
            Ending::Lost(DeviceFault::Crashed)
        });
        if *was_up.lock().unwrap_or_else(PoisonError::into_inner) {
            self.pause = FIRST_PAUSE;
            if self.reports.brain.blocking_send(Event::DeviceGone).is_err() {
                return Ending::Stop { done: None };
            }
        }
        ending
    }

    fn wait_after(&mut self, fault: DeviceFault) -> Ending {
        let pause = self.pause;
        self.pause = (pause * 2).min(LONGEST_PAUSE);
        tracing::info!(?fault, pause_ms = pause.as_millis(), "the box is lost; looking for it again");
        self.history.all_lost(fault, millis(pause), self.clock.now());
        let (wires, counters) = (self.history.wires(), self.history.counters());
        self.reports.status(|status| {
            *status = DeviceStatus { state: DeviceState::Lost { fault, retry_ms: millis(pause) }, counters, wires, ..status.clone() };
        });
        self.wait(Some(Instant::now() + pause))
    }

    /// Takes orders while there is no box.
    fn wait(&mut self, mut until: Option<Instant>) -> Ending {
        loop {
            // Looking up now and then notices that the brain is gone although nobody said so.
            let look = Instant::now() + Duration::from_secs(1);
            match self.inbox.receive(Some(until.map_or(look, |until| until.min(look)))) {
                Received::Order(BoxOrder::Choose { choice, done }) => return Ending::Choose { choice, done },
                Received::Order(BoxOrder::Stop { done }) => return Ending::Stop { done: Some(done) },
                Received::Order(BoxOrder::Ports(ports)) => self.ports = ports,
                Received::Order(BoxOrder::Plugged) => {
                    self.pause = FIRST_PAUSE;
                    until = until.map(|until| until.min(Instant::now() + SETTLES));
                }
                Received::Order(BoxOrder::Country(country)) => self.country = country,
                Received::Order(BoxOrder::Trace { query, answer }) => {
                    let _ = answer.send(self.history.trace.answer(query, self.clock.now()));
                }
                Received::Order(BoxOrder::Act { answer, .. }) => {
                    let _ = answer.send(Err(DeviceError::NotVirtual));
                }
                // No box: the brain knows, and what is left of the last opening tells nothing new.
                Received::Order(
                    BoxOrder::Line { .. }
                    | BoxOrder::Bytes { .. }
                    | BoxOrder::Heard { .. }
                    | BoxOrder::CardLost { .. }
                    | BoxOrder::WireLost { .. },
                )
                | Received::Audio(_) => {}
                #[cfg(test)]
                Received::Order(BoxOrder::Fail) => {}
                Received::Closed => return Ending::Stop { done: None },
                Received::DeadlinePassed => {
                    if self.reports.brain.is_closed() {
                        return Ending::Stop { done: None };
                    }
                    if until.is_some_and(|until| Instant::now() >= until) {
                        return Ending::Again;
                    }
                }
            }
        }
    }
}

/// Opens what was chosen, device by device, wherever it is plugged in now; each opening gets a number of its own.
fn opener(
    chosen: &mut Chosen,
    reports: &Reports,
    clock: Clock,
    country: &'static Country,
    number: &mut u64,
    own: BoxOutbox,
) -> impl FnMut(usize) -> Result<Wire, DeviceFault> {
    move |index| {
        *number += 1;
        let number = *number;
        let mut choice = chosen.choice().clone();
        let found = match chosen.look(index, &plugged()) {
            Whereabouts::There => None,
            Whereabouts::At(found) => Some(found),
            Whereabouts::Missing => return Err(DeviceFault::NotFound),
        };
        if let Some(found) = &found {
            choice.set_path(index, found.path());
        }
        let serial = |path: &str, driver: &Driver| {
            let link = SerialLink::open(path, driver.baud(), number, own.clone())?;
            Ok(Wire::new(number, path, Box::new(link), (driver.make)(country), clock.now()))
        };
        // Whatever driver it is: without a word of a person, a box that has its voice on a card brings that card.
        let with_voice = |wire: Wire, at: VoiceAt| wire.with_voice(Voice { at, link: number, inbox: own.clone() });
        let beside = |path: &str, driver: &Driver| Ok(with_voice(serial(path, driver)?, VoiceAt::Beside(path.to_owned())));
        let opened = match &choice {
            DeviceChoice::None => Err(DeviceFault::NotFound),
            DeviceChoice::Serial { path } => beside(path, driver_at(path)),
            DeviceChoice::SerialAs { path, driver } => beside(path, catalog::driver(driver).ok_or(DeviceFault::Unfit)?),
            DeviceChoice::SerialWithCard { path, card } => Ok(with_voice(serial(path, &FXLP_BOX_WITH_CARD)?, VoiceAt::Card(card.clone()))),
            DeviceChoice::Modems { paths } => serial(paths.get(index).ok_or(DeviceFault::NotFound)?, &VOICE_MODEM),
            DeviceChoice::Virtual { ports } => {
                let link = VirtualLink::start(ExchangeConfig::of(country, *ports), number, clock, own.clone(), reports.updates.clone())?;
                Ok(Wire::new(number, "", Box::new(link), (FXLP_BOX.make)(country), clock.now()))
            }
        };
        if let (Ok(_), Some(found)) = (&opened, found) {
            follow(chosen, index, found, reports);
        }
        opened
    }
}

/// The device number `index` was opened where it was found: the choice follows it, and a person may want to know of that.
fn follow(chosen: &mut Chosen, index: usize, found: Plugged, reports: &Reports) {
    let moved = chosen.follow(index, found);
    reports.status(|status| chosen.choice().clone_into(&mut status.choice));
    if let Some(Moved { from, to }) = moved {
        let several = chosen.choice().devices() > 1;
        let port = several.then(|| PortId(u16::try_from(index).unwrap_or(u16::MAX)));
        // A brain that does not listen any more, or is far behind, is noticed by the session.
        let _ = reports.brain.try_send(Event::DeviceMoved { port, from, to });
    }
}

#[cfg(test)]
mod tests;
