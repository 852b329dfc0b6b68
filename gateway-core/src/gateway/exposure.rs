//! The exposure test: the gateway attacks its own doors as a stranger would, and says how they held, with a grade.
//!
//! A machine without sockets: [`ExposureTest::next_round`] says what to send, [`ExposureTest::heard`] takes what comes back, and
//! [`ExposureTest::report`] judges. No line is ever touched: an INVITE of the test offers a codec that nobody has, so that a
//! caller who would be served is refused with 488 after everything that could keep him out.

mod grade;
mod probe;

use std::collections::{BTreeMap, BTreeSet};
use std::net::SocketAddr;

use serde::{Deserialize, Serialize};

use crate::config::country::numbering::numbering;
use crate::config::settings::{Mode, Secret, Settings};
use crate::rng::Rng;
use crate::sip::digest::{Challenge, Credentials};
use crate::sip::message::{Message, Method, Request, Response};
use crate::sip::wire;

pub use grade::{ExposureGrade, ExposureOutcome, ExposureReach, ExposureReport, ExposureResult};
use probe::{NO_CODEC, SOUND, acknowledge, malformed, request};

/// Hosts that the test needs: who just asks, who guesses, who knows a secret, who steals his proof, and who guesses until he is
/// banned.
pub const STRANGERS: usize = 5;

const ASKER: usize = 0;
const GUESSER: usize = 1;
const OWNER: usize = 2;
const THIEF: usize = 3;
const PERSISTENT: usize = 4;

/// Users whose secrets are guessed; with more, the first.
const MOST_USERS: usize = 4;

/// Tries that are waited for before a ban; with settings that tolerate more, it is not tried.
const MOST_TRIES: u32 = 80;

/// A local number that any country has, and the rest of one abroad or of a premium-rate one.
const LOCAL: &str = "33334444";
const REST: &str = "12345678";

/// What is tried.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[cfg_attr(feature = "specta", derive(specta::Type))]
#[serde(rename_all = "snake_case")]
pub enum ExposureCheck {
    /// OPTIONS from a stranger: any answer tells that a gateway is here.
    StrangerAsks,
    /// REGISTER without credentials.
    StrangerRegisters,
    /// A call to a local number without credentials.
    StrangerCalls,
    /// The same to a number abroad.
    StrangerCallsAbroad,
    /// The same to a premium-rate number.
    StrangerCallsPremium,
    /// A call in the name of one of our users, without credentials.
    ForgedCaller,
    /// REGISTER with secrets that guessers try first.
    GuessedSecret,
    /// The same right proof a second time.
    ReplayedProof,
    /// A right proof from another host.
    StolenProof,
    /// Guessing without end: it has to end in silence.
    EndlessGuessing,
    /// Messages that are no SIP, too large, or contradict themselves: the gateway has to go on.
    Malformed,
    /// RTP and RTCP from a stranger: nothing may come back.
    StrangerSound,
}

impl ExposureCheck {
    /// Each of them, in the order in which they are told.
    pub const ALL: [ExposureCheck; 12] = [
        ExposureCheck::StrangerAsks,
        ExposureCheck::StrangerRegisters,
        ExposureCheck::StrangerCalls,
        ExposureCheck::StrangerCallsAbroad,
        ExposureCheck::StrangerCallsPremium,
        ExposureCheck::ForgedCaller,
        ExposureCheck::GuessedSecret,
        ExposureCheck::ReplayedProof,
        ExposureCheck::StolenProof,
        ExposureCheck::EndlessGuessing,
        ExposureCheck::Malformed,
        ExposureCheck::StrangerSound,
    ];
}

/// Something to send.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Shot {
    /// Which stranger sends it, below [`STRANGERS`].
    pub from: usize,
    /// Where to.
    pub to: SocketAddr,
    /// The bytes.
    pub bytes: Vec<u8>,
}

/// One running test.
#[derive(Debug)]
pub struct ExposureTest {
    settings: Settings,
    sip: SocketAddr,
    strangers: [SocketAddr; STRANGERS],
    rng: Rng,
    round: u32,
    /// What was asked, by Call-ID.
    asked: BTreeMap<String, (ExposureCheck, Request)>,
    tried: BTreeSet<ExposureCheck>,
    open: BTreeSet<ExposureCheck>,
    challenges: BTreeMap<usize, Challenge>,
    /// The right proof that was granted: its `Authorization`.
    granted: Option<String>,
}

impl ExposureTest {
    /// A test of the gateway with these settings at `sip`; `strangers` are the addresses that messages will come from.
    #[must_use]
    pub fn new(settings: Settings, sip: SocketAddr, strangers: [SocketAddr; STRANGERS], rng: Rng) -> Self {
        ExposureTest {
            settings,
            sip,
            strangers,
            rng,
            round: 0,
            asked: BTreeMap::new(),
            tried: BTreeSet::new(),
            open: BTreeSet::new(),
            challenges: BTreeMap::new(),
            granted: None,
        }
    }

