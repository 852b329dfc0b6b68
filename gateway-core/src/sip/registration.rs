//! Our registrations at remote registrars (RFC 3261 §10.2), each kept alive until it is taken back.
//!
//! ```text
//!   Waiting ──due──▶ Asking ──200──▶ Waiting (refresh at 80–90 % of the granted time)
//!                     │  │ ▲└─401/407/423: asks again at once, better
//!                     │  └─┘
//!                     └─refused, or no answer──▶ Waiting (5 s, doubled each time up to 300 s)
//! ```

use std::collections::BTreeMap;
use std::time::Duration;

use super::digest::Challenge;
use super::hop::Hop;
use super::io::{Account, AccountId, RegistrationState};
use super::message::{Method, NameAddr, Request, Response, phrase};
use super::options::PATH;
use super::uri::{Uri, escape_user};
use crate::rng::Rng;
use crate::time::Moment;

#[cfg(test)]
mod tests;

/// First wait after a failure.
const BACK_OFF: Duration = Duration::from_secs(5);
/// Longest wait after failures in a row.
const MOST_BACK_OFF: Duration = Duration::from_secs(300);
/// Longest wait that a registrar can ask for with Retry-After.
const MOST_RETRY_AFTER: Duration = Duration::from_secs(3600);
/// Longest lifetime that a registrar can force on us with Min-Expires.
const MOST_EXPIRES: Duration = Duration::from_secs(86_400);
/// Requests for one refresh at most: plain, with credentials, with a longer lifetime, with a fresh nonce.
const MOST_TRIES: u8 = 4;

/// One registration machine; a changed account gets a new one while the old one says goodbye.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct RegistrationKey(u64);

/// What registrations want done.
#[derive(Clone, Debug)]
pub(crate) enum Act {
    /// Send a REGISTER; Via is still missing.
    Ask {
        /// Whose.
        key: RegistrationKey,
        /// The request.
        request: Request,
        /// Where to.
        to: Hop,
    },
    /// Wait for the answer to the REGISTER on its way no longer, and send it no more.
    Abandon {
        /// Whose.
        key: RegistrationKey,
    },
    /// Tell the gateway.
    Tell {
        /// Which account.
        account: AccountId,
        /// How it stands.
        state: RegistrationState,
    },
}

/// A REGISTER on its way.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Asking {
    /// When it was sent.
    since: Moment,
    /// Requests of this round so far.
    tries: u8,
    /// Its credentials answer a challenge of this round.
    fresh: bool,
    /// It takes the registration back.
    leaving: bool,
}

/// What to do when the REGISTER on its way is answered (§10.2: never two at once).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Next {
    Register,
    Leave,
}

#[derive(Clone, Debug)]
enum State {
    /// A REGISTER is on its way.
    Asking { asking: Asking, next: Option<Next> },
    /// Registered or refused: the next REGISTER is sent then.
    Waiting { until: Moment },
}

#[derive(Clone, Debug)]
struct Registration {
    key: RegistrationKey,
    account: AccountId,
    params: Account,
    /// Our `Contact` URI in angle brackets.
    contact: String,
    call_id: String,
    tag: String,
    number: u32,
    /// Kept over refreshes: the same nonce is used again with a growing count.
    challenges: Vec<Challenge>,
    /// The lifetime to ask for; a 423 raises it.
    expires: Duration,
    registered: bool,
    failures: u32,
    /// A newer registration speaks for the account: this one only says goodbye.
    replaced: bool,
    state: State,
}

/// Every registration of ours.
#[derive(Clone, Debug, Default)]
pub(crate) struct Registrations {
    all: BTreeMap<RegistrationKey, Registration>,
    current: BTreeMap<AccountId, RegistrationKey>,
    last: u64,
}

impl Registrations {
    /// When the next REGISTER is due.
    pub(crate) fn deadline(&self) -> Option<Moment> {
        self.all.values().filter_map(Registration::due).min()
    }

    /// The Call-ID of the registration that speaks for an account.
    pub(crate) fn call_id_of(&self, account: AccountId) -> Option<&str> {
        self.current.get(&account).and_then(|key| self.all.get(key)).map(|registration| registration.call_id.as_str())
    }

