//! Registrations both ways: phones that register here (server mode), and ours at the remote server (client mode).

use std::time::Duration;

use super::belonging::tell_whose_request;
use super::callers::is_used;
use super::io::Action;
use super::names::Lookup;
use super::notice::{NoticeCode, Severity};
use super::qualify::OUT_OF_SERVICE;
use super::router::{self, Wanted};
use super::{Gateway, port_id};
use crate::code;
use crate::config::PortId;
use crate::config::settings::{GatewaySettings, Mode};
use crate::rng::Rng;
use crate::sip::agent::{Account, AccountId, Refusal, RegistrationState};
use crate::sip::header::reason::q850;
use crate::sip::hop::{Hop, TlsFault};
use crate::sip::masking::TOKEN_MARK;
use crate::sip::message::{Request, Response};
use crate::sip::registrar::Limits;
use crate::sip::uri::Uri;
use crate::time::Moment;

/// How long a registrar is waited for that is not the only one: the request was sent five times by then (RFC 3261 §17.1.2.2).
const PATIENCE: Duration = Duration::from_secs(8);

/// The status shown for a server whose name does not resolve: the service is unavailable.
const UNRESOLVED: u16 = OUT_OF_SERVICE;

/// When such a name is asked for again.
const RESOLVE_AGAIN: Duration = Duration::from_secs(60);

/// A registration whose connection ended is renewed at once when it is at least so old.
const RECONNECT_AFTER: Duration = Duration::from_secs(5);

/// Length of the token in the Contact of an account: 48 bits that a stranger cannot guess.
const TOKEN_DIGITS: usize = 12;

/// Our accounts at the remote server, one a port; in single-user mode only the first is used.
#[derive(Clone, Debug)]
pub(super) struct Registrations {
    rows: Vec<Row>,
}

#[derive(Clone, Debug)]
struct Row {
    /// User part of our Contact: it tells this account's calls from others.
    token: String,
    /// What was last ordered from the agent.
    ordered: Option<Account>,
    /// How it stands, and since when.
    state: Option<(RegistrationState, Moment)>,
    /// It is being taken back, and the registrar has not said so yet.
    leaving: bool,
    /// It is registered with an address of ours that holds no more.
    again: bool,
    /// User part of the Contact of our calls. The peers we call see it, so it opens nothing.
    caller: String,
}

impl Row {
    fn new(rng: &mut Rng) -> Self {
        Row {
            token: format!("{TOKEN_MARK}{}", rng.hex(TOKEN_DIGITS)),
            ordered: None,
            state: None,
            leaving: false,
            again: false,
            caller: rng.hex(TOKEN_DIGITS),
        }
    }
}

impl Registrations {
    pub(super) fn new(rng: &mut Rng, ports: usize) -> Self {
        let rows = (0..ports).map(|_| Row::new(rng)).collect();
        Registrations { rows }
    }

    /// The account whose contact token is `user`.
    pub(super) fn account_of(&self, user: &str) -> Option<PortId> {
        self.rows.iter().position(|row| row.ordered.is_some() && row.token == user).map(port_id)
    }

    /// The user part of the Contact of a port's calls.
    pub(super) fn caller_of(&self, id: PortId) -> &str {
        self.rows.get(id.index()).map_or("", |row| row.caller.as_str())
    }

    /// How the account that serves a port stands.
    pub(super) fn state_of(&self, id: PortId, single_user: bool) -> Option<&(RegistrationState, Moment)> {
        self.rows.get(if single_user { 0 } else { id.index() })?.state.as_ref()
    }

    /// Where an account is registered, or tries to be.
    fn registrar_of(&self, account: AccountId) -> Option<Hop> {
        self.rows.get(usize::from(account.0))?.ordered.as_ref().map(|account| account.registrar)
    }

    /// Where our accounts are registered.
    pub(super) fn server(&self) -> Option<Hop> {
        self.rows.iter().find_map(|row| row.ordered.as_ref()).map(|account| account.registrar)
    }

    /// Whether some registration is still being taken back.
    pub(super) fn are_leaving(&self) -> bool {
        self.rows.iter().any(|row| row.leaving)
    }

    /// Our own address changed: every account has to be registered again.
    pub(super) fn register_again(&mut self) {
        for row in &mut self.rows {
            row.again = true;
        }
    }

    /// As many rows as ports. Answers the accounts that have to be taken back.
    #[must_use]
    pub(super) fn resize(&mut self, rng: &mut Rng, ports: usize) -> Vec<AccountId> {
        let first = ports.min(self.rows.len());
        let gone = self.rows.drain(first..).enumerate().filter(|(_, row)| row.ordered.is_some());
        let gone = gone.map(|(index, _)| AccountId(port_id(first + index).0)).collect();
        while self.rows.len() < ports {
            self.rows.push(Row::new(rng));
        }
        gone
    }
}

/// The registrar's bounds from the settings.
pub(super) fn limits(gateway: &GatewaySettings) -> Limits {
    let seconds = |seconds: u32| Duration::from_secs(u64::from(seconds));
    Limits { min_expires: seconds(gateway.min_expires_s), max_expires: seconds(gateway.max_expires_s), ..Limits::default() }
}

