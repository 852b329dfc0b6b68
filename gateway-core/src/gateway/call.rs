//! One call: the only place where a SIP session, a line and an audio channel meet.
//!
//! A call is told [`CallEvent`]s and acts through a [`Bridge`]; what it cannot do alone, and its end, it answers as a
//! [`Step`]. It lives from the router's choice (SIP→FXO) or the first valid ring (FXO→SIP) to exactly one [`Ending`].

mod audio;
mod leg;
mod line_test;
mod moves;
mod recall;
mod redirects;
mod talk;
mod test_call;
mod to_line;
mod to_sip;

pub use audio::Audio;
pub use line_test::LineTest;
pub use moves::{Lead, Reference, Replacement};
pub use test_call::TestCall;
pub use to_line::{Order, ToLine};
pub use to_sip::ToSip;

use std::collections::BTreeMap;
use std::net::IpAddr;

use super::mark::{MarkKind, Timeline};
use super::notice::NoticeCode;
use super::record::{CallDirection, CallRecord, EndCause};
use super::view::{CallView, PortState, WaitingView};
use crate::config::PortId;
use crate::config::settings::LineSettings;
use crate::fxo::line::{HangUpEvidence, LineOrder, LineReport};
use crate::media::{MediaCommand, MediaEvent};
use crate::sip::agent::{AgentOutput, Invite, Refusal, SessionEnd, SessionId, UserAgent};
use crate::time::{Moment, Timers};

/// What is true of a call whichever way it goes.
#[derive(Clone, Debug)]
pub struct CallFacts {
    /// Unique name: 32 hexadecimal digits.
    pub id: String,
    /// The port that carries it.
    pub port: PortId,
    /// Which way it goes.
    pub direction: CallDirection,
    /// Who calls.
    pub from: String,
    /// Who is called.
    pub to: String,
    /// When it began.
    pub started: Moment,
    /// When both ends could talk.
    pub answered: Option<Moment>,
    /// That no RTP came was told.
    pub rtp_missing_told: bool,
    /// What was seen of it so far.
    pub timeline: Timeline,
}

impl CallFacts {
    /// The one record of a call that ends now.
    #[must_use]
    pub fn record(&self, ending: Ending, now: Moment) -> CallRecord {
        CallRecord {
            id: self.id.clone(),
            port: self.port,
            direction: self.direction,
            from: self.from.clone(),
            to: self.to.clone(),
            started_ms: self.started.as_millis(),
            answered_ms: self.answered.map(Moment::as_millis),
            ended_ms: now.as_millis(),
            cause: ending.cause,
            evidence: ending.evidence,
            sip_status: ending.sip_status,
            timeline: self.timeline.marks(),
        }
    }
}

/// What a call is told.
#[derive(Clone, Debug)]
pub enum CallEvent {
    /// By the line.
    Line(LineReport),
    /// By the audio channel.
    Media(MediaEvent),
    /// By the device: how the line is, electrically.
    Measured {
        /// Line voltage in mV.
        millivolts: i32,
        /// Loop current in µA, from a device that measures it.
        microamps: Option<u32>,
        /// The device sees itself off hook.
        off_hook: bool,
    },
    /// CANCEL came for the incoming session.
    Cancelled {
        /// The Q.850 cause that it told.
        cause: Option<u8>,
    },
    /// ACK came, perhaps with an SDP answer.
    Acknowledged(Vec<u8>),
    /// The peer offers new media.
    Offer(Vec<u8>),
    /// The peer answered the offer with which the session was refreshed.
    Reanswered(Vec<u8>),
    /// INFO came.
    Info {
        /// `Content-Type`.
        content_type: String,
        /// Body.
        body: Vec<u8>,
    },
    /// The confirmed session is over.
    SessionEnded(SessionEnd),
    /// The peer refers the call elsewhere.
    Referred(Box<Reference>),
    /// Somebody takes the place of the peer.
    Replaced(Box<Replacement>),
    /// An outgoing leg is on its way.
    LegProgress {
        /// Which leg.
        session: SessionId,
        /// 101–199.
        status: u16,
    },
    /// An outgoing leg was answered.
    LegAnswered {
        /// Which leg.
        session: SessionId,
        /// The SDP answer.
        body: Vec<u8>,
    },
    /// An outgoing leg was refused.
    LegRefused {
        /// Which leg.
        session: SessionId,
        /// Final status.
        status: u16,
        /// Reason phrase.
        reason: String,
        /// The Q.850 cause that it told.
        cause: Option<u8>,
    },
    /// An outgoing leg was sent elsewhere.
    LegRedirected {
        /// Which leg.
        session: SessionId,
        /// Final status.
        status: u16,
        /// Reason phrase.
        reason: String,
        /// The INVITEs that follow it, the most wanted first; none: it leads nowhere that is called from here.
        invites: Vec<Invite>,
    },
    /// Answer to [`Step::Want`]: the INVITEs to send, or none.
    Targets(Vec<Invite>),
    /// End it now.
    End(EndCause),
}

