//! How a session is kept alive, and given up when its peer is gone (RFC 4028), with requests of ours inside it.

use std::net::SocketAddr;
use std::time::Duration;

use super::established::Established;
use super::outgoing::acknowledge;
use super::{Act, SDP, Session, State, Timer};
use crate::sip::header::session_expires::Side;
use crate::sip::hop::Hop;
use crate::sip::io::{SessionEnd, SipEvent};
use crate::sip::message::{Headers, Method, Request, Response};
use crate::sip::options;
use crate::sip::session_timer::{self, Refresher, Term};
use crate::sip::transaction::{ClientId, T2};
use crate::time::Moment;

/// A refresh that was refused is tried again after this, where the refusal names no time.
const TRY_AGAIN: Duration = Duration::from_secs(10);

/// Refusals of our interval that are believed, one by each proxy on the way and the peer; a further one is a refusal like any other.
const MOST_TOO_SHORT: u8 = 3;

/// Refusals of a move after which the peer is left with what it knows: its audio ends the call where it does not reach us.
const MOST_REFUSED_MOVES: u8 = 3;

/// The Q.850 cause of a BYE to a peer that no longer refreshes: recovery on timer expiry.
const TIMER_EXPIRED: u8 = 102;

/// What a session knows of its own life.
#[derive(Clone, Debug)]
pub(crate) struct Watch {
    /// The interval that is asked for, in seconds; `None`: lives are not watched.
    wanted: Option<u32>,
    /// The least that peers on the way allow, in seconds.
    least: u32,
    too_short: u8,
    term: Option<Term>,
    /// The peer takes UPDATE, which needs no offer; else a re-INVITE refreshes.
    updates: bool,
    /// Our description as the peer knows it, which a re-INVITE offers unchanged (RFC 4028 §7.4).
    description: Vec<u8>,
    /// A re-INVITE of ours is on its way.
    offering: bool,
    /// The peer does not know yet that we are elsewhere now.
    moved: bool,
    /// How often it has refused to hear of it.
    moves_refused: u8,
    /// Drawn once: how long a refresh waits that met an offer of the peer (RFC 3261 §14.1).
    glare_wait: Duration,
}

impl Watch {
    /// `wanted`: the interval to ask for, in seconds; `None` watches nothing.
    pub(crate) fn new(wanted: Option<u32>, glare_wait: Duration) -> Self {
        let least = session_timer::SHORTEST_S;
        Watch {
            wanted,
            least,
            too_short: 0,
            term: None,
            updates: false,
            description: Vec::new(),
            offering: false,
            moved: false,
            moves_refused: 0,
            glare_wait,
        }
    }

    /// Whether lives are watched at all.
    pub(super) fn is_on(&self) -> bool {
        self.wanted.is_some()
    }

    /// Whether a re-INVITE of ours waits for its answer: an offer of the peer meets it.
    pub(super) fn is_offering(&self) -> bool {
        self.offering
    }

    /// Notes what the peer lets us ask; without `Allow` nothing is known.
    pub(super) fn note_methods(&mut self, headers: &Headers) {
        if headers.get("Allow").is_some() {
            self.updates = headers.lists("Allow", Method::Update.as_str());
        }
    }

    /// Notes our description as the peer knows it from now on, unless it will be told of another one.
    pub(super) fn note_description(&mut self, body: &[u8]) {
        if !body.is_empty() && !self.moved {
            self.description = body.to_vec();
        }
    }

    /// The term that holds after a refusal. A peer that refuses to hear of a move again and again is not asked any more.
    fn term_after_refusal(&mut self) -> Option<Term> {
        if self.moved {
            self.moves_refused += 1;
            self.moved = self.moves_refused < MOST_REFUSED_MOVES;
        }
        self.term
    }

    /// Takes the longer interval that a 422 wants; `None`: it wants none that makes sense, or it is one 422 too many.
    pub(crate) fn lengthen(&mut self, response: &Response) -> Option<(u32, u32)> {
        let least = session_timer::least_of(response.headers()).filter(|least| *least > self.least)?;
        if self.too_short == MOST_TOO_SHORT {
            return None;
        }
        self.too_short += 1;
        self.least = least;
        Some((self.wanted?.max(least), least))
    }
}

/// Terms.
impl Session {
    /// Grants a term with our 2xx to an INVITE or UPDATE of the peer, and starts it.
    pub(super) fn grant(&mut self, request: &Request, response: &mut Response, now: Moment) {
        self.watch.note_methods(request.headers());
        options::introduce(response.headers_mut(), self.watch.is_on());
        if let Some(wanted) = self.watch.wanted {
            let term = session_timer::grant(request, response, wanted);
            self.begin_term(term, now);
        }
    }

    /// Starts the term that a 2xx of the peer grants.
    pub(super) fn take_term(&mut self, response: &Response, now: Moment) {
        self.watch.note_methods(response.headers());
        if let Some(wanted) = self.watch.wanted {
            self.begin_term(session_timer::granted(response, wanted.max(self.watch.least)), now);
        }
    }

    fn begin_term(&mut self, term: Term, now: Moment) {
        self.watch.term = Some(term);
        self.timers.set(Timer::Expiry, now + term.dead_after());
        match term.refresher {
            Refresher::Us => self.timers.set(Timer::Refresh, now + term.refresh_after()),
            Refresher::Peer if self.watch.moved => {}
            Refresher::Peer => self.timers.clear(Timer::Refresh),
        }
    }