impl Gateway {
    /// REGISTER in server mode.
    pub(super) fn registered_here(&mut self, source: Hop, request: &Request, now: Moment, out: &mut Vec<Action>) -> Response {
        let user = match self.authenticate(source, request, now, out) {
            Ok(user) => user,
            Err(refusal) => return refused(request, &refusal),
        };
        tell_whose_request(request, self.ports_of(&user), out);
        let aor_user = request.to().ok().and_then(|to| Uri::parse(&to.uri).ok()?.user);
        if aor_user.as_deref() != Some(user.as_str()) {
            return refused(request, &Refusal { status: 403, cause: Some(21), ..Refusal::default() });
        }
        if !self.user_admits(&user, source) {
            if self.sources.is_news(router::plain_ip(source.ip()), NoticeCode::HostNotAdmitted, now) {
                let args = [("source", source.ip().to_string())];
                out.push(self.notice(Severity::Warning, NoticeCode::HostNotAdmitted, None, &args, now));
            }
            return refused(request, &Refusal { status: 403, cause: Some(21), ..Refusal::default() });
        }
        let before = self.registrar.contacts(&user, now).len();
        let response = self.registrar.register(request, &user, source, now);
        let contacts = self.registrar.contacts(&user, now);
        if contacts.len() > before {
            let contact = contacts.first().map(|binding| binding.uri.clone()).unwrap_or_default();
            let args = [("user", user), ("contact", contact)];
            out.push(self.notice(Severity::Info, NoticeCode::PhoneRegistered, None, &args, now));
        } else if contacts.is_empty() && before > 0 {
            out.push(self.notice(Severity::Info, NoticeCode::PhoneUnregistered, None, &[("user", user)], now));
        }
        response
    }

    fn user_admits(&self, user: &str, source: Hop) -> bool {
        let ip = router::plain_ip(source.ip());
        let admits = |index: usize| self.ports[index].hosts.admits(ip, &|host| self.names.known(host));
        match self.ports_of(user) {
            Wanted::Port(port) => port.index() < self.ports.len() && admits(port.index()),
            Wanted::Any => (0..self.ports.len()).any(admits),
        }
    }

    pub(super) fn expire_registrations(&mut self, now: Moment, out: &mut Vec<Action>) {
        for user in self.registrar.handle_timeout(now) {
            out.push(self.notice(Severity::Warning, NoticeCode::PhoneUnregistered, None, &[("user", user)], now));
        }
    }

    /// Brings our accounts in line with the settings: registers the new, replaces the changed, takes back the rest.
    pub(super) fn renew_accounts(&mut self, now: Moment, out: &mut Vec<Action>) {
        for index in 0..self.registrations.rows.len() {
            let wanted = self.wanted_account(index, now);
            let row = &mut self.registrations.rows[index];
            let account = AccountId(port_id(index).0);
            match wanted {
                Wish::Pending(host) => {
                    // What is registered stands at another server: it says nothing about this one.
                    if row.ordered.as_ref().is_some_and(|account| account.domain != host) {
                        row.state = Some((RegistrationState::Trying, now));
                    }
                }
                Wish::Unresolved(host) => {
                    let news = !matches!(row.state, Some((RegistrationState::Failed { status: UNRESOLVED, .. }, _)));
                    let retry = RESOLVE_AGAIN;
                    row.state = Some((RegistrationState::Failed { status: UNRESOLVED, reason: String::new(), retry }, now));
                    if news {
                        let args = [("host", host)];
                        out.push(self.notice(Severity::Alarm, NoticeCode::TargetUnresolved, None, &args, now));
                    }
                }
                Wish::None => {
                    if row.ordered.take().is_some() {
                        row.leaving = true;
                        self.agent.unregister(account, now, &mut self.pending.sip);
                    }
                    row.state = None;
                }
                Wish::Account(wanted) => {
                    if std::mem::take(&mut row.again) || row.ordered.as_ref() != Some(&wanted) {
                        row.ordered = Some(wanted.clone());
                        row.leaving = false;
                        row.state = Some((RegistrationState::Trying, now));
                        self.agent.register(account, wanted, now, &mut self.pending.sip);
                    }
                }
            }
        }
    }

    /// A connection is gone. Whoever registered over it is reached over it, as a rule: the registration is renewed at once, unless
    /// it is so new that a server which closes each connection would be asked without end.
    pub(super) fn cut_off(&mut self, hop: Hop, tls: Option<TlsFault>, now: Moment, out: &mut Vec<Action>) {
        if let Some(fault) = tls.filter(|_| self.sources.is_news(router::plain_ip(hop.ip()), NoticeCode::TlsFailed, now)) {
            // A telephone that does not trust us is a telephone's matter; a server is the way out of here.
            let ours = self.is_remote_server(router::plain_ip(hop.ip()));
            let severity = if ours { Severity::Alarm } else { Severity::Warning };
            let args = [("server", self.server_name(hop.ip())), ("fault", code::of(&fault))];
            out.push(self.notice(severity, NoticeCode::TlsFailed, None, &args, now));
        }
        self.agent.cut_off(hop, now, &mut self.pending.sip);
        for (index, row) in self.registrations.rows.iter().enumerate() {
            let is_there = row.ordered.as_ref().is_some_and(|account| account.registrar == hop) && !row.leaving;
            let since =
                row.state.as_ref().filter(|(state, _)| matches!(state, RegistrationState::Registered { .. })).map(|(_, since)| *since);
            if is_there && since.is_some_and(|since| now - since >= RECONNECT_AFTER) {
                self.agent.refresh(AccountId(port_id(index).0), now, &mut self.pending.sip);
            }
        }
    }

