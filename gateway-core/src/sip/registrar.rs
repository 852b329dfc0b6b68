//! The registrar (RFC 3261 §10.3): who can be reached where, and until when.
//!
//! A pure store: who may register as whom is decided before a request comes here.

use std::collections::{BTreeMap, BTreeSet};
use std::net::IpAddr;
use std::time::Duration;

use super::hop::Hop;
use super::message::{NameAddr, Request, Response};
use super::uri::Uri;
use crate::time::Moment;

use path::path;

mod path;

#[cfg(test)]
mod tests;

/// Bounds of the store.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Limits {
    /// Contacts that one user may have; a further one takes the place of the one that was not refreshed for longest.
    pub contacts_per_user: usize,
    /// Shorter lifetimes are refused with 423.
    pub min_expires: Duration,
    /// Longer lifetimes are cut down to this.
    pub max_expires: Duration,
    /// The lifetime of a Contact that asks for none.
    pub default_expires: Duration,
}

impl Default for Limits {
    fn default() -> Self {
        Limits {
            contacts_per_user: 10,
            min_expires: Duration::from_secs(60),
            max_expires: Duration::from_secs(3600),
            default_expires: Duration::from_secs(3600),
        }
    }
}

/// One place where a user can be reached.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Binding {
    /// The Contact URI, as it stood.
    pub uri: String,
    /// Where the REGISTER came from: calls go there, which passes every NAT.
    pub source: Hop,
    /// When it ends.
    pub expires_at: Moment,
    /// Call-ID of the REGISTER.
    pub call_id: String,
    /// CSeq number of the REGISTER.
    pub cseq: u32,
    /// Preference from `q`, 0–1000.
    pub q_per_mille: u16,
    /// `User-Agent` of the REGISTER.
    pub user_agent: Option<String>,
    /// The proxies to go through, the nearest first, as `Route` wants them (RFC 3327).
    pub path: Vec<String>,
    /// When this place was first registered.
    pub since: Moment,
}

/// The bindings of all users.
#[derive(Clone, Debug)]
pub struct Registrar {
    limits: Limits,
    /// Users without a binding have no entry.
    users: BTreeMap<String, Vec<Binding>>,
    /// Users whose bindings are others than when [`Registrar::take_changed`] was asked last.
    changed: BTreeSet<String>,
}

/// One Contact of a request, read and checked.
struct Wish {
    contact: Uri,
    uri: String,
    /// Zero removes.
    expires: Duration,
    q_per_mille: u16,
}

impl Registrar {
    /// An empty registrar.
    #[must_use]
    pub fn new(limits: Limits) -> Self {
        Registrar { limits, users: BTreeMap::new(), changed: BTreeSet::new() }
    }

    /// New bounds, for every REGISTER from now on. Bindings that are there keep their end.
    pub fn set_limits(&mut self, limits: Limits) {
        self.limits = limits;
    }

    /// Carries out a REGISTER of `user`, who has proven to be that, and makes the answer: 200 with all bindings, 400, 423 or 500.
    ///
    /// Either the whole request is carried out or nothing of it (§10.3 step 7).
    pub fn register(&mut self, request: &Request, user: &str, source: Hop, now: Moment) -> Response {
        self.expire_user(user, now);
        match self.carry_out(request, user, source, now) {
            Ok(()) => self.listing(request, user, now),
            Err(response) => *response,
        }
    }

    /// The bindings of a user that are alive, most preferred first, then the newest.
    #[must_use]
    pub fn contacts(&self, user: &str, now: Moment) -> Vec<Binding> {
        let mut bindings: Vec<Binding> =
            self.users.get(user).into_iter().flatten().filter(|binding| binding.expires_at > now).cloned().collect();
        bindings.sort_by_key(|binding| std::cmp::Reverse((binding.q_per_mille, binding.since)));
        bindings
    }