    /// The peer gave no sign of life: BYE, though nobody may hear it.
    pub(super) fn expire(&mut self, mut established: Established, out: &mut Vec<Act>) {
        Session::bye(&mut established.dialog, Some(TIMER_EXPIRED), out);
        self.withdraw_offer(&mut established, out);
        if established.leaving.is_none() {
            out.push(Act::Tell(SipEvent::Ended { session: self.id, end: SessionEnd::Expired }));
        }
        self.end(out);
    }
}

/// Refreshes.
impl Session {
    /// It is time to refresh: by UPDATE where the peer takes it, else by a re-INVITE that changes nothing.
    pub(super) fn refresh(&mut self, mut established: Established, now: Moment, out: &mut Vec<Act>) {
        if established.is_settled() && !self.watch.offering {
            let request = self.refreshing(&mut established);
            let to = established.dialog.destination();
            out.push(Act::Refresh { request, to });
        } else {
            // An offer or an answer is under way, and refreshes the session itself when it succeeds.
            self.timers.set(Timer::Refresh, now + T2);
        }
        self.state = State::Established(established);
    }

    /// We are elsewhere now: whatever is sent from here on says so. `local` is where the peer behind a hop reaches us. True: the
    /// peer of an answered session was told something else.
    pub(crate) fn relocate(&mut self, local: impl Fn(Hop) -> SocketAddr) -> bool {
        match &mut self.state {
            State::Invited(invited) => {
                invited.dialog.relocate(local(invited.dialog.source()));
                false
            }
            State::Established(established) => {
                let before = established.dialog.contact().to_owned();
                established.dialog.relocate(local(established.dialog.source()));
                established.dialog.contact() != before
            }
            // The answer will make the dialog.
            State::Inviting(_) | State::Over => false,
        }
    }

    /// The peer does not know where we and our audio are: it is told by a re-INVITE, as soon as nothing else is under way (RFC 3261
    /// §12.2.1.1: its Contact is where the peer sends to from then on).
    pub(crate) fn tell_move(&mut self, description: Vec<u8>, now: Moment) {
        self.watch.description = description;
        self.watch.moved = true;
        self.watch.moves_refused = 0;
        if matches!(self.state, State::Established(_)) {
            self.timers.set(Timer::Refresh, now);
        }
    }

    /// The session has just been acknowledged: a move that came before is told now.
    pub(super) fn tell_move_of_before(&mut self) {
        if self.watch.moved {
            self.timers.set(Timer::Refresh, Moment::ZERO);
        }
    }

    fn refreshing(&mut self, established: &mut Established) -> Request {
        let watch = &mut self.watch;
        watch.offering = watch.moved || !watch.updates;
        let mut request = established.dialog.request(if watch.offering { Method::Invite } else { Method::Update });
        options::introduce(request.headers_mut(), watch.is_on());
        if watch.is_on() {
            let seconds = watch.term.map_or(session_timer::SHORTEST_S, |term| u32::try_from(term.interval.as_secs()).unwrap_or(u32::MAX));
            session_timer::ask(&mut request, seconds.max(watch.least), watch.least, Some(Side::Uac));
        }
        if watch.offering {
            request.set_body(SDP, watch.description.clone());
        }
        request
    }

    /// A final answer to a refresh other than 408 and 481, which end the session.
    pub(crate) fn refresh_answered(&mut self, id: ClientId, request: &Request, response: &Response, now: Moment, out: &mut Vec<Act>) {
        self.watch.offering = false;
        let State::Established(established) = &mut self.state else { return };
        let updated = *request.method() == Method::Update;
        match response.status() {
            200..=299 => {
                established.dialog.refresh_target(response.contacts().ok());
                if !updated {
                    // A move that came while the answer was on its way is still to be told.
                    self.watch.moved = request.body() != self.watch.description;
                    out.push(acknowledge(id, &established.dialog, request));
                    let body = response.body().to_vec();
                    out.push(Act::Tell(SipEvent::Reanswered { session: self.id, body }));
                }
                self.take_term(response, now);
                if self.watch.moved {
                    self.timers.set(Timer::Refresh, now);
                }
            }
            405 | 501 if updated => {
                self.watch.updates = false;
                self.timers.set(Timer::Refresh, now);
            }
            422 if self.watch.lengthen(response).is_some() => self.timers.set(Timer::Refresh, now),
            491 => self.timers.set(Timer::Refresh, now + self.watch.glare_wait),
            _ => match self.watch.term_after_refusal() {
                // Whoever refuses what only we watch for is there, and knows the call.
                Some(term) if !term.agreed && !self.watch.moved => self.begin_term(term, now),
                Some(_) | None => self.refresh_failed(response.headers().seconds("Retry-After").ok().flatten(), now),
            },
        }
    }

    /// A refresh could not be delivered, or was refused: it is tried again, as long as the session lives.
    pub(crate) fn refresh_failed(&mut self, retry_after_s: Option<u32>, now: Moment) {
        self.watch.offering = false;
        if matches!(self.state, State::Established(_)) {
            let wait = retry_after_s.map_or(TRY_AGAIN, |seconds| Duration::from_secs(u64::from(seconds)));
            self.timers.set(Timer::Refresh, now + wait.max(TRY_AGAIN / 10));
        }
    }
}

/// What the INVITE of a session says of its extensions; `wanted`: the interval in seconds, where lives are watched.
pub(crate) fn introduce(invite: &mut Request, wanted: Option<u32>) {
    options::introduce(invite.headers_mut(), wanted.is_some());
    if let Some(seconds) = wanted {
        session_timer::ask(invite, seconds, session_timer::SHORTEST_S, None);
    }
}
