//! The control task by hand: a real brain and real sockets; the box thread and the routes of the system are this test.

use std::net::IpAddr;
use std::sync::Mutex;

use tokio::sync::{broadcast, watch};

use super::*;
use crate::config::settings::{GatewaySettings, Mode, PortSettings, Secret};
use crate::fxo::Identity;
use crate::gateway::sip_trace::SipTraceQuery;
use crate::gateway::view::Snapshot;
use crate::rng::Rng;
use crate::shell::device::Play;
use crate::shell::inbox::{Inbox, Received, inbox};
use crate::shell::marks::RecentMarks;

/// Orders that the box thread of a scene has room for.
const ROOM: usize = 4;

/// A control task, and the other ends of what it talks to.
struct Scene {
    control: Control,
    box_inbox: Inbox<BoxOrder, Play>,
    picture: watch::Receiver<Arc<Snapshot>>,
    orders: mpsc::Sender<Order>,
    _records: mpsc::Receiver<ToKeep>,
}

fn scene(bind_address: &str) -> Scene {
    let gateway = GatewaySettings { bind_address: bind_address.to_owned(), sip_port: 0, ..GatewaySettings::default() };
    scene_of(Settings { gateway, ports: vec![PortSettings::default()] })
}

fn scene_of(settings: Settings) -> Scene {
    let sockets = Sockets::prepare(&settings.gateway, 0, std::path::Path::new(""), &[]).unwrap();
    let address = gateway_address(&sockets);
    let country = plan::country(&settings.gateway.country);
    let gateway = Gateway::new(settings, address, Rng::from_bytes([1; 32]));
    let clock = Clock::start();
    let (brain, events) = mpsc::channel(EVENTS);
    let (orders, order_inbox) = mpsc::channel(ORDERS);
    let (records, _records) = mpsc::channel(1);
    let (boxes, box_inbox) = inbox(ROOM, 1);
    let (latest, picture) = watch::channel(Arc::new(gateway.snapshot(clock.now())));
    let publisher = Publisher::new(latest, broadcast::channel(16).0, Notices::default(), RecentMarks::default(), clock.now());
    let ports = Vec::new();
    let messages = SipMessages::default();
    let bindings = BindingsInbox::unread(clock);
    let parts = Parts {
        gateway,
        clock,
        sockets,
        address,
        events,
        brain,
        orders: order_inbox,
        ports,
        boxes,
        country,
        records,
        bindings,
        publisher,
        messages,
    };
    Scene { control: Control::new(parts).unwrap(), box_inbox, picture, orders, _records }
}

fn device_up() -> Event {
    Event::DeviceUp(Identity { ports: 1, ..Identity::default() })
}

#[tokio::test]
async fn a_box_that_takes_no_order_is_given_up_and_told_everything_again_when_it_is_back() {
    let Scene { mut control, box_inbox, .. } = scene("127.0.0.1");
    control.handle(device_up());
    for _ in 0..ROOM + 1 {
        control.order_box(BoxOrder::Line { port: PortId(0), command: LineCommand::Release });
    }
    assert!(control.gateway.snapshot(control.clock.now()).device.is_none());
    assert!(box_inbox.take_given_up());
    while let Received::Order(_) = box_inbox.receive(Some(std::time::Instant::now())) {}
    control.handle(device_up());
    assert!(!box_inbox.take_given_up());
    assert!(matches!(box_inbox.receive(None), Received::Order(BoxOrder::Country(_))));
    assert!(matches!(box_inbox.receive(None), Received::Order(BoxOrder::Ports(_))));
}

