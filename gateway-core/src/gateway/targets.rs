//! Where a ringing line is to be called: from the port's target to the INVITEs that are sent.

use std::net::IpAddr;
use std::time::Duration;

use super::Gateway;
use super::call::{Call, CallEvent};
use super::io::Action;
use super::names::{Answer, Lookup};
use super::notice::{NoticeCode, Severity};
use crate::config::PortId;
use crate::config::caller_number;
use crate::config::settings::{GatewaySettings, IdentityHeader, Mode};
use crate::config::target::{Target, resolve_target};
use crate::dsp::callerid::{CallerId, CallerIdSource, Presentation};
use crate::sip::agent::Invite;
use crate::sip::digest::Credentials;
use crate::sip::header::NameAddr;
use crate::sip::hop::{Hop, Transport};
use crate::sip::locate::Record;
use crate::sip::uri::{Uri, unescape};
use crate::time::Moment;

/// An INVITE that nobody answers is given up after this time (Timer C, RFC 3261 §16.6).
const RING_TIMEOUT: Duration = Duration::from_secs(180);

/// One place to send an INVITE to.
pub(super) struct Destination {
    pub(super) hop: Hop,
    /// Where it is tried in this order when that place is out of service.
    pub(super) others: Vec<Hop>,
    pub(super) request_uri: String,
    /// Proxies to go through, as `Route` has them.
    pub(super) route: Vec<String>,
}

/// What came of looking for a target.
enum Located {
    At(Vec<Destination>),
    Pending,
    Nowhere,
}

impl Destination {
    /// One place, reached through the places of its server in their order; `None`: there are none.
    pub(super) fn at(hops: &[Hop], request_uri: String, route: Vec<String>) -> Option<Destination> {
        let (first, others) = hops.split_first()?;
        Some(Destination { hop: *first, others: others.to_vec(), request_uri, route })
    }
}

/// What a URI may be called over: what it says itself, else what may be spoken with the remote server.
pub(super) fn transports_of(uri: &str, gateway: &GatewaySettings) -> Vec<Transport> {
    let named = Target::parse(uri).ok().and_then(|target| target.transport());
    named.map_or_else(|| gateway.remote_transports(), |transport| vec![transport])
}

impl Gateway {
    /// Finds target 0 or 1 of a port and hands its call the INVITEs; waits for a name when it must.
    pub(super) fn locate_target(&mut self, id: PortId, which: usize, now: Moment, out: &mut Vec<Action>) {
        let Some(port) = self.ports.get(id.index()) else { return };
        let text = if which == 0 { port.settings.target.clone() } else { port.settings.second_target.clone() };
        if which > 0 && text.trim().is_empty() {
            return self.call_event(id, CallEvent::Targets(Vec::new()), now, out);
        }
        let invites = match self.locate(id, &text, now, out) {
            Located::At(destinations) => self.invites(id, destinations),
            Located::Pending => {
                self.ports[id.index()].locating = Some(which);
                return;
            }
            Located::Nowhere => Vec::new(),
        };
        self.ports[id.index()].locating = None;
        self.call_event(id, CallEvent::Targets(invites), now, out);
    }

    /// DNS answered: whoever waited for it goes on.
    pub(super) fn resolved(&mut self, mut answer: Answer, now: Moment, out: &mut Vec<Action>) {
        // An address of the other family cannot be reached from our socket.
        let is_reachable = |record: &Record| !matches!(record, Record::Address(ip) if ip.is_ipv4() != self.address.sip.is_ipv4());
        if answer.records.iter().any(is_reachable) {
            answer.records.retain(is_reachable);
        }
        self.names.answered(answer, &mut self.rng, now);
        for index in 0..self.ports.len() {
            if let Some(which) = self.ports[index].locating {
                self.locate_target(super::port_id(index), which, now, out);
            }
        }
        self.outages.keep(&self.known_server_hops());
        self.renew_accounts(now, out);
        self.renew_qualify(now);
    }

    fn locate(&mut self, id: PortId, text: &str, now: Moment, out: &mut Vec<Action>) -> Located {
        let Ok(target) = Target::parse(text) else { return Located::Nowhere };
        if target.host.is_none() && self.settings.gateway.mode == Mode::SipServer {
            return self.locate_contacts(id, &target, now, out);
        }
        match resolve_target(text, &self.settings.gateway.remote_server) {
            Ok(target) => self.locate_host(id, &target.host, target.port, target.uri, now, out),
            Err(_) => Located::Nowhere,
        }
    }

    fn locate_host(
        &mut self,
        id: PortId,
        host: &str,
        port: Option<u16>,
        request_uri: String,
        now: Moment,
        out: &mut Vec<Action>,
    ) -> Located {
        let place = self.way_to(host, port, transports_of(&request_uri, &self.settings.gateway));
        match self.server_hops(&place, now) {
            Lookup::Pending => Located::Pending,
            Lookup::Known(hops) => match Destination::at(&hops, request_uri, self.proxy_route()) {
                Some(destination) => Located::At(vec![destination]),
                None => {
                    out.push(self.notice(Severity::Warning, NoticeCode::TargetUnresolved, Some(id), &[("host", place.host)], now));
                    Located::Nowhere
                }
            },
        }
    }

