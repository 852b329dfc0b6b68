//! A serial wire with a person at it: the gateway at one end, the simulated box at the other, or nobody at all.

use std::io::{ErrorKind, Read as _, Write as _};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::mpsc::{Receiver, Sender, channel};
use std::thread::JoinHandle;
use std::time::Duration;

use serialport::{SerialPort as _, TTYPort};

/// How long one read may wait.
const WAIT: Duration = Duration::from_millis(20);

/// A pseudo-terminal for the gateway, and whatever happens on it.
pub struct Wire {
    name: String,
    injected: Sender<Vec<u8>>,
    ended: Arc<AtomicBool>,
    threads: Vec<JoinHandle<()>>,
}

impl Wire {
    /// A wire with nobody at its other end.
    pub fn loose() -> Self {
        Wire::start(None)
    }

    /// A wire to the box at `pty`.
    pub fn to(pty: &str) -> Self {
        Wire::start(Some(serialport::new(pty, 921_600).timeout(WAIT).open_native().unwrap()))
    }

    fn start(far: Option<TTYPort>) -> Self {
        let (mut near, slave) = TTYPort::pair().unwrap();
        near.set_timeout(WAIT).unwrap();
        let name = slave.name().unwrap();
        let (injected, to_near) = channel();
        let ended = Arc::new(AtomicBool::new(false));
        let mut threads = Vec::new();
        // The slave stays open here, so that the wire lives on while the gateway opens and closes its end.
        let from_near = near.try_clone_native().unwrap();
        threads.push(write_all(near, to_near, slave));
        let far_writer = far.as_ref().map(|far| far.try_clone_native().unwrap());
        threads.push(copy(from_near, far_writer.map(Sink::Port).unwrap_or(Sink::Nowhere), &ended));
        if let Some(far) = far {
            threads.push(copy(far, Sink::Queue(injected.clone()), &ended));
        }
        Wire { name, injected, ended, threads }
    }

    /// What the gateway opens.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// Sends bytes to the gateway between those of the box.
    pub fn inject(&self, bytes: Vec<u8>) {
        self.injected.send(bytes).unwrap();
    }
}

impl Drop for Wire {
    fn drop(&mut self) {
        self.ended.store(true, Ordering::Relaxed);
        let (nobody, _) = channel();
        self.injected = nobody;
        for thread in self.threads.drain(1..) {
            let _ = thread.join();
        }
    }
}

enum Sink {
    Port(TTYPort),
    Queue(Sender<Vec<u8>>),
    Nowhere,
}

fn copy(mut from: TTYPort, mut to: Sink, ended: &Arc<AtomicBool>) -> JoinHandle<()> {
    let ended = Arc::clone(ended);
    std::thread::spawn(move || {
        let mut buffer = [0; 4096];
        while !ended.load(Ordering::Relaxed) {
            let count = match from.read(&mut buffer) {
                Ok(count) => count,
                Err(error) if error.kind() == ErrorKind::TimedOut => continue,
                Err(_) => return,
            };
            let sent = match &mut to {
                Sink::Port(port) => port.write_all(&buffer[..count]).is_ok(),
                Sink::Queue(queue) => queue.send(buffer[..count].to_vec()).is_ok(),
                Sink::Nowhere => true,
            };
            if !sent {
                return;
            }
        }
    })
}

fn write_all(mut port: TTYPort, bytes: Receiver<Vec<u8>>, slave: TTYPort) -> JoinHandle<()> {
    std::thread::spawn(move || {
        let _slave = slave;
        while let Ok(piece) = bytes.recv() {
            // Nobody reads: the bytes are lost, as on a real wire.
            let _ = port.write_all(&piece);
        }
    })
}
