//! Carries out what registrations want done.

use std::collections::VecDeque;

use super::ask::{Owner, Purpose};
use super::{AgentOutput, SipEvent, UserAgent};
use crate::rng::Rng;
use crate::sip::registration::{Act, Registrations};
use crate::time::Moment;

impl UserAgent {
    /// Lets the registrations do something and carries out what they want.
    pub(super) fn keep(
        &mut self,
        now: Moment,
        out: &mut Vec<AgentOutput>,
        order: impl FnOnce(&mut Registrations, &mut Rng, &mut Vec<Act>),
    ) {
        let mut acts = Vec::new();
        order(&mut self.registrations, &mut self.rng, &mut acts);
        let mut waiting = VecDeque::from(acts);
        while let Some(act) = waiting.pop_front() {
            match act {
                Act::Ask { key, request, to } => {
                    if self.ask(Owner::of(Purpose::Register(key)), &request, to, now, out).is_none() {
                        let mut more = Vec::new();
                        self.registrations.unanswered(key, 503, now, &mut self.rng, &mut more);
                        waiting.extend(more);
                    }
                }
                Act::Abandon { key } => {
                    let of_key = self.owners.iter().filter(|(_, owner)| owner.purpose == Purpose::Register(key)).map(|(id, _)| *id);
                    for id in of_key.collect::<Vec<_>>() {
                        self.transactions.end_client(id);
                        self.client_over(id);
                    }
                }
                Act::Tell { account, state } => out.push(AgentOutput::Event(SipEvent::Registration { account, state })),
            }
        }
    }
}