/// Timers of a call.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum CallTimer {
    /// Dial tone is awaited.
    DialTone,
    /// The fixed pause before dialling.
    DialPause,
    /// `first_of`: the call counts as answered.
    AnswerLimit,
    /// Nobody answers.
    NoAnswer,
    /// The longest call.
    Longest,
    /// Double answer: the first answer.
    CollectAnswer,
    /// Double answer: open time and a settling margin.
    CollectOpen,
    /// Answer and release: the exchange has had time to notice the answer.
    Dismissed,
    /// A line test: a stage is over.
    Stage,
    /// Whoever referred the call elsewhere should have hung up.
    Handover,
    /// After a hook flash: a stage is over.
    Recall,
}

/// How a call ended.
#[derive(Clone, Debug, PartialEq)]
pub struct Ending {
    /// Why.
    pub cause: EndCause,
    /// How the line showed it.
    pub evidence: Option<HangUpEvidence>,
    /// Final SIP status, sent or received.
    pub sip_status: Option<u16>,
}

impl Ending {
    /// An end without line evidence.
    #[must_use]
    pub fn new(cause: EndCause) -> Self {
        Ending { cause, evidence: None, sip_status: None }
    }

    /// The same end, with the SIP status that went with it.
    #[must_use]
    pub fn with_status(self, status: u16) -> Self {
        Ending { sip_status: Some(status), ..self }
    }
}

/// What a call answers to an event.
#[derive(Clone, Debug, PartialEq)]
pub enum Step {
    /// Nothing more.
    Continue,
    /// The INVITEs for target 0 or 1 are wanted, as [`CallEvent::Targets`].
    Want(usize),
    /// The line rang while it was being seized: another port, or [`CallEvent::End`] with [`EndCause::Glare`].
    Glare,
    /// The call is over: release the line, detach audio, write the record.
    End(Ending),
}