#[tokio::test]
async fn a_registration_goes_out_at_once_through_a_socket_that_the_runtime_has_not_looked_at() {
    let registrar = std::net::UdpSocket::bind("127.0.0.1:0").unwrap();
    registrar.set_read_timeout(Some(Duration::from_secs(10))).unwrap();
    let remote_server = registrar.local_addr().unwrap().to_string();
    let bind_address = "127.0.0.1".to_owned();
    let gateway = GatewaySettings { mode: Mode::SipClient, bind_address, remote_server, sip_port: 0, ..GatewaySettings::default() };
    let secret = Secret("secret".to_owned());
    let port = PortSettings { user: "line1".to_owned(), secret, ..PortSettings::default() };
    let Scene { mut control, box_inbox: _box_inbox, .. } = scene_of(Settings { gateway, ports: vec![port] });
    control.begin();
    let mut buffer = [0; 2048];
    let size = registrar.recv(&mut buffer).unwrap();
    assert!(buffer[..size].starts_with(b"REGISTER "));
    let kept = control.messages.answer(SipTraceQuery::default()).messages;
    assert_eq!((kept.len(), kept[0].port, &kept[0].dropped), (1, Some(PortId(0)), &None));
}

#[tokio::test]
async fn a_computer_that_changes_its_network_is_noticed_while_nobody_touches_anything() {
    let Scene { mut control, mut picture, orders, box_inbox: _box_inbox, .. } = scene("0.0.0.0");
    let port = control.sockets.sip_address.port();
    let route = Arc::new(Mutex::new(None));
    let asked = Arc::clone(&route);
    control.whereabouts.ask(move |_| *asked.lock().unwrap());
    // Without a network the last address stays.
    let before = picture.borrow().sip_address.clone();
    control.keep_time();
    assert_eq!(control.gateway.snapshot(control.clock.now()).sip_address, before);
    assert!(control.whereabouts.due() > control.clock.now());

    *route.lock().unwrap() = Some(IpAddr::from([192, 0, 2, 9]));
    let asked = Arc::clone(&route);
    control.whereabouts.ask(move |_| *asked.lock().unwrap());
    let running = tokio::spawn(control.run());
    let moved = picture.wait_for(|picture| picture.sip_address == format!("192.0.2.9:{port}"));
    tokio::time::timeout(Duration::from_secs(10), moved).await.unwrap().unwrap();
    orders.send(Order::Stop).await.unwrap();
    tokio::time::timeout(Duration::from_secs(10), running).await.unwrap().unwrap();
}

#[tokio::test]
async fn a_computer_that_changes_its_network_is_noticed_by_apply() {
    let Scene { mut control, box_inbox: _box_inbox, .. } = scene("0.0.0.0");
    control.whereabouts.ask(|_| Some(IpAddr::from([192, 0, 2, 9])));
    let settings = Settings { gateway: GatewaySettings::default(), ports: vec![PortSettings::default()] };
    control.switch(settings, control.sockets.clone()).unwrap();
    let told = control.gateway.snapshot(control.clock.now()).sip_address;
    assert_eq!(told, format!("192.0.2.9:{}", control.sockets.sip_address.port()));
}

#[tokio::test]
async fn whoever_waits_for_the_lines_before_a_sleep_is_told_when_there_is_nothing_to_wait_for() {
    let Scene { control, orders, box_inbox: _box_inbox, .. } = scene("127.0.0.1");
    let running = tokio::spawn(control.run());
    let (done, let_go) = oneshot::channel();
    orders.send(Order::AboutToSleep { done }).await.unwrap();
    tokio::time::timeout(Duration::from_secs(10), let_go).await.unwrap().unwrap();
    orders.send(Order::Awake).await.unwrap();
    orders.send(Order::Stop).await.unwrap();
    tokio::time::timeout(Duration::from_secs(10), running).await.unwrap().unwrap();
}

#[tokio::test]
async fn the_word_that_a_network_changed_has_the_address_looked_up_at_once() {
    let Scene { mut control, box_inbox: _box_inbox, .. } = scene("0.0.0.0");
    control.keep_time();
    let usual = control.whereabouts.due();
    control.order(Order::NetworkChanged);
    assert!(control.whereabouts.due() < usual);
    assert!(control.whereabouts.due() <= control.clock.now() + Duration::from_secs(1));
}
