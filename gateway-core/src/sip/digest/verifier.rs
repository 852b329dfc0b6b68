//! The server's side: challenges, and the check of what comes back (RFC 7616 §3.3–§3.5, §5).

use std::collections::BTreeMap;
use std::net::IpAddr;
use std::time::Duration;

use sha2::{Digest as _, Sha256};
use subtle::ConstantTimeEq as _;

use super::fields::Fields;
use super::{Algorithm, Credentials, Proof, Protection, hex};
use crate::rng::Rng;
use crate::sip::header::grammar;
use crate::sip::message::Request;
use crate::sip::uri::Uri;
use crate::time::Moment;

/// How long a nonce is good for.
const NONCE_LIFETIME: Duration = Duration::from_secs(300);

/// Nonces whose counters are remembered. When it is full the oldest is forgotten and counts as expired from then on.
const MAX_NONCES: usize = 4096;

/// What became of a request's credentials.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Verdict {
    /// None were sent for our realm, or the secret was right but the nonce is used up: send [`Verifier::challenges`].
    Challenge {
        /// The secret was right: the client shall try again without asking anyone.
        stale: bool,
    },
    /// Wrong user or wrong secret; which of them, nobody can tell.
    Wrong,
    /// Right, and not a replay.
    Granted,
}

/// What the seal of a nonce says.
enum Seal {
    /// We never gave it to this source.
    Forged,
    /// We gave it, too long ago.
    Old,
    /// We gave it, and it is still good.
    Fresh(Nonce),
}

/// Makes challenges and checks what comes back.
///
/// A nonce carries its birth and a seal over birth and source address, so nothing is remembered for a challenge; only a
/// granted request leaves a counter behind, and those are bounded.
#[derive(Clone, Debug)]
pub struct Verifier {
    realm: String,
    offers: Vec<Algorithm>,
    key: [u8; 32],
    serial: u64,
    counters: BTreeMap<Nonce, Window>,
    /// Nonces up to this one were forgotten to make room.
    forgotten: Option<Nonce>,
}

/// When a nonce was made, and which it was; in that order.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
struct Nonce {
    born: Moment,
    serial: u64,
}

/// Which counters were seen: the highest, and one bit for each of the 64 up to it. UDP may swap requests.
#[derive(Clone, Copy, Debug, Default)]
struct Window {
    highest: u32,
    seen: u64,
}

impl Window {
    /// Takes `nc` in; false when it was there before, is 0, or is too far behind to know.
    fn admit(&mut self, nc: u32) -> bool {
        if nc > self.highest {
            self.seen = self.seen.checked_shl(nc - self.highest).unwrap_or(0) | 1;
            self.highest = nc;
            return true;
        }
        let bit = 1_u64.checked_shl(self.highest - nc).unwrap_or(0);
        let fresh = nc != 0 && bit != 0 && self.seen & bit == 0;
        self.seen |= bit;
        fresh
    }
}

/// One `Authorization` header for our realm, complete enough to check.
struct Claim {
    user: String,
    uri: String,
    nonce: String,
    response: String,
    algorithm: Algorithm,
    /// Counter and client nonce, as they stand.
    protection: Option<(String, String)>,
}

impl Verifier {
    /// The offer that every telephone understands.
    ///
    /// RFC 8760 wants SHA-256 in front of MD5, yet many user agents take the first challenge whatever it says, and some
    /// give up on any second one; [`Verifier::STRONGEST`] is for networks where all are known to cope.
    pub const WIDEST: &[Algorithm] = &[Algorithm::Md5];

    /// The offer of RFC 8760: SHA-256, and MD5 for those who do not speak it.
    pub const STRONGEST: &[Algorithm] = &[Algorithm::Sha256, Algorithm::Md5];

    /// A verifier with a key of its own, so nonces of an earlier start are no longer good.
    ///
    /// `offers` are the algorithms to challenge with, in the order of the headers (RFC 8760 §2.4: preferred first).
    #[must_use]
    pub fn new(realm: &str, offers: &[Algorithm], rng: &mut Rng) -> Self {
        let mut key = [0; 32];
        for chunk in key.chunks_exact_mut(8) {
            chunk.copy_from_slice(&rng.next_u64().to_be_bytes());
        }
        Verifier { realm: realm.to_owned(), offers: offers.to_vec(), key, serial: 0, counters: BTreeMap::new(), forgotten: None }
    }

    /// The `WWW-Authenticate` values of a 401, one header each, all with one new nonce.
    #[must_use]
    pub fn challenges(&mut self, source: IpAddr, stale: bool, now: Moment) -> Vec<String> {
        self.serial += 1;
        let nonce = self.write_nonce(Nonce { born: now, serial: self.serial }, source);
        let realm = grammar::quote(&self.realm);
        let stale = if stale { ", stale=true" } else { "" };
        let header = |algorithm: &Algorithm| format!("Digest realm={realm}, nonce=\"{nonce}\", algorithm={algorithm}, qop=\"auth\"{stale}");
        self.offers.iter().map(header).collect()
    }

    /// The username a request claims for our realm, to look its credentials up. Nothing about it is proven.
    #[must_use]
    pub fn claimed_user(&self, request: &Request) -> Option<String> {
        self.claim(request).map(|claim| claim.user)
    }

