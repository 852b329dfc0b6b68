//! The brain: where SIP, lines and media meet. Events go in, actions come out; nothing here reads a clock or opens anything.
//!
//! [`Gateway`] owns the user agent, the registrar and one [`Port`] a line; a [`call::Call`] is the only thing that ties a
//! session to a line. What the machines say to each other is settled inside [`Gateway::handle`] before it returns.

pub mod call;
pub mod caller_id_verdict;
pub mod exposure;
pub mod guard;
pub mod io;
pub mod line_test;
pub mod local_time;
pub mod mark;
pub mod notice;
pub mod plan;
pub mod probation;
pub mod record;
pub mod router;
pub mod sip_trace;
pub mod view;
pub mod when_idle;

mod admission;
mod apply;
mod barring;
mod belonging;
mod bindings;
mod budget;
mod callers;
mod entering;
mod lines;
mod marking;
pub mod names;
mod outages;
mod picture;
mod port;
mod public_address;
mod qualify;
mod reach;
mod redirection;
mod registrations;
mod remote_server;
mod sources;
mod targets;
mod testing;
mod transfer;

use std::collections::BTreeMap;
use std::net::{IpAddr, SocketAddr};
use std::time::Duration;

use crate::code;
use crate::config::PortId;
use crate::config::country::Country;
use crate::config::settings::Settings;
use crate::fxo::Identity;
use crate::fxo::line::{LineInput, LineOrder, LineOutput};
use crate::rng::Rng;
use crate::sip::agent::{AgentConfig, AgentOutput, SessionId, SipEvent, UserAgent};
use crate::sip::digest::{Algorithm, Verifier};
use crate::sip::registrar::Registrar;
use crate::time::{Moment, Timers, earliest};

use call::{Bridge, Call, CallEvent, Ending, Step};
use callers::Invitation;
use guard::{Block, Guard};
use io::{Action, Command, Event};
use local_time::Calendar;
use mark::MarkKind;
use names::Names;
use notice::{Notice, NoticeCode, Severity};
use outages::Outages;
use port::Port;
use public_address::PublicAddress;
use reach::Roll;
use record::{CallDirection, CallRecord, EndCause};
use registrations::Registrations;
use sources::Sources;

/// How long a stop waits for lines to be released and peers to answer.
const STOP_PATIENCE: Duration = Duration::from_secs(3);

/// The digest realm of server mode.
const REALM: &str = "loopstart";

/// Where the gateway can be reached.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct GatewayAddress {
    /// SIP, as peers see it.
    pub sip: SocketAddr,
    /// The port of SIP over TLS, at the same address.
    pub tls_port: u16,
    /// The address that SDP names for RTP.
    pub rtp_ip: IpAddr,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum GatewayTimer {
    StopPatience,
}

/// The brain of one gateway.
#[derive(Debug)]
pub struct Gateway {
    settings: Settings,
    country: &'static Country,
    address: GatewayAddress,
    agent: UserAgent,
    verifier: Verifier,
    registrar: Registrar,
    registrations: Registrations,
    names: Names,
    sources: Sources,
    guard: Guard,
    /// Who answers of those that calls are sent to.
    reach: Roll,
    public: PublicAddress,
    /// Places of the remote server that are passed over.
    outages: Outages,
    ports: Vec<Port>,
    /// The sessions of calls in progress: whose they are, and where the peer is.
    sessions: BTreeMap<SessionId, (PortId, IpAddr)>,
    device: Option<Identity>,
    /// The local calendar, for budgets and hours.
    calendar: Calendar,
    timers: Timers<GatewayTimer>,
    stopping: bool,
    /// From the word that the computer is about to sleep until it is awake.
    asleep: bool,
    rng: Rng,
    pending: Pending,
}

/// What machines said and nobody has heard yet.
#[derive(Debug, Default)]
struct Pending {
    sip: Vec<AgentOutput>,
    lines: Vec<(PortId, LineOutput)>,
}

