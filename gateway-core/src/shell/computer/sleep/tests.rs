//! A logind of our own at the other end of a real D-Bus connection.
#![allow(clippy::disallowed_types, reason = "the macro of an interface uses a hash map")]

use std::io::{ErrorKind, Read as _};
use std::os::unix::net::UnixStream;
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use tokio::sync::mpsc;
use zbus::object_server::{InterfaceRef, SignalEmitter};
use zbus::zvariant::OwnedFd;

use super::logind;
use crate::shell::control::Order;

const SOON: Duration = Duration::from_secs(10);

/// Our ends of the locks that were given out, in turn.
type Locks = Arc<Mutex<Vec<UnixStream>>>;

struct Logind {
    locks: Locks,
    refuses: bool,
}

#[zbus::interface(name = "org.freedesktop.login1.Manager")]
impl Logind {
    fn inhibit(&self, what: &str, _who: &str, _why: &str, mode: &str) -> zbus::fdo::Result<OwnedFd> {
        assert_eq!((what, mode), ("sleep", "delay"));
        if self.refuses {
            return Err(zbus::fdo::Error::AccessDenied("not today".to_owned()));
        }
        let (ours, theirs) = UnixStream::pair().unwrap();
        ours.set_nonblocking(true).unwrap();
        self.locks.lock().unwrap().push(ours);
        Ok(std::os::fd::OwnedFd::from(theirs).into())
    }

    #[zbus(signal)]
    async fn prepare_for_sleep(emitter: &SignalEmitter<'_>, begins: bool) -> zbus::Result<()>;
}

struct Scene {
    locks: Locks,
    logind: InterfaceRef<Logind>,
    orders: mpsc::Receiver<Order>,
    bus: zbus::Connection,
    _listener: mpsc::Sender<Order>,
}

impl Scene {
    async fn new() -> Self {
        let scene = Scene::with(false).await;
        scene.until(|held| held == [true]).await;
        scene
    }

    async fn with(refuses: bool) -> Self {
        let (near, far) = tokio::net::UnixStream::pair().unwrap();
        let (near, far) = (near.into_std().unwrap(), far.into_std().unwrap());
        let locks = Locks::default();
        let path = "/org/freedesktop/login1";
        let server = zbus::connection::Builder::async_io_unix_stream(far).server(zbus::Guid::generate()).unwrap().p2p();
        let server = server.serve_at(path, Logind { locks: Arc::clone(&locks), refuses }).unwrap();
        let client = zbus::connection::Builder::async_io_unix_stream(near).p2p();
        let (bus, client) = tokio::try_join!(server.build(), client.build()).unwrap();
        let (sender, orders) = mpsc::channel(4);
        let told = sender.downgrade();
        tokio::spawn(async move { logind::tell(Ok(client), &told).await });
        let logind = bus.object_server().interface(path).await.unwrap();
        Scene { locks, logind, orders, bus, _listener: sender }
    }

    /// Waits until the locks given out so far are held, or not, as wanted.
    async fn until(&self, wanted: impl Fn(&[bool]) -> bool) {
        let end = Instant::now() + SOON;
        while !wanted(&self.held()) {
            assert!(Instant::now() < end, "{:?}", self.held());
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
    }

    fn held(&self) -> Vec<bool> {
        let is_held = |lock: &mut UnixStream| matches!(lock.read(&mut [0]), Err(error) if error.kind() == ErrorKind::WouldBlock);
        self.locks.lock().unwrap().iter_mut().map(is_held).collect()
    }

    async fn sleeps(&self, begins: bool) {
        Logind::prepare_for_sleep(self.logind.signal_emitter(), begins).await.unwrap();
    }

    async fn order(&mut self) -> Order {
        tokio::time::timeout(SOON, self.orders.recv()).await.unwrap().unwrap()
    }
}

#[tokio::test]
async fn the_sleep_waits_until_every_line_is_let_go_and_the_next_one_is_held_back_again() {
    let mut scene = Scene::new().await;
    for number in 1..=2 {
        scene.sleeps(true).await;
        let Order::AboutToSleep { done } = scene.order().await else { panic!("no word of the sleep") };
        assert_eq!(scene.held().last(), Some(&true), "it slept with a line seized");
        done.send(()).unwrap();
        scene.until(|held| held.iter().all(|held| !held)).await;
        scene.sleeps(false).await;
        assert!(matches!(scene.order().await, Order::Awake));
        scene.until(|held| held.len() == number + 1 && held.last() == Some(&true)).await;
    }
}

#[tokio::test]
async fn a_gateway_that_does_not_answer_does_not_keep_the_computer_awake() {
    let mut scene = Scene::new().await;
    scene.sleeps(true).await;
    let Order::AboutToSleep { done } = scene.order().await else { panic!("no word of the sleep") };
    scene.until(|held| held == [false]).await;
    drop(done);
}

#[tokio::test]
async fn a_system_that_tells_nothing_is_not_taken_for_one_that_woke_up() {
    let (sender, mut orders) = mpsc::channel(4);
    logind::tell(Err(zbus::Error::Failure("no such bus".to_owned())), &sender.downgrade()).await;
    drop(sender);
    assert!(orders.recv().await.is_none());
}

#[tokio::test]
async fn a_system_that_falls_silent_in_a_sleep_does_not_leave_the_gateway_asleep() {
    let mut scene = Scene::new().await;
    scene.sleeps(true).await;
    let Order::AboutToSleep { done } = scene.order().await else { panic!("no word of the sleep") };
    done.send(()).unwrap();
    scene.until(|held| held == [false]).await;
    scene.bus.close().await.unwrap();
    assert!(matches!(tokio::time::timeout(SOON, scene.orders.recv()).await.unwrap(), Some(Order::Awake)));
}

#[tokio::test]
async fn a_system_that_does_not_wait_for_us_is_heard_all_the_same() {
    let mut scene = Scene::with(true).await;
    for _ in 0..2 {
        // The signal may be sent before anybody listens for it.
        let told = async {
            loop {
                scene.sleeps(true).await;
                if let Ok(order) = tokio::time::timeout(Duration::from_millis(50), scene.orders.recv()).await {
                    return order;
                }
            }
        };
        let Some(Order::AboutToSleep { done }) = tokio::time::timeout(SOON, told).await.unwrap() else { panic!("no word of the sleep") };
        done.send(()).unwrap();
        scene.sleeps(false).await;
        assert!(matches!(scene.order().await, Order::Awake));
    }
}
