//! Two agents over a network that loses, doubles and reorders datagrams: whatever happens, everything ends.

use std::collections::{BTreeMap, BTreeSet};

use super::*;

/// One side: its agent, what it heard, and what it does next.
struct Side {
    agent: UserAgent,
    address: Hop,
    sessions: Vec<SessionId>,
    /// Final outcomes of the sessions, which must be told once at most.
    ends: BTreeMap<SessionId, u32>,
    answered: BTreeMap<SessionId, u32>,
    how: Vec<SessionEnd>,
    /// Sessions that the user hung up: of those only a refusal may still be told.
    hung_up: BTreeSet<SessionId>,
}

struct World {
    rng: Rng,
    now: Moment,
    sides: [Side; 2],
    /// Datagrams on their way, by arrival and number.
    wire: BTreeMap<(Moment, u64), (usize, Hop, Vec<u8>)>,
    number: u64,
    loss_per_mille: u64,
    /// Branches of the INVITEs that arrived, with the final answers that were sent for them.
    invites: BTreeMap<String, BTreeSet<u16>>,
}

impl World {
    fn new(seed: u64, loss_per_mille: u64) -> Self {
        let mut rng = Rng::from_seed(seed);
        let mut side = |address: Hop| Side {
            agent: UserAgent::new(AgentConfig { local: address.address, tls_port: 5061, product: "Loopstart".into() }, rng.fork()),
            address,
            sessions: Vec::new(),
            ends: BTreeMap::new(),
            answered: BTreeMap::new(),
            how: Vec::new(),
            hung_up: BTreeSet::new(),
        };
        let sides = [side(address("192.0.2.1:5060")), side(address("192.0.2.2:5060"))];
        World { rng, now: Moment::ZERO, sides, wire: BTreeMap::new(), number: 0, loss_per_mille, invites: BTreeMap::new() }
    }

    fn order(&mut self, side: usize, order: impl FnOnce(&mut UserAgent, Moment, &mut Vec<AgentOutput>)) {
        let mut out = Vec::new();
        order(&mut self.sides[side].agent, self.now, &mut out);
        for output in out {
            match output {
                AgentOutput::Send { to, bytes } => self.post(side, to, &bytes),
                AgentOutput::Event(event) => self.hear(side, event),
            }
        }
    }

    fn post(&mut self, from: usize, to: Hop, bytes: &[u8]) {
        if let Message::Response(response) = wire::read(bytes).unwrap()
            && response.cseq().unwrap().method == Method::Invite
            && !response.is_provisional()
        {
            self.invites.entry(response.top_via().unwrap().branch.unwrap()).or_default().insert(response.status());
        }
        let Some(at) = self.sides.iter().position(|side| side.address == to) else { panic!("datagram to {to}") };
        let copies = if self.rng.chance(self.loss_per_mille) { 0 } else { 1 + u64::from(self.rng.chance(self.loss_per_mille / 2)) };
        for _ in 0..copies {
            let delay = Duration::from_millis(5 + self.rng.below(if self.loss_per_mille > 0 { 700 } else { 10 }));
            self.number += 1;
            let source = self.sides[from].address;
            self.wire.insert((self.now + delay, self.number), (at, source, bytes.to_vec()));
        }
    }

    /// The user at each side: answers or refuses calls, answers offers, notes how sessions end.
    fn hear(&mut self, side: usize, event: SipEvent) {
        self.check(side, &event);
        match event {
            SipEvent::Invite { session, .. } => {
                self.sides[side].sessions.push(session);
                self.order(side, |agent, now, out| agent.provisional(session, 180, None, now, out));
                match self.rng.below(10) {
                    0 => {
                        let refusal = Refusal { status: 486, cause: Some(17), ..Refusal::default() };
                        self.order(side, |agent, now, out| agent.refuse(session, refusal, now, out));
                    }
                    1..=6 => self.order(side, |agent, now, out| agent.answer(session, b"v=0\r\n".to_vec(), now, out)),
                    _ => {}
                }
            }
            SipEvent::Offer { session, .. } => {
                self.order(side, |agent, now, out| agent.answer_offer(session, Ok(b"v=0\r\n".to_vec()), now, out));
            }
            SipEvent::Answered { session, .. } => {
                *self.sides[side].answered.entry(session).or_default() += 1;
                if self.rng.chance(500) {
                    self.order(side, |agent, now, out| agent.info(session, "application/dtmf", b"5".to_vec(), now, out));
                }
            }
            SipEvent::Ended { session, end } => {
                *self.sides[side].ends.entry(session).or_default() += 1;
                self.sides[side].how.push(end);
            }
            SipEvent::Cancelled { session, .. } | SipEvent::Refused { session, .. } | SipEvent::Redirected { session, .. } => {
                *self.sides[side].ends.entry(session).or_default() += 1;
            }
            SipEvent::Acknowledged { .. } | SipEvent::Reanswered { .. } | SipEvent::Info { .. } | SipEvent::Progress { .. } => {}
            SipEvent::Referred { .. }
            | SipEvent::Request { .. }
            | SipEvent::Registration { .. }
            | SipEvent::Probed { .. }
            | SipEvent::SeenAs { .. }
            | SipEvent::WentElsewhere { .. } => {
                panic!("nobody asked for this")
            }
        }
    }