impl Gateway {
    /// A gateway with these settings, and no box yet.
    #[must_use]
    pub fn new(settings: Settings, address: GatewayAddress, mut rng: Rng) -> Self {
        let country = plan::country(&settings.gateway.country);
        let product = concat!("Loopstart/", env!("CARGO_PKG_VERSION")).to_owned();
        let config = AgentConfig { local: address.sip, tls_port: address.tls_port, product };
        let ports = settings.ports.iter().enumerate();
        let ports = ports.map(|(index, port)| Port::new(port_id(index), port.clone(), country, Moment::ZERO)).collect();
        let mut gateway = Gateway {
            agent: UserAgent::new(config, rng.fork()),
            verifier: Verifier::new(REALM, offers(&settings), &mut rng),
            registrar: Registrar::new(registrations::limits(&settings.gateway)),
            registrations: Registrations::new(&mut rng, settings.ports.len()),
            country,
            address,
            names: Names::default(),
            sources: Sources::default(),
            guard: Guard::new(Moment::ZERO),
            reach: Roll::default(),
            public: PublicAddress::default(),
            outages: Outages::default(),
            ports,
            sessions: BTreeMap::new(),
            device: None,
            calendar: Calendar::default(),
            timers: Timers::new(),
            stopping: false,
            asleep: false,
            pending: Pending::default(),
            rng,
            settings,
        };
        gateway.tell_agent();
        gateway.keep_names(Moment::ZERO);
        gateway.renew_public_address(Moment::ZERO);
        // Nothing can be told yet; what goes wrong is told again when the answer of a resolver comes.
        gateway.renew_accounts(Moment::ZERO, &mut Vec::new());
        gateway.renew_qualify(Moment::ZERO);
        gateway
    }

    /// Handles one event and says what is to be done.
    pub fn handle(&mut self, event: Event, now: Moment, out: &mut Vec<Action>) {
        match event {
            Event::Message { source, bytes } => self.message(source, &bytes, now, out),
            Event::CutOff { hop, tls } => self.cut_off(hop, tls, now, out),
            Event::Resolved(answer) => self.resolved(answer, now, out),
            Event::DeviceUp(identity) => self.device_up(identity, now, out),
            Event::DeviceRebooted => self.device_rebooted(now, out),
            Event::DeviceGone => self.device_gone(now, out),
            Event::DeviceMoved { port, from, to } => {
                out.push(self.notice(Severity::Info, NoticeCode::DeviceMoved, port, &[("from", from), ("to", to)], now));
            }
            Event::PortUp(port) => self.port_up(port, now, out),
            Event::PortGone { port, lost } => self.port_gone(port, lost, now, out),
            Event::Line { port, event } => self.line_event(port, event, now, out),
            Event::Media { port, event } => self.media_event(port, event, now, out),
            Event::Sound(sound) => out.extend((self.settings.gateway.keep_sounds_max > 0).then_some(Action::KeepSound(sound))),
            Event::Command(command) => self.command(&command, now, out),
            Event::Address(address) => self.readdress(address, now, out),
            Event::LocalTime(time) => self.tell_time(time, now, out),
            Event::Spent { port, day, spent } => self.seed_budget(port, day, spent),
            Event::BindingsKept { user, bindings } => self.take_bindings_back(&user, bindings, now),
            Event::Apply(settings) => self.apply(*settings, now, out),
            Event::AboutToSleep => self.fall_asleep(now, out),
            Event::Awake => self.wake_up(now, out),
            Event::Stop => self.stop(now, out),
        }
        self.settle(now, out);
    }

    /// When [`Gateway::handle_timeout`] is due.
    #[must_use]
    pub fn deadline(&self) -> Option<Moment> {
        let machines = [
            self.agent.deadline(),
            self.registrar.deadline(),
            self.names.deadline(),
            self.timers.deadline(),
            self.qualify_due(),
            self.public.deadline(),
        ];
        let of_port = |port: &Port| [port.line.deadline(), port.call.as_ref().and_then(Call::deadline), port.budget_due];
        let ports = self.ports.iter().flat_map(of_port);
        machines.into_iter().chain(ports).fold(None, earliest)
    }

    /// Handles every timer that is due.
    pub fn handle_timeout(&mut self, now: Moment, out: &mut Vec<Action>) {
        self.agent.handle_timeout(now, &mut self.pending.sip);
        self.expire_registrations(now, out);
        self.names.handle_timeout(now);
        self.qualify(now, out);
        self.ask_stun(now, out);
        for index in 0..self.ports.len() {
            let mut outputs = Vec::new();
            self.ports[index].line.handle_timeout(now, &mut outputs);
            let port = port_id(index);
            self.pending.lines.extend(outputs.into_iter().map(|output| (port, output)));
        }
        // A call hears what its line said before its own time is up.
        self.settle(now, out);
        for index in 0..self.ports.len() {
            self.call_timeout(port_id(index), now, out);
            self.budget_timeout(port_id(index), now, out);
        }
        if self.timers.expired(now).is_some() {
            out.push(Action::Stopped);
            self.stopping = false;
        }
        self.settle(now, out);
    }

    /// True when no line is seized, no session is open and no registration is being taken back: nothing is lost when the
    /// program ends now.
    #[must_use]
    pub fn is_quiet(&self) -> bool {
        self.agent.open_sessions() == 0 && !self.registrations.are_leaving() && self.has_let_go()
    }

