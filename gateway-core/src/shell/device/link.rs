//! The way to a box: a serial port with its reader thread, or the simulated box on its own thread.

use std::io;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread::JoinHandle;
use std::time::Duration;

use tokio::sync::broadcast;

use super::choice::DeviceFault;
use super::supervisor::{BoxOrder, BoxOutbox};
use crate::config::PortId;
use crate::fxo::simulator::act::LineAct;
use crate::fxo::simulator::exchange::ExchangeConfig;
use crate::fxo::simulator::virtual_box::VirtualBox;
use crate::rng::Rng;
use crate::shell::clock::Clock;
use crate::shell::exchange::{self, ExchangeFailure, ExchangeOrder, ExchangeOutbox, ExchangeSaid};
use crate::shell::handle::{DeviceError, Update};

/// The serial number of the simulated box inside this program.
const SERIAL: &str = "in-process";

/// How long one read may wait: it bounds how late the reader notices that it shall end.
const READ_WAIT: Duration = Duration::from_millis(20);

/// How long one write may wait before the rest is kept for later.
const WRITE_WAIT: Duration = Duration::from_millis(5);

/// How long the reader waits when the box thread is behind, before it gives up.
const BEHIND: Duration = Duration::from_secs(2);

/// A way to write to a box; what the box says comes through the inbox of the box thread. Dropping it closes the box.
pub(super) trait Link: Send {
    /// Writes what fits within a few milliseconds and answers how much that was.
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize>;

    /// Makes something happen at the simulated exchange, where this is the way to one.
    fn act(&mut self, _port: PortId, _act: LineAct) -> Result<(), DeviceError> {
        Err(DeviceError::NotVirtual)
    }

    /// Whether what is at its other end was made for one country.
    fn is_of_country(&self) -> bool {
        false
    }
}

/// Opens the serial port at `path`; a read or a write on it waits at most for `wait`. Ports on USB (CDC-ACM) ignore `baud`.
pub(super) fn open_serial(path: &str, baud: u32, wait: Duration) -> Result<Box<dyn serialport::SerialPort>, DeviceFault> {
    let mut port = serialport::new(path, baud).timeout(wait).open().map_err(|error| open_fault(path, &error))?;
    // A pseudo-terminal has no modem lines: that is no fault. A real box takes DTR as "a program is there".
    if let Err(error) = port.write_data_terminal_ready(true).and_then(|()| port.write_request_to_send(true)) {
        tracing::debug!(%error, "the serial port has no modem lines");
    }
    Ok(port)
}

/// A serial port, with the thread that reads it.
pub(super) struct SerialLink {
    port: Box<dyn serialport::SerialPort>,
    ended: Arc<AtomicBool>,
    reader: Option<JoinHandle<()>>,
}

impl SerialLink {
    /// Opens the serial port at `path`; what is read goes to `inbox` marked with `link`, the number of this opening.
    pub(super) fn open(path: &str, baud: u32, link: u64, inbox: BoxOutbox) -> Result<Self, DeviceFault> {
        let port = open_serial(path, baud, WRITE_WAIT)?;
        let mut input = port.try_clone().map_err(|error| open_fault(path, &error))?;
        input.set_timeout(READ_WAIT).map_err(|error| open_fault(path, &error))?;
        let ended = Arc::new(AtomicBool::new(false));
        let until = Arc::clone(&ended);
        let reader = std::thread::Builder::new()
            .name("box-reader".to_owned())
            .spawn(move || read_until(&mut *input, link, &inbox, &until))
            .map_err(|_| DeviceFault::OpenFailed)?;
        Ok(SerialLink { port, ended, reader: Some(reader) })
    }
}

impl Link for SerialLink {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        match self.port.write(bytes) {
            Err(error) if is_pause(&error) => Ok(0),
            other => other,
        }
    }
}

impl Drop for SerialLink {
    fn drop(&mut self) {
        self.ended.store(true, Ordering::Relaxed);
        if let Some(reader) = self.reader.take() {
            // The reader notices within one READ_WAIT; after that the port is free to be opened again.
            let _ = reader.join();
        }
    }
}

/// The simulated box on its own thread; the bytes are those of the real one.
pub(super) struct VirtualLink {
    ports: u16,
    exchange: ExchangeOutbox,
    thread: Option<JoinHandle<()>>,
}

impl VirtualLink {
    /// Starts a simulated box at such an exchange; what it says goes to `inbox` marked with `link`.
    pub(super) fn start(
        config: ExchangeConfig,
        link: u64,
        clock: Clock,
        inbox: BoxOutbox,
        updates: broadcast::Sender<Update>,
    ) -> Result<Self, DeviceFault> {
        let say = move |said: ExchangeSaid| match said {
            ExchangeSaid::Bytes(bytes) => inbox.send(BoxOrder::Bytes { link, bytes }, BEHIND).is_ok(),
            ExchangeSaid::Event(event) => {
                // Nobody listening is fine.
                let _ = updates.send(Update::Exchange(event));
                true
            }
            // It has its sound in band.
            ExchangeSaid::Sound(..) => true,
        };
        let mut seed = [0; 32];
        getrandom::fill(&mut seed).map_err(|_| DeviceFault::OpenFailed)?;
        let ports = config.ports;
        let simulated = VirtualBox::new(config, SERIAL, Rng::from_bytes(seed), clock.now());
        let (exchange, thread) = exchange::start(simulated, clock, say).map_err(|_| DeviceFault::OpenFailed)?;
        Ok(VirtualLink { ports, exchange, thread: Some(thread) })
    }
}

