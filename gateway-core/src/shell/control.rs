//! The control plane: one task that owns the brain, the SIP socket and the timers, and does what the brain orders.

mod publisher;
mod slumber;
mod whereabouts;

use std::io;
use std::net::SocketAddr;
use std::sync::Arc;
use std::thread::JoinHandle;
use std::time::Duration;

use tokio::net::UdpSocket;
use tokio::sync::{mpsc, oneshot};
use tokio::time::Instant;

use super::bindings::BindingsInbox;
use super::calendar::{TELL_EVERY, local_time};
use super::clock::Clock;
use super::device::{BoxOrder, BoxOutbox};
use super::inbox::SendFailure;
use super::keeper::ToKeep;
use super::port::{self, PortOrder, PortOutbox};
use super::resolve::Resolver;
use super::sip_trace::SipMessages;
use super::sockets::{DATAGRAM_BYTES, RtpPair, Sockets, reachable_ip};
use super::streams::{Arrival, Doors, Streams};
use crate::config::PortId;
use crate::config::country::Country;
use crate::config::settings::Settings;
use crate::fxo::LineCommand;
use crate::gateway::guard::GuardView;
use crate::gateway::io::{Action, Command, Event};
use crate::gateway::notice::{Notice, NoticeCode, Severity};
use crate::gateway::sip_trace::{MaskedCopy, SipDrop, SipNote};
use crate::gateway::{Gateway, GatewayAddress, plan};
use crate::media::MediaCommand;
use crate::sip::hop::{Hop, Transport};
use crate::time::Moment;

pub(crate) use publisher::{Notices, Publisher};
use slumber::{Slept, Slumber};
use whereabouts::Whereabouts;

/// Events that may wait for the brain. Box and ports send a few a second each; a full queue means that the brain stands.
pub(crate) const EVENTS: usize = 2048;

/// Orders of the window that may wait; whoever orders waits for room.
pub(crate) const ORDERS: usize = 64;

/// How long the brain gets to end every call before the program stops all the same.
const STOP_PATIENCE: Duration = Duration::from_secs(5);

/// The pause after the system failed to read the socket, so that a failure that repeats does not take the processor.
const AFTER_RECEIVE_FAILURE: Duration = Duration::from_millis(20);

/// Orders of the window and the headless program.
#[derive(Debug)]
pub(crate) enum Order {
    /// For the brain.
    Command { command: Command, done: oneshot::Sender<()> },
    /// Settings that are checked, prepared and stored.
    Switch { settings: Box<Settings>, sockets: Box<Sockets>, done: oneshot::Sender<io::Result<()>> },
    /// Tells what the guard has to show.
    Guard { answer: oneshot::Sender<GuardView> },
    /// Something that the door has to tell.
    Notice(Notice),
    /// The computer is about to sleep; `done` once no line is seized.
    #[cfg_attr(not(target_os = "linux"), allow(dead_code, reason = "no system but Linux tells of it here yet"))]
    AboutToSleep { done: oneshot::Sender<()> },
    /// The computer is awake again.
    #[cfg_attr(not(target_os = "linux"), allow(dead_code, reason = "no system but Linux tells of it here yet"))]
    Awake,
    /// A network came or went.
    NetworkChanged,
    /// End.
    Stop,
    /// Our own code fails.
    #[cfg(test)]
    Fail(Failing),
}

/// Which of our threads fails in a test.
#[cfg(test)]
#[derive(Clone, Copy, Debug)]
pub(crate) enum Failing {
    Port(PortId),
    Box,
    Brain,
}

/// The audio thread of one port.
#[derive(Debug)]
pub(crate) struct PortHandle {
    pub(crate) outbox: PortOutbox,
    pub(crate) thread: JoinHandle<()>,
    pub(crate) address: SocketAddr,
}

/// Everything that the control task works with.
pub(crate) struct Control {
    gateway: Gateway,
    clock: Clock,
    sockets: Sockets,
    sip: UdpSocket,
    streams: Streams,
    whereabouts: Whereabouts,
    slumber: Slumber,
    /// When the brain is told the local time again.
    time_due: Moment,
    events: mpsc::Receiver<Event>,
    brain: mpsc::Sender<Event>,
    orders: mpsc::Receiver<Order>,
    ports: Vec<PortHandle>,
    boxes: BoxOutbox,
    resolver: Resolver,
    records: mpsc::Sender<ToKeep>,
    bindings: BindingsInbox,
    publisher: Publisher,
    messages: SipMessages,
    actions: Vec<Action>,
    stop_by: Option<Moment>,
    stopped: bool,
    /// Whoever waits until no line is seized.
    awaits_let_go: Option<oneshot::Sender<()>>,
    /// Of the settings in force, for the simulated exchange.
    country: &'static Country,
    /// The box was given up because an order did not reach it: it is told everything again when it is back.
    box_missed_orders: bool,
}