    /// Takes bindings back that an earlier run of the program made. Those that have ended are left out, none outlives the longest
    /// lifetime, and what was registered since stays as it is.
    pub fn take_back(&mut self, user: &str, bindings: Vec<Binding>, now: Moment) {
        let known = self.users.get(user).map_or(&[][..], Vec::as_slice);
        let is_new = |binding: &Binding| Uri::parse(&binding.uri).is_ok_and(|uri| !known.iter().any(|known| is_at(known, &uri)));
        let latest = now + self.limits.max_expires;
        let mut all: Vec<Binding> = bindings.into_iter().filter(|binding| binding.expires_at > now && is_new(binding)).collect();
        all.iter_mut().for_each(|binding| binding.expires_at = binding.expires_at.min(latest));
        all.extend_from_slice(known);
        self.store(user, all);
    }

    /// The users whose bindings have changed since this was asked last, with what they are now.
    pub fn take_changed(&mut self) -> Vec<(String, Vec<Binding>)> {
        let changed = std::mem::take(&mut self.changed).into_iter();
        changed.map(|user| (user.clone(), self.users.get(&user).cloned().unwrap_or_default())).collect()
    }

    /// Whether somebody who registered from this host can still be reached there.
    #[must_use]
    pub fn is_registered_from(&self, ip: IpAddr, now: Moment) -> bool {
        let ip = ip.to_canonical();
        self.users.values().flatten().any(|binding| binding.source.ip().to_canonical() == ip && binding.expires_at > now)
    }

    /// Users that have bindings, with their number, in order of their names.
    pub fn users_with_bindings(&self) -> impl Iterator<Item = (&str, usize)> {
        self.users.iter().map(|(user, bindings)| (user.as_str(), bindings.len()))
    }

    /// Drops the bindings of all users but those that `keep` wants, and says whose they were.
    pub fn retain_users(&mut self, keep: impl Fn(&str) -> bool) -> Vec<String> {
        let gone: Vec<String> = self.users.keys().filter(|user| !keep(user)).cloned().collect();
        for user in &gone {
            self.users.remove(user);
        }
        self.changed.extend(gone.iter().cloned());
        gone
    }

    /// When the next binding ends.
    #[must_use]
    pub fn deadline(&self) -> Option<Moment> {
        self.users.values().flatten().map(|binding| binding.expires_at).min()
    }

    /// Drops what has ended, and says which users have no binding left.
    pub fn handle_timeout(&mut self, now: Moment) -> Vec<String> {
        let due: Vec<String> = self
            .users
            .iter()
            .filter(|(_, bindings)| bindings.iter().any(|binding| binding.expires_at <= now))
            .map(|(user, _)| user.clone())
            .collect();
        due.into_iter().filter(|user| self.expire_user(user, now)).collect()
    }

    /// Drops a user's bindings that have ended; true when that was the last of them.
    fn expire_user(&mut self, user: &str, now: Moment) -> bool {
        let Some(bindings) = self.users.get_mut(user) else { return false };
        let before = bindings.len();
        bindings.retain(|binding| binding.expires_at > now);
        if bindings.len() < before {
            self.changed.insert(user.to_owned());
        }
        let empty = bindings.is_empty();
        if empty {
            self.users.remove(user);
        }
        empty
    }

