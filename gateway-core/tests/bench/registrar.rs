//! A registrar on a real socket: the one of the stories, moved by real time.

use std::net::{SocketAddr, UdpSocket};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use gateway_core::rng::Rng;
use gateway_core::sim::party::{Habits, Party};
use gateway_core::sim::world::credentials;
use gateway_core::sip::registrar::Limits;
use gateway_core::time::Moment;

/// Longest wait for a datagram before it looks at its clock and its orders again.
const GLANCE: Duration = Duration::from_millis(10);

/// A registrar; it ends when it is dropped.
pub(crate) struct Registrar {
    address: SocketAddr,
    closed: Arc<AtomicBool>,
    thread: Option<std::thread::JoinHandle<()>>,
}

impl Registrar {
    /// Opens one on 127.0.0.1 that takes these users with their secrets, and answers 403 to everybody else.
    pub(crate) fn open(users: &[(String, String)]) -> Self {
        let socket = UdpSocket::bind("127.0.0.1:0").unwrap();
        socket.set_read_timeout(Some(GLANCE)).unwrap();
        let address = socket.local_addr().unwrap();
        let mut party = Party::new(address, Habits::default(), Rng::from_seed(1));
        let accounts = users.iter().map(|(user, secret)| credentials(user, secret)).collect();
        party.open_office(accounts, Limits::default(), &mut Rng::from_seed(2));
        let closed = Arc::new(AtomicBool::new(false));
        let thread = std::thread::spawn({
            let closed = Arc::clone(&closed);
            move || serve(&socket, party, &closed)
        });
        Registrar { address, closed, thread: Some(thread) }
    }

    /// `address:port`, as a setting wants it.
    pub(crate) fn address(&self) -> String {
        self.address.to_string()
    }
}

impl Drop for Registrar {
    fn drop(&mut self) {
        self.closed.store(true, Ordering::Release);
        self.thread.take().map(std::thread::JoinHandle::join);
    }
}

fn serve(socket: &UdpSocket, mut party: Party, closed: &AtomicBool) {
    let started = Instant::now();
    let mut buffer = vec![0; 65_535];
    while !closed.load(Ordering::Acquire) {
        let received = socket.recv_from(&mut buffer);
        let now = Moment::ZERO + started.elapsed();
        if let Ok((size, source)) = received {
            party.receive(source, &buffer[..size], now);
        }
        party.handle_timeout(now);
        for (to, bytes) in party.take_datagrams(now) {
            socket.send_to(&bytes, to).unwrap();
        }
    }
}