    /// Nothing is told of a session that is over, and only a refusal of one that was hung up.
    fn check(&self, side: usize, event: &SipEvent) {
        let (session, refusal) = match event {
            SipEvent::Refused { session, .. } => (session, true),
            SipEvent::Invite { session, .. }
            | SipEvent::Cancelled { session, .. }
            | SipEvent::Redirected { session, .. }
            | SipEvent::Acknowledged { session, .. }
            | SipEvent::Offer { session, .. }
            | SipEvent::Reanswered { session, .. }
            | SipEvent::Info { session, .. }
            | SipEvent::Ended { session, .. }
            | SipEvent::Progress { session, .. }
            | SipEvent::Answered { session, .. } => (session, false),
            SipEvent::Referred { .. }
            | SipEvent::Request { .. }
            | SipEvent::Registration { .. }
            | SipEvent::Probed { .. }
            | SipEvent::SeenAs { .. }
            | SipEvent::WentElsewhere { .. } => return,
        };
        assert!(!self.sides[side].ends.contains_key(session), "{event:?} after the end");
        assert!(refusal || !self.sides[side].hung_up.contains(session), "{event:?} after hanging up");
    }

    fn run_until(&mut self, end: Moment) {
        for _ in 0..1_000_000 {
            let deadlines = self.sides.iter().filter_map(|side| side.agent.deadline()).min();
            let arrival = self.wire.first_key_value().map(|((at, _), _)| *at);
            let Some(next) = earliest(deadlines, arrival).filter(|at| *at <= end) else {
                self.now = end;
                return;
            };
            self.now = self.now.max(next);
            if arrival == Some(next) {
                let (_, (side, source, bytes)) = self.wire.pop_first().unwrap();
                let message = wire::read(&bytes).unwrap();
                if let Message::Request(request) = &message
                    && *request.method() == Method::Invite
                {
                    self.invites.entry(request.top_via().unwrap().branch.unwrap()).or_default();
                }
                self.order(side, |agent, now, out| agent.handle_message(source, message, now, out));
            } else {
                for side in 0..2 {
                    self.order(side, |agent, now, out| agent.handle_timeout(now, out));
                }
            }
        }
        panic!("the world does not come to rest");
    }

    fn call(&mut self, from: usize) {
        let to = self.sides[1 - from].address;
        let invite = Invite { destination: to, request_uri: format!("sip:100@{to}"), to: format!("<sip:100@{to}>"), ..an_invite() };
        let mut session = None;
        self.order(from, |agent, now, out| session = Some(agent.invite(invite, now, out)));
        self.sides[from].sessions.extend(session);
    }

    fn hang_up(&mut self, side: usize, at: usize) {
        let session = self.sides[side].sessions[at];
        self.sides[side].hung_up.insert(session);
        self.order(side, |agent, now, out| agent.hang_up(session, Some(16), now, out));
    }
}

/// Calls in both directions, hung up at random moments; then everybody hangs up and the rest must end by itself.
fn story(seed: u64, loss_per_mille: u64) -> World {
    let mut world = World::new(seed, loss_per_mille);
    for _ in 0..12 {
        let side = usize::from(world.rng.chance(500));
        world.call(side);
        let next = world.now + Duration::from_millis(world.rng.below(4000));
        world.run_until(next);
        let side = usize::from(world.rng.chance(500));
        if !world.sides[side].sessions.is_empty() {
            let at = usize::try_from(world.rng.below(world.sides[side].sessions.len() as u64)).unwrap();
            world.hang_up(side, at);
        }
    }
    for side in 0..2 {
        for at in 0..world.sides[side].sessions.len() {
            world.hang_up(side, at);
        }
    }
    // An INVITE given up (32 s), then its CANCEL (32 s), then the BYE of a 2xx that crossed it (32 s), and what it leaves (5 s).
    let end = world.now + Duration::from_secs(110);
    world.run_until(end);
    // A late datagram can still open a session at the called side: its user hangs up too.
    for _ in 0..2 {
        for side in 0..2 {
            for at in 0..world.sides[side].sessions.len() {
                world.hang_up(side, at);
            }
        }
        let end = world.now + Duration::from_secs(110);
        world.run_until(end);
    }
    world
}

fn assert_at_rest(world: &World, seed: u64) {
    for side in &world.sides {
        assert!(side.agent.is_quiet(), "seed {seed}");
        assert!(side.agent.deadline().is_none(), "seed {seed}");
        assert!(side.ends.values().all(|told| *told == 1), "seed {seed}");
        assert!(side.answered.values().all(|told| *told == 1), "seed {seed}");
    }
    assert!(world.invites.values().all(|finals| finals.len() == 1), "seed {seed}: {:?}", world.invites);
}

#[test]
fn whatever_the_network_does_every_call_ends_once_and_every_invite_gets_one_final_answer() {
    let (mut answered, mut ended) = (0, 0);
    for seed in 0..150 {
        let world = story(seed, 50 + 5 * (seed % 60));
        assert_at_rest(&world, seed);
        answered += world.sides.iter().map(|side| side.answered.len()).sum::<usize>();
        ended += world.sides.iter().map(|side| side.ends.len()).sum::<usize>();
    }
    // The stories are worth telling: many calls were answered, and many ended in other ways.
    assert!(answered > 400 && ended > 400, "{answered} {ended}");
}

#[test]
fn over_a_sound_network_no_call_is_lost() {
    for seed in 1000..1030 {
        let world = story(seed, 0);
        assert_at_rest(&world, seed);
        let how = world.sides.iter().flat_map(|side| &side.how);
        for end in how {
            assert_eq!(*end, SessionEnd::Bye { reason: Some("Q.850;cause=16".into()), cause: Some(16) }, "seed {seed}");
        }
        assert!(world.sides.iter().any(|side| !side.answered.is_empty()), "seed {seed}");
    }
}

#[test]
fn the_same_seed_tells_the_same_story() {
    let (a, b) = (story(7, 200), story(7, 200));
    assert_eq!((a.number, a.now), (b.number, b.now));
    assert_ne!(a.number, story(8, 200).number);
}
