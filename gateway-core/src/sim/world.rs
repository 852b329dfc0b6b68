//! The world: the brain, its lines, its peers and the network on one queue of moments.

use std::collections::{BTreeMap, VecDeque};
use std::net::{IpAddr, SocketAddr};
use std::time::Duration;

use super::checks::{self, Checks};
use super::ear::Rtp;
use super::lines::Lines;
use super::network::{Datagram, Network};
use super::party::{Habits, Party};
use super::tap::Tap;
use super::trace::Trace;
use crate::config::PortId;
use crate::config::settings::{Secret, Settings};
use crate::config::transport::Transport;
use crate::fxo::simulator::act::LineAct;
use crate::fxo::simulator::exchange::ExchangeConfig;
use crate::gateway::io::{Action, Command, Event};
use crate::gateway::line_test::LineTestReport;
use crate::gateway::mark::Mark;
use crate::gateway::names::Answer;
use crate::gateway::notice::{Notice, NoticeCode};
use crate::gateway::record::CallRecord;
use crate::gateway::sip_trace::{MaskedCopy, SipDirection, SipDrop, SipNote, SipPassage, SipRing};
use crate::gateway::view::{PortState, PortView};
use crate::gateway::{Gateway, GatewayAddress};
use crate::media::CallSound;
use crate::rng::Rng;
use crate::sip::digest::Credentials;
use crate::sip::locate::{Question, Record, Srv};
use crate::sip::registrar::Binding;
use crate::time::{Moment, earliest};

/// Steps that one order to run may take: a machine that spins is found here instead of hanging the test.
const MOST_STEPS: u32 = 200_000;

/// Sounds and marks that a world remembers; it may live through thousands of calls.
const MOST_SOUNDS: usize = 16;
const MOST_MARKS: usize = 2000;

/// What a resolver takes to answer.
const RESOLVER_DELAY: Duration = Duration::from_millis(20);

/// What arrives at a moment.
#[derive(Clone, Debug)]
enum Arrival {
    Datagram(Datagram),
    Gateway(Event),
    Question(Question),
}

/// A toy world in virtual time.
#[derive(Debug)]
pub struct World {
    now: Moment,
    sequence: u64,
    queue: BTreeMap<(Moment, u64), Arrival>,
    /// The brain, unmodified.
    pub gateway: Gateway,
    /// Where the brain is reached.
    pub address: SocketAddr,
    /// The box and the exchange.
    pub lines: Lines,
    /// SIP peers.
    pub parties: Vec<Party>,
    /// The network between them.
    pub network: Network,
    /// Dice for the teller of the story.
    pub rng: Rng,
    /// Every record written.
    pub records: Vec<CallRecord>,
    /// What was last heard on the lines of the last calls, oldest first.
    pub sounds: VecDeque<CallSound>,
    /// Every line test that is over.
    pub line_tests: Vec<LineTestReport>,
    /// Who registered, as the gateway asked to keep it for its next run.
    pub kept_bindings: BTreeMap<String, Vec<Binding>>,
    /// Every notice told.
    pub notices: Vec<Notice>,
    /// The last marks, oldest first.
    pub marks: VecDeque<Mark>,
    /// The SIP messages of the brain, kept as the program keeps them.
    pub sip: SipRing,
    /// The bookkeeper.
    pub checks: Checks,
    /// The box was told to lie, so that "stuck" alarms are right.
    pub box_was_lying: bool,
    /// Names that resolve, and to what; others do not.
    pub hosts: BTreeMap<String, Vec<std::net::IpAddr>>,
    /// The servers that the resolver knows of a service, under the name of its SRV records.
    pub srv_records: BTreeMap<String, Vec<Srv>>,
    /// What the brain put on the wire.
    pub tap: Tap,
    /// What happened, when somebody wants to know.
    pub trace: Option<Trace>,
    /// Steps taken.
    pub steps: u64,
    rtp_port_first: u16,
    /// The brain said that it has stopped.
    pub stopped: bool,
}

impl World {
    /// A world with this many lines, all connected, and a box that is up.
    #[must_use]
    pub fn new(settings: Settings, seed: u64) -> Self {
        let mut world = World::without_box(settings, seed);
        world.plug_in();
        world.run_for(Duration::from_secs(3));
        world
    }