/// What the control task is made of.
pub(crate) struct Parts {
    pub(crate) gateway: Gateway,
    pub(crate) clock: Clock,
    pub(crate) sockets: Sockets,
    /// What `gateway` was told of where it is reached.
    pub(crate) address: GatewayAddress,
    pub(crate) events: mpsc::Receiver<Event>,
    pub(crate) brain: mpsc::Sender<Event>,
    pub(crate) orders: mpsc::Receiver<Order>,
    pub(crate) ports: Vec<PortHandle>,
    pub(crate) boxes: BoxOutbox,
    pub(crate) country: &'static Country,
    pub(crate) records: mpsc::Sender<ToKeep>,
    pub(crate) bindings: BindingsInbox,
    pub(crate) publisher: Publisher,
    /// Where SIP messages are kept for people.
    pub(crate) messages: SipMessages,
}

/// Where peers reach a gateway with these sockets.
pub(crate) fn gateway_address(sockets: &Sockets) -> GatewayAddress {
    let ip = reachable_ip(sockets.sip_address.ip());
    GatewayAddress { sip: SocketAddr::new(ip, sockets.sip_address.port()), tls_port: sockets.tls_port(), rtp_ip: ip }
}

/// Starts the audio thread of a port and tells it where its audio goes.
pub(crate) fn start_port(id: PortId, sockets: &RtpPair, clock: Clock, brain: &mpsc::Sender<Event>) -> io::Result<PortHandle> {
    let (outbox, thread) = port::start(id, sockets.clone(), clock, brain.clone())?;
    Ok(PortHandle { outbox, thread, address: sockets.address })
}

impl Control {
    pub(crate) fn new(parts: Parts) -> io::Result<Self> {
        let sip = UdpSocket::from_std(parts.sockets.sip.try_clone()?)?;
        let mut streams = Streams::new(parts.sockets.sip_address.ip());
        listen(&mut streams, &parts.sockets)?;
        Ok(Control {
            gateway: parts.gateway,
            clock: parts.clock,
            sip,
            streams,
            whereabouts: Whereabouts::new(parts.address, parts.clock.now()),
            slumber: Slumber::new(parts.clock.now()),
            time_due: parts.clock.now() + TELL_EVERY,
            resolver: Resolver::new(parts.brain.clone()),
            sockets: parts.sockets,
            events: parts.events,
            brain: parts.brain,
            orders: parts.orders,
            ports: parts.ports,
            boxes: parts.boxes,
            records: parts.records,
            bindings: parts.bindings,
            publisher: parts.publisher,
            messages: parts.messages,
            actions: Vec::new(),
            stop_by: None,
            stopped: false,
            awaits_let_go: None,
            country: parts.country,
            box_missed_orders: false,
        })
    }

    /// Runs until the brain has stopped; answers the threads of the ports, which still run.
    pub(crate) async fn run(mut self) -> Vec<PortHandle> {
        let mut buffer = vec![0; DATAGRAM_BYTES];
        self.begin();
        while !self.stopped {
            let wake = self.wake();
            // Orders and the box come before the network: a flood of datagrams must not keep a line seized.
            tokio::select! {
                biased;
                order = self.orders.recv(), if self.stop_by.is_none() => self.order(order.unwrap_or(Order::Stop)),
                Some(event) = self.events.recv() => self.handle(event),
                () = tokio::time::sleep_until(wake) => {}
                received = self.sip.recv_from(&mut buffer) => match received {
                    Ok((size, source)) => self.datagram(source, buffer.get(..size).unwrap_or_default()),
                    Err(error) => {
                        tracing::debug!(%error, "the SIP socket did not read");
                        tokio::time::sleep(AFTER_RECEIVE_FAILURE).await;
                    }
                },
                arrival = self.streams.next() => self.arrived(arrival),
            }
            self.keep_time();
            if let Some(done) = self.awaits_let_go.take_if(|_| self.gateway.has_let_go()) {
                // Whoever asked may have given up waiting.
                let _ = done.send(());
            }
            if let Some(ports) = self.publisher.publish(&self.gateway, self.clock.now()) {
                self.close_ports(ports);
            }
        }
        self.publisher.publish_now(&self.gateway, self.clock.now());
        self.ports
    }