    /// True when there is no call and no line is seized.
    #[must_use]
    pub fn has_let_go(&self) -> bool {
        self.ports.iter().all(|port| port.call.is_none() && is_on_hook(port))
    }

    fn takes_no_calls(&self) -> bool {
        self.stopping || self.asleep
    }

    /// Lets the machines hear each other until nobody has anything to say.
    fn settle(&mut self, now: Moment, out: &mut Vec<Action>) {
        while !self.pending.sip.is_empty() || !self.pending.lines.is_empty() {
            for output in std::mem::take(&mut self.pending.sip) {
                match output {
                    AgentOutput::Send { to, bytes } => out.push(Action::Send { to, bytes }),
                    AgentOutput::Event(event) => self.sip_event(event, now, out),
                }
            }
            for (port, output) in std::mem::take(&mut self.pending.lines) {
                match output {
                    LineOutput::Command(command) => {
                        self.mark_line_command(port, &command, now, out);
                        out.push(Action::Line { port, command });
                    }
                    LineOutput::Report(report) => {
                        self.mark_line_report(port, &report, now, out);
                        self.line_report(port, report, now, out);
                    }
                }
            }
        }
        self.drop_surplus_ports(out);
        out.extend(self.names.take_questions().into_iter().map(Action::Resolve));
        self.keep_bindings(now, out);
        self.refresh_view(now);
        if self.stopping && self.is_quiet() {
            self.stopping = false;
            self.timers.clear(GatewayTimer::StopPatience);
            out.push(Action::Stopped);
        }
    }

    fn sip_event(&mut self, event: SipEvent, now: Moment, out: &mut Vec<Action>) {
        match event {
            SipEvent::Invite { session, source, request } => self.invited(Invitation { session, source, request: &request }, now, out),
            SipEvent::Request { id, source, request } => self.requested(id, source, &request, now, out),
            SipEvent::Registration { account, state } => self.registration_changed(account, state, now, out),
            SipEvent::SeenAs { by, at } => self.seen_as(by, at, now, out),
            SipEvent::Probed { probe, status } => self.probed(probe, status, now, out),
            SipEvent::WentElsewhere { session, from, to } => self.went_elsewhere(session, from, to, now, out),
            SipEvent::Cancelled { session, cause } => self.session_event(session, CallEvent::Cancelled { cause }, now, out),
            SipEvent::Acknowledged { session, body } => self.session_event(session, CallEvent::Acknowledged(body), now, out),
            SipEvent::Offer { session, body } => {
                if self.sessions.contains_key(&session) {
                    self.session_event(session, CallEvent::Offer(body), now, out);
                } else {
                    self.agent.answer_offer(session, Err(488), now, &mut self.pending.sip);
                }
            }
            SipEvent::Info { session, content_type, body } => self.session_event(session, CallEvent::Info { content_type, body }, now, out),
            SipEvent::Ended { session, end } => self.session_event(session, CallEvent::SessionEnded(end), now, out),
            SipEvent::Progress { session, status, .. } => {
                self.mark_sip_in(session, status.to_string(), now, out);
                self.session_event(session, CallEvent::LegProgress { session, status }, now, out);
            }
            SipEvent::Referred { session, referral } => self.referred(session, &referral, now, out),
            SipEvent::Answered { session, body } => {
                if self.sessions.contains_key(&session) {
                    self.session_event(session, CallEvent::LegAnswered { session, body }, now, out);
                } else {
                    self.agent.hang_up(session, None, now, &mut self.pending.sip);
                }
            }
            SipEvent::Reanswered { session, body } => self.session_event(session, CallEvent::Reanswered(body), now, out),
            SipEvent::Redirected { session, status, reason, targets } => {
                let invites = self.follow(session, &targets, now);
                self.session_event(session, CallEvent::LegRedirected { session, status, reason, invites }, now, out);
                self.sessions.remove(&session);
            }
            SipEvent::Refused { session, status, reason, cause } => {
                self.session_event(session, CallEvent::LegRefused { session, status, reason, cause }, now, out);
                self.sessions.remove(&session);
            }
        }
    }

    fn session_event(&mut self, session: SessionId, event: CallEvent, now: Moment, out: &mut Vec<Action>) {
        self.mark_session_event(session, &event, now, out);
        let of_leg = matches!(
            event,
            CallEvent::LegProgress { .. } | CallEvent::LegAnswered { .. } | CallEvent::LegRefused { .. } | CallEvent::LegRedirected { .. }
        );
        match self.sessions.get(&session) {
            Some(&(port, _)) if of_leg || self.is_of_call(session) => self.call_event(port, event, now, out),
            Some(_) => self.aside(session, &event, now),
            None => {}
        }
    }

