//! A number that the dialling rules refuse: the caller gets 403, the technician a notice once per source, the history a record.

use std::net::IpAddr;

use super::call::Ending;
use super::callers::{Caller, Invitation, MOST_PARTY_CHARS, facts};
use super::io::Action;
use super::mark::{Mark, MarkKind};
use super::notice::Severity;
use super::record::{CallDirection, CallRecord, EndCause};
use super::router::{Denial, Wanted, plain_ip};
use super::{Gateway, port_id};
use crate::config::PortId;
use crate::config::dialling::Bar;
use crate::fxo::line::LineState;
use crate::sip::agent::Refusal;
use crate::time::Moment;

impl Gateway {
    /// Refuses a caller whose number is barred, by `bar`: why, and the rule that fits, counted from 1.
    pub(super) fn deny_number(
        &mut self,
        invitation: Invitation<'_>,
        caller: &Caller,
        bar: (Bar, Option<u32>),
        now: Moment,
        out: &mut Vec<Action>,
    ) {
        let (why, rule) = bar;
        let row = Denial::NumberBlocked { why, rule }.answer();
        let number: String = caller.number.iter().flat_map(|number| number.chars()).take(MOST_PARTY_CHARS).collect();
        self.tell_barred(invitation.source.ip(), caller.wanted, &number, bar, now, out);
        // A flood of refused calls must not push the others out of the history.
        if self.sources.has_room(now) {
            self.record_barred(invitation, caller, (number, bar), now, out);
        }
        self.refuse(invitation.session, Refusal { status: row.status, cause: row.cause, ..Refusal::default() }, now);
    }

    /// Tells, once for each source, that a number is barred.
    pub(super) fn tell_barred(
        &mut self,
        source: IpAddr,
        wanted: Wanted,
        number: &str,
        bar: (Bar, Option<u32>),
        now: Moment,
        out: &mut Vec<Action>,
    ) {
        let (why, rule) = bar;
        let row = Denial::NumberBlocked { why, rule }.answer();
        let ip = plain_ip(source);
        if self.sources.is_news(ip, row.notice, now) {
            let port = match wanted {
                Wanted::Port(port) => Some(port),
                Wanted::Any => None,
            };
            let mut args = vec![("source", ip.to_string()), ("number", number.to_owned())];
            args.extend(rule.filter(|_| why == Bar::Rule).map(|rule| ("rule", rule.to_string())));
            if let Action::Notice(mut notice) = self.notice(Severity::Warning, row.notice, port, &args, now) {
                notice.setting = Some(setting(why, rule));
                out.push(Action::Notice(notice));
            }
        }
    }

    fn record_barred(
        &mut self,
        invitation: Invitation<'_>,
        caller: &Caller,
        barred: (String, (Bar, Option<u32>)),
        now: Moment,
        out: &mut Vec<Action>,
    ) {
        let (number, (why, rule)) = barred;
        let from: String = invitation.request.from().map(|from| from.uri.chars().take(MOST_PARTY_CHARS).collect()).unwrap_or_default();
        let id = self.port_of_barred(caller, invitation, now);
        let mut facts = facts(&mut self.rng, id, CallDirection::SipToFxo, from.clone(), number.clone(), now);
        for what in [
            MarkKind::SipIn { message: "INVITE".to_owned(), peer: from },
            MarkKind::NumberBlocked { number, why, rule },
            MarkKind::SipOut { message: "403".to_owned(), peer: invitation.source.ip().to_string() },
            MarkKind::Ended { cause: EndCause::NumberBlocked },
        ] {
            facts.timeline.add(Mark { at_ms: now.as_millis(), port: id, what });
        }
        let record = facts.record(Ending::new(EndCause::NumberBlocked).with_status(403), now);
        // A line that is in use, or has just been, shows its own call.
        if let Some(port) = self.ports.get_mut(id.index()).filter(|port| port.call.is_none() && port.line.state() == LineState::Idle) {
            port.last = Some(CallRecord { timeline: Vec::new(), ..record.clone() });
        }
        out.push(Action::Record(record));
    }

    /// The port that the record names: the one that was asked for, else the first one that would take the caller.
    fn port_of_barred(&self, caller: &Caller, invitation: Invitation<'_>, now: Moment) -> PortId {
        match caller.wanted {
            Wanted::Port(port) => port,
            Wanted::Any => {
                let holds_token = self.holds_token(invitation.request);
                let takes = |id: PortId| {
                    let candidate = self.candidate(id, invitation.source.ip(), holds_token, now);
                    candidate.admitted && candidate.enabled
                };
                (0..self.ports.len()).map(port_id).find(|id| takes(*id)).unwrap_or(PortId(0))
            }
        }
    }
}

/// The path of the setting that refuses a number: the rule itself, where it was one.
fn setting(why: Bar, rule: Option<u32>) -> String {
    match (why, rule) {
        (Bar::Rule, Some(rule)) => format!("{}[{}]", why.setting(), rule.saturating_sub(1)),
        (Bar::Rule | Bar::Otherwise | Bar::International | Bar::Premium, _) => why.setting().to_owned(),
    }
}