    /// Says what the brain has to say before anything happens: its registrations.
    fn begin(&mut self) {
        self.gateway.handle_timeout(self.clock.now(), &mut self.actions);
        self.carry_out();
    }

    fn wake(&self) -> Instant {
        let soonest = match self.stop_by {
            Some(by) => self.publisher.due().min(by),
            None => self.publisher.due().min(self.whereabouts.due()),
        };
        let due = self.gateway.deadline().map_or(soonest, |due| due.min(soonest));
        Instant::from_std(self.clock.instant(due))
    }

    fn keep_time(&mut self) {
        let now = self.clock.now();
        if self.gateway.deadline().is_some_and(|due| due <= now) {
            self.gateway.handle_timeout(now, &mut self.actions);
            self.carry_out();
        }
        if self.stop_by.is_none() && self.whereabouts.due() <= now {
            self.look_where_we_are();
        }
        if self.stop_by.is_none() && self.slumber.due() <= now {
            self.look_whether_we_slept();
        }
        if self.stop_by.is_none() && self.time_due <= now {
            self.tell_time();
        }
        if self.stop_by.is_some_and(|by| by <= now) {
            tracing::warn!("stopping although the brain has not finished");
            self.stopped = true;
        }
    }

    fn handle(&mut self, event: Event) {
        // A message is never logged: it holds digests and numbers.
        let came = if let Event::Message { source, bytes } = &event {
            MaskedCopy::of(bytes).map(|copy| (*source, copy))
        } else {
            tracing::trace!(?event, "event");
            None
        };
        if self.box_missed_orders && matches!(event, Event::DeviceUp(_)) {
            self.box_missed_orders = false;
            self.order_box(BoxOrder::Country(self.country));
            self.tell_box_of_ports();
        }
        self.publisher.heard(&event);
        let now = self.clock.now();
        self.gateway.handle(event, now, &mut self.actions);
        if let Some((source, copy)) = came {
            self.messages.came(source, copy, Action::drop_told(&self.actions), now);
        }
        self.carry_out();
    }

    fn order(&mut self, order: Order) {
        match order {
            Order::Command { command, done } => {
                self.handle(Event::Command(command));
                // Whoever asked may have given up waiting.
                let _ = done.send(());
            }
            Order::Switch { settings, sockets, done } => {
                let switched = self.switch(*settings, *sockets);
                let _ = done.send(switched);
            }
            Order::Notice(notice) => self.publisher.notice(notice),
            Order::Guard { answer } => {
                // Whoever asked may have given up waiting.
                let _ = answer.send(self.gateway.guard_view(self.clock.now()));
            }
            Order::AboutToSleep { done } => {
                self.awaits_let_go = Some(done);
                self.handle(Event::AboutToSleep);
            }
            Order::Awake => {
                if !self.look_whether_we_slept() {
                    self.handle(Event::Awake);
                }
                self.look_where_we_are();
            }
            Order::NetworkChanged => self.whereabouts.look_soon(self.clock.now()),
            #[cfg(test)]
            Order::Fail(part) => self.fail(part),
            Order::Stop => {
                self.stop_by = Some(self.clock.now() + STOP_PATIENCE);
                self.handle(Event::Stop);
            }
        }
    }

    #[cfg(test)]
    fn fail(&mut self, part: Failing) {
        match part {
            Failing::Port(port) => to_port(port.index(), &self.ports[port.index()], PortOrder::Fail),
            Failing::Box => self.order_box(BoxOrder::Fail),
            Failing::Brain => panic!("a test lets the brain fail"),
        }
    }

    /// Goes over to settings that are stored already. What can fail here (a thread, the registration of a socket with the
    /// runtime) leaves the part in question as it was, and is told; the next start begins with the new settings.
    fn switch(&mut self, settings: Settings, sockets: Sockets) -> io::Result<()> {
        let mut outcome = Ok(());
        if !Arc::ptr_eq(&sockets.sip, &self.sockets.sip) {
            match sockets.sip.try_clone().and_then(UdpSocket::from_std) {
                Ok(sip) => self.sip = sip,
                Err(error) => outcome = Err(error),
            }
        }
        if !sockets.takes_streams_as(&self.sockets)
            && let Err(error) = listen(&mut self.streams, &sockets)
        {
            outcome = Err(error);
        }
        for (index, pair) in sockets.rtp.iter().enumerate() {
            if let Err(error) = self.seat_port(index, pair) {
                outcome = Err(error);
                break;
            }
        }
        self.sockets = sockets;
        self.look_where_we_are();
        self.country = plan::country(&settings.gateway.country);
        self.handle(Event::Apply(Box::new(settings)));
        self.order_box(BoxOrder::Country(self.country));
        self.tell_box_of_ports();
        let shown = self.publisher.publish_now(&self.gateway, self.clock.now());
        self.close_ports(shown);
        outcome
    }