    /// The same world with real sound on its lines, heard by the real channels. Slower by far: 50 frames a second a port.
    #[must_use]
    pub fn with_sound(settings: Settings, seed: u64) -> Self {
        let ports = u16::try_from(settings.ports.len()).unwrap_or(u16::MAX);
        World::at_exchange(settings, ExchangeConfig::brazil(ports), seed)
    }

    /// The same with an exchange of one's own.
    #[must_use]
    pub fn at_exchange(settings: Settings, exchange: ExchangeConfig, seed: u64) -> Self {
        let mut world = World::without_box(settings, seed);
        world.lines = Lines::with_sound(exchange, world.rng.fork());
        world.plug_in();
        world.run_for(Duration::from_secs(1));
        world
    }

    /// The same world before the box was plugged in.
    #[must_use]
    pub fn without_box(settings: Settings, seed: u64) -> Self {
        let mut rng = Rng::from_seed(seed);
        let address: SocketAddr = ([127, 0, 0, 1], 5060).into();
        let ports = u16::try_from(settings.ports.len()).unwrap_or(u16::MAX);
        let lines = Lines::new(ports, rng.fork());
        let rtp_port_first = settings.gateway.rtp_port_first;
        let gateway_address = GatewayAddress { sip: address, tls_port: 5061, rtp_ip: address.ip() };
        World {
            now: Moment::ZERO,
            sequence: 0,
            queue: BTreeMap::new(),
            gateway: Gateway::new(settings, gateway_address, rng.fork()),
            address,
            lines,
            parties: Vec::new(),
            network: Network::new(rng.fork()),
            rng,
            records: Vec::new(),
            sounds: VecDeque::new(),
            line_tests: Vec::new(),
            kept_bindings: BTreeMap::new(),
            notices: Vec::new(),
            marks: VecDeque::new(),
            sip: SipRing::default(),
            checks: Checks::default(),
            box_was_lying: false,
            hosts: BTreeMap::new(),
            srv_records: BTreeMap::new(),
            tap: Tap::default(),
            trace: None,
            steps: 0,
            rtp_port_first,
            stopped: false,
        }
    }

    /// From now on it is written down what happens.
    pub fn write_down(&mut self) {
        self.trace.get_or_insert_default();
    }

    /// The moment of the story.
    #[must_use]
    pub fn now(&self) -> Moment {
        self.now
    }

    /// Adds a SIP peer at 127.0.0.1 with a UDP port of its own; the answer is its place in [`World::parties`].
    pub fn add_party(&mut self, habits: Habits) -> usize {
        let index = self.parties.len();
        let port = 20_000 + u16::try_from(index).unwrap_or(0) * 2;
        self.add_party_at(([127, 0, 0, 1], port).into(), habits)
    }

    /// The computer of the gateway changes its network: what goes to the old address from now on is lost.
    pub fn move_to(&mut self, ip: IpAddr) {
        self.address.set_ip(ip);
        let address = GatewayAddress { sip: self.address, tls_port: 5061, rtp_ip: ip };
        self.enqueue(self.now, Arrival::Gateway(Event::Address(address)));
    }

    /// Adds a SIP peer at an address.
    pub fn add_party_at(&mut self, address: SocketAddr, habits: Habits) -> usize {
        let rng = self.rng.fork();
        self.parties.push(Party::new(address, habits, rng));
        self.parties.len() - 1
    }

    /// Lets a peer register at the gateway and waits until it is done.
    pub fn register(&mut self, party: usize, user: &str, secret: &str) {
        let credentials = credentials(user, secret);
        let (registrar, now) = (self.network.seen(self.address), self.now);
        self.parties[party].register(registrar, credentials, Duration::from_secs(300), now);
        self.run_for(Duration::from_secs(2));
    }

    /// Lets a peer call a number on the gateway.
    pub fn call(&mut self, party: usize, number: &str, credentials: Option<Credentials>) -> crate::sip::agent::SessionId {
        let uri = format!("sip:{number}@{}", self.address);
        let (destination, now) = (self.network.seen(self.address), self.now);
        let session = self.parties[party].call(destination, &uri, credentials, now);
        self.settle();
        session
    }

    /// Lets a peer do something, and sends what it has to send.
    pub fn with_party<T>(&mut self, party: usize, act: impl FnOnce(&mut Party, Moment) -> T) -> T {
        let now = self.now;
        let done = act(&mut self.parties[party], now);
        self.settle();
        done
    }

