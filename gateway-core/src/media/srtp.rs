//! SRTP and SRTCP (RFC 3711) between us and one peer, with keys that SDP agreed on.

use std::fmt;

use rtc_srtp::context::Context;
use rtc_srtp::crypto::providers::RingCrypto;
use rtc_srtp::option::{srtcp_replay_protection, srtp_replay_protection};
use rtc_srtp::protection_profile::ProtectionProfile;

use crate::rtp::packet::MAX_PACKET_BYTES;
use crate::sdp::{MasterKey, SrtpKeys, Suite};

/// Packets behind the newest one that are still told from repetitions (RFC 3711 §3.3.2: 64 at least).
const REPLAY_WINDOW: usize = 128;

/// Sources of the peer that are remembered, newest first. A peer has one at a time; of a source that is forgotten, packets could be
/// played again.
const MOST_SOURCES: usize = 4;

/// Keys of ours that are remembered: a call has one for each suite.
const MOST_KEYS: usize = Suite::ALL.len();

/// The shortest SRTCP packet: header and SSRC, index, and a tag of 32 bits at least.
const SHORTEST_RTCP_BYTES: usize = 16;

/// What seals our packets and opens those of the peer.
pub struct Srtp {
    keys: SrtpKeys,
    /// One context for each key that was ever sent with, the present one first: what a key has sealed is never begun anew.
    sending: Vec<(MasterKey, Context)>,
    /// Of SRTP and of SRTCP apart: what comes first of either begins its window, sealed by the peer or not, so a context that has
    /// opened the one is not ready for the other.
    rtp: Sources,
    rtcp: Sources,
}

/// One context for each source and key, newest first: the library would keep what it knows of every source that anybody writes into
/// a header.
#[derive(Default)]
struct Sources(Vec<(u32, MasterKey, Context)>);

impl fmt::Debug for Srtp {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Srtp").field("keys", &self.keys).field("sources", &self.rtp.0.len()).finish_non_exhaustive()
    }
}

impl Srtp {
    /// Begins to seal and open with these keys; `None` when the library does not take them.
    #[must_use]
    pub fn new(keys: SrtpKeys) -> Option<Self> {
        Some(Srtp {
            sending: vec![(keys.sending.clone(), context(&keys.sending)?)],
            rtp: Sources::default(),
            rtcp: Sources::default(),
            keys,
        })
    }

    /// Goes over to the keys of a new offer and answer. A key that comes again goes on where it was: its packets are still counted.
    pub fn change(&mut self, keys: SrtpKeys) {
        let known = self.sending.iter().position(|(key, _)| *key == keys.sending);
        match (known, context(&keys.sending)) {
            (Some(at), _) => self.sending.swap(0, at),
            (None, Some(context)) => self.sending.insert(0, (keys.sending.clone(), context)),
            // The library takes every key of its own suites.
            (None, None) => self.sending.clear(),
        }
        self.sending.truncate(MOST_KEYS);
        self.keys = keys;
    }

    /// Seals an RTP packet of ours.
    #[must_use]
    pub fn seal_rtp(&mut self, packet: &[u8]) -> Option<Vec<u8>> {
        self.sending.first_mut()?.1.encrypt_rtp(packet).ok().map(Into::into)
    }

    /// Seals an RTCP packet of ours.
    #[must_use]
    pub fn seal_rtcp(&mut self, packet: &[u8]) -> Option<Vec<u8>> {
        self.sending.first_mut()?.1.encrypt_rtcp(packet).ok().map(Into::into)
    }

    /// The RTP packet in a datagram; `None` when the peer did not seal it, or when it came before.
    #[must_use]
    pub fn open_rtp(&mut self, datagram: &[u8]) -> Option<Vec<u8>> {
        if datagram.len() > MAX_PACKET_BYTES {
            return None;
        }
        self.rtp.open(word(datagram, 8)?, &self.keys.receiving, |context| context.decrypt_rtp(datagram).ok().map(Into::into))
    }

    /// The RTCP packet in a datagram; `None` when the peer did not seal it, or when it came before.
    ///
    /// One that says of itself that it is not encrypted is never opened: no description that is taken here allows it (RFC 4568
    /// §6.3.2), and the library would not even look at its tag.
    #[must_use]
    pub fn open_rtcp(&mut self, datagram: &[u8]) -> Option<Vec<u8>> {
        if !(SHORTEST_RTCP_BYTES..=MAX_PACKET_BYTES).contains(&datagram.len()) || !is_encrypted(self.keys.receiving.suite(), datagram) {
            return None;
        }
        self.rtcp.open(word(datagram, 4)?, &self.keys.receiving, |context| context.decrypt_rtcp(datagram).ok().map(Into::into))
    }
}

