//! A server with several places: an INVITE that one of them does not take goes to the next (RFC 3263 §4.3).

use super::ask::Owner;
use super::{AgentOutput, SessionId, SipEvent, UserAgent};
use crate::sip::agent::Invite;
use crate::sip::hop::Hop;
use crate::sip::session::Session;
use crate::sip::transaction::ClientId;
use crate::time::Moment;

/// The status that a server gives while it is out of service, and that we give where nothing could be sent.
const OUT_OF_SERVICE: u16 = 503;

impl UserAgent {
    /// A place did not answer our INVITE (408), could not be reached, or answered that it is out of service (503): the next one is
    /// asked. False: there is none, the status says something else, or nobody wants the call any more.
    pub(super) fn went_elsewhere(&mut self, id: ClientId, status: u16, now: Moment, out: &mut Vec<AgentOutput>) -> bool {
        let Some(session) = self.owners.get(&id).and_then(Owner::session) else { return false };
        if !matches!(status, 408 | OUT_OF_SERVICE) {
            return false;
        }
        let is_wanted = |session: &Session| session.asks_in(id) && session.still_wanted();
        if !self.sessions.get(&session).is_some_and(is_wanted) {
            return false;
        }
        let Some(way) = self.next_way(session) else { return false };
        if let Some(old) = self.sessions.remove(&session) {
            self.dialogs.remove(&old.key());
        }
        self.ask_elsewhere(session, way, now, out);
        true
    }

    /// A place has not said a word about our INVITE: the next one is asked, and what this one may still say is dealt with like the
    /// answers to any call that was given up.
    pub(super) fn leave_the_silent(&mut self, session: SessionId, now: Moment, out: &mut Vec<AgentOutput>) {
        let Some(way) = self.next_way(session) else { return };
        if let Some(mut old) = self.sessions.remove(&session) {
            let id = self.next_session();
            old.renumber(id);
            self.dialogs.insert(old.key(), id);
            self.sessions.insert(id, old);
            self.owners.values_mut().for_each(|owner| owner.renumber(session, id));
            self.hang_up(id, None, now, out);
        }
        self.ask_elsewhere(session, way, now, out);
    }

    /// The place that the INVITE of a session leaves, and the INVITE as it goes to the next one.
    fn next_way(&mut self, session: SessionId) -> Option<(Hop, Invite)> {
        let invite = self.ways.remove(&session)?;
        let (next, others) = invite.others.split_first()?;
        Some((invite.destination, Invite { destination: *next, others: others.to_vec(), ..invite.clone() }))
    }

    fn ask_elsewhere(&mut self, session: SessionId, (from, invite): (Hop, Invite), now: Moment, out: &mut Vec<AgentOutput>) {
        // Told first: a refusal that follows is the one of the next place.
        out.push(AgentOutput::Event(SipEvent::WentElsewhere { session, from, to: invite.destination }));
        self.start_invite_as(session, &invite, now, out);
    }
}