    /// A datagram reaches the gateway now, whoever sent it.
    pub fn inject(&mut self, from: SocketAddr, bytes: &[u8]) {
        self.deliver(Datagram { from, to: self.network.seen(self.address), bytes: bytes.to_vec() });
        self.settle();
    }

    /// Does something at the exchange.
    pub fn act(&mut self, port: u16, act: LineAct) {
        self.note(|| format!("line {port} {act:?}"));
        let events = self.lines.act(PortId(port), act, self.now);
        self.post(events);
        self.settle();
    }

    /// The operator orders something.
    pub fn command(&mut self, command: Command) {
        self.tell(Event::Command(command));
    }

    /// New settings are applied.
    pub fn apply(&mut self, settings: Settings) {
        self.rtp_port_first = settings.gateway.rtp_port_first;
        self.tell(Event::Apply(Box::new(settings)));
    }

    /// The box is plugged in.
    pub fn plug_in(&mut self) {
        if !self.lines.is_plugged() {
            let events = self.lines.plug_in(self.now);
            self.post(events);
            self.settle();
        }
    }

    /// The box is pulled out: what it was about to tell is lost.
    pub fn unplug(&mut self) {
        if self.lines.is_plugged() {
            self.lines.unplug(self.now);
            self.forget_lines();
            self.tell(Event::DeviceGone);
        }
    }

    /// The box starts again by itself.
    pub fn reboot(&mut self) {
        if self.lines.is_plugged() {
            self.forget_lines();
            let events = self.lines.reboot(self.now);
            self.post(events);
            self.settle();
        }
    }

    fn forget_lines(&mut self) {
        let of_box = |event: &Event| matches!(event, Event::Line { .. } | Event::DeviceUp(_) | Event::DeviceRebooted);
        self.queue.retain(|_, arrival| !matches!(arrival, Arrival::Gateway(event) if of_box(event)));
    }

    /// The brain is told something now.
    pub fn tell(&mut self, event: Event) {
        self.inform(event);
        self.settle();
    }

    fn inform(&mut self, event: Event) {
        self.note(|| format!("told {event:?}"));
        let mut out = Vec::new();
        self.gateway.handle(event, self.now, &mut out);
        self.carry_out(out);
    }

    /// The resolver answers from what it knows by now.
    fn resolve(&mut self, question: Question) {
        let records = match &question {
            Question::Addresses(host) => self.hosts.get(host).into_iter().flatten().copied().map(Record::Address).collect(),
            Question::Srv(name) => self.srv_records.get(name).into_iter().flatten().cloned().map(Record::Srv).collect(),
            Question::Pointers(_) => Vec::new(),
        };
        self.inform(Event::Resolved(Answer { question, records, ttl: None }));
    }

    /// Runs the story for a time.
    pub fn run_for(&mut self, time: Duration) {
        let end = self.now + time;
        self.run_while(end, |_| true);
        self.now = end;
    }

    /// Runs until something is true, at the longest for `limit`; answers whether it became true.
    pub fn run_until(&mut self, limit: Duration, mut is_true: impl FnMut(&World) -> bool) -> bool {
        let end = self.now + limit;
        self.run_while(end, |world| !is_true(world));
        is_true(self)
    }

    /// The live view of a port.
    #[must_use]
    pub fn port(&self, port: u16) -> PortView {
        let mut ports = self.gateway.snapshot(self.now).ports;
        ports.swap_remove(usize::from(port))
    }

    /// Where the gateway says that it is seen, when that is not where it is.
    #[must_use]
    pub fn public_address(&self) -> Option<String> {
        self.gateway.snapshot(self.now).public_address
    }

    /// Runs until a port shows a state.
    pub fn run_until_port(&mut self, port: u16, state: PortState, limit: Duration) -> bool {
        self.run_until(limit, |world| world.port(port).state == state)
    }

    /// Whether a notice with this code was told.
    #[must_use]
    pub fn was_noticed(&self, code: NoticeCode) -> bool {
        self.notices.iter().any(|notice| notice.code == code)
    }

    /// Ports that the exchange sees off hook.
    #[must_use]
    pub fn exchange_off_hook(&self) -> Vec<PortId> {
        self.lines.off_hook()
    }

    /// Digits that the exchange has collected on a line since it was seized.
    #[must_use]
    pub fn digits_at_exchange(&self, port: u16) -> String {
        self.lines.digits(PortId(port))
    }