impl Sources {
    /// Opens with the context of the source; only a packet that opens makes a new one known.
    fn open(&mut self, ssrc: u32, key: &MasterKey, open: impl FnOnce(&mut Context) -> Option<Vec<u8>>) -> Option<Vec<u8>> {
        if let Some((.., context)) = self.0.iter_mut().find(|(known, with, _)| *known == ssrc && with == key) {
            return open(context);
        }
        let mut context = context(key)?;
        let opened = open(&mut context)?;
        self.0.insert(0, (ssrc, key.clone(), context));
        self.0.truncate(MOST_SOURCES);
        Some(opened)
    }
}

fn context(key: &MasterKey) -> Option<Context> {
    let profile = match key.suite() {
        Suite::AesCm128Sha1_80 => ProtectionProfile::Aes128CmHmacSha1_80,
        Suite::AesCm128Sha1_32 => ProtectionProfile::Aes128CmHmacSha1_32,
        Suite::AesCm256Sha1_80 => ProtectionProfile::Aes256CmHmacSha1_80,
        Suite::AesGcm128 => ProtectionProfile::AeadAes128Gcm,
        Suite::AesGcm256 => ProtectionProfile::AeadAes256Gcm,
    };
    let (rtp, rtcp) = (srtp_replay_protection(REPLAY_WINDOW), srtcp_replay_protection(REPLAY_WINDOW));
    Context::new(key.key(), key.salt(), profile, Some(rtp), Some(rtcp), &RingCrypto).ok()
}

/// The E flag of an SRTCP packet, before its index (RFC 3711 §3.4): the tag follows, or has gone before (RFC 7714 §9.2).
fn is_encrypted(suite: Suite, datagram: &[u8]) -> bool {
    let tag_bytes = match suite {
        Suite::AesCm128Sha1_80 | Suite::AesCm128Sha1_32 | Suite::AesCm256Sha1_80 => 10,
        Suite::AesGcm128 | Suite::AesGcm256 => 0,
    };
    let index = datagram.len().checked_sub(tag_bytes + 4).and_then(|at| word(datagram, at));
    index.is_some_and(|index| index & (1 << 31) != 0)
}