    /// Server mode: all live contacts of the port's user, with the target as user.
    fn locate_contacts(&mut self, id: PortId, target: &Target, now: Moment, out: &mut Vec<Action>) -> Located {
        let user = self.user_of(id);
        let mut bindings = self.registrar.contacts(user, now);
        let admitted = |ip: IpAddr| self.ports[id.index()].hosts.admits(ip.to_canonical(), &|host| self.names.known(host));
        bindings.retain(|binding| admitted(binding.source.ip()));
        let bindings = self.without_the_lost(user, bindings);
        let destinations = bindings.iter().filter_map(|binding| {
            let mut uri = Uri::parse(&binding.uri).ok()?;
            uri.user = unescape(&target.user);
            uri.raw_user = Some(target.user.clone());
            Destination::at(&[binding.source], uri.to_string(), binding.path.clone())
        });
        let destinations: Vec<_> = destinations.collect();
        if destinations.is_empty() {
            out.push(self.notice(Severity::Warning, NoticeCode::NobodyRegistered, Some(id), &[], now));
            return Located::Nowhere;
        }
        Located::At(destinations)
    }

    /// The user whose registration serves a port.
    pub(super) fn user_of(&self, id: PortId) -> &str {
        if self.settings.gateway.single_user {
            return &self.settings.gateway.user;
        }
        self.settings.ports.get(id.index()).map_or("", |port| port.user.as_str())
    }

    pub(super) fn invites(&self, id: PortId, destinations: Vec<Destination>) -> Vec<Invite> {
        let caller = match self.ports.get(id.index()).and_then(|port| port.call.as_ref()) {
            Some(Call::ToSip(call)) => call.caller().cloned(),
            // Whoever was dialled is on the line.
            Some(Call::ToLine(call)) => call.order().number.clone().map(|number| CallerId {
                number: Some(number),
                name: None,
                presentation: Presentation::Allowed,
                category: None,
                source: CallerIdSource::Device,
            }),
            Some(Call::TestCall(_) | Call::LineTest(_)) | None => return Vec::new(),
        };
        let client = self.settings.gateway.mode == Mode::SipClient;
        let (from, headers) = self.identity(id, caller.as_ref());
        let credentials = self.account_credentials(id).filter(|_| client);
        let contact_user = self.registrations.caller_of(id).to_owned();
        let invite = |destination: Destination| Invite {
            // The secret is for the registrar alone: another host's challenge would be a way to crack it.
            credentials: credentials.clone().filter(|_| self.is_remote_server(destination.hop.ip().to_canonical())),
            destination: destination.hop,
            others: destination.others,
            to: format!("<{}>", destination.request_uri),
            request_uri: destination.request_uri,
            from: from.clone(),
            contact_user: contact_user.clone(),
            headers: headers.iter().cloned().chain(destination.route.into_iter().map(|proxy| ("Route".to_owned(), proxy))).collect(),
            body: Vec::new(),
            content_type: String::new(),
            ring_timeout: Some(RING_TIMEOUT),
        };
        destinations.into_iter().map(invite).collect()
    }

    /// The secret and user that authenticate a port's calls in client mode.
    pub(super) fn account_credentials(&self, id: PortId) -> Option<Credentials> {
        let gateway = &self.settings.gateway;
        let (user, secret) = if gateway.single_user {
            (&gateway.user, &gateway.secret)
        } else {
            let port = self.settings.ports.get(id.index())?;
            (&port.user, &port.secret)
        };
        (!user.is_empty()).then(|| Credentials { user: user.clone(), secret: secret.clone() })
    }

    /// `From`, the header of the settings and `Privacy` (RFC 3323, RFC 3325) for a caller on the line.
    ///
    /// In client mode `From` names the account, because registrars refuse anybody else; the caller then stands in the
    /// display name and in `P-Asserted-Identity`.
    fn identity(&self, id: PortId, caller: Option<&CallerId>) -> (String, Vec<(String, String)>) {
        let host = self.address.sip;
        let number = caller.and_then(|caller| caller.number.as_deref()).filter(|number| !number.is_empty());
        let number = number.map(|number| caller_number::written(number, &self.settings.gateway));
        let name = caller.and_then(|caller| caller.name.clone());
        let withheld = caller.is_some_and(|caller| caller.presentation == Presentation::Private);
        let mut headers = Vec::new();
        if withheld {
            headers.push(("Privacy".to_owned(), "id".to_owned()));
        } else if let Some(number) = number.as_ref().filter(|_| self.settings.gateway.asserted_identity) {
            let caller = Uri::sip(Some(number), &host.ip().to_string(), Some(host.port()));
            let (header, more) = match self.settings.gateway.identity_header {
                IdentityHeader::PAsserted => ("P-Asserted-Identity", ""),
                IdentityHeader::PPreferred => ("P-Preferred-Identity", ""),
                // The exchange told us the number: nobody here has checked it.
                IdentityHeader::RemotePartyId => ("Remote-Party-ID", ";party=calling;privacy=off;screen=no"),
            };
            headers.push((header.to_owned(), format!("<{caller}>{more}")));
        }
        let user = match (self.settings.gateway.mode, &number) {
            (Mode::SipClient, _) => Uri::sip(Some(self.user_of(id)), &self.server_host(), None),
            (Mode::SipServer | Mode::SipTrunk, Some(number)) if !withheld => {
                Uri::sip(Some(number), &host.ip().to_string(), Some(host.port()))
            }
            (Mode::SipServer | Mode::SipTrunk, Some(_) | None) => Uri::sip(Some("anonymous"), "anonymous.invalid", None),
        };
        let mut from = NameAddr::new(&user.to_string());
        from.display = if withheld { Some("Anonymous".to_owned()) } else { name.or(number) };
        (from.to_string(), headers)
    }
}
