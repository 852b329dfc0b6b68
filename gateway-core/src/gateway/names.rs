//! Host names in use and what DNS says of them. Looking up is the shell's work; remembering, and asking again, is done here.

use std::collections::BTreeMap;
use std::net::IpAddr;
use std::time::Duration;

use crate::rng::Rng;
use crate::sip::hop::Hop;
use crate::sip::locate::{self, Place, Question, Record};
use crate::time::Moment;

/// How long an answer is believed that does not say for how long it holds. Resolvers keep their own cache; this only bounds how stale
/// we can be.
const FRESH: Duration = Duration::from_secs(60);

/// The longest that an answer is believed, whatever it says.
const LONGEST: Duration = Duration::from_secs(3600);

/// The shortest: a domain that says "0 s" is not asked for every call.
const SHORTEST: Duration = Duration::from_secs(30);

/// How long an unanswered question is waited for before it may be asked again.
const PATIENCE: Duration = Duration::from_secs(10);

/// More questions than this are never in use at once; the stalest is forgotten.
const MOST_QUESTIONS: usize = 256;

/// What DNS says of a question.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Answer {
    /// What was asked.
    pub question: Question,
    /// What there is; none: nothing, or nobody to ask.
    pub records: Vec<Record>,
    /// For how long it holds, where it says so.
    pub ttl: Option<Duration>,
}

/// What is known of a name.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Lookup<T> {
    /// What it has; none: it does not resolve.
    Known(Vec<T>),
    /// It was asked for; the answer is on its way.
    Pending,
}

#[derive(Clone, Debug)]
struct Entry {
    records: Option<Vec<Record>>,
    /// When it was asked, or answered.
    at: Moment,
    /// For how long the answer holds.
    fresh: Duration,
    /// The settings lead to it, so it is asked again before it grows stale.
    kept: bool,
}

impl Entry {
    fn due(&self) -> Moment {
        self.at + if self.records.is_some() { self.fresh } else { PATIENCE }
    }
}

/// The table of names.
#[derive(Clone, Debug, Default)]
pub(super) struct Names {
    entries: BTreeMap<Question, Entry>,
    /// What the settings mention.
    kept: Vec<Place>,
    questions: Vec<Question>,
}

impl Names {
    /// Where the servers of a place are, the first to be tried first; asks for what is missing or stale.
    pub(super) fn hops(&mut self, place: &Place, now: Moment) -> Lookup<Hop> {
        match locate::hops(place, &mut |question| self.records(question, now)) {
            Some(hops) => Lookup::Known(hops),
            None => Lookup::Pending,
        }
    }

    /// Where they are, as far as it is known, without asking.
    #[must_use]
    pub(super) fn known_hops(&self, place: &Place) -> Vec<Hop> {
        let known = |question: Question| self.entries.get(&question).and_then(|entry| entry.records.clone());
        locate::hops(place, &mut { known }).unwrap_or_default()
    }

    /// The addresses that are known of the name `host` now, without asking.
    #[must_use]
    pub(super) fn known(&self, host: &str) -> Vec<IpAddr> {
        let records = self.entries.get(&Question::Addresses(host.to_owned())).and_then(|entry| entry.records.as_deref());
        records.unwrap_or_default().iter().filter_map(|record| if let Record::Address(ip) = record { Some(*ip) } else { None }).collect()
    }

    /// Keeps exactly these places fresh from now on.
    pub(super) fn keep(&mut self, places: Vec<Place>, now: Moment) {
        self.kept = places;
        // A name that did not resolve is asked again: whoever applies settings has perhaps just mended it.
        self.entries.retain(|_, entry| entry.records.as_ref().is_none_or(|records| !records.is_empty()));
        self.mark(now);
        self.entries.retain(|_, entry| entry.kept);
    }

    /// An answer came. One without records keeps the old ones of a kept name: a resolver that is down must not cut a call.
    pub(super) fn answered(&mut self, answer: Answer, rng: &mut Rng, now: Moment) {
        let Some(entry) = self.entries.get_mut(&answer.question) else { return };
        entry.at = now;
        entry.fresh = answer.ttl.map_or(FRESH, |ttl| ttl.clamp(SHORTEST, LONGEST));
        let before = entry.records.as_deref().unwrap_or_default();
        if !answer.records.is_empty() || before.is_empty() || !entry.kept {
            entry.records = Some(locate::in_order(answer.records, before, rng));
        }
        // Servers that a domain lists now are names to be kept, too.
        self.mark(now);
    }

    /// Questions in the table.
    #[must_use]
    pub(super) fn len(&self) -> usize {
        self.entries.len()
    }

    /// The questions to ask now.
    pub(super) fn take_questions(&mut self) -> Vec<Question> {
        std::mem::take(&mut self.questions)
    }

    /// When something that is kept has to be asked again.
    #[must_use]
    pub(super) fn deadline(&self) -> Option<Moment> {
        self.entries.values().filter(|entry| entry.kept).map(Entry::due).min()
    }

    /// Asks for what is kept and stale.
    pub(super) fn handle_timeout(&mut self, now: Moment) {
        if self.deadline().is_some_and(|due| due <= now) {
            self.mark(now);
        }
    }

    /// Notes which questions the kept places lead to, and asks those that are missing or stale.
    fn mark(&mut self, now: Moment) {
        for entry in self.entries.values_mut() {
            entry.kept = false;
        }
        for place in self.kept.clone() {
            let mut led_to = Vec::new();
            locate::hops(&place, &mut |question| {
                led_to.push(question.clone());
                self.records(question, now)
            });
            for question in led_to {
                if let Some(entry) = self.entries.get_mut(&question) {
                    entry.kept = true;
                }
            }
        }
    }

    /// What is known of a question; asks it when it is missing or stale.
    fn records(&mut self, question: Question, now: Moment) -> Option<Vec<Record>> {
        if self.entries.get(&question).is_none_or(|entry| entry.due() <= now) {
            self.ask(question.clone(), now);
        }
        self.entries.get(&question).and_then(|entry| entry.records.clone())
    }

    fn ask(&mut self, question: Question, now: Moment) {
        if let Some(entry) = self.entries.get_mut(&question) {
            // What is known holds until the answer is there.
            (entry.at, entry.fresh) = (now, PATIENCE);
            self.questions.push(question);
            return;
        }
        if self.entries.len() >= MOST_QUESTIONS {
            let stalest = self.entries.iter().filter(|(_, entry)| !entry.kept).min_by_key(|(_, entry)| entry.at);
            if let Some(stalest) = stalest.map(|(question, _)| question.clone()) {
                self.entries.remove(&stalest);
            }
        }
        self.entries.insert(question.clone(), Entry { records: None, at: now, fresh: PATIENCE, kept: false });
        self.questions.push(question);
    }
}

#[cfg(test)]
mod tests;