    /// Starts or changes a registration. `contact` is our `Contact` for it.
    pub(crate) fn register(
        &mut self,
        account: AccountId,
        params: Account,
        contact: String,
        now: Moment,
        rng: &mut Rng,
        out: &mut Vec<Act>,
    ) {
        if let Some(known) = self.current.get(&account).and_then(|key| self.all.get_mut(key)) {
            if known.is_same_binding(&params, &contact) {
                let elsewhere = known.params.registrar != params.registrar;
                if elsewhere || known.params.credentials != params.credentials {
                    known.challenges.clear();
                }
                if elsewhere && known.is_asking() {
                    // The place that is left is not waited for.
                    known.state = State::Waiting { until: now };
                    out.push(Act::Abandon { key: known.key });
                }
                known.expires = params.expires;
                known.params = params;
                known.failures = 0;
                known.register_now(now, rng, out);
                return;
            }
            known.replaced = true;
            let gone = known.leave_now(now, rng, out).then_some(known.key);
            gone.map(|key| self.all.remove(&key));
        }
        self.last += 1;
        let key = RegistrationKey(self.last);
        let mut registration = Registration {
            key,
            account,
            expires: params.expires,
            params,
            contact,
            call_id: rng.hex(32),
            tag: rng.hex(16),
            number: 0,
            challenges: Vec::new(),
            registered: false,
            failures: 0,
            replaced: false,
            state: State::Waiting { until: now },
        };
        registration.register_now(now, rng, out);
        self.all.insert(key, registration);
        self.current.insert(account, key);
    }

    /// Takes a registration back.
    pub(crate) fn unregister(&mut self, account: AccountId, now: Moment, rng: &mut Rng, out: &mut Vec<Act>) {
        let Some(registration) = self.current.get(&account).and_then(|key| self.all.get_mut(key)) else { return };
        if registration.leave_now(now, rng, out) {
            let key = registration.key;
            self.forget(key);
        }
    }

    /// Registers again now; one that is being taken back stays so.
    pub(crate) fn refresh(&mut self, account: AccountId, now: Moment, rng: &mut Rng, out: &mut Vec<Act>) {
        if let Some(registration) = self.current.get(&account).and_then(|key| self.all.get_mut(key))
            && !registration.is_leaving()
        {
            registration.register_now(now, rng, out);
        }
    }

    /// A response to a REGISTER came.
    pub(crate) fn answered(&mut self, key: RegistrationKey, response: &Response, now: Moment, rng: &mut Rng, out: &mut Vec<Act>) {
        if self.all.get_mut(&key).is_some_and(|registration| registration.answered(response, now, rng, out)) {
            self.forget(key);
        }
    }

    /// Nobody answered (408), or the REGISTER could not be sent (503).
    pub(crate) fn unanswered(&mut self, key: RegistrationKey, status: u16, now: Moment, rng: &mut Rng, out: &mut Vec<Act>) {
        let failure = Failure { status, reason: phrase(status), retry_after: Duration::ZERO };
        if self.all.get_mut(&key).is_some_and(|registration| registration.failed(&failure, now, rng, out)) {
            self.forget(key);
        }
    }

    /// Sends what is due.
    pub(crate) fn handle_timeout(&mut self, now: Moment, rng: &mut Rng, out: &mut Vec<Act>) {
        let due: Vec<RegistrationKey> = self
            .all
            .values()
            .filter(|registration| registration.due().is_some_and(|at| at <= now))
            .map(|registration| registration.key)
            .collect();
        for key in due {
            if self.all.get(&key).is_some_and(Registration::is_asking) {
                out.push(Act::Abandon { key });
                self.unanswered(key, 408, now, rng, out);
            } else if let Some(registration) = self.all.get_mut(&key) {
                registration.register_now(now, rng, out);
            }
        }
    }

    fn forget(&mut self, key: RegistrationKey) {
        let Some(registration) = self.all.remove(&key) else { return };
        if self.current.get(&registration.account) == Some(&key) {
            self.current.remove(&registration.account);
        }
    }
}

struct Failure<'a> {
    status: u16,
    reason: &'a str,
    retry_after: Duration,
}

/// Every method that answers `bool` says whether the machine is over and can be forgotten.
impl Registration {
    fn due(&self) -> Option<Moment> {
        match self.state {
            State::Waiting { until } => Some(until),
            State::Asking { asking, .. } => self.params.patience.map(|patience| asking.since + patience),
        }
    }

    fn is_asking(&self) -> bool {
        matches!(self.state, State::Asking { .. })
    }

    fn is_leaving(&self) -> bool {
        match self.state {
            State::Asking { asking, next } => next.map_or(asking.leaving, |next| next == Next::Leave),
            State::Waiting { .. } => false,
        }
    }