    /// What to send next, after the answers to the round before had their time. `None`: it is over.
    pub fn next_round(&mut self) -> Option<Vec<Shot>> {
        self.round += 1;
        match self.round {
            1 => Some(self.knock()),
            2 => Some(self.prove()),
            3 => Some(self.steal()),
            4 => Some(self.guess_on()),
            5 => Some(self.knock_after_guessing()),
            _ => None,
        }
    }

    /// Takes a datagram that came to stranger `to`, and answers what acknowledges it.
    pub fn heard(&mut self, to: usize, source: SocketAddr, bytes: &[u8]) -> Option<Shot> {
        if source.port() != self.sip.port() {
            self.open.insert(ExposureCheck::StrangerSound);
            return None;
        }
        let Ok(Message::Response(response)) = wire::read(bytes) else { return None };
        if response.is_provisional() {
            return None;
        }
        let (check, request) = self.asked.get(response.call_id().ok()?).cloned()?;
        if let Some(challenge) = Challenge::all(&response).into_iter().next() {
            self.challenges.insert(to, challenge);
        }
        self.judge(check, to, &request, &response);
        (*request.method() == Method::Invite).then(|| Shot { from: to, to: self.sip, bytes: acknowledge(&request, &response) })
    }

    /// The guard slows who guesses without end: where his address is that of a peer, it does not silence him.
    pub fn saw_it_slowed(&mut self) {
        self.open.remove(&ExposureCheck::EndlessGuessing);
    }

    /// Which stranger guesses until he is banned.
    #[must_use]
    pub fn persistent(&self) -> SocketAddr {
        self.strangers[PERSISTENT]
    }

    /// What was found. `alive`: the gateway still answers its own program.
    #[must_use]
    pub fn report(&self, alive: bool) -> ExposureReport {
        let outcome = |check: ExposureCheck| match check {
            _ if self.open.contains(&check) => ExposureOutcome::Open,
            ExposureCheck::Malformed if !alive => ExposureOutcome::Open,
            _ if self.tried.contains(&check) => ExposureOutcome::Held,
            _ => ExposureOutcome::NotTried,
        };
        grade::report(&self.settings, outcome)
    }

    fn judge(&mut self, check: ExposureCheck, to: usize, request: &Request, response: &Response) {
        let is_open = match check {
            ExposureCheck::StrangerAsks => true,
            ExposureCheck::StrangerRegisters | ExposureCheck::GuessedSecret => response.is_success(),
            // Every other refusal is that of a gateway that would have served him.
            ExposureCheck::StrangerCalls
            | ExposureCheck::StrangerCallsAbroad
            | ExposureCheck::StrangerCallsPremium
            | ExposureCheck::ForgedCaller => !matches!(response.status(), 400..=407),
            ExposureCheck::ReplayedProof if self.round == 2 && to == OWNER => {
                if response.is_success() {
                    self.granted = request.headers().get("Authorization").map(str::to_owned);
                }
                false
            }
            ExposureCheck::ReplayedProof | ExposureCheck::StolenProof => response.is_success(),
            // The guesses have answers, and whoever asks after them has none.
            ExposureCheck::EndlessGuessing => request.headers().get("Authorization").is_none(),
            ExposureCheck::Malformed | ExposureCheck::StrangerSound => false,
        };
        if is_open {
            self.open.insert(check);
        }
    }

    fn knock(&mut self) -> Vec<Shot> {
        let user = self.users().first().map_or_else(|| "100".to_owned(), |known| known.user.clone());
        let gateway = numbering(&self.settings.gateway.country);
        let mut shots = vec![
            self.ask(ASKER, ExposureCheck::StrangerAsks, &Method::Options, "", "stranger", None),
            self.ask(ASKER, ExposureCheck::StrangerRegisters, &Method::Register, "", &user, None),
            self.ask(ASKER, ExposureCheck::StrangerCalls, &Method::Invite, LOCAL, "stranger", None),
            self.ask(ASKER, ExposureCheck::ForgedCaller, &Method::Invite, LOCAL, &user, None),
        ];
        let costly = gateway.map(|known| {
            [
                (ExposureCheck::StrangerCallsAbroad, known.international.first()),
                (ExposureCheck::StrangerCallsPremium, known.premium.first()),
            ]
        });
        for (check, prefix) in costly.into_iter().flatten() {
            if let Some(prefix) = prefix {
                shots.push(self.ask(ASKER, check, &Method::Invite, &format!("{prefix}{REST}"), "stranger", None));
            }
        }
        if self.settings.gateway.mode == Mode::SipServer {
            for from in [GUESSER, OWNER, PERSISTENT] {
                shots.push(self.ask(from, ExposureCheck::StrangerRegisters, &Method::Register, "", &user, None));
            }
        }
        self.tried.extend([ExposureCheck::Malformed, ExposureCheck::StrangerSound]);
        shots.extend(malformed().into_iter().map(|bytes| Shot { from: ASKER, to: self.sip, bytes }));
        let rtp = self.settings.gateway.rtp_port_first;
        for port in [rtp, rtp.saturating_add(1)] {
            shots.push(Shot { from: ASKER, to: SocketAddr::new(self.sip.ip(), port), bytes: SOUND.to_vec() });
        }
        shots
    }