/// What a call can reach while it handles one event.
pub struct Bridge<'a> {
    /// The user agent.
    pub agent: &'a mut UserAgent,
    /// What the agent wants done.
    pub sip: &'a mut Vec<AgentOutput>,
    /// Where the peers of the sessions of all calls are.
    pub peers: &'a BTreeMap<SessionId, (PortId, IpAddr)>,
    /// Orders for the line of the call's port.
    pub line: Vec<LineOrder>,
    /// Orders for the channel of the call's port.
    pub media: Vec<MediaCommand>,
    /// Notices about the call, with their arguments.
    pub notices: Vec<(NoticeCode, Vec<(&'static str, String)>)>,
    /// Sessions opened to peers, and where these are.
    pub opened: Vec<(SessionId, IpAddr)>,
    /// What was done.
    pub marks: Vec<MarkKind>,
    /// The port's line settings.
    pub settings: &'a LineSettings,
    /// The moment of the event.
    pub now: Moment,
}

impl Bridge<'_> {
    /// Calls a SIP target.
    pub fn invite(&mut self, invite: Invite) -> SessionId {
        self.marks.push(MarkKind::SipOut { message: "INVITE".to_owned(), peer: invite.request_uri.clone() });
        let destination = invite.destination;
        let session = self.agent.invite(invite, self.now, self.sip);
        self.opened.push((session, destination.ip()));
        session
    }

    /// Tells an incoming session how far its call is.
    pub fn provisional(&mut self, session: SessionId, status: u16, body: Option<Vec<u8>>) {
        self.say(session, &status.to_string());
        self.agent.provisional(session, status, body, self.now, self.sip);
    }

    /// Accepts an incoming session.
    pub fn answer(&mut self, session: SessionId, body: Vec<u8>) {
        self.say(session, "200");
        self.agent.answer(session, body, self.now, self.sip);
    }

    /// Answers an offer inside a session: with SDP, or with a status.
    pub fn answer_offer(&mut self, session: SessionId, answer: Result<Vec<u8>, u16>) {
        self.say(session, &answer.as_ref().err().unwrap_or(&200).to_string());
        self.agent.answer_offer(session, answer, self.now, self.sip);
    }

    /// Sends INFO inside a session.
    pub fn info(&mut self, session: SessionId, content_type: &str, body: Vec<u8>) {
        self.say(session, "INFO");
        self.agent.info(session, content_type, body, self.now, self.sip);
    }

    /// Answers a REFER: accepted, or a status.
    pub fn answer_refer(&mut self, session: SessionId, answer: Result<(), u16>) {
        self.say(session, &answer.err().unwrap_or(202).to_string());
        self.agent.answer_refer(session, answer, self.now, self.sip);
    }

    /// Tells who referred the call how far that is.
    pub fn tell_of_referral(&mut self, session: SessionId, status: u16, reason: &str) {
        self.agent.tell_of_referral(session, status, reason, self.now, self.sip);
    }

    /// Refuses an incoming session with a status and a Q.850 cause.
    pub fn refuse(&mut self, session: SessionId, status: u16, cause: Option<u8>, retry_after_s: Option<u32>) {
        self.say(session, &status.to_string());
        let refusal = Refusal { status, cause, retry_after_s, headers: Vec::new() };
        self.agent.refuse(session, refusal, self.now, self.sip);
    }

    /// Ends a session in whatever state it is.
    pub fn hang_up(&mut self, session: SessionId, cause: Option<u8>) {
        if let Some(farewell) = self.agent.farewell(session) {
            self.say(session, farewell);
        }
        self.agent.hang_up(session, cause, self.now, self.sip);
    }

    /// Tells the peer of an answered session where we are, when it does not know.
    pub fn tell_move(&mut self, session: SessionId, audio: &mut Audio) {
        if self.agent.take_moved(session) {
            audio.tell_again();
        }
        if let Some(description) = audio.take_move() {
            self.say(session, "INVITE");
            self.agent.tell_move(session, description, self.now, self.sip);
        }
    }

    /// Lets RTP flow with the peer of a session, as far as it is agreed.
    pub fn attach(&mut self, session: SessionId, audio: &Audio) {
        let plan = audio.plan(self.peer(session));
        self.media.extend(plan.map(|plan| MediaCommand::Attach(Box::new(plan))));
    }

    /// The address at which the peer of a session sees us, where that is not our own.
    pub fn ip_seen_by(&self, session: SessionId) -> Option<IpAddr> {
        self.agent.ip_seen_by(self.peer(session)?)
    }

    fn peer(&self, session: SessionId) -> Option<IpAddr> {
        let known = self.peers.get(&session).map(|(_, peer)| *peer);
        known.or_else(|| self.opened.iter().find(|(opened, _)| *opened == session).map(|(_, peer)| *peer))
    }

    fn say(&mut self, session: SessionId, message: &str) {
        let peer = self.peer(session).map(|peer| peer.to_string()).unwrap_or_default();
        self.marks.push(MarkKind::SipOut { message: message.to_owned(), peer });
    }
}

/// A call, either way.
#[derive(Debug)]
pub enum Call {
    /// A SIP caller goes out on the line.
    ToLine(ToLine),
    /// The line rings and SIP is called.
    ToSip(ToSip),
    /// The operator calls a number to hear what comes.
    TestCall(TestCall),
    /// The operator measures the line.
    LineTest(LineTest),
}

