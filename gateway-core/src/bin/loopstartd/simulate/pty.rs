//! The simulated box and its pseudo-terminal: the same bytes as on a real serial port.

use std::io::{self, ErrorKind, Read as _, Write as _};
use std::path::{Path, PathBuf};
use std::sync::mpsc::{Receiver, SyncSender, TrySendError, sync_channel};
use std::thread::Builder;
use std::time::Duration;

use gateway_core::config::PortId;
use gateway_core::dsp::Frame;
use gateway_core::fxo::simulator::act::PortAct;
use gateway_core::shell::clock::Clock;
use gateway_core::shell::exchange::{self, ExchangeOrder, ExchangeOutbox, ExchangeSaid};
use serde_json::json;
use serialport::{SerialPort as _, TTYPort};

use super::super::exit::Exit;
use super::super::{acts, output, run};
use super::{SimulateArgs, world};

/// How long one read of the pseudo-terminal may wait.
const READ_WAIT: Duration = Duration::from_millis(50);

/// The pause while no program has the pseudo-terminal open.
const NOBODY: Duration = Duration::from_millis(20);

/// How long an order waits for a simulated box that is behind.
const BEHIND: Duration = Duration::from_secs(2);

/// Pieces of bytes that may wait for the host: a second of two lines. What does not fit is lost, as on a real wire.
const WAITING: usize = 128;

pub(super) async fn simulate(args: SimulateArgs) -> Result<(), Exit> {
    let signals = run::Signals::new()?;
    let clock = Clock::start();
    let (master, slave) = TTYPort::pair().map_err(|error| Exit::Unavailable(error.to_string()))?;
    let name = slave.name().ok_or_else(|| Exit::Unavailable("pseudo_terminal_without_name".to_owned()))?;
    // Our own end of the host's side is closed, so that we see whether a host is there.
    drop(slave);
    let link = args.link.clone().map(|path| Link::new(&name, path)).transpose()?;
    let (to_host, bytes) = sync_channel(WAITING);
    let failed = |error: io::Error| Exit::System(error.to_string());
    let (to_card, played) = sync_channel(WAITING);
    let said = move |said| say(&to_host, &to_card, said);
    let (outbox, _thread) = match args.modem {
        Some(make) => exchange::start(world::simulated_modem(&args, make)?, clock, said),
        None if args.u100 => exchange::start(world::simulated_u100(&args, clock)?, clock, said),
        None => exchange::start(world::simulated_box(&args, clock)?, clock, said),
    }
    .map_err(failed)?;
    start_wire(master, bytes, outbox.clone()).map_err(failed)?;
    if let Some(card) = args.card.id() {
        super::sound::start(&card, args.ports, played, &outbox)?;
    }
    let shown = link.as_ref().map(|link| link.path.display().to_string());
    if output::json(&json!({ "pty": name, "ports": args.lines(), "link": shown })).is_err() {
        return Ok(());
    }
    let act = move |PortAct { port, act }| outbox.send(ExchangeOrder::Act(port, act), BEHIND).map_err(|refused| refused.to_string());
    acts::start(act).map_err(failed)?;
    signals.received().await;
    Ok(())
}

/// What the simulated box says: bytes to the host, sound to its card, events to standard output. False ends the box: nobody
/// reads it any more.
fn say(to_host: &SyncSender<Vec<u8>>, to_card: &SyncSender<(PortId, Frame)>, said: ExchangeSaid) -> bool {
    match said {
        ExchangeSaid::Sound(port, frame) => !matches!(to_card.try_send((port, frame)), Err(TrySendError::Disconnected(_))),
        ExchangeSaid::Bytes(bytes) => !matches!(to_host.try_send(bytes), Err(TrySendError::Disconnected(_))),
        ExchangeSaid::Event(event) => output::json(&event).is_ok(),
    }
}

/// Starts the two threads of the pseudo-terminal.
fn start_wire(master: TTYPort, bytes: Receiver<Vec<u8>>, outbox: ExchangeOutbox) -> io::Result<()> {
    let mut input = master.try_clone_native()?;
    input.set_timeout(READ_WAIT)?;
    Builder::new().name("pty-reader".to_owned()).spawn(move || read_host(input, &outbox))?;
    Builder::new().name("pty-writer".to_owned()).spawn(move || write_host(master, &bytes))?;
    Ok(())
}

fn read_host(mut input: TTYPort, outbox: &ExchangeOutbox) {
    let mut buffer = [0; 4096];
    let mut was_there = false;
    loop {
        match input.read(&mut buffer) {
            Ok(0) => std::thread::sleep(NOBODY),
            Ok(count) => {
                was_there = true;
                if outbox.send(ExchangeOrder::Bytes(buffer[..count].to_vec()), BEHIND).is_err() {
                    return;
                }
            }
            Err(error) if error.kind() == ErrorKind::TimedOut => {}
            // No host has the pseudo-terminal open.
            Err(_) => {
                if std::mem::take(&mut was_there) && outbox.send(ExchangeOrder::HostGone, BEHIND).is_err() {
                    return;
                }
                std::thread::sleep(NOBODY);
            }
        }
    }
}

fn write_host(mut output: TTYPort, bytes: &Receiver<Vec<u8>>) {
    while let Ok(piece) = bytes.recv() {
        let mut rest = piece.as_slice();
        while !rest.is_empty() {
            match output.write(rest) {
                Ok(count) => rest = &rest[count..],
                Err(error) if error.kind() == ErrorKind::TimedOut => {}
                // No host has the pseudo-terminal open: the bytes are lost.
                Err(_) => break,
            }
        }
    }
}

/// A symbolic link to the pseudo-terminal, gone when the program ends.
struct Link {
    path: PathBuf,
}

impl Link {
    fn new(target: &str, path: PathBuf) -> Result<Self, Exit> {
        let refused = |error: io::Error| Exit::CannotCreate { path: path.display().to_string(), detail: error.to_string() };
        // One left over from a program that was killed is replaced; anything else stays.
        if path.is_symlink() {
            std::fs::remove_file(&path).map_err(refused)?;
        }
        std::os::unix::fs::symlink(Path::new(target), &path).map_err(refused)?;
        Ok(Link { path })
    }
}

impl Drop for Link {
    fn drop(&mut self) {
        // Gone already is as good.
        let _ = std::fs::remove_file(&self.path);
    }
}