    /// Guesses what guessers try first; and the owner of a secret proves it, so that there is a proof to steal.
    fn prove(&mut self) -> Vec<Shot> {
        let mut shots = Vec::new();
        let users = self.users();
        if let Some(mut challenge) = self.challenges.remove(&GUESSER) {
            for user in users.iter().take(MOST_USERS).map(|known| known.user.clone()) {
                for secret in [user.clone(), format!("{user}{user}"), "1234".to_owned(), "password".to_owned()] {
                    let proof = self.sign(&mut challenge, &user, &secret);
                    shots.push(self.ask(GUESSER, ExposureCheck::GuessedSecret, &Method::Register, "", &user, Some(&proof)));
                }
            }
        }
        if let (Some(mut challenge), Some(known)) = (self.challenges.remove(&OWNER), users.first()) {
            let proof = self.sign(&mut challenge, &known.user, &known.secret.0);
            shots.push(self.ask(OWNER, ExposureCheck::ReplayedProof, &Method::Register, "", &known.user, Some(&proof)));
            self.tried.remove(&ExposureCheck::ReplayedProof);
        }
        shots
    }

    fn steal(&mut self) -> Vec<Shot> {
        let (Some(proof), Some(known)) = (self.granted.clone(), self.users().into_iter().next()) else { return Vec::new() };
        [(OWNER, ExposureCheck::ReplayedProof), (THIEF, ExposureCheck::StolenProof)]
            .map(|(from, check)| self.ask(from, check, &Method::Register, "", &known.user, Some(&proof)))
            .to_vec()
    }

    fn guess_on(&mut self) -> Vec<Shot> {
        let tries = u32::from(self.settings.gateway.auth_tries.max(1)) * 4;
        let Some(mut challenge) = self.challenges.remove(&PERSISTENT).filter(|_| tries <= MOST_TRIES) else { return Vec::new() };
        let guess = |test: &mut Self, challenge: &mut Challenge| {
            let proof = test.sign(challenge, "nobody", "a guess");
            test.ask(PERSISTENT, ExposureCheck::EndlessGuessing, &Method::Register, "", "nobody", Some(&proof))
        };
        (0..tries).map(|_| guess(self, &mut challenge)).collect()
    }

    fn knock_after_guessing(&mut self) -> Vec<Shot> {
        if !self.tried.contains(&ExposureCheck::EndlessGuessing) {
            return Vec::new();
        }
        vec![self.ask(PERSISTENT, ExposureCheck::EndlessGuessing, &Method::Register, "", "nobody", None)]
    }

    fn ask(&mut self, from: usize, check: ExposureCheck, method: &Method, number: &str, as_user: &str, proof: Option<&str>) -> Shot {
        let mut request = request(method, self.sip, number, self.strangers[from], as_user, &mut self.rng);
        if let Some(proof) = proof {
            request.headers_mut().push("Authorization", proof);
        }
        if *method == Method::Invite {
            request.set_body("application/sdp", NO_CODEC.replace("{ip}", &self.strangers[from].ip().to_string()).into_bytes());
        }
        if let Ok(call_id) = request.call_id() {
            self.asked.insert(call_id.to_owned(), (check, request.clone()));
        }
        self.tried.insert(check);
        Shot { from, to: self.sip, bytes: wire::write(&Message::Request(request)) }
    }

    fn sign(&mut self, challenge: &mut Challenge, user: &str, secret: &str) -> String {
        let credentials = Credentials { user: user.to_owned(), secret: Secret(secret.to_owned()) };
        challenge.answer(&credentials, &Method::Register, &format!("sip:{}", self.sip), &mut self.rng)
    }

    /// Those who may register here.
    fn users(&self) -> Vec<Credentials> {
        let gateway = &self.settings.gateway;
        if gateway.mode != Mode::SipServer {
            return Vec::new();
        }
        let single = gateway.single_user.then_some((&gateway.user, &gateway.secret));
        let of_ports = self.settings.ports.iter().filter(|_| !gateway.single_user).map(|port| (&port.user, &port.secret));
        let all = single.into_iter().chain(of_ports).filter(|(user, secret)| !user.is_empty() && !secret.0.is_empty());
        all.map(|(user, secret)| Credentials { user: user.clone(), secret: secret.clone() }).collect()
    }
}

#[cfg(test)]
mod tests;
