//! Simulated calls a second: the brain and its toy world in virtual time.

use std::cmp::Reverse;
use std::collections::BinaryHeap;
use std::time::{Duration, Instant};

use gateway_core::config::settings::{GatewaySettings, PortSettings, Secret, Settings};
use gateway_core::fxo::simulator::act::{IncomingCall, LineAct};
use gateway_core::rng::Rng;
use gateway_core::sim::World;
use gateway_core::sim::party::Habits;
use gateway_core::sim::world::credentials;

use super::processor::{Usage, nanos_per};
use super::table::Table;
use super::worlds::history;

/// How long each kind of world is measured.
const MEASURED: Duration = Duration::from_secs(4);

/// Lines of the calm world.
const PORTS: u16 = 4;

/// How long the callers of the calm world talk.
const TALK: Duration = Duration::from_secs(20);

/// From the beginning of a call until its line is idle again, at the longest.
const CALL: Duration = Duration::from_secs(45);

/// From the beginning of one call to the next, so that each has moments of its own.
const APART: Duration = Duration::from_millis(137);

/// Rounds of the calm world, each a call out and a call in on every line, before another world begins.
const ROUNDS: u64 = 20;

/// Events that wait in the heap of the reference, about as many as in a world with four lines.
const WAITING: u64 = 64;

pub fn measure(table: &mut Table) {
    let heap_nanos = heap_event_nanos();
    let calm = amount(calm_world);
    calm.tell(table, "calm world, 4 lines, both directions, 20 s each", heap_nanos);
    let random = amount(random_world);
    random.tell(table, "random worlds with faults and healing", heap_nanos);
}

/// What was lived through in some time.
#[derive(Default)]
struct Amount {
    calls: u64,
    steps: u64,
    simulated_s: u64,
    wall: Duration,
    processor: Option<Duration>,
}

impl Amount {
    fn tell(&self, table: &mut Table, what: &str, heap_nanos: f64) {
        let wall_s = self.wall.as_secs_f64();
        let of_processor = self.processor.map_or_else(|| "–".to_owned(), |used| format!("{:.0}", self.calls as f64 / used.as_secs_f64()));
        let figure = format!("{:.0} calls/s, {of_processor} calls/CPU-s", self.calls as f64 / wall_s);
        // On a busy machine the clock runs on while somebody else has the processor.
        let step_nanos = self.processor.unwrap_or(self.wall).as_nanos() as f64 / self.steps as f64;
        let reference = format!("a step {step_nanos:.0} ns, a timer-heap event {heap_nanos:.0} ns");
        table.row(what, figure, reference, step_nanos / heap_nanos);
        let events = format!("{} calls, {:.0} steps a call", self.calls, self.steps as f64 / self.calls as f64);
        table.row("  simulated time against real time", events, format!("{wall_s:.1} s"), self.simulated_s as f64 / wall_s);
    }
}

/// Worlds from consecutive seeds until the time is over.
fn amount(world: fn(u64) -> Amount) -> Amount {
    let mut all = Amount::default();
    let (began, used_before) = (Instant::now(), Usage::of("self"));
    for seed in 1.. {
        let one = world(seed);
        all.calls += one.calls;
        all.steps += one.steps;
        all.simulated_s += one.simulated_s;
        if began.elapsed() >= MEASURED {
            break;
        }
    }
    all.wall = began.elapsed();
    all.processor = Usage::of("self").zip(used_before).map(|(after, before)| after.since(&before));
    all
}

fn calm_world(seed: u64) -> Amount {
    let mut world = World::new(settings(), seed);
    for port in 0..PORTS {
        let habits = Habits { hangs_up_after: Some(TALK), ..Habits::default() };
        let phone = world.add_party(habits);
        world.register(phone, &user(port), &secret(port));
    }
    for _ in 0..ROUNDS {
        for port in 0..PORTS {
            world.call(usize::from(port), "100", Some(credentials(&user(port), &secret(port))));
            world.run_for(APART);
        }
        world.run_for(CALL);
        for port in 0..PORTS {
            world.act(port, LineAct::Ring(IncomingCall { from: Some("1133334444".to_owned()), ..IncomingCall::default() }));
            world.run_for(APART);
        }
        world.run_for(CALL);
        for party in 0..usize::from(PORTS) {
            world.register(party, &user(u16::try_from(party).unwrap()), &secret(u16::try_from(party).unwrap()));
        }
    }
    let wanted = usize::try_from(ROUNDS).unwrap() * usize::from(PORTS) * 2;
    let answered = world.records.iter().filter(|record| record.answered_ms.is_some()).count();
    assert_eq!((world.records.len(), answered), (wanted, wanted), "every call is answered and recorded");
    Amount { calls: wanted as u64, steps: world.steps, simulated_s: world.now().as_millis() / 1000, ..Amount::default() }
}

fn random_world(seed: u64) -> Amount {
    match history::run(5_000_000 + seed, false) {
        Ok(totals) => Amount { calls: totals.calls as u64, steps: totals.steps, simulated_s: totals.seconds, ..Amount::default() },
        // The random worlds of the tests judge it; here it is only not counted.
        Err(failure) => {
            println!("  seed {} failed: {:?}", 5_000_000 + seed, failure.wrong);
            Amount::default()
        }
    }
}

/// A timer-heap event: one put in, the earliest taken out.
fn heap_event_nanos() -> f64 {
    let mut rng = Rng::from_seed(1);
    let mut heap: BinaryHeap<Reverse<(u64, u64)>> = (0..WAITING).map(|n| Reverse((rng.below(1_000_000), n))).collect();
    let mut number = WAITING;
    nanos_per(|| {
        let Some(Reverse((now, _))) = heap.pop() else { return };
        number += 1;
        heap.push(Reverse((now + rng.below(1_000_000), number)));
    })
}

fn user(port: u16) -> String {
    format!("p{port}")
}

fn secret(port: u16) -> String {
    format!("secret of {port}")
}

fn settings() -> Settings {
    let port = |n: u16| PortSettings { user: user(n), secret: Secret(secret(n)), target: user(n), ..PortSettings::default() };
    Settings { gateway: GatewaySettings::default(), ports: (0..PORTS).map(port).collect() }
}