    /// Whether the registrar keeps both under the same name. Places of one server do: whoever moves from one to the other says goodbye
    /// to nobody, because the other may have the same memory.
    fn is_same_binding(&self, params: &Account, contact: &str) -> bool {
        self.params.server == params.server
            && self.params.domain == params.domain
            && self.params.credentials.user == params.credentials.user
            && self.contact == contact
    }

    fn tell(&self, state: RegistrationState, out: &mut Vec<Act>) {
        if !self.replaced {
            out.push(Act::Tell { account: self.account, state });
        }
    }

    fn register_now(&mut self, now: Moment, rng: &mut Rng, out: &mut Vec<Act>) {
        match &mut self.state {
            State::Asking { next, .. } => *next = Some(Next::Register),
            State::Waiting { .. } => {
                if !self.registered {
                    self.tell(RegistrationState::Trying, out);
                }
                self.ask(Asking { since: now, tries: 0, fresh: false, leaving: false }, now, rng, out);
            }
        }
    }

    fn leave_now(&mut self, now: Moment, rng: &mut Rng, out: &mut Vec<Act>) -> bool {
        match &mut self.state {
            State::Asking { next, .. } => {
                *next = Some(Next::Leave);
                false
            }
            State::Waiting { .. } if self.registered => {
                self.ask(Asking { since: now, tries: 0, fresh: false, leaving: true }, now, rng, out);
                false
            }
            State::Waiting { .. } => {
                self.tell(RegistrationState::Unregistered, out);
                true
            }
        }
    }

    /// Sends one REGISTER of a round.
    fn ask(&mut self, round: Asking, now: Moment, rng: &mut Rng, out: &mut Vec<Act>) {
        self.number += 1;
        let asking = Asking { since: now, tries: round.tries + 1, ..round };
        let next = match self.state {
            State::Asking { next, .. } => next,
            State::Waiting { .. } => None,
        };
        self.state = State::Asking { asking, next };
        let request = self.request(asking.leaving, rng);
        out.push(Act::Ask { key: self.key, request, to: self.params.registrar });
    }

    fn request(&mut self, leaving: bool, rng: &mut Rng) -> Request {
        let expires_s = if leaving { 0 } else { self.expires.as_secs() };
        let uri = format!("sip:{}", self.params.domain);
        let mut request = Request::new(Method::Register, &uri);
        let address = format!("<sip:{}@{}>", escape_user(&self.params.credentials.user), self.params.domain);
        let headers = request.headers_mut();
        headers.push("Max-Forwards", "70");
        for proxy in &self.params.route {
            headers.push("Route", proxy.clone());
        }
        headers.push("From", format!("{address};tag={}", self.tag));
        headers.push("To", address);
        headers.push("Call-ID", self.call_id.clone());
        headers.push("CSeq", format!("{} REGISTER", self.number));
        headers.push("Contact", format!("{};expires={expires_s}", self.contact));
        headers.push("Expires", expires_s.to_string());
        // A proxy at the edge of the provider's network may put itself into the way of the calls that come (RFC 3327 §5.1).
        headers.push("Supported", PATH);
        for challenge in &mut self.challenges {
            let answer = challenge.answer(&self.params.credentials, &Method::Register, &uri, rng);
            headers.push(challenge.header_name(), answer);
        }
        request
    }

    fn answered(&mut self, response: &Response, now: Moment, rng: &mut Rng, out: &mut Vec<Act>) -> bool {
        let State::Asking { asking, .. } = self.state else { return false };
        match response.status() {
            100..=199 => false,
            200..=299 if asking.leaving => self.left(now, rng, out),
            200..=299 => self.granted(asking, response, now, rng, out),
            401 | 407 if self.takes_challenge(asking, response) => {
                self.ask(Asking { fresh: true, ..asking }, now, rng, out);
                false
            }
            423 if self.takes_minimum(asking, response) => {
                self.ask(asking, now, rng, out);
                false
            }
            status => {
                let failure = Failure { status, reason: response.reason(), retry_after: retry_after(response) };
                self.failed(&failure, now, rng, out)
            }
        }
    }

    /// Whether a challenge is worth an answer: the first of this round is, and later ones only when the nonce was too old.
    fn takes_challenge(&mut self, asking: Asking, response: &Response) -> bool {
        let challenges = Challenge::all(response);
        let stale = challenges.iter().any(|challenge| challenge.stale);
        let worth = !challenges.is_empty() && asking.tries < MOST_TRIES && (!asking.fresh || stale);
        self.challenges = if worth { challenges } else { Vec::new() };
        worth
    }

