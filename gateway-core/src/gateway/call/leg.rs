//! One INVITE of a call that is out, and what it falls back on.

use std::net::IpAddr;

use super::{Audio, Bridge};
use crate::sdp::SdpError;
use crate::sip::agent::{Invite, SessionId};

/// What a peer says that cannot take our offer (RFC 3261 §21.4.26, §21.6.4; some say 415).
const UNACCEPTABLE: [u16; 3] = [488, 606, 415];

/// One INVITE that is out.
#[derive(Clone, Debug)]
pub(super) struct Leg {
    pub(super) session: SessionId,
    /// What to try again with sealed audio alone, when this offer is refused.
    sealed: Option<Box<Invite>>,
    /// It has been tried so.
    insisted: bool,
    peer: IpAddr,
    /// Where the offer says that we are.
    offered: IpAddr,
}

impl Leg {
    /// Calls, offering the call's audio.
    pub(super) fn call(invite: Invite, audio: &mut Audio, bridge: &mut Bridge<'_>) -> Self {
        let sealed = audio.may_insist().then(|| Box::new(invite.clone()));
        let peer = invite.destination.ip();
        audio.face(bridge.agent.ip_seen_by(peer));
        let (offer, offered) = (audio.offer(), audio.told_ip());
        Leg { session: bridge.invite(offering(&offer, invite)), sealed, insisted: false, peer, offered }
    }

    /// Whoever takes sealed audio alone refuses an offer that leaves it open: it is called once more. False: the refusal stands.
    pub(super) fn insist(&mut self, status: u16, audio: &mut Audio, bridge: &mut Bridge<'_>) -> bool {
        let Some(invite) = self.sealed.take_if(|_| UNACCEPTABLE.contains(&status)) else { return false };
        audio.face(bridge.agent.ip_seen_by(self.peer));
        self.offered = audio.told_ip();
        self.session = bridge.invite(offering(&audio.offer_sealed(), *invite));
        self.insisted = true;
        true
    }

    /// Takes its answer, which has to fit what was offered.
    ///
    /// # Errors
    /// [`SdpError`] when it does not.
    pub(super) fn accept(&self, answer: &[u8], audio: &mut Audio, bridge: &Bridge<'_>) -> Result<(), SdpError> {
        if self.insisted { audio.accept_sealed(answer) } else { audio.accept(answer) }?;
        audio.settle(self.offered, bridge.agent.ip_seen_by(self.peer));
        Ok(())
    }
}

fn offering(offer: &[u8], invite: Invite) -> Invite {
    Invite { body: offer.to_vec(), content_type: "application/sdp".to_owned(), ..invite }
}