    /// Checks a request's credentials against those of the user it claims to be; `None` when there is no such user.
    ///
    /// An unknown user, an empty secret and a wrong secret go the same way and cost the same work.
    #[must_use]
    pub fn check(&mut self, request: &Request, source: IpAddr, credentials: Option<&Credentials>, now: Moment) -> Verdict {
        let Some(claim) = self.claim(request) else { return Verdict::Challenge { stale: false } };
        let known = credentials.filter(|known| !known.user.is_empty() && !known.secret.0.is_empty() && known.user == claim.user);
        let nobody = hex(&self.key);
        let proof = Proof {
            algorithm: claim.algorithm,
            user: &claim.user,
            realm: &self.realm,
            secret: known.map_or(&nobody, |known| &known.secret.0),
            method: request.method().as_str(),
            uri: &claim.uri,
            nonce: &claim.nonce,
            protection: claim.protection.as_ref().map(|(nc, cnonce)| Protection { nc, cnonce }),
        };
        let right = proof.response().as_bytes().ct_eq(claim.response.to_ascii_lowercase().as_bytes());
        let right = bool::from(right) & known.is_some() & same_user(&claim.uri, request.uri());
        let offered = self.offers.contains(&claim.algorithm);
        match (right, self.seal_of(&claim.nonce, source, now)) {
            // A nonce that we never gave to this source proves nothing about who sent it: a forged packet must not count against
            // the owner of its source address. The answer is the same for right and wrong secrets, so it tells nothing.
            (_, Seal::Forged) => Verdict::Challenge { stale: true },
            (false, Seal::Old | Seal::Fresh(_)) => Verdict::Wrong,
            (true, Seal::Fresh(nonce)) if offered && self.count(nonce, &claim, now) => Verdict::Granted,
            (true, Seal::Old | Seal::Fresh(_)) => Verdict::Challenge { stale: true },
        }
    }

    /// The first Digest credentials for our realm. Without nonce or response they are only an announcement, as some
    /// clients send one, and count as none.
    fn claim(&self, request: &Request) -> Option<Claim> {
        let mut found = request.headers().all("Authorization").flat_map(Fields::parse);
        let fields = found.find(|fields| fields.get("realm") == Some(&self.realm))?;
        let filled = |name: &str| fields.get(name).filter(|value| !value.is_empty()).map(str::to_owned);
        let protection = match fields.get("qop") {
            None => None,
            Some(qop) if qop.eq_ignore_ascii_case("auth") => Some((filled("nc")?, filled("cnonce")?)),
            Some(_) => return None,
        };
        Some(Claim {
            user: filled("username")?,
            uri: filled("uri")?,
            nonce: filled("nonce")?,
            response: filled("response")?,
            algorithm: Algorithm::from_param(fields.get("algorithm"))?,
            protection,
        })
    }

    /// Counts the use of a good nonce. Without `qop` there is no counter, and the nonce is good once.
    fn count(&mut self, nonce: Nonce, claim: &Claim, now: Moment) -> bool {
        let nc = match &claim.protection {
            Some((nc, _)) if nc.len() == 8 => u32::from_str_radix(nc, 16).ok(),
            Some(_) => None,
            None => Some(u32::MAX),
        };
        let Some(nc) = nc else { return false };
        if !self.counters.contains_key(&nonce) {
            if self.forgotten.is_some_and(|forgotten| nonce <= forgotten) {
                return false;
            }
            self.counters.retain(|known, _| now.since(known.born) <= NONCE_LIFETIME);
            if self.counters.len() >= MAX_NONCES {
                self.forgotten = self.counters.pop_first().map(|(oldest, _)| oldest).max(self.forgotten);
            }
        }
        self.counters.entry(nonce).or_default().admit(nc)
    }

    /// `born serial seal`: 16, 16 and 32 hexadecimal digits.
    fn write_nonce(&self, nonce: Nonce, source: IpAddr) -> String {
        format!("{:016x}{:016x}{}", nonce.born.as_nanos(), nonce.serial, self.seal(nonce, source))
    }

    /// Whether we made the nonce in `text` for `source`, and how old it is.
    fn seal_of(&self, text: &str, source: IpAddr, now: Moment) -> Seal {
        let number = |range| text.get(range).and_then(|digits| u64::from_str_radix(digits, 16).ok());
        let (Some(born), Some(serial)) = (number(0..16), number(16..32)) else { return Seal::Forged };
        let nonce = Nonce { born: Moment::from_nanos(born), serial };
        let ours = self.write_nonce(nonce, source);
        if !bool::from(ours.as_bytes().ct_eq(text.as_bytes())) || nonce.born > now {
            return Seal::Forged;
        }
        if now.since(nonce.born) <= NONCE_LIFETIME { Seal::Fresh(nonce) } else { Seal::Old }
    }

    /// HMAC-SHA-256 (RFC 2104) over the nonce and the address it was made for, 128 bits of it.
    fn seal(&self, nonce: Nonce, source: IpAddr) -> String {
        let pad = |byte: u8| {
            let mut block = [byte; 64];
            block.iter_mut().zip(self.key).for_each(|(pad, key)| *pad ^= key);
            block
        };
        let mut inner = Sha256::new();
        inner.update(pad(0x36));
        inner.update(nonce.born.as_nanos().to_be_bytes());
        inner.update(nonce.serial.to_be_bytes());
        match source.to_canonical() {
            IpAddr::V4(ip) => inner.update(ip.octets()),
            IpAddr::V6(ip) => inner.update(ip.octets()),
        }
        let mut outer = Sha256::new();
        outer.update(pad(0x5c));
        outer.update(inner.finalize());
        hex(outer.finalize().get(..16).unwrap_or_default())
    }
}

/// Whether the digest was made for the number that is called.
///
/// Hosts may differ where a proxy stands between, and some user agents sign only the host they talk to.
fn same_user(digest_uri: &str, request_uri: &str) -> bool {
    digest_uri == request_uri
        || matches!(
            (Uri::parse(digest_uri), Uri::parse(request_uri)),
            (Ok(signed), Ok(called)) if signed.opaque.is_none() && (signed.user.is_none() || signed.user == called.user)
        )
}

#[cfg(test)]
mod tests;