impl Link for VirtualLink {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        match self.exchange.send(ExchangeOrder::Bytes(bytes.to_vec()), WRITE_WAIT) {
            Ok(()) => Ok(bytes.len()),
            Err(ExchangeFailure::Busy) => Ok(0),
            Err(ExchangeFailure::Ended) => Err(io::ErrorKind::BrokenPipe.into()),
        }
    }

    fn act(&mut self, port: PortId, act: LineAct) -> Result<(), DeviceError> {
        if port.0 >= self.ports {
            return Err(DeviceError::NoSuchPort);
        }
        self.exchange.send(ExchangeOrder::Act(port, act), WRITE_WAIT).map_err(|_| DeviceError::Busy)
    }

    fn is_of_country(&self) -> bool {
        // The exchange has its tones.
        true
    }
}

impl Drop for VirtualLink {
    fn drop(&mut self) {
        // It ends at once; should it be stuck, it ends when its inbox has no senders any more.
        if self.exchange.send(ExchangeOrder::Stop, BEHIND).is_ok()
            && let Some(thread) = self.thread.take()
        {
            let _ = thread.join();
        }
    }
}

fn read_until(input: &mut dyn serialport::SerialPort, link: u64, inbox: &BoxOutbox, ended: &AtomicBool) {
    let mut buffer = [0; 4096];
    while !ended.load(Ordering::Relaxed) {
        let order = match input.read(&mut buffer) {
            // No byte and no error is how a serial port says that its device is gone.
            Ok(0) => BoxOrder::WireLost { link, fault: DeviceFault::Unplugged },
            Ok(count) => BoxOrder::Bytes { link, bytes: buffer[..count].to_vec() },
            Err(error) if is_pause(&error) => continue,
            Err(_) => BoxOrder::WireLost { link, fault: DeviceFault::Unplugged },
        };
        let last = matches!(order, BoxOrder::WireLost { .. });
        if inbox.send(order, BEHIND).is_err() || last {
            return;
        }
    }
}

fn is_pause(error: &io::Error) -> bool {
    matches!(error.kind(), io::ErrorKind::TimedOut | io::ErrorKind::WouldBlock | io::ErrorKind::Interrupted)
}

/// What it means for a person that the serial port at `path` does not open.
///
/// The library tells a port that is taken and one that is missing alike, and the system's words differ by language: whether
/// the port is there decides.
fn open_fault(path: &str, error: &serialport::Error) -> DeviceFault {
    tracing::debug!(%error, "the serial port does not open");
    match error.kind {
        serialport::ErrorKind::NoDevice if is_there(path) => DeviceFault::Busy,
        serialport::ErrorKind::NoDevice | serialport::ErrorKind::Io(io::ErrorKind::NotFound) => DeviceFault::NotFound,
        serialport::ErrorKind::Io(io::ErrorKind::PermissionDenied) => DeviceFault::Denied,
        serialport::ErrorKind::Io(io::ErrorKind::ResourceBusy) => DeviceFault::Busy,
        serialport::ErrorKind::Unknown => unnamed_fault(&error.description),
        serialport::ErrorKind::InvalidInput | serialport::ErrorKind::Io(_) => DeviceFault::OpenFailed,
    }
}

/// Errors of POSIX that the library names by their fixed English text alone: a device whose driver is gone while its node is
/// not, and a permission that is no matter of the node's mode.
fn unnamed_fault(description: &str) -> DeviceFault {
    match description {
        "No such device" | "No such device or address" => DeviceFault::NotFound,
        "Operation not permitted" => DeviceFault::Denied,
        _ => DeviceFault::OpenFailed,
    }
}

/// Whether there is such a serial port, open or not. Windows has no node to look at; there the system lists those that exist.
fn is_there(path: &str) -> bool {
    std::path::Path::new(path).exists()
        || serialport::available_ports().is_ok_and(|ports| ports.iter().any(|port| port.port_name.eq_ignore_ascii_case(path)))
}

#[cfg(test)]
mod tests {
    use serialport::{Error, ErrorKind};

    use super::*;

    fn fault(path: &str, kind: ErrorKind, description: &str) -> DeviceFault {
        open_fault(path, &Error::new(kind, description))
    }

    #[test]
    fn each_reason_not_to_open_has_its_own_code() {
        let missing = "/dev/no-such-box";
        assert_eq!(fault(missing, ErrorKind::NoDevice, "any words"), DeviceFault::NotFound);
        assert_eq!(fault(missing, ErrorKind::Io(io::ErrorKind::NotFound), "any words"), DeviceFault::NotFound);
        assert_eq!(fault(missing, ErrorKind::Unknown, "No such device or address"), DeviceFault::NotFound);
        assert_eq!(fault(missing, ErrorKind::Io(io::ErrorKind::PermissionDenied), "any words"), DeviceFault::Denied);
        assert_eq!(fault(missing, ErrorKind::Unknown, "Operation not permitted"), DeviceFault::Denied);
        assert_eq!(fault(missing, ErrorKind::Unknown, "Input/output error"), DeviceFault::OpenFailed);
        // What the system answers to any user but root when another program holds the port.
        let there = std::env::temp_dir();
        assert_eq!(fault(there.to_str().unwrap(), ErrorKind::NoDevice, "Device or resource busy"), DeviceFault::Busy);
    }
}