    /// Good weather, every cable in, every call hung up; then a minute and a little to heal. Answers what is still wrong.
    pub fn heal(&mut self) -> Vec<String> {
        self.note(|| "healing".to_owned());
        self.network.weather = super::network::Weather::default();
        let now = self.now;
        for party in &mut self.parties {
            party.revive();
            party.hang_up_all(now);
        }
        let events = self.lines.heal(now);
        self.post(events);
        self.settle();
        self.run_for(Duration::from_secs(66));
        // A registration may be on its way just now.
        self.run_until(Duration::from_secs(60), |world| {
            world.parties.iter().all(Party::is_quiet) && world.gateway.load().transactions == 0
        });
        checks::after_healing(self)
    }

    fn run_while(&mut self, end: Moment, mut goes_on: impl FnMut(&World) -> bool) {
        for _ in 0..MOST_STEPS {
            if !goes_on(self) {
                return;
            }
            let Some(due) = self.next_moment().filter(|due| *due <= end) else {
                self.now = end;
                return;
            };
            self.now = self.now.max(due);
            self.step();
        }
        self.checks.violated(self.now, "the world spins");
    }

    fn next_moment(&self) -> Option<Moment> {
        let queue = self.queue.keys().next().map(|(at, _)| *at);
        let parties = self.parties.iter().map(Party::deadline).fold(None, earliest);
        [queue, parties, self.gateway.deadline(), self.lines.deadline()].into_iter().fold(None, earliest)
    }

    /// Everything that is due now, once.
    fn step(&mut self) {
        self.steps += 1;
        while let Some(entry) = self.queue.first_entry().filter(|entry| entry.key().0 <= self.now) {
            match entry.remove() {
                Arrival::Datagram(datagram) => self.deliver(datagram),
                Arrival::Gateway(event) => self.inform(event),
                Arrival::Question(question) => self.resolve(question),
            }
        }
        if self.gateway.deadline().is_some_and(|due| due <= self.now) {
            let mut out = Vec::new();
            self.gateway.handle_timeout(self.now, &mut out);
            self.carry_out(out);
        }
        for party in &mut self.parties {
            if party.deadline().is_some_and(|due| due <= self.now) {
                party.handle_timeout(self.now);
            }
        }
        self.settle();
        checks::after_step(self);
    }

    /// Sends what the peers have to send, and lets the lines and channels notice what has changed.
    fn settle(&mut self) {
        self.flush();
        if self.lines.next_frame().is_some_and(|due| due <= self.now) {
            self.telephones_tick();
        }
        let rtp = self.rtp();
        let events = self.lines.handle_timeout(&rtp, self.now);
        self.post(events);
        for (port, to, bytes) in self.lines.take_rtp() {
            let source = SocketAddr::new(self.network.seen(self.address).ip(), self.rtp_port_first + port.0 * 2);
            let now = self.now;
            let party = self.parties.iter_mut().find(|party| party.rtp_address() == to);
            if let Some(telephone) = party.and_then(|party| party.telephone.as_mut()) {
                telephone.receive(&bytes, source, now);
            }
        }
    }

    /// Every telephone speaks for 20 ms.
    fn telephones_tick(&mut self) {
        for party in &mut self.parties {
            let source = party.rtp_source();
            for (to, bytes) in party.tick(self.now) {
                let port = PortId(to.port().saturating_sub(self.rtp_port_first) / 2);
                if to.ip() == self.network.seen(self.address).ip() {
                    self.lines.receive_rtp(port, &bytes, source, self.now);
                }
            }
        }
    }

    /// What comes to each port from the network.
    fn rtp(&self) -> Vec<Rtp> {
        let mut rtp = Vec::new();
        for party in &self.parties {
            let kind = if party.habits.speaks { Rtp::Voice } else { Rtp::Silent };
            for to in party.rtp().filter(|to| to.ip() == self.network.seen(self.address).ip()) {
                let index = usize::from(to.port().saturating_sub(self.rtp_port_first) / 2);
                if rtp.len() <= index {
                    rtp.resize(index + 1, Rtp::Missing);
                }
                rtp[index] = kind.max(rtp[index]);
            }
        }
        rtp
    }

    fn note(&mut self, text: impl FnOnce() -> String) {
        if let Some(trace) = &mut self.trace {
            trace.note(self.now, &text());
        }
    }

