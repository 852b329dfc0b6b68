//! One history: a world, a hundred random acts, healing, and the verdict.

use std::collections::BTreeMap;
use std::fmt;
use std::net::SocketAddr;
use std::time::Duration;

use gateway_core::config::PortId;
use gateway_core::config::settings::{Mode, Settings};
use gateway_core::gateway::io::Command;
use gateway_core::rng::Rng;
use gateway_core::sim::World;
use gateway_core::sim::party::Habits;
use gateway_core::sim::world::credentials;
use gateway_core::sip::registrar::Limits;

use super::acts;
use super::settings;

/// Acts of one history.
const ACTS: u32 = 330;

/// What is printed of a history that went wrong.
const LINES_PRINTED: usize = 250;

/// A history in progress.
pub struct History {
    pub world: World,
    pub rng: Rng,
    pub settings: Settings,
    /// The settings everybody is happy with.
    pub base: Settings,
    /// Parties with an account each, in the order of the ports; in every mode they may also simply call.
    pub phones: Vec<usize>,
    /// A party without an account, on another host.
    pub stranger: usize,
    pub faults: BTreeMap<&'static str, u64>,
    pub held: Vec<PortId>,
}

/// What a history, or many, amounted to.
#[derive(Clone, Debug, Default)]
pub struct Totals {
    pub histories: usize,
    pub calls: usize,
    pub invites: usize,
    pub steps: u64,
    pub seconds: u64,
    pub faults: BTreeMap<&'static str, u64>,
    pub causes: BTreeMap<String, usize>,
}

/// Why a history failed, and what happened before.
pub struct Failure {
    pub wrong: Vec<String>,
    pub trace: Vec<String>,
}

impl History {
    fn new(seed: u64) -> Self {
        let mut rng = Rng::from_seed(seed);
        let ports = 2 + settings::index(&mut rng, 3);
        let base = settings::base(&mut rng, ports);
        let mut world = World::new(base.clone(), seed);
        world.hosts.insert("pbx.example".to_owned(), vec![[127, 0, 0, 1].into()]);
        let phones: Vec<usize> = (0..=ports).map(|_| world.add_party(Habits::default())).collect();
        let mut accounts: Vec<_> = (0..ports).map(|number| credentials(&settings::user(number), &settings::secret(number))).collect();
        accounts.push(credentials(settings::SINGLE.0, settings::SINGLE.1));
        let mut office_rng = rng.fork();
        world.parties[phones[0]].open_office(accounts, Limits::default(), &mut office_rng);
        let address: SocketAddr = ([127, 0, 0, 9], 5060).into();
        let stranger = world.add_party_at(address, Habits::default());
        let mut history = History { world, rng, settings: base.clone(), base, phones, stranger, faults: BTreeMap::new(), held: Vec::new() };
        history.world.checks.silence_is_right = true;
        history.register_phones();
        history
    }

    /// In server mode the phones register; some port has two.
    pub fn register_phones(&mut self) {
        if self.base.gateway.mode != Mode::SipServer {
            return;
        }
        for (number, phone) in self.phones.clone().into_iter().enumerate() {
            let (user, secret) = self.account(number);
            self.world.register(phone, &user, &secret);
        }
    }

    /// User and secret of the phone with this number.
    pub fn account(&self, number: usize) -> (String, String) {
        if self.settings.gateway.single_user {
            return (settings::SINGLE.0.to_owned(), settings::SINGLE.1.to_owned());
        }
        let port = number % self.settings.ports.len();
        (settings::user(port), settings::secret(port))
    }

    pub fn fault(&mut self, kind: &'static str) {
        *self.faults.entry(kind).or_default() += 1;
    }

    fn pause(&mut self) -> Duration {
        let longest_ms = match self.rng.below(20) {
            0..6 => 300,
            6..14 => 3_000,
            14..19 => 12_000,
            _ => 90_000,
        };
        Duration::from_millis(self.rng.below(longest_ms))
    }

    fn live(&mut self) {
        for _ in 0..ACTS {
            acts::one(self);
            let pause = self.pause();
            self.world.run_for(pause);
            if !self.world.checks.violations.is_empty() {
                return;
            }
        }
    }

    fn end(&mut self) -> Vec<String> {
        if !self.world.checks.violations.is_empty() {
            return self.world.checks.violations.clone();
        }
        for port in std::mem::take(&mut self.held) {
            self.world.command(Command::OutOfService { port, hold: false });
        }
        for party in &mut self.world.parties {
            // Nobody answers any more: a line that has just begun to ring would talk until its longest call, where no tone may end it.
            party.habits = Habits { answers_after: None, ..Habits::default() };
        }
        self.world.apply(self.base.clone());
        self.world.heal()
    }

    fn totals(&self) -> Totals {
        let mut causes = BTreeMap::new();
        for record in &self.world.records {
            *causes.entry(format!("{:?}", record.cause)).or_default() += 1;
        }
        let mut faults = self.faults.clone();
        *faults.entry("datagrams lost").or_default() += self.world.network.lost;
        *faults.entry("box orders lost").or_default() += self.world.lines.lost;
        Totals {
            histories: 1,
            calls: self.world.records.len(),
            invites: self.world.tap.invites(),
            steps: self.world.steps,
            seconds: self.world.now().as_millis() / 1000,
            faults,
            causes,
        }
    }
}

/// Lives through a history.
pub fn run(seed: u64, traced: bool) -> Result<Totals, Failure> {
    let mut history = History::new(seed);
    if traced {
        history.world.write_down();
    }
    history.live();
    let wrong = history.end();
    if wrong.is_empty() {
        return Ok(history.totals());
    }
    let lines = history.world.trace.iter().flat_map(|trace| trace.lines());
    Err(Failure { wrong, trace: lines.map(str::to_owned).collect() })
}

/// Lives through a history again, and prints what happened when it fails.
pub fn replay(seed: u64) {
    if let Err(failure) = run(seed, true) {
        let all = std::env::var("LOOPSTART_TRACE").is_ok();
        let skipped = if all { 0 } else { failure.trace.len().saturating_sub(LINES_PRINTED) };
        for line in &failure.trace[skipped..] {
            println!("{line}");
        }
        panic!("seed {seed} fails: {:#?}\nreplay: LOOPSTART_SEED={seed} cargo test -p gateway-core --test seeds one_seed", failure.wrong);
    }
}

impl Totals {
    pub fn add(&mut self, other: &Totals) {
        self.histories += other.histories;
        self.calls += other.calls;
        self.invites += other.invites;
        self.steps += other.steps;
        self.seconds += other.seconds;
        for (kind, count) in &other.faults {
            *self.faults.entry(kind).or_default() += count;
        }
        for (cause, count) in &other.causes {
            *self.causes.entry(cause.clone()).or_default() += count;
        }
    }
}

impl fmt::Display for Totals {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let hours = self.seconds / 3600;
        writeln!(
            f,
            "{} calls and {} INVITEs in {} histories, {hours} simulated hours, {} steps",
            self.calls, self.invites, self.histories, self.steps
        )?;
        writeln!(f, "  faults: {:?}", self.faults)?;
        write!(f, "  ends: {:?}", self.causes)
    }
}