    fn carry_out(&mut self, request: &Request, user: &str, source: Hop, now: Moment) -> Result<(), Box<Response>> {
        let refuse = |status: u16| Box::new(request.respond(status));
        let contacts = request.contacts().map_err(|_| refuse(400))?;
        let (Ok(call_id), Ok(cseq)) = (request.call_id(), request.cseq()) else { return Err(refuse(400)) };
        let known = self.users.get(user).map_or(&[][..], Vec::as_slice);
        // §10.3 steps 6 and 7: of one client, only a newer request may change anything.
        let outdated = |binding: &Binding| binding.call_id == call_id && cseq.number <= binding.cseq;
        if contacts.iter().any(NameAddr::is_wildcard) {
            if contacts.len() > 1 || request.expires().ok().flatten() != Some(0) {
                return Err(refuse(400));
            }
            if known.iter().any(outdated) {
                return Err(refuse(500));
            }
            self.store(user, Vec::new());
            return Ok(());
        }
        let header = request.expires().map_err(|_| refuse(400))?;
        let mut wishes = Vec::with_capacity(contacts.len());
        for contact in &contacts {
            wishes.push(self.wish(contact, header).ok_or_else(|| refuse(400))?);
        }
        if wishes.iter().any(|wish| !wish.expires.is_zero() && wish.expires < self.limits.min_expires) {
            let mut response = refuse(423);
            response.headers_mut().push("Min-Expires", self.limits.min_expires.as_secs().to_string());
            return Err(response);
        }
        if wishes.iter().any(|wish| known.iter().any(|binding| outdated(binding) && is_at(binding, &wish.contact))) {
            return Err(refuse(500));
        }
        if wishes.is_empty() {
            return Ok(());
        }
        let path = path(request).map_err(|refusal| Box::new(refusal.answer(request)))?;
        let mut bindings = known.to_vec();
        for wish in wishes {
            let place = bindings.iter().position(|binding| is_at(binding, &wish.contact));
            let old = place.map(|at| bindings.remove(at));
            if wish.expires.is_zero() {
                continue;
            }
            bindings.push(Binding {
                uri: wish.uri,
                source,
                expires_at: now + wish.expires,
                call_id: call_id.to_owned(),
                cseq: cseq.number,
                q_per_mille: wish.q_per_mille,
                user_agent: request.headers().get("User-Agent").map(str::to_owned),
                path: path.clone(),
                since: old.map_or(now, |binding| binding.since),
            });
        }
        self.store(user, bindings);
        Ok(())
    }

    /// One Contact, with its own lifetime, else that of the header, else the usual one; `None` when it cannot be read.
    fn wish(&self, contact: &NameAddr, header_s: Option<u32>) -> Option<Wish> {
        let uri = Uri::parse(&contact.uri).ok()?;
        if !uri.is_sip() {
            return None;
        }
        // §20.19: a value that is no number counts as 3600 — here, as the usual one.
        let own_s = contact.param("expires").and_then(|value| value.parse::<u32>().ok());
        let asked = own_s.or(header_s).map_or(self.limits.default_expires, |seconds| Duration::from_secs(seconds.into()));
        let q_per_mille = contact.param("q").map_or(1000, q_per_mille);
        Some(Wish { contact: uri, uri: contact.uri.clone(), expires: asked.min(self.limits.max_expires), q_per_mille })
    }

    fn store(&mut self, user: &str, mut bindings: Vec<Binding>) {
        // Refreshed bindings stand at the end: the one that nobody refreshed for longest goes.
        let surplus = bindings.len().saturating_sub(self.limits.contacts_per_user);
        bindings.drain(..surplus);
        self.changed.insert(user.to_owned());
        if bindings.is_empty() {
            self.users.remove(user);
        } else {
            self.users.insert(user.to_owned(), bindings);
        }
    }

    /// 200 with every binding and what is left of its lifetime (§10.3 step 8).
    fn listing(&self, request: &Request, user: &str, now: Moment) -> Response {
        let mut response = request.respond(200);
        for binding in self.users.get(user).into_iter().flatten() {
            let left_s = (binding.expires_at - now).as_secs();
            let mut contact = NameAddr::new(&binding.uri);
            if binding.q_per_mille < 1000 {
                contact.params.set("q", Some(&format!("0.{:03}", binding.q_per_mille)));
            }
            contact.params.set("expires", Some(&left_s.to_string()));
            response.headers_mut().push("Contact", contact.to_string());
        }
        path::tell(request, &mut response);
        response
    }
}

fn is_at(binding: &Binding, contact: &Uri) -> bool {
    Uri::parse(&binding.uri).is_ok_and(|uri| uri.equivalent(contact))
}

/// A `q` value (RFC 3261 §25.1: 0 to 1 with up to three digits) in thousandths; anything else counts as 1.
fn q_per_mille(text: &str) -> u16 {
    let (whole, fraction) = text.split_once('.').unwrap_or((text, ""));
    match (whole, fraction) {
        ("0" | "", digits) if digits.len() <= 3 => format!("{digits:0<3}").parse().unwrap_or(1000),
        _ => 1000,
    }
}
