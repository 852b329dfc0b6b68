//! What the user agent is told, what it tells, and what it wants done: the words of its surface.

use std::net::SocketAddr;
use std::time::Duration;

use super::digest::Credentials;
use super::header::Referral;
use super::hop::Hop;

/// One INVITE session, in either direction, from the INVITE to its end.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct SessionId(pub u64);

/// One server transaction of a request outside a session that waits for our answer.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct RequestId(pub u64);

/// One question to a peer whether it is there, numbered by whoever asks.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct ProbeId(pub u64);

/// Where a peer is asked whether it is there.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Probe {
    /// Where the request goes.
    pub destination: Hop,
    /// Request-URI.
    pub request_uri: String,
    /// Proxies to go through, as `Route` has them.
    pub route: Vec<String>,
}

/// One of our registrations at a remote registrar, numbered by the caller.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct AccountId(pub u16);

/// Fixed facts about this user agent.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AgentConfig {
    /// The address and port that peers reach us on: Via, Contact.
    pub local: SocketAddr,
    /// The port that they reach us on over TLS, at the same address.
    pub tls_port: u16,
    /// `User-Agent` and `Server`.
    pub product: String,
}

/// An outgoing INVITE (RFC 3261 §13.2).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Invite {
    /// Where the request goes.
    pub destination: Hop,
    /// Request-URI, exactly as it shall stand in the request line.
    pub request_uri: String,
    /// `From` without tag, e.g. `"Name" <sip:1133334444@host>`.
    pub from: String,
    /// `To` without tag; usually `<request_uri>`.
    pub to: String,
    /// User part of our Contact.
    pub contact_user: String,
    /// Further header lines, such as `P-Asserted-Identity` or `Privacy`.
    pub headers: Vec<(String, String)>,
    /// The offer.
    pub body: Vec<u8>,
    /// `Content-Type` of the body.
    pub content_type: String,
    /// Further places of the same server, tried in this order when the one before does not answer or is out of service (RFC 3263 §4.3).
    pub others: Vec<Hop>,
    /// Answers a 401/407 once; `None`: a challenge is a refusal like any other.
    pub credentials: Option<Credentials>,
    /// Give up (CANCEL) when nobody answered for this long.
    pub ring_timeout: Option<Duration>,
}

/// A final refusal of an incoming INVITE, or of another request.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Refusal {
    /// SIP status, 300–699.
    pub status: u16,
    /// Q.850 cause for the `Reason` header (RFC 3326).
    pub cause: Option<u8>,
    /// Seconds for `Retry-After`.
    pub retry_after_s: Option<u32>,
    /// Further header lines, such as `WWW-Authenticate`.
    pub headers: Vec<(String, String)>,
}

/// A registration to keep alive (RFC 3261 §10.2).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Account {
    /// Where REGISTER goes. Another place of the same server does not make it another account.
    pub registrar: Hop,
    /// The server as somebody typed it.
    pub server: String,
    /// Proxies to go through, as `Route` has them.
    pub route: Vec<String>,
    /// How long an answer is waited for, where there is somewhere else to ask; `None`: for 64·T1 (RFC 3261 §17.1.2.2).
    pub patience: Option<Duration>,
    /// The domain: Request-URI `sip:domain`, and the host of the address of record.
    pub domain: String,
    /// User of the address of record and digest.
    pub credentials: Credentials,
    /// User part of the Contact: a token that tells this account's calls from others.
    pub contact_user: String,
    /// Lifetime to ask for.
    pub expires: Duration,
}

/// How one of our registrations stands.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum RegistrationState {
    /// A REGISTER is on its way.
    Trying,
    /// The registrar granted `expires`; renewed before that. `rtt` is the time of the last exchange.
    Registered {
        /// Granted lifetime.
        expires: Duration,
        /// Request to answer.
        rtt: Duration,
    },
    /// Refused or unreachable; tried again after `retry`.
    Failed {
        /// The final status; 408 when nobody answered.
        status: u16,
        /// The reason phrase.
        reason: String,
        /// Time to the next try.
        retry: Duration,
    },
    /// Taken back by us.
    Unregistered,
}

/// Who ended a session that was confirmed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum SessionEnd {
    /// BYE from the peer; the text of its `Reason` header, if any.
    Bye {
        /// `Reason` header.
        reason: Option<String>,
        /// The Q.850 cause that it tells.
        cause: Option<u8>,
    },
    /// Our 2xx was never acknowledged (64·T1); the agent sent BYE.
    NoAck,
    /// A request of ours inside the dialog was answered 481 or 408, or timed out.
    Gone,
    /// The session was not refreshed in time (RFC 4028 §10); the agent sent BYE.
    Expired,
}