    fn wanted_account(&mut self, index: usize, now: Moment) -> Wish {
        let gateway = &self.settings.gateway;
        if gateway.mode != Mode::SipClient || self.stopping || (gateway.single_user && index > 0) {
            return Wish::None;
        }
        let Some(port) = self.settings.ports.get(index) else { return Wish::None };
        let enabled = gateway.single_user || is_used(port);
        let Some(credentials) = self.account_credentials(port_id(index)).filter(|_| enabled) else { return Wish::None };
        let expires = Duration::from_secs(u64::from(gateway.register_expires_s));
        let server = gateway.remote_server.trim().to_owned();
        let (Some(place), domain) = (self.way_to_server(), self.server_host()) else { return Wish::None };
        let hops = match self.server_hops(&place, now) {
            Lookup::Known(hops) => hops,
            Lookup::Pending => return Wish::Pending(domain),
        };
        let current = self.registrations.rows[index].ordered.as_ref().map(|account| account.registrar);
        // Where nothing is in service there is no better place than the one that is waited for already.
        let best = hops.first().filter(|hop| self.outages.is_in_service(**hop)).copied();
        let registrar = best.or_else(|| current.filter(|hop| hops.contains(hop))).or_else(|| hops.first().copied());
        let Some(registrar) = registrar else { return Wish::Unresolved(place.host) };
        Wish::Account(Account {
            registrar,
            server,
            route: self.proxy_route(),
            patience: Some(PATIENCE).filter(|_| hops.len() > 1),
            domain,
            credentials,
            contact_user: self.registrations.rows[index].token.clone(),
            expires,
        })
    }

    pub(super) fn registration_changed(&mut self, account: AccountId, state: RegistrationState, now: Moment, out: &mut Vec<Action>) {
        self.tell_whose_account(account, out);
        if let RegistrationState::Failed { status: 408 | OUT_OF_SERVICE, .. } = state
            && let Some(hop) = self.registrations.registrar_of(account)
            && self.out_of_service(hop, now, out)
        {
            return self.renew_accounts(now, out);
        }
        let Some(row) = self.registrations.rows.get_mut(usize::from(account.0)) else { return };
        if matches!(state, RegistrationState::Unregistered | RegistrationState::Failed { .. }) {
            row.leaving = false;
        }
        let before = row.state.replace((state.clone(), now));
        let was = before.as_ref().map(|(state, _)| state);
        let port = Some(PortId(account.0)).filter(|_| !self.settings.gateway.single_user);
        let server = ("server", self.settings.gateway.remote_server.clone());
        match state {
            RegistrationState::Registered { expires, .. } => {
                if !matches!(was, Some(RegistrationState::Registered { .. })) {
                    let args = [server, ("seconds", expires.as_secs().to_string())];
                    out.push(self.notice(Severity::Info, NoticeCode::Registered, port, &args, now));
                }
            }
            RegistrationState::Failed { status, reason, .. } => {
                let same = matches!(was, Some(RegistrationState::Failed { status: earlier, .. }) if *earlier == status);
                if !same {
                    let args = [server, ("status", status.to_string()), ("reason", reason)];
                    out.push(self.notice(Severity::Alarm, NoticeCode::RegistrationFailed, port, &args, now));
                }
            }
            RegistrationState::Trying => {
                // A renewal on its way does not unsay that we are registered.
                if matches!(was, Some(RegistrationState::Registered { .. }))
                    && let Some(row) = self.registrations.rows.get_mut(usize::from(account.0))
                {
                    row.state = before;
                }
            }
            RegistrationState::Unregistered => {}
        }
    }

    pub(super) fn reregister(&mut self, port: PortId, now: Moment) {
        let account = if self.settings.gateway.single_user { AccountId(0) } else { AccountId(port.0) };
        if self.settings.gateway.mode == Mode::SipClient {
            self.agent.refresh(account, now, &mut self.pending.sip);
        }
    }
}

/// What an account should be.
enum Wish {
    /// Not there.
    None,
    /// Its server's name is being resolved.
    Pending(String),
    /// Its server's name does not resolve.
    Unresolved(String),
    /// This.
    Account(Account),
}

fn refused(request: &Request, refusal: &Refusal) -> Response {
    let mut response = request.respond(refusal.status);
    for (name, value) in &refusal.headers {
        response.headers_mut().push(name, value.clone());
    }
    if let Some(cause) = refusal.cause {
        response.headers_mut().set("Reason", q850(cause));
    }
    response
}
