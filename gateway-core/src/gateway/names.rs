//! Host names in use and their addresses. Looking up is the shell's work; remembering, and asking again, is done here.

use std::collections::BTreeMap;
use std::net::IpAddr;
use std::time::Duration;

use crate::time::Moment;

/// How long an answer is believed. Resolvers keep their own cache; this only bounds how stale we can be.
const FRESH: Duration = Duration::from_secs(60);

/// How long an unanswered question is waited for before it may be asked again.
const PATIENCE: Duration = Duration::from_secs(10);

/// More names than this are never in use at once; the stalest is forgotten.
const MOST_NAMES: usize = 256;

/// What is known of a name.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Lookup {
    /// Its addresses; none: it does not resolve.
    Known(Vec<IpAddr>),
    /// It was asked for; the answer is on its way.
    Pending,
}

#[derive(Clone, Debug)]
struct Entry {
    addresses: Option<Vec<IpAddr>>,
    asked: Moment,
    /// The name is in the settings, so it is asked again before it grows stale.
    kept: bool,
}

/// The table of names.
#[derive(Clone, Debug, Default)]
pub(super) struct Names {
    entries: BTreeMap<String, Entry>,
    questions: Vec<String>,
}

impl Names {
    /// The addresses of `host`: at once for an IP literal, else from the table; asks when they are missing or stale.
    pub(super) fn lookup(&mut self, host: &str, now: Moment) -> Lookup {
        if let Some(ip) = literal(host) {
            return Lookup::Known(vec![ip]);
        }
        let stale =
            self.entries.get(host).is_none_or(|entry| now.since(entry.asked) >= if entry.addresses.is_some() { FRESH } else { PATIENCE });
        if stale {
            self.ask(host, now);
        }
        match self.entries.get(host).and_then(|entry| entry.addresses.clone()) {
            Some(addresses) => Lookup::Known(addresses),
            None => Lookup::Pending,
        }
    }

    /// What is known of the name `host` now, without asking.
    #[must_use]
    pub(super) fn known(&self, host: &str) -> &[IpAddr] {
        self.entries.get(host).and_then(|entry| entry.addresses.as_deref()).unwrap_or_default()
    }

    /// Keeps exactly these names fresh from now on.
    pub(super) fn keep(&mut self, hosts: &[String], now: Moment) {
        // A name that did not resolve is asked again: whoever applies settings has perhaps just mended it.
        let worth_keeping = |entry: &Entry| entry.addresses.as_ref().is_none_or(|addresses| !addresses.is_empty());
        self.entries.retain(|host, entry| hosts.contains(host) && worth_keeping(entry));
        for host in hosts {
            self.lookup(host, now);
        }
        for (host, entry) in &mut self.entries {
            entry.kept = hosts.contains(host);
        }
    }

    /// An answer came. No addresses keep the old ones of a kept name: a resolver that is down must not cut a call.
    pub(super) fn resolved(&mut self, host: &str, addresses: Vec<IpAddr>, now: Moment) {
        if let Some(entry) = self.entries.get_mut(host) {
            entry.asked = now;
            if !addresses.is_empty() || entry.addresses.is_none() || !entry.kept {
                entry.addresses = Some(addresses);
            }
        }
    }

    /// Names in the table.
    #[must_use]
    pub(super) fn len(&self) -> usize {
        self.entries.len()
    }

    /// The questions to ask now.
    pub(super) fn take_questions(&mut self) -> Vec<String> {
        std::mem::take(&mut self.questions)
    }

    /// When a kept name has to be asked again.
    #[must_use]
    pub(super) fn deadline(&self) -> Option<Moment> {
        self.entries.values().filter(|entry| entry.kept).map(|entry| entry.asked + FRESH).min()
    }

    /// Asks for the kept names that are stale.
    pub(super) fn handle_timeout(&mut self, now: Moment) {
        let due = self.entries.iter().filter(|(_, entry)| entry.kept && entry.asked + FRESH <= now);
        let due: Vec<String> = due.map(|(host, _)| host.clone()).collect();
        for host in due {
            self.ask(&host, now);
        }
    }

    fn ask(&mut self, host: &str, now: Moment) {
        let old = self.entries.get(host);
        let entry = Entry { addresses: old.and_then(|old| old.addresses.clone()), asked: now, kept: old.is_some_and(|old| old.kept) };
        if old.is_none() && self.entries.len() >= MOST_NAMES {
            let stalest =
                self.entries.iter().filter(|(_, entry)| !entry.kept).min_by_key(|(_, entry)| entry.asked).map(|(host, _)| host.clone());
            if let Some(stalest) = stalest {
                self.entries.remove(&stalest);
            }
        }
        self.entries.insert(host.to_owned(), entry);
        self.questions.push(host.to_owned());
    }
}

/// An IP address written out, with or without the brackets of an IPv6 reference.
fn literal(host: &str) -> Option<IpAddr> {
    host.trim_start_matches('[').trim_end_matches(']').parse().ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_is_asked_once_and_again_when_stale() {
        let mut names = Names::default();
        let now = Moment::from_secs(1);
        assert_eq!(names.lookup("127.0.0.1", now), Lookup::Known(vec!["127.0.0.1".parse().unwrap()]));
        assert_eq!(names.lookup("[::1]", now), Lookup::Known(vec!["::1".parse().unwrap()]));
        assert_eq!(names.lookup("pbx.example", now), Lookup::Pending);
        assert_eq!(names.lookup("pbx.example", now), Lookup::Pending);
        assert_eq!(names.take_questions(), vec!["pbx.example".to_owned()]);
        let ip: IpAddr = "192.0.2.1".parse().unwrap();
        names.resolved("pbx.example", vec![ip], now);
        assert_eq!(names.lookup("pbx.example", now + FRESH / 2), Lookup::Known(vec![ip]));
        assert!(names.take_questions().is_empty());
        names.lookup("pbx.example", now + FRESH);
        assert_eq!(names.take_questions().len(), 1);
    }

    #[test]
    fn a_name_that_did_not_resolve_is_asked_again_when_settings_are_applied() {
        let mut names = Names::default();
        let now = Moment::from_secs(1);
        let hosts = ["pbx.example".to_owned()];
        names.keep(&hosts, now);
        names.resolved("pbx.example", Vec::new(), now);
        names.take_questions();
        names.keep(&hosts, now + FRESH / 4);
        assert_eq!(names.take_questions(), hosts);
    }

    #[test]
    fn a_resolver_that_is_down_keeps_the_last_answer_of_a_kept_name() {
        let mut names = Names::default();
        let now = Moment::from_secs(1);
        let ip: IpAddr = "192.0.2.1".parse().unwrap();
        names.keep(&["pbx.example".to_owned()], now);
        names.resolved("pbx.example", vec![ip], now);
        names.handle_timeout(now + FRESH);
        names.resolved("pbx.example", Vec::new(), now + FRESH);
        assert_eq!(names.known("pbx.example"), [ip]);
    }
}
