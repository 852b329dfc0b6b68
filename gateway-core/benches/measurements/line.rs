//! A box whose line is a measuring instrument: it notes when pulses reach the line, and sends pulses from the line, behind a
//! pseudo-terminal as a real box behind its serial port.

use std::io::{ErrorKind, Read as _, Write as _};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::mpsc::{Receiver, Sender, channel};
use std::sync::{Arc, Mutex};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

use gateway_core::config::PortId;
use gateway_core::dsp::Frame;
use gateway_core::fxo::Identity;
use gateway_core::fxo::boxlink::firmware::{BoxIdentity, Firmware, FirmwareOutput, Sense};
use gateway_core::fxo::boxlink::message::{AudioFormats, Capabilities, LineStatus, Period};
use gateway_core::shell::clock::Clock;
use serialport::{SerialPort as _, TTYPort};

use super::talk::{Pulse, frame_samples, note_pulse, pulse_index};

/// How long one read of the pseudo-terminal may wait, and the pause while nobody has it open.
const READ: Duration = Duration::from_millis(20);

/// The longest wait of the box, so that it notices that it shall end.
const WAIT: Duration = Duration::from_millis(50);

/// What happened on the line.
#[derive(Clone, Debug, Default)]
pub struct Noted {
    /// Pulses that the host put on the line.
    pub put: Vec<Pulse>,
    /// Pulses that the line sent to the host.
    pub sent: Vec<Pulse>,
}

/// The box with its one line; it ends when this is dropped.
pub struct MeasuringBox {
    pub pty: String,
    noted: Arc<Mutex<Noted>>,
    stop: Arc<AtomicBool>,
    threads: Vec<JoinHandle<()>>,
}

impl MeasuringBox {
    pub fn start() -> Self {
        MeasuringBox::started(false)
    }

    /// One whose sound is on a sound card, which is not opened by it.
    pub fn on_card() -> Self {
        MeasuringBox::started(true)
    }

    fn started(card: bool) -> Self {
        let (master, slave) = TTYPort::pair().unwrap();
        let pty = slave.name().unwrap();
        drop(slave);
        let mut input = master.try_clone_native().unwrap();
        input.set_timeout(READ).unwrap();
        let (noted, stop) = (Arc::new(Mutex::new(Noted::default())), Arc::new(AtomicBool::new(false)));
        let (sender, bytes) = channel();
        let reader_stop = Arc::clone(&stop);
        let reader = std::thread::spawn(move || read(input, &sender, &reader_stop));
        let mut line = Line { master, card, off_hook: false, frames: 0, noted: Arc::clone(&noted) };
        let box_stop = Arc::clone(&stop);
        let runner = std::thread::spawn(move || line.run(&bytes, &box_stop));
        MeasuringBox { pty, noted, stop, threads: vec![reader, runner] }
    }

    /// What has happened so far.
    pub fn noted(&self) -> Noted {
        self.noted.lock().unwrap().clone()
    }
}

impl Drop for MeasuringBox {
    fn drop(&mut self) {
        self.stop.store(true, Ordering::Relaxed);
        for thread in self.threads.drain(..) {
            let _ = thread.join();
        }
    }
}

fn read(mut input: TTYPort, sender: &Sender<Vec<u8>>, stop: &AtomicBool) {
    let mut buffer = [0; 4096];
    while !stop.load(Ordering::Relaxed) {
        match input.read(&mut buffer) {
            Ok(count) if count > 0 => {
                if sender.send(buffer[..count].to_vec()).is_err() {
                    return;
                }
            }
            Err(error) if error.kind() == ErrorKind::TimedOut => {}
            // Nobody has it open.
            Ok(_) | Err(_) => std::thread::sleep(READ),
        }
    }
}

/// The line and the wire to the host.
struct Line {
    master: TTYPort,
    card: bool,
    off_hook: bool,
    frames: usize,
    noted: Arc<Mutex<Noted>>,
}

/// What the line interface of the box measures: battery, and current while the loop is closed.
struct Loop {
    off_hook: bool,
}

impl Sense for Loop {
    fn line_status(&self, _port: PortId) -> LineStatus {
        let (millivolts, tenths_ma) = if self.off_hook { (8_000, 250) } else { (48_000, 0) };
        LineStatus { millivolts, tenths_ma, forward: true, ..LineStatus::default() }
    }
}

impl Line {
    fn run(&mut self, bytes: &Receiver<Vec<u8>>, stop: &AtomicBool) {
        let clock = Clock::start();
        let mut firmware = Firmware::new(identity(self.card), clock.now());
        let mut out = Vec::new();
        while !stop.load(Ordering::Relaxed) {
            let due = firmware.deadline().map(|due| clock.instant(due).saturating_duration_since(Instant::now()));
            let received = bytes.recv_timeout(due.unwrap_or(WAIT).min(WAIT));
            let now = clock.now();
            if let Ok(bytes) = received {
                firmware.receive(&bytes, &Loop { off_hook: self.off_hook }, now, &mut out);
            }
            if firmware.deadline().is_some_and(|due| due <= now) {
                firmware.handle_timeout(now, &mut out);
            }
            for output in std::mem::take(&mut out) {
                self.carry_out(output, &mut firmware);
            }
        }
    }

    fn carry_out(&mut self, output: FirmwareOutput, firmware: &mut Firmware) {
        match output {
            FirmwareOutput::Write(bytes) => self.write(&bytes),
            FirmwareOutput::Relay(_, closed) => self.off_hook = closed,
            FirmwareOutput::Sounded(_, frame) => note_pulse(frame.0.into_iter(), Instant::now(), &mut self.noted.lock().unwrap().put),
            FirmwareOutput::FrameDue(port) => {
                let pulse = pulse_index(self.frames).filter(|_| self.off_hook);
                self.frames += 1;
                let mut more = Vec::new();
                let at = Instant::now();
                firmware.heard(port, &Frame(frame_samples(pulse)), &mut more);
                for output in more {
                    if let FirmwareOutput::Write(bytes) = output {
                        self.write(&bytes);
                    }
                }
                self.noted.lock().unwrap().sent.extend(pulse.map(|index| Pulse::new(at, index)));
            }
        }
    }

    /// Writes to the host; what it does not take is lost, as on a real wire.
    fn write(&mut self, bytes: &[u8]) {
        let _ = self.master.write_all(bytes);
    }
}

fn identity(card: bool) -> BoxIdentity {
    BoxIdentity {
        card,
        identity: Identity { model: "measuring box".to_owned(), serial: "1".to_owned(), firmware: "1".to_owned(), ports: 1 },
        capabilities: Capabilities::POLARITY.with(Capabilities::MEASURE).with(Capabilities::ON_HOOK_AUDIO),
        formats: if card { AudioFormats::default() } else { AudioFormats::ALL },
        periods: &[Period::Twenty],
        boot_id: std::process::id(),
    }
}