/// The 32 bits at a place of a datagram, in network order.
fn word(datagram: &[u8], at: usize) -> Option<u32> {
    Some(u32::from_be_bytes(datagram.get(at..at + 4)?.try_into().ok()?))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::rng::Rng;
    use crate::rtp::packet::{self, Header};
    use crate::rtp::rtcp;
    use crate::sdp::CryptoLine;
    use crate::time::Moment;

    fn pair(suite: Suite) -> (Srtp, Srtp) {
        let mut rng = Rng::from_bytes([1; 32]);
        let (a, b) = (MasterKey::draw(suite, &mut rng), MasterKey::draw(suite, &mut rng));
        let side = |sending: &MasterKey, receiving: &MasterKey| {
            Srtp::new(SrtpKeys { sending: sending.clone(), receiving: receiving.clone(), alone: true }).unwrap()
        };
        (side(&a, &b), side(&b, &a))
    }

    fn rtp(ssrc: u32, sequence: u16) -> Vec<u8> {
        packet::write(Header { payload_type: 8, marker: false, sequence, timestamp: u32::from(sequence) * 160, ssrc }, &[0xd5; 160])
    }

    #[test]
    fn what_one_side_seals_the_other_opens_in_every_suite_once() {
        for suite in Suite::ALL {
            let (mut a, mut b) = pair(suite);
            for sequence in [65_534, 65_535, 0, 1] {
                let plain = rtp(7, sequence);
                let sealed = a.seal_rtp(&plain).unwrap();
                assert!(sealed.len() > plain.len() && sealed[12..] != plain[12..], "{suite:?}");
                assert_eq!(b.open_rtp(&sealed), Some(plain), "{suite:?} {sequence}");
                assert_eq!(b.open_rtp(&sealed), None, "a packet is taken once");
            }
            let report = rtcp::bye(7, Moment::ZERO, "name");
            let sealed = a.seal_rtcp(&report).unwrap();
            assert_eq!(b.open_rtcp(&sealed), Some(report), "{suite:?}");
            assert_eq!(b.open_rtcp(&sealed), None);
        }
    }

    #[test]
    fn what_nobody_sealed_is_not_opened_and_leaves_no_trace() {
        let (mut a, mut b) = pair(Suite::AesCm128Sha1_80);
        let sealed = a.seal_rtp(&rtp(7, 1)).unwrap();
        for at in 0..sealed.len() {
            let mut bent = sealed.clone();
            bent[at] ^= 1;
            assert_eq!(b.open_rtp(&bent), None, "bit of byte {at}");
            assert_eq!(b.open_rtp(&sealed[..at]), None, "cut at {at}");
        }
        for ssrc in 0..10_000 {
            assert_eq!(b.open_rtp(&rtp(ssrc, 1)), None);
        }
        assert!(b.rtp.0.is_empty());
        assert!(b.open_rtp(&sealed).is_some());
    }

    #[test]
    fn a_report_that_says_it_is_not_sealed_is_not_opened() {
        for suite in Suite::ALL {
            let (mut a, mut b) = pair(suite);
            let sealed = a.seal_rtcp(&rtcp::bye(7, Moment::ZERO, "name")).unwrap();
            for bit in 0..sealed.len() * 8 {
                let mut bent = sealed.clone();
                bent[bit / 8] ^= 1 << (bit % 8);
                assert_eq!(b.open_rtcp(&bent), None, "{suite:?}: bit {bit}");
            }
            assert_eq!(b.open_rtcp(&[rtcp::bye(7, Moment::ZERO, "name"), vec![0; 14]].concat()), None, "{suite:?}");
            assert!(b.open_rtcp(&sealed).is_some(), "{suite:?}");
        }
    }

    #[test]
    fn a_forged_packet_before_the_first_sealed_one_of_its_kind_keeps_nothing_out() {
        let (mut a, mut b) = pair(Suite::AesCm128Sha1_80);
        let report = rtcp::bye(7, Moment::ZERO, "name");
        assert!(b.open_rtp(&a.seal_rtp(&rtp(7, 1)).unwrap()).is_some());
        let sealed = a.seal_rtcp(&report).unwrap();
        let mut far = sealed.clone();
        let index = far.len() - 14;
        far[index..index + 4].copy_from_slice(&0xbfff_ffff_u32.to_be_bytes());
        assert_eq!(b.open_rtcp(&far), None);
        assert_eq!(b.open_rtcp(&sealed), Some(report), "its index is behind the forged one");
    }

    #[test]
    fn a_key_that_stays_goes_on_and_one_that_changes_begins_anew() {
        let (mut a, mut b) = pair(Suite::AesCm128Sha1_80);
        let before = a.seal_rtp(&rtp(7, 1)).unwrap();
        assert!(b.open_rtp(&before).is_some());
        b.change(b.keys.clone());
        assert_eq!(b.open_rtp(&before), None, "a repetition is still known as one");
        let key = MasterKey::draw(Suite::AesGcm128, &mut Rng::from_bytes([2; 32]));
        a.change(SrtpKeys { sending: key.clone(), ..a.keys.clone() });
        let after = a.seal_rtp(&rtp(7, 2)).unwrap();
        assert_eq!(b.open_rtp(&after), None);
        b.change(SrtpKeys { receiving: key, ..b.keys.clone() });
        assert!(b.open_rtp(&after).is_some());
    }

    #[test]
    fn a_key_that_comes_again_goes_on_where_it_was() {
        let (mut a, mut b) = pair(Suite::AesCm128Sha1_80);
        let first = a.keys.clone();
        let reports: Vec<_> = (0..3).map(|_| rtcp::bye(7, Moment::ZERO, "name")).collect();
        let before = a.seal_rtcp(&reports[0]).unwrap();
        assert!(b.open_rtcp(&before).is_some());
        let other = MasterKey::draw(Suite::AesGcm128, &mut Rng::from_bytes([3; 32]));
        let back = b.keys.clone();
        a.change(SrtpKeys { sending: other.clone(), ..first.clone() });
        b.change(SrtpKeys { receiving: other, ..back.clone() });
        assert!(b.open_rtcp(&a.seal_rtcp(&reports[1]).unwrap()).is_some());
        a.change(first);
        b.change(back);
        let after = a.seal_rtcp(&reports[2]).unwrap();
        assert_ne!(before, after, "the same report under the same key, but not the same keystream");
        assert_eq!(b.open_rtcp(&before), None, "and what came before is still known");
        assert!(b.open_rtcp(&after).is_some());
    }

    /// The packet that libsrtp proves itself with.
    #[test]
    fn a_packet_of_another_implementation_is_opened() {
        let hex =
            |text: &str| -> Vec<u8> { (0..text.len()).step_by(2).map(|at| u8::from_str_radix(&text[at..at + 2], 16).unwrap()).collect() };
        let line = "1 AES_CM_128_HMAC_SHA1_80 inline:4fl6DT4Bi+DWT6MsBt5BOQ7Gda1Jiv7rtpYLOqvm";
        let key = CryptoLine::parse(line).unwrap().key;
        assert_eq!(key.key(), hex("e1f97a0d3e018be0d64fa32c06de4139"));
        let mut srtp = Srtp::new(SrtpKeys { sending: key.clone(), receiving: key, alone: true }).unwrap();
        let plain = hex("800f1234decafbadcafebabeabababababababababababababababab");
        let sealed = hex("800f1234decafbadcafebabe4e55dc4ce79978d88ca4d215949d2402b78d6acc99ea179b8dbb");
        assert_eq!(srtp.seal_rtp(&plain), Some(sealed.clone()));
        assert_eq!(srtp.open_rtp(&sealed), Some(plain));
    }
}