impl Call {
    /// What is true whichever way it goes.
    #[must_use]
    pub fn facts(&self) -> &CallFacts {
        match self {
            Call::ToLine(call) => &call.facts,
            Call::ToSip(call) => &call.facts,
            Call::TestCall(call) => &call.facts,
            Call::LineTest(call) => &call.facts,
        }
    }

    /// The same, to note something.
    pub(super) fn facts_mut(&mut self) -> &mut CallFacts {
        match self {
            Call::ToLine(call) => &mut call.facts,
            Call::ToSip(call) => &mut call.facts,
            Call::TestCall(call) => &mut call.facts,
            Call::LineTest(call) => &mut call.facts,
        }
    }

    fn timers(&mut self) -> &mut Timers<CallTimer> {
        match self {
            Call::ToLine(call) => &mut call.timers,
            Call::ToSip(call) => &mut call.timers,
            Call::TestCall(call) => &mut call.timers,
            Call::LineTest(call) => &mut call.timers,
        }
    }

    /// What its port is doing.
    #[must_use]
    pub fn state(&self) -> PortState {
        match self {
            Call::ToLine(call) => call.state(),
            Call::ToSip(call) => call.state(),
            Call::TestCall(call) => call.state(),
            Call::LineTest(call) => call.state(),
        }
    }

    /// Handles one event.
    pub fn handle(&mut self, event: CallEvent, bridge: &mut Bridge<'_>) -> Step {
        match self {
            Call::ToLine(call) => call.handle(event, bridge),
            Call::ToSip(call) => call.handle(event, bridge),
            Call::TestCall(call) => call.handle(event, bridge),
            Call::LineTest(call) => call.handle(event, bridge),
        }
    }

    /// The gateway is at another address now.
    pub fn relocate(&mut self, ip: IpAddr, bridge: &mut Bridge<'_>) {
        match self {
            Call::ToLine(call) => call.relocate(ip, bridge),
            Call::ToSip(call) => call.relocate(ip, bridge),
            Call::TestCall(_) | Call::LineTest(_) => {}
        }
    }

    /// When [`Call::handle_timeout`] is due.
    #[must_use]
    pub fn deadline(&self) -> Option<Moment> {
        match self {
            Call::ToLine(call) => call.timers.deadline(),
            Call::ToSip(call) => call.timers.deadline(),
            Call::TestCall(call) => call.timers.deadline(),
            Call::LineTest(call) => call.timers.deadline(),
        }
    }

    /// Handles one timer that is due, if any is.
    pub fn handle_timeout(&mut self, bridge: &mut Bridge<'_>) -> Step {
        let Some(timer) = self.timers().expired(bridge.now) else { return Step::Continue };
        match self {
            Call::ToLine(call) => call.timeout(timer, bridge),
            Call::ToSip(call) => call.timeout(timer, bridge),
            Call::TestCall(call) => call.timeout(timer, bridge),
            Call::LineTest(call) => call.timeout(timer, bridge),
        }
    }

    /// What the window shows of it.
    #[must_use]
    pub fn view(&self) -> CallView {
        let facts = self.facts();
        CallView {
            id: facts.id.clone(),
            direction: facts.direction,
            from: facts.from.clone(),
            to: facts.to.clone(),
            started_ms: facts.started.as_millis(),
            answered_ms: facts.answered.map(Moment::as_millis),
            waiting: facts.timeline.waiting().map(|(told_ms, burst)| WaitingView { told_ms, caller: burst.caller().cloned() }),
            line_test: match self {
                Call::LineTest(test) => Some(test.report(None)),
                Call::ToLine(_) | Call::ToSip(_) | Call::TestCall(_) => None,
            },
        }
    }

    /// The one record of this call.
    #[must_use]
    pub fn record(&self, ending: Ending, now: Moment) -> CallRecord {
        self.facts().record(ending, now)
    }
}
