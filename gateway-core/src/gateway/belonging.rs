//! What the brain says of SIP messages to whoever keeps them: whose they are, and which it did not listen to.

use super::Gateway;
use super::io::Action;
use super::router::Wanted;
use super::sip_trace::{SipDrop, SipNote, SipOwner};
use crate::config::PortId;
use crate::sip::agent::{AccountId, SessionId};
use crate::sip::message::Request;

impl Gateway {
    /// A session belongs to the call of a port from now on.
    pub(super) fn tell_whose_session(&self, session: SessionId, id: PortId, out: &mut Vec<Action>) {
        let call = self.ports.get(id.index()).and_then(|port| port.call.as_ref()).map(|call| call.facts().id.clone());
        if let Some(call_id) = self.agent.call_id_of(session) {
            out.push(whose(call_id, id, call));
        }
    }

    /// One of our registrations belongs to a port. With a single user it belongs to none.
    pub(super) fn tell_whose_account(&self, account: AccountId, out: &mut Vec<Action>) {
        if let Some(call_id) = self.agent.call_id_of_account(account)
            && !self.settings.gateway.single_user
        {
            out.push(whose(call_id, PortId(account.0), None));
        }
    }
}

/// A request is about a port, though it begins no call.
pub(super) fn tell_whose_request(request: &Request, wanted: Wanted, out: &mut Vec<Action>) {
    match (wanted, request.call_id()) {
        // The user of no port is numbered beyond the last one.
        (Wanted::Port(port), Ok(call_id)) if port != PortId(u16::MAX) => out.push(whose(call_id, port, None)),
        (Wanted::Port(_) | Wanted::Any, _) => {}
    }
}

/// The datagram at hand is not listened to.
pub(super) fn tell_dropped(why: SipDrop, out: &mut Vec<Action>) {
    out.push(Action::Sip(SipNote::Dropped(why)));
}

fn whose(call_id: &str, port: PortId, call: Option<String>) -> Action {
    Action::Sip(SipNote::Owner(SipOwner { call_id: call_id.to_owned(), port, call }))
}