    /// Tells the brain where peers reach it, when that has changed.
    fn look_where_we_are(&mut self) {
        if let Some(address) = self.whereabouts.look(self.sockets.sip_address, self.sockets.tls_port(), self.clock.now()) {
            tracing::info!("this computer is reached at another address; the brain is told");
            self.handle(Event::Address(address));
        }
    }

    /// Tells the brain the local time.
    fn tell_time(&mut self) {
        self.time_due = self.clock.now() + TELL_EVERY;
        self.handle(Event::LocalTime(local_time()));
    }

    /// Compares the clocks; a sleep that they show is told, and answered with true.
    fn look_whether_we_slept(&mut self) -> bool {
        let slept = self.slumber.look(self.clock.now());
        slept.inspect(|slept| self.wake_up(*slept)).is_some()
    }

    fn wake_up(&mut self, slept: Slept) {
        let ms = slept.to_epoch_ms - slept.from_epoch_ms;
        let args = [("from_epoch_ms", slept.from_epoch_ms), ("to_epoch_ms", slept.to_epoch_ms), ("minutes", ms.div_ceil(60_000))];
        self.publisher.notice(Notice {
            at_ms: self.clock.now().as_millis(),
            severity: Severity::Warning,
            code: NoticeCode::Slept,
            port: None,
            args: args.map(|(name, value)| (name.to_owned(), value.to_string())).into(),
            setting: None,
        });
        self.tell_time();
        self.handle(Event::Awake);
    }

    /// Starts the thread of a new port, or hands an old one its sockets.
    fn seat_port(&mut self, index: usize, pair: &RtpPair) -> io::Result<()> {
        match self.ports.get_mut(index) {
            Some(port) if port.address == pair.address => {}
            Some(port) => {
                port.address = pair.address;
                to_port(index, port, PortOrder::Sockets(pair.clone()));
            }
            None => {
                let id = PortId(u16::try_from(index).unwrap_or(u16::MAX));
                let port = start_port(id, pair, self.clock, &self.brain)?;
                to_port(index, &port, PortOrder::Box(self.boxes.clone()));
                self.ports.push(port);
            }
        }
        Ok(())
    }

    /// Ends the threads of ports that the brain shows no more. It keeps one that was taken out of the settings until its call is
    /// over and its line released.
    fn close_ports(&mut self, kept: usize) {
        if kept >= self.ports.len() {
            return;
        }
        for port in self.ports.drain(kept..) {
            // The thread ends by itself; nobody has to wait for it.
            let _ = port.outbox.send(PortOrder::Stop, Duration::ZERO);
        }
        self.tell_box_of_ports();
    }

    fn tell_box_of_ports(&mut self) {
        let ports = self.ports.iter().map(|port| port.outbox.clone()).collect();
        self.order_box(BoxOrder::Ports(ports));
    }

    fn carry_out(&mut self) {
        while !self.actions.is_empty() {
            for action in std::mem::take(&mut self.actions) {
                if !matches!(action, Action::Send { .. } | Action::Sip(_)) {
                    tracing::trace!(?action, "action");
                }
                match action {
                    Action::Send { to, bytes } => self.send(to, &bytes),
                    Action::Resolve(question) => self.resolver.resolve(question, self.gateway.dns_server()),
                    Action::Line { port, command } => self.line(port, command),
                    Action::Media { port, command } => self.media(port, command),
                    Action::LineTest(report) => {
                        self.publisher.line_test(report.clone());
                        self.keep(ToKeep::LineTest(Box::new(report)));
                    }
                    Action::KeepBindings { user, bindings } => self.bindings.put(user, &bindings),
                    Action::Record(record) => {
                        self.publisher.record(record.clone());
                        self.keep(ToKeep::Call(Box::new(record)));
                    }
                    Action::KeepSound(sound) => self.keep(ToKeep::Sound(sound)),
                    Action::Notice(notice) => self.publisher.notice(notice),
                    Action::Mark(mark) => self.publisher.mark(mark),
                    Action::Analysis { port, analysis } => self.publisher.analysis(port, analysis),
                    Action::Ban(ban) => self.publisher.ban(ban),
                    Action::Sip(SipNote::Owner(owner)) => self.messages.belongs(owner),
                    // It was kept with the message.
                    Action::Sip(SipNote::Dropped(_)) => {}
                    Action::Stopped => self.stopped = true,
                }
            }
        }
    }

