//! Transfers of the SIP side of a call: whom a REFER may lead to, and who may take a call over (decision 0018).

use std::net::IpAddr;
use std::time::Duration;

use super::Gateway;
use super::budget::Allowance;
use super::call::{Call, CallEvent, Lead, Reference, Replacement};
use super::callers::{Caller, Invitation, MOST_PARTY_CHARS};
use super::io::Action;
use super::plan;
use super::router::{Denial, Wanted};
use crate::config::PortId;
use crate::config::dialling::{self, Dialling};
use crate::sip::agent::{Refusal, SessionId};
use crate::sip::header::Referral;
use crate::sip::uri::Uri;
use crate::time::Moment;

/// The target of a transfer that does not answer is given up after this time; the caller on the line hears nothing meanwhile.
const RING_TIMEOUT: Duration = Duration::from_secs(60);

impl Gateway {
    /// A peer refers its call elsewhere.
    pub(super) fn referred(&mut self, session: SessionId, referral: &Referral, now: Moment, out: &mut Vec<Action>) {
        let Some(&(id, peer)) = self.sessions.get(&session).filter(|_| self.is_of_call(session)) else {
            return self.agent.answer_refer(session, Err(481), now, &mut self.pending.sip);
        };
        let target = referral.target.chars().take(MOST_PARTY_CHARS).collect();
        let lead = self.lead(id, peer, referral, now, out);
        self.session_event(session, CallEvent::Referred(Box::new(Reference { target, lead })), now, out);
    }

    /// Whom a REFER leads to. A telephone of ours comes before a number of the exchange with the same name.
    fn lead(&mut self, id: PortId, peer: IpAddr, referral: &Referral, now: Moment, out: &mut Vec<Action>) -> Lead {
        let destinations = self.led_to(id, peer, &referral.target, now);
        if destinations.is_empty()
            && referral.replaces.is_none()
            && let Some(digits) = self.number_to_pass_on_to(id, peer, &referral.target, now, out)
        {
            return Lead::Number(digits);
        }
        let mut invites = self.invites(id, destinations);
        for invite in &mut invites {
            invite.headers.extend(referral.headers());
            invite.ring_timeout = Some(RING_TIMEOUT);
        }
        Lead::Sip { invites, audio: self.new_audio(id) }
    }

    /// The digits for the exchange, when the URI is a number at our own door, the port passes callers on, and the dialling rules
    /// and the port's budget let the number be dialled.
    fn number_to_pass_on_to(&mut self, id: PortId, peer: IpAddr, target: &str, now: Moment, out: &mut Vec<Action>) -> Option<String> {
        self.ports.get(id.index()).filter(|port| port.settings.line.transfer_by_hook_flash)?;
        let uri = Uri::parse(target).ok().filter(|uri| uri.is_sip() && self.is_here(uri))?;
        let number: String = uri.user?.chars().take(MOST_PARTY_CHARS).collect();
        // A telephone of ours that is off at the moment has no number at the exchange.
        if plan::registering_users(&self.settings).iter().any(|(user, _)| *user == number) {
            return None;
        }
        match dialling::decide(&number, &self.settings.gateway) {
            Dialling::Allowed { dialled, emergency, .. } => (emergency || self.allowance(id, now) == Allowance::Open).then_some(dialled),
            Dialling::Denied { why, rule, .. } => {
                self.tell_barred(peer, Wanted::Port(id), &number, (why, rule), now, out);
                None
            }
            Dialling::NoNumber => None,
        }
    }

    /// An INVITE whose sender has proven who it is asks for the place of a session. Only who may call the port gets it.
    ///
    /// # Errors
    /// Why not.
    pub(super) fn take_over(
        &mut self,
        old: SessionId,
        invitation: Invitation<'_>,
        caller: &Caller,
        now: Moment,
        out: &mut Vec<Action>,
    ) -> Result<(), Denial> {
        let Invitation { session, source, request } = invitation;
        let Some(&(id, _)) = self.sessions.get(&old).filter(|_| self.is_of_call(old)) else {
            self.refuse(session, Refusal { status: 481, ..Refusal::default() }, now);
            return Ok(());
        };
        let is_theirs = caller.wanted == Wanted::Any || caller.wanted == Wanted::Port(id);
        if !is_theirs || !self.admits(id, source.ip(), self.holds_token(request)) {
            return Err(Denial::HostNotAdmitted);
        }
        let audio = self.answer_in_sdp(id, source.ip(), request.body())?;
        let by = request.from().map(|from| from.uri.chars().take(MOST_PARTY_CHARS).collect()).unwrap_or_default();
        let replacement = Replacement { session, peer: source.ip(), by, audio };
        self.call_event(id, CallEvent::Replaced(Box::new(replacement)), now, out);
        Ok(())
    }

    /// Whether the call of a session's port still has to do with it: not with one that it has left.
    pub(super) fn is_of_call(&self, session: SessionId) -> bool {
        let port = self.sessions.get(&session).and_then(|(id, _)| self.ports.get(id.index()));
        let call = port.and_then(|port| port.call.as_ref());
        call.is_some_and(|call| call.talks_with().is_none_or(|present| present == session))
    }

    /// What comes in a session that its call has left, or only just calls. The agent has answered what wants no answer of ours.
    pub(super) fn aside(&mut self, session: SessionId, event: &CallEvent, now: Moment) {
        match event {
            CallEvent::Offer(_) => self.agent.answer_offer(session, Err(488), now, &mut self.pending.sip),
            CallEvent::SessionEnded(_) => {
                self.sessions.remove(&session);
            }
            _ => {}
        }
    }
}

impl Call {
    /// The session that the call talks in, or will once its line is seized; `None`: there is none yet.
    #[must_use]
    pub fn talks_with(&self) -> Option<SessionId> {
        match self {
            Call::ToLine(call) => Some(call.session()),
            Call::ToSip(call) => call.answerer(),
            Call::TestCall(_) | Call::LineTest(_) => None,
        }
    }
}