    /// Tells the call of a port something, and does what it answers.
    fn call_event(&mut self, port: PortId, event: CallEvent, now: Moment, out: &mut Vec<Action>) {
        self.with_call(port, now, out, |call, bridge| call.handle(event, bridge));
    }

    fn call_timeout(&mut self, port: PortId, now: Moment, out: &mut Vec<Action>) {
        while self.ports.get(port.index()).and_then(|port| port.call.as_ref()?.deadline()).is_some_and(|due| due <= now) {
            self.with_call(port, now, out, Call::handle_timeout);
        }
    }

    fn with_call(&mut self, id: PortId, now: Moment, out: &mut Vec<Action>, act: impl FnOnce(&mut Call, &mut Bridge<'_>) -> Step) {
        let Some(port) = self.ports.get_mut(id.index()) else { return };
        let Some(mut call) = port.call.take() else { return };
        let settings = port.settings.line.clone();
        let mut bridge = bridge(&mut self.agent, &mut self.pending.sip, &self.sessions, &settings, now);
        let step = act(&mut call, &mut bridge);
        let orders = Orders::of(bridge);
        port.call = Some(call);
        if let Step::End(Ending { evidence: Some(evidence), .. }) = &step {
            self.mark(id, MarkKind::Evidence { evidence: evidence.clone() }, now, out);
        }
        self.carry_out(id, orders, now, out);
        self.step(id, step, now, out);
        self.look_at_budget(id, now, out);
    }

    /// Does what a call ordered from its line and its channel.
    fn carry_out(&mut self, id: PortId, orders: Orders, now: Moment, out: &mut Vec<Action>) {
        for what in orders.marks {
            self.mark(id, what, now, out);
        }
        for command in orders.media {
            self.mark_media_command(id, &command, now, out);
            out.push(Action::Media { port: id, command });
        }
        for (code, args) in orders.notices {
            let good = matches!(code, NoticeCode::CallAnswered | NoticeCode::CallStarted);
            let severity = if good { Severity::Info } else { Severity::Warning };
            out.push(self.notice(severity, code, Some(id), &args, now));
        }
        for order in orders.line {
            self.line_input(id, LineInput::Order(order), now);
        }
        for (session, peer) in orders.opened {
            self.sessions.insert(session, (id, peer));
            self.tell_whose_session(session, id, out);
        }
    }

    /// Does what a call's step asks for.
    fn step(&mut self, id: PortId, step: Step, now: Moment, out: &mut Vec<Action>) {
        match step {
            Step::Continue => {}
            Step::Want(target) => self.locate_target(id, target, now, out),
            Step::Glare => self.move_call(id, now, out),
            Step::End(ending) => {
                self.mark_media_command(id, &crate::media::MediaCommand::Detach, now, out);
                self.mark(id, MarkKind::Ended { cause: ending.cause }, now, out);
                let Some(port) = self.ports.get_mut(id.index()) else { return };
                let Some(call) = port.call.take() else { return };
                port.last_used = Some(now);
                let used = matches!(&call, Call::ToLine(_)).then(|| call.facts().answered).flatten();
                if let Call::LineTest(test) = &call {
                    out.push(Action::LineTest(test.report(Some((ending.cause, now)))));
                }
                let record = call.record(ending, now);
                // The live picture is told ten times a second: it goes without the timeline.
                port.last = Some(CallRecord { timeline: Vec::new(), ..record.clone() });
                port.meter = None;
                port.locating = None;
                self.sessions.retain(|_, (owner, _)| *owner != id);
                if let Some(answered) = used {
                    self.spend(id, answered, now);
                }
                self.line_input(id, LineInput::Order(LineOrder::Release), now);
                if self.settings.gateway.keep_sounds_max > 0 {
                    out.push(Action::Media { port: id, command: crate::media::MediaCommand::TakeSound { call: record.id.clone() } });
                }
                out.push(Action::Media { port: id, command: crate::media::MediaCommand::Quiet });
                out.push(Action::Media { port: id, command: crate::media::MediaCommand::Detach });
                let seconds = record.answered_ms.map_or(0, |answered| record.ended_ms.saturating_sub(answered) / 1000);
                let args = [
                    ("from", record.from.clone()),
                    ("to", record.to.clone()),
                    ("cause", code::of(&record.cause)),
                    ("seconds", seconds.to_string()),
                ];
                let code = match record.direction {
                    CallDirection::SipToFxo | CallDirection::FxoToSip => NoticeCode::CallEnded,
                    CallDirection::Test => NoticeCode::TestEnded,
                };
                out.push(self.notice(Severity::Info, code, Some(id), &args, now));
                out.push(Action::Record(record));
                self.apply_waiting(id, out);
            }
        }
    }

    fn line_input(&mut self, id: PortId, input: LineInput, now: Moment) {
        let Some(port) = self.ports.get_mut(id.index()) else { return };
        let mut outputs = Vec::new();
        port.line.handle(input, now, &mut outputs);
        self.pending.lines.extend(outputs.into_iter().map(|output| (id, output)));
    }

    fn command(&mut self, command: &Command, now: Moment, out: &mut Vec<Action>) {
        match command {
            Command::HangUp { port } => self.call_event(*port, CallEvent::End(EndCause::Operator), now, out),
            Command::Reregister { port } => self.reregister(*port, now),
            Command::TestCall { port, number } => self.test_call(*port, number.as_deref(), now, out),
            Command::LineTest { port } => self.test_line(*port, now, out),
            Command::Analyse { port } => self.analyse(*port, out),
            Command::LiftBan { source } => {
                if let Some(block) = Block::parse(source) {
                    self.guard.conduct.lift(block);
                }
            }
            Command::OutOfService { port: id, hold } => {
                let (id, hold) = (*id, *hold);
                let Some(port) = self.ports.get_mut(id.index()) else { return };
                port.held = hold;
                if hold {
                    self.call_event(id, CallEvent::End(EndCause::Operator), now, out);
                }
                self.line_input(id, LineInput::Order(LineOrder::OutOfService(hold)), now);
            }
        }
    }

    fn stop(&mut self, now: Moment, out: &mut Vec<Action>) {
        self.stopping = true;
        self.timers.set(GatewayTimer::StopPatience, now + STOP_PATIENCE);
        self.end_calls(EndCause::Stopped, now, out);
        self.renew_accounts(now, out);
    }

    fn fall_asleep(&mut self, now: Moment, out: &mut Vec<Action>) {
        self.asleep = true;
        self.end_calls(EndCause::Asleep, now, out);
    }

    fn wake_up(&mut self, now: Moment, out: &mut Vec<Action>) {
        self.asleep = false;
        self.reach.spread(now, &mut self.rng);
        self.registrations.register_again();
        self.renew_accounts(now, out);
    }

    fn end_calls(&mut self, cause: EndCause, now: Moment, out: &mut Vec<Action>) {
        for index in 0..self.ports.len() {
            self.call_event(port_id(index), CallEvent::End(cause), now, out);
        }
    }

    fn notice(&self, severity: Severity, code: NoticeCode, port: Option<PortId>, args: &[(&str, String)], now: Moment) -> Action {
        let args = args.iter().map(|(name, value)| ((*name).to_owned(), value.clone())).collect();
        Action::Notice(Notice { at_ms: now.as_millis(), severity, code, port, args, setting: None })
    }
}

/// The digest algorithms that challenges offer.
fn offers(settings: &Settings) -> &'static [Algorithm] {
    if settings.gateway.sha256_digest { Verifier::STRONGEST } else { Verifier::WIDEST }
}