    fn send(&mut self, to: Hop, bytes: &[u8]) {
        let sent = match to.transport {
            Transport::Udp => self.send_datagram(to.address, bytes),
            Transport::Tcp | Transport::Tls => self.send_over_stream(to, bytes),
        };
        self.messages.went(to, bytes, (!sent).then_some(SipDrop::NotSent), self.clock.now());
    }

    /// A datagram that the system does not take now is lost like any other; SIP sends it again.
    fn send_datagram(&self, to: SocketAddr, bytes: &[u8]) -> bool {
        let sent = match self.sip.try_send_to(bytes, to) {
            // The runtime has not looked at a fresh socket yet and takes it for a full one: the system knows better.
            Err(error) if error.kind() == io::ErrorKind::WouldBlock => self.sockets.sip.send_to(bytes, to),
            sent => sent,
        };
        sent.inspect_err(|error| tracing::debug!(%error, "a SIP datagram was not sent")).is_ok()
    }

    fn send_over_stream(&mut self, to: Hop, bytes: &[u8]) -> bool {
        // Only a request opens a connection where there is none: the far end of one that is closed listens to nobody.
        let opens = !bytes.starts_with(b"SIP/") && !self.streams.is_open(to);
        let sent = (!opens || self.streams.open(to, &self.gateway.server_name(to.ip()))) && self.streams.send(to, bytes);
        if !sent {
            self.gateway.handle(Event::CutOff { hop: to, tls: None }, self.clock.now(), &mut self.actions);
        }
        sent
    }

    fn datagram(&mut self, source: SocketAddr, bytes: &[u8]) {
        if self.lets_in(source.into()) {
            self.handle(Event::Message { source: source.into(), bytes: bytes.to_vec() });
        }
    }

    /// Asks the brain whether a message is to be looked at: before it is copied, kept or read.
    fn lets_in(&mut self, source: Hop) -> bool {
        let lets_in = self.gateway.lets_in(source, self.clock.now(), &mut self.actions);
        self.carry_out();
        lets_in
    }

    fn arrived(&mut self, arrival: Arrival) {
        match arrival {
            // Whom nobody would answer does not even learn that somebody is there.
            Arrival::Knock { hop, .. } if !self.gateway.hears(hop.ip(), self.clock.now()) => {}
            Arrival::Knock { stream, hop } => {
                if !self.streams.welcome(stream, hop) {
                    tracing::debug!(%hop, "too many SIP connections");
                }
            }
            Arrival::Message { source, bytes } => {
                if self.lets_in(source) {
                    self.handle(Event::Message { source, bytes });
                }
            }
            Arrival::Ended { hop, tls, .. } => self.handle(Event::CutOff { hop, tls }),
        }
    }

    fn line(&mut self, port: PortId, command: LineCommand) {
        self.order_box(BoxOrder::Line { port, command });
    }

    fn order_box(&mut self, order: BoxOrder) {
        match self.boxes.send(order, Duration::ZERO) {
            Ok(()) => {}
            Err(SendFailure::Stuck | SendFailure::Closed) if self.stop_by.is_some() => {}
            Err(failure) => {
                tracing::error!(?failure, "the box thread takes no orders; its lines count as gone");
                self.boxes.give_up();
                self.box_missed_orders = true;
                self.gateway.handle(Event::DeviceGone, self.clock.now(), &mut self.actions);
            }
        }
    }

    fn media(&self, port: PortId, command: MediaCommand) {
        if let Some(handle) = self.ports.get(port.index()) {
            to_port(port.index(), handle, PortOrder::Media(command));
        }
    }

    fn keep(&self, record: ToKeep) {
        if self.records.try_send(record).is_err() {
            tracing::error!("a record could not be kept: the database is far behind");
        }
    }
}

fn listen(streams: &mut Streams, sockets: &Sockets) -> io::Result<()> {
    let tcp = sockets.sip_tcp.as_ref().map(|listener| listener.try_clone()).transpose()?;
    streams.listen(Doors { tcp, tls: sockets.sip_tls.clone(), local: sockets.sip_address.ip() })
}

fn to_port(index: usize, port: &PortHandle, order: PortOrder) {
    if let Err(failure) = port.outbox.send(order, Duration::ZERO) {
        tracing::error!(port = index, ?failure, "the audio thread of a port takes no orders");
    }
}

#[cfg(test)]
mod tests;