/// What the user agent tells the gateway.
#[derive(Clone, Debug)]
pub enum SipEvent {
    /// A new INVITE. Exactly one of `answer`, `refuse` or a CANCEL will end its waiting; `provisional` may come before.
    Invite {
        /// The new session.
        session: SessionId,
        /// Where it came from.
        source: Hop,
        /// The request.
        request: Box<super::message::Request>,
    },
    /// CANCEL came in time: 200 and 487 are sent, the session is over.
    Cancelled {
        /// The session.
        session: SessionId,
        /// The Q.850 cause that it told.
        cause: Option<u8>,
    },
    /// ACK for our 2xx; its body (an SDP answer, where the INVITE had no offer).
    Acknowledged {
        /// The session.
        session: SessionId,
        /// Body of the ACK.
        body: Vec<u8>,
    },
    /// A re-INVITE or UPDATE; answer it with `answer_offer` (or refuse it). An empty body asks for an offer.
    Offer {
        /// The session.
        session: SessionId,
        /// The offer.
        body: Vec<u8>,
    },
    /// INFO inside the session; the agent has answered 200.
    Info {
        /// The session.
        session: SessionId,
        /// `Content-Type`.
        content_type: String,
        /// Body.
        body: Vec<u8>,
    },
    /// A confirmed session is over; nothing more comes for it.
    Ended {
        /// The session.
        session: SessionId,
        /// How.
        end: SessionEnd,
    },
    /// A provisional response above 100 to our INVITE.
    Progress {
        /// The session.
        session: SessionId,
        /// 101–199.
        status: u16,
        /// Body (early media).
        body: Vec<u8>,
    },
    /// 2xx to our INVITE; the ACK is sent. Later 2xx of other forks are acknowledged and ended by the agent.
    Answered {
        /// The session.
        session: SessionId,
        /// The answer.
        body: Vec<u8>,
    },
    /// The peer's answer to the offer with which the agent refreshed the session; most often it says what is agreed already.
    Reanswered {
        /// The session.
        session: SessionId,
        /// The answer.
        body: Vec<u8>,
    },
    /// Our INVITE ended without an answer; nothing more comes for it. Also told, with 487, after `hang_up` before an answer.
    Refused {
        /// The session.
        session: SessionId,
        /// Final status; 408: nobody answered, 503: not deliverable.
        status: u16,
        /// Reason phrase.
        reason: String,
        /// The Q.850 cause that it told.
        cause: Option<u8>,
    },
    /// Our INVITE is answered 300, 301 or 302: who is called should be sought elsewhere. Nothing more comes for it.
    Redirected {
        /// The session.
        session: SessionId,
        /// Final status.
        status: u16,
        /// Reason phrase.
        reason: String,
        /// The URIs of its Contacts, the most wanted first; at least one. Nobody has looked at where they lead.
        targets: Vec<String>,
    },
    /// REFER came inside a confirmed session; answer it with `answer_refer`. Nobody has looked at where it leads.
    Referred {
        /// The session.
        session: SessionId,
        /// Where it sends the call.
        referral: Box<Referral>,
    },
    /// A request outside any session (REGISTER, OPTIONS, others): `respond` to it.
    Request {
        /// To answer it with.
        id: RequestId,
        /// Where it came from.
        source: Hop,
        /// The request.
        request: Box<super::message::Request>,
    },
    /// A place did not answer our INVITE, or said that it is out of service; the next one of [`Invite::others`] is asked, with a new
    /// Call-ID.
    WentElsewhere {
        /// The session.
        session: SessionId,
        /// The place that is left.
        from: Hop,
        /// The one that is asked now.
        to: Hop,
    },
    /// A peer sees us as somebody else than it was told we are.
    SeenAs {
        /// The peer.
        by: Hop,
        /// As whom.
        at: SocketAddr,
    },
    /// What came of [`UserAgent::probe`](super::agent::UserAgent::probe).
    Probed {
        /// The question.
        probe: ProbeId,
        /// What was answered; `None`: nobody did.
        status: Option<u16>,
    },
    /// One of our registrations changed.
    Registration {
        /// Which.
        account: AccountId,
        /// To what.
        state: RegistrationState,
    },
}

/// What the user agent wants done or has to tell.
#[derive(Clone, Debug)]
pub enum AgentOutput {
    /// A message.
    Send {
        /// Where to.
        to: Hop,
        /// The bytes.
        bytes: Vec<u8>,
    },
    /// For the gateway.
    Event(SipEvent),
}
