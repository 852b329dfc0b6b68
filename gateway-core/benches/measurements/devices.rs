//! What each driver makes of a call: how soon the line is seized and let go, how late the audio is, and what a port costs in bytes and
//! processor time. The devices are simulated ones behind a pseudo-terminal, so that their wires cost nothing by themselves.

use std::time::{Duration, Instant};

use super::delay::{ECHO, talk_in};
use super::gateway::{Gateway, SOON, SimulatedBox};
use super::place::trunk_settings;
use super::program::Program;
use super::spread::Spread;
use super::table::Table;
use super::talk::{FRAME, delays_ms};

/// Calls whose seizure and release are measured.
const CALLS: usize = 5;

/// A line rests after a call before it takes the next one.
const REST: Duration = Duration::from_secs(3);

/// A device as `simulate` makes it, and as `run` is told of it.
struct Device {
    name: &'static str,
    simulate: &'static [&'static str],
    choice: &'static str,
    ports: u16,
}

const DEVICES: &[Device] = &[
    Device { name: "box, sound in band", simulate: &["--ports", "1"], choice: "", ports: 1 },
    Device { name: "voice modem", simulate: &["--modem", "conexant"], choice: "modems:", ports: 1 },
    Device { name: "Sangoma U100", simulate: &["--u100"], choice: "sangoma-u100:", ports: 2 },
];

pub fn measure(table: &mut Table) {
    let mut first = None;
    for device in DEVICES {
        let measured = Measured::of(device);
        let reference = first.get_or_insert_with(|| measured.clone());
        measured.show(device.name, reference, table);
    }
}

/// Times in ms, by call.
#[derive(Clone, Default)]
struct Measured {
    seized: Vec<f64>,
    released: Vec<f64>,
    round_trip: Vec<f64>,
    bytes_a_second: Option<f64>,
    processor: Option<f64>,
}

impl Measured {
    fn of(device: &Device) -> Self {
        let simulated = SimulatedBox::start_with(device.simulate);
        let nobody = ([127, 0, 0, 1], 9).into();
        let gateway = Gateway::start(trunk_settings(device.ports, nobody), &format!("{}{}", device.choice, simulated.pty));
        gateway.answered_call().bye();
        simulated.wait_hook(false, SOON);
        let mut measured = Measured::default();
        for _ in 0..CALLS {
            std::thread::sleep(REST);
            let called = Instant::now();
            let mut caller = gateway.called();
            simulated.wait_hook(true, SOON);
            measured.seized.push(called.elapsed().as_secs_f64() * 1000.0);
            assert_eq!(caller.final_status(SOON), 200);
            if measured.round_trip.is_empty() {
                measured.talk(&simulated, &gateway, &caller);
            }
            let hung_up = Instant::now();
            caller.bye();
            simulated.wait_hook(false, SOON);
            measured.released.push(hung_up.elapsed().as_secs_f64() * 1000.0);
        }
        measured
    }

    /// The audio of one call, and what it costs meanwhile.
    fn talk(&mut self, simulated: &SimulatedBox, gateway: &Gateway, caller: &super::caller::Caller) {
        let before = (gateway.program.processor(), simulated.program.bytes_moved(), Instant::now());
        let (sent, heard) = talk_in(caller);
        let wall = before.2.elapsed();
        let share = |used: Duration| used.as_secs_f64() / wall.as_secs_f64();
        self.processor = gateway.program.processor().zip(before.0).map(|(after, before)| share(after.since(&before)));
        let bytes = simulated.program.bytes_moved().zip(before.1);
        self.bytes_a_second = bytes.map(|(after, before)| after.saturating_sub(before) as f64 / wall.as_secs_f64());
        self.round_trip = delays_ms(&sent, &heard, ECHO).0;
    }

    fn show(&self, name: &str, reference: &Measured, table: &mut Table) {
        let mut times = |what: &str, of: fn(&Measured) -> &Vec<f64>, beside: String, against: f64| {
            let spread = Spread::of(of(self).clone());
            let ratio = spread.middle() / against;
            table.row(&format!("{name}: {what}"), spread.to_string(), beside, ratio);
        };
        let middle = |of: fn(&Measured) -> &Vec<f64>| Spread::of(of(reference).clone()).middle();
        let box_of = |of: fn(&Measured) -> &Vec<f64>| format!("the box {:.0} ms", middle(of));
        times("INVITE → seized", |of| &of.seized, box_of(|of| &of.seized), middle(|of| &of.seized));
        times("BYE → on hook", |of| &of.released, box_of(|of| &of.released), middle(|of| &of.released));
        let packets_ms = 2.0 * FRAME.as_secs_f64() * 1000.0;
        times("RTP → line → RTP", |of| &of.round_trip, format!("{packets_ms:.0} ms of packets"), packets_ms);
        match (self.bytes_a_second, self.processor) {
            (Some(bytes), Some(processor)) => {
                // µ-law both ways is what no wire can do without.
                let least = 16_000.0;
                let figure = format!("{bytes:.0} bytes a second, {:.1} % of a processor", processor * 100.0);
                table.row(&format!("{name}: a port in a call"), figure, format!("{least:.0} bytes of µ-law"), bytes / least);
            }
            _ => table.skipped("this system does not tell what a process has used"),
        }
    }
}

impl Program {
    /// Bytes that it has read and written so far, where the system tells.
    fn bytes_moved(&self) -> Option<u64> {
        let io = self.told_by_system("io")?;
        let field = |name: &str| io.lines().find_map(|line| line.strip_prefix(name)?.trim().parse::<u64>().ok());
        Some(field("rchar:")? + field("wchar:")?)
    }
}

impl SimulatedBox {
    /// Waits until a line goes off hook, or on hook.
    fn wait_hook(&self, off_hook: bool, within: Duration) {
        let until = Instant::now() + within;
        loop {
            let line = self.program.next_line(until.saturating_duration_since(Instant::now()));
            let told: serde_json::Value = serde_json::from_str(&line).unwrap();
            if told["event"] == "hook" && told["off_hook"] == off_hook {
                return;
            }
        }
    }
}
