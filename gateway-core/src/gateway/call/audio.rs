//! The media of one call as SDP sees it: what we offered or answered, and what was agreed.

use std::net::IpAddr;

use crate::media::MediaPlan;
use crate::rng::Rng;
use crate::sdp::{self, Agreed, LocalMedia, SdpError, SrtpUse};

/// The media of one call.
#[derive(Clone, Debug)]
pub struct Audio {
    /// As the peer is told: behind a NAT not with our own address.
    local: LocalMedia,
    /// Our own address.
    own_ip: IpAddr,
    agreed: Option<Agreed>,
    /// Our answer to the peer's latest offer.
    answer: Option<Vec<u8>>,
    /// Our offer is out, and the peer's answer to it is still to come.
    offered: bool,
    /// What the peer was told of where we are does not hold any more.
    moved: bool,
    ssrc: u32,
    first_sequence: u16,
    first_timestamp: u32,
    cname: String,
}

impl Audio {
    /// Media that is not agreed yet. RTP starts at random numbers (RFC 3550 §5.1).
    #[must_use]
    pub fn new(local: LocalMedia, rng: &mut Rng) -> Self {
        let first_sequence = u16::try_from(rng.below(0x8000)).unwrap_or(0);
        Audio {
            own_ip: local.address.ip(),
            local,
            agreed: None,
            answer: None,
            offered: false,
            moved: false,
            ssrc: rng.next_u32(),
            first_sequence,
            first_timestamp: rng.next_u32(),
            cname: rng.hex(16),
        }
    }

    /// Takes an offer and makes the answer to it.
    ///
    /// # Errors
    /// [`SdpError`] when the offer is malformed or has nothing for us; what was agreed before still holds.
    pub fn answer(&mut self, offer: &[u8]) -> Result<Vec<u8>, SdpError> {
        // A call that was sealed stays so: its key would begin anew at a packet that it has sealed before.
        let sealed = self.agreed.as_ref().is_some_and(|agreed| agreed.srtp.is_some());
        let local = LocalMedia { srtp: if sealed { SrtpUse::Mandatory } else { self.local.srtp }, ..self.local.clone() };
        let (answer, agreed) = sdp::answer(&local, offer)?;
        self.agreed = Some(agreed);
        self.answer = Some(answer.clone());
        self.local.session_version += 1;
        Ok(answer)
    }

    /// Our answer to the peer's latest offer; `None` while it has made none.
    #[must_use]
    pub fn last_answer(&self) -> Option<Vec<u8>> {
        self.answer.clone()
    }

    /// Our offer, which the peer will answer.
    pub fn offer(&mut self) -> Vec<u8> {
        self.offered = true;
        sdp::offer(&self.local)
    }

    /// Whether an offer could insist on sealed audio where ours left it open.
    #[must_use]
    pub fn may_insist(&self) -> bool {
        self.local.srtp == SrtpUse::Preferred
    }

    /// Our offer of sealed audio alone, for a peer that takes nothing else.
    pub fn offer_sealed(&mut self) -> Vec<u8> {
        self.offered = true;
        sdp::offer(&LocalMedia { srtp: SrtpUse::Mandatory, ..self.local.clone() })
    }

    /// Whether our offer is out and not answered.
    #[must_use]
    pub fn awaits_answer(&self) -> bool {
        self.offered
    }

    /// Takes the answer to our offer.
    ///
    /// # Errors
    /// [`SdpError`] when the answer is malformed or takes none of our codecs.
    pub fn accept(&mut self, answer: &[u8]) -> Result<(), SdpError> {
        self.accept_as(self.local.srtp, answer)
    }

    /// Takes the answer to [`Audio::offer_sealed`].
    ///
    /// # Errors
    /// [`SdpError`] when the answer is malformed, takes none of our codecs, or is not sealed.
    pub fn accept_sealed(&mut self, answer: &[u8]) -> Result<(), SdpError> {
        self.accept_as(SrtpUse::Mandatory, answer)
    }

    fn accept_as(&mut self, srtp: SrtpUse, answer: &[u8]) -> Result<(), SdpError> {
        self.offered = false;
        self.agreed = Some(sdp::accept(&LocalMedia { srtp, ..self.local.clone() }, answer)?);
        self.local.session_version += 1;
        Ok(())
    }

    /// Takes the answer to an offer that said again what we had said before. True: it agrees on something else than before.
    pub fn accept_again(&mut self, answer: &[u8]) -> bool {
        let Some(before) = &self.agreed else { return false };
        let Ok(agreed) = sdp::accept_again(&self.local, before, answer) else { return false };
        let differs = agreed != *before;
        self.agreed = Some(agreed);
        differs
    }

    /// The gateway is at another address now, and its peer sees it at `seen`, where that is not the same. One of the other family
    /// cannot be reached from the peer's.
    pub fn relocate(&mut self, ip: IpAddr, seen: Option<IpAddr>) {
        if ip.is_ipv4() == self.own_ip.is_ipv4() {
            self.own_ip = ip;
        }
        if self.face(seen) {
            self.moved = self.offered || self.agreed.is_some();
        }
    }

    /// What is said from now on is for a peer that sees us at `seen`, where that is not our own address. True: that is another one
    /// than before.
    pub fn face(&mut self, seen: Option<IpAddr>) -> bool {
        let told = seen.filter(|ip| ip.is_ipv4() == self.own_ip.is_ipv4()).unwrap_or(self.own_ip);
        let before = self.local.address.ip();
        self.local.address.set_ip(told);
        told != before
    }

    /// Where the peer is told to send to.
    #[must_use]
    pub fn told_ip(&self) -> IpAddr {
        self.local.address.ip()
    }

    /// From now on we talk with the peer that was offered `offered`, and sees us at `seen`, where that is not our own address.
    pub fn settle(&mut self, offered: IpAddr, seen: Option<IpAddr>) {
        self.face(seen);
        self.moved = self.told_ip() != offered;
    }

    /// The peer has to be told where our signalling is, whatever becomes of the audio.
    pub fn tell_again(&mut self) {
        self.moved |= self.agreed.is_some();
    }

    /// The offer that tells the peer where we are now, secured as was agreed; `None` when it knows.
    pub fn take_move(&mut self) -> Option<Vec<u8>> {
        if !std::mem::take(&mut self.moved) {
            return None;
        }
        let keys = self.agreed.as_ref().and_then(|agreed| agreed.srtp.as_ref());
        self.local.session_version += 1;
        Some(sdp::offer_again(&self.local, keys))
    }

    /// How audio flows, once it is agreed, with a peer whose SIP messages come from `signalling`.
    #[must_use]
    pub fn plan(&self, signalling: Option<IpAddr>) -> Option<MediaPlan> {
        let agreed = self.agreed.clone()?;
        let (ssrc, first_sequence, first_timestamp) = (self.ssrc, self.first_sequence, self.first_timestamp);
        Some(MediaPlan { agreed, signalling, ssrc, first_sequence, first_timestamp, cname: self.cname.clone() })
    }

    /// Moves the media to another port of the gateway, before anything was told to the peer.
    pub fn move_to(&mut self, local: LocalMedia) {
        self.local.address.set_port(local.address.port());
    }
}