    fn deliver(&mut self, datagram: Datagram) {
        if let Some(trace) = &mut self.trace {
            trace.datagram(self.now, "arrives", &datagram);
        }
        if datagram.to == self.network.seen(self.address) {
            self.tap.received(&datagram);
            let mut out = Vec::new();
            if !self.gateway.lets_in(datagram.from.into(), self.now, &mut out) {
                return self.carry_out(out);
            }
            let copy = MaskedCopy::of(&datagram.bytes);
            let event = Event::Message { source: datagram.from.into(), bytes: datagram.bytes };
            self.gateway.handle(event, self.now, &mut out);
            self.keep(SipDirection::In, datagram.from, copy, Action::drop_told(&out));
            self.carry_out(out);
        } else if let Some(party) = self.parties.iter_mut().find(|party| party.address == datagram.to) {
            party.receive(datagram.from, &datagram.bytes, self.now);
        }
    }

    fn carry_out(&mut self, actions: Vec<Action>) {
        for action in actions {
            match action {
                Action::Send { to, bytes } => {
                    let datagram = Datagram { from: self.network.seen(self.address), to: to.address, bytes };
                    self.tap.sent(&datagram);
                    self.keep(SipDirection::Out, to.address, MaskedCopy::of(&datagram.bytes), None);
                    self.send(datagram);
                }
                Action::Resolve(question) => self.enqueue(self.now + RESOLVER_DELAY, Arrival::Question(question)),
                Action::Line { port, command } => {
                    self.note(|| format!("orders line {} {command:?}", port.0));
                    let events = self.lines.command(port, command, self.now);
                    self.post(events);
                }
                Action::Media { port, command } => {
                    self.note(|| format!("orders channel {} {command:?}", port.0));
                    self.lines.media(port, command, self.now);
                }
                Action::LineTest(report) => self.line_tests.push(report),
                Action::Record(record) => {
                    self.note(|| format!("records {record:?}"));
                    self.checks.record(&record, self.now);
                    self.records.push(record);
                }
                Action::KeepSound(sound) => {
                    if self.sounds.len() >= MOST_SOUNDS {
                        self.sounds.pop_front();
                    }
                    self.sounds.push_back(sound);
                }
                Action::Notice(notice) => {
                    self.note(|| format!("notices {:?} {:?} {:?}", notice.code, notice.port, notice.args));
                    self.notices.push(notice);
                }
                Action::Mark(mark) => {
                    self.note(|| format!("marks {:?} on {}", mark.what, mark.port.0));
                    if self.marks.len() >= MOST_MARKS {
                        self.marks.pop_front();
                    }
                    self.marks.push_back(mark);
                }
                Action::KeepBindings { user, bindings } => {
                    self.kept_bindings.insert(user, bindings);
                }
                // Nobody looks at these lines while a story is told.
                Action::Analysis { .. } => {}
                // The notice beside it says the same.
                Action::Ban(_) => {}
                Action::Sip(SipNote::Owner(owner)) => self.sip.belongs(owner),
                // It was kept with the message.
                Action::Sip(SipNote::Dropped(_)) => {}
                Action::Stopped => self.stopped = true,
            }
        }
    }

    fn keep(&mut self, direction: SipDirection, peer: SocketAddr, copy: Option<MaskedCopy>, dropped: Option<SipDrop>) {
        if let Some(copy) = copy {
            self.sip.keep(SipPassage { direction, transport: Transport::Udp, peer, at: self.now }, copy, dropped);
        }
    }

    /// Sends what the peers have to send.
    fn flush(&mut self) {
        for index in 0..self.parties.len() {
            let from = self.parties[index].address;
            for (to, bytes) in self.parties[index].take_datagrams(self.now) {
                self.send(Datagram { from, to, bytes });
            }
        }
    }

    fn send(&mut self, datagram: Datagram) {
        for at in self.network.arrivals(self.now) {
            self.enqueue(at, Arrival::Datagram(datagram.clone()));
        }
    }

    fn post(&mut self, events: Vec<(Moment, Event)>) {
        for (at, event) in events {
            self.enqueue(at, Arrival::Gateway(event));
        }
    }

    fn enqueue(&mut self, at: Moment, arrival: Arrival) {
        self.sequence += 1;
        self.queue.insert((at, self.sequence), arrival);
    }
}

/// A user and a secret.
#[must_use]
pub fn credentials(user: &str, secret: &str) -> Credentials {
    Credentials { user: user.to_owned(), secret: Secret(secret.to_owned()) }
}