/// What a call ordered while it handled an event.
struct Orders {
    line: Vec<LineOrder>,
    media: Vec<crate::media::MediaCommand>,
    notices: Vec<(NoticeCode, Vec<(&'static str, String)>)>,
    opened: Vec<(SessionId, IpAddr)>,
    marks: Vec<MarkKind>,
}

impl Orders {
    fn of(bridge: Bridge<'_>) -> Self {
        Orders { line: bridge.line, media: bridge.media, notices: bridge.notices, opened: bridge.opened, marks: bridge.marks }
    }
}

fn bridge<'a>(
    agent: &'a mut UserAgent,
    sip: &'a mut Vec<AgentOutput>,
    peers: &'a BTreeMap<SessionId, (PortId, IpAddr)>,
    settings: &'a crate::config::settings::LineSettings,
    now: Moment,
) -> Bridge<'a> {
    let (line, media, notices, opened, marks) = (Vec::new(), Vec::new(), Vec::new(), Vec::new(), Vec::new());
    Bridge { agent, sip, peers, line, media, notices, opened, marks, settings, now }
}

fn port_id(index: usize) -> PortId {
    PortId(u16::try_from(index).unwrap_or(u16::MAX))
}

fn is_on_hook(port: &Port) -> bool {
    use crate::fxo::line::LineState;
    !matches!(port.line.state(), LineState::Seizing | LineState::OffHook | LineState::Releasing)
}
