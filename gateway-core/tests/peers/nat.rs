//! A NAT in front of the gateway: what goes out comes from another address of this computer, and what comes to that goes in.

use std::net::{SocketAddr, UdpSocket};
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

/// The address that the outside sees.
pub const OUTSIDE: &str = "127.0.0.77";

/// How often a thread looks whether it is still wanted.
const LOOK: Duration = Duration::from_millis(100);

/// One mapping, with a thread each way; they end with it.
pub struct Nat {
    inner: SocketAddr,
    outer: SocketAddr,
    came_in: Arc<AtomicUsize>,
    wanted: Arc<AtomicBool>,
}

impl Nat {
    /// What reaches `inner` goes out from `outer`, to `there`, or, where that is not known, to whoever was heard first from outside;
    /// what comes to `outer` goes in to `here`, or to whoever was heard first at `inner`.
    pub fn start(inner: u16, outer: u16, here: Option<u16>, there: Option<u16>) -> Self {
        let bind = |host: &str, port: u16| Arc::new(UdpSocket::bind((host, port)).unwrap());
        let (inside, outside) = (bind("127.0.0.1", inner), bind(OUTSIDE, outer));
        let (inner, outer) = (inside.local_addr().unwrap(), outside.local_addr().unwrap());
        let known = |port: Option<u16>| Arc::new(Mutex::new(port.map(|port| SocketAddr::from(([127, 0, 0, 1], port)))));
        let (here, there) = (known(here), known(there));
        let (wanted, came_in) = (Arc::new(AtomicBool::new(true)), Arc::new(AtomicUsize::new(0)));
        forward(Arc::clone(&inside), Arc::clone(&outside), (Arc::clone(&here), Arc::clone(&there)), Arc::default(), Arc::clone(&wanted));
        forward(outside, inside, (there, here), Arc::clone(&came_in), Arc::clone(&wanted));
        Nat { inner, outer, came_in, wanted }
    }

    /// Where the inside takes the outside to be.
    pub fn inner(&self) -> SocketAddr {
        self.inner
    }

    /// Where the outside sees the inside.
    pub fn outer(&self) -> SocketAddr {
        self.outer
    }

    /// Datagrams that came in so far.
    pub fn came_in(&self) -> usize {
        self.came_in.load(Ordering::Relaxed)
    }
}

impl Drop for Nat {
    fn drop(&mut self) {
        self.wanted.store(false, Ordering::Relaxed);
    }
}

type Peer = Arc<Mutex<Option<SocketAddr>>>;

fn forward(from: Arc<UdpSocket>, to: Arc<UdpSocket>, (sender, receiver): (Peer, Peer), count: Arc<AtomicUsize>, wanted: Arc<AtomicBool>) {
    from.set_read_timeout(Some(LOOK)).unwrap();
    std::thread::spawn(move || {
        let mut buffer = vec![0; 65_535];
        while wanted.load(Ordering::Relaxed) {
            let Ok((length, source)) = from.recv_from(&mut buffer) else { continue };
            sender.lock().unwrap().get_or_insert(source);
            let receiver = *receiver.lock().unwrap();
            if let Some(receiver) = receiver {
                count.fetch_add(1, Ordering::Relaxed);
                // Nobody there is no concern of a NAT.
                let _ = to.send_to(&buffer[..length], receiver);
            }
        }
    });
}