    fn takes_minimum(&mut self, asking: Asking, response: &Response) -> bool {
        let minimum = response.headers().seconds("Min-Expires").ok().flatten().map(|s| Duration::from_secs(s.into()));
        match minimum {
            Some(minimum) if minimum > self.expires && minimum <= MOST_EXPIRES && asking.tries < MOST_TRIES && !asking.leaving => {
                self.expires = minimum;
                true
            }
            Some(_) | None => false,
        }
    }

    fn granted(&mut self, asking: Asking, response: &Response, now: Moment, rng: &mut Rng, out: &mut Vec<Act>) -> bool {
        let expires = self.granted_time(response).min(MOST_EXPIRES);
        if expires.is_zero() {
            // The registrar took the request and kept nothing: that is a refusal in all but name.
            let failure = Failure { status: response.status(), reason: response.reason(), retry_after: Duration::ZERO };
            return self.failed(&failure, now, rng, out);
        }
        self.registered = true;
        self.failures = 0;
        // A newer order waits already, perhaps with other credentials: only its own answer says how the account stands.
        let overtaken = matches!(self.state, State::Asking { next: Some(Next::Register), .. });
        if !overtaken {
            self.tell(RegistrationState::Registered { expires, rtt: now - asking.since }, out);
        }
        let per_mille = 800 + u32::try_from(rng.below(101)).unwrap_or_default();
        self.wait(now + (expires * per_mille / 1000).max(Duration::from_secs(1)), now, rng, out)
    }

    /// The lifetime of our own Contact in a 200, else its Expires, else what we asked for (§10.2.4).
    fn granted_time(&self, response: &Response) -> Duration {
        let contacts = response.contacts().unwrap_or_default();
        let own = contacts.iter().find(|contact| self.is_own(contact));
        let seconds = own.and_then(|contact| contact.param("expires")?.parse::<u32>().ok());
        let seconds = seconds.or_else(|| response.expires().ok().flatten());
        seconds.map_or(self.expires, |seconds| Duration::from_secs(seconds.into()))
    }

    fn is_own(&self, contact: &NameAddr) -> bool {
        let own = NameAddr::parse(&self.contact, "Contact").ok().and_then(|own| Uri::parse(&own.uri).ok());
        let theirs = Uri::parse(&contact.uri).ok();
        own.zip(theirs).is_some_and(|(own, theirs)| own.equivalent(&theirs))
    }

    fn failed(&mut self, failure: &Failure<'_>, now: Moment, rng: &mut Rng, out: &mut Vec<Act>) -> bool {
        let State::Asking { asking, next } = self.state else { return false };
        self.registered = false;
        if asking.leaving {
            return self.left(now, rng, out);
        }
        let doubled = BACK_OFF.saturating_mul(1 << self.failures.min(10)).min(MOST_BACK_OFF);
        let retry = doubled.max(failure.retry_after.min(MOST_RETRY_AFTER));
        self.failures = self.failures.saturating_add(1);
        if next.is_none() {
            let (status, reason) = (failure.status, failure.reason.to_owned());
            self.tell(RegistrationState::Failed { status, reason, retry }, out);
        }
        self.wait(now + retry, now, rng, out)
    }

    /// The registration is taken back, as far as we can tell.
    fn left(&mut self, now: Moment, rng: &mut Rng, out: &mut Vec<Act>) -> bool {
        self.registered = false;
        let next = match self.state {
            State::Asking { next, .. } => next,
            State::Waiting { .. } => None,
        };
        if next == Some(Next::Register) {
            return self.wait(now, now, rng, out);
        }
        self.tell(RegistrationState::Unregistered, out);
        true
    }

    /// A round is over: the next order is carried out now, or the wait begins.
    fn wait(&mut self, until: Moment, now: Moment, rng: &mut Rng, out: &mut Vec<Act>) -> bool {
        let next = match self.state {
            State::Asking { next, .. } => next,
            State::Waiting { .. } => None,
        };
        self.state = State::Waiting { until };
        match next {
            Some(Next::Register) => {
                self.register_now(now, rng, out);
                false
            }
            Some(Next::Leave) => self.leave_now(now, rng, out),
            None => false,
        }
    }
}

/// Retry-After without its comment and parameters (RFC 3261 §20.33).
fn retry_after(response: &Response) -> Duration {
    let value = response.headers().get("Retry-After").unwrap_or_default().trim_start();
    let digits = value.find(|c: char| !c.is_ascii_digit()).map_or(value, |end| value.get(..end).unwrap_or_default());
    Duration::from_secs(digits.parse::<u32>().unwrap_or_default().into())
}
