//! A network interface that is chosen by its name: its address is listened on, whatever that is.
#![cfg(all(target_os = "linux", feature = "shell"))]
#![allow(clippy::unwrap_used, clippy::panic, clippy::print_stderr, clippy::disallowed_methods, reason = "tests stop at the first surprise")]

#[allow(dead_code, reason = "each test file uses a part of the bench")]
#[path = "bench/place.rs"]
mod place;

use std::process::Command;
use std::time::Duration;

use gateway_core::config::profile::Imported;
use gateway_core::shell::handle::StartError;
use gateway_core::shell::sockets::BindError;
use gateway_core::shell::{DeviceChoice, GatewayHandle, StartOptions};

use place::{Folder, server_settings};

const SOON: Duration = Duration::from_secs(10);

/// Sockets follow their interface within this time.
const FOLLOWS_WITHIN: Duration = Duration::from_secs(5);

async fn start(folder: &Folder, interface: &str) -> Result<(GatewayHandle, u16), StartError> {
    let mut settings = server_settings(1);
    settings.gateway.bind_address = interface.to_owned();
    let port = settings.gateway.sip_port;
    let options = StartOptions {
        data_dir: folder.path().to_owned(),
        device: Some(DeviceChoice::None),
        profile: Some(Imported { settings, secrets_missing: Vec::new() }),
        confirmed: true,
    };
    let gateway = tokio::time::timeout(SOON, GatewayHandle::start(options)).await.unwrap()?;
    Ok((gateway, port))
}

async fn wait_sip_address(gateway: &GatewayHandle, wanted: &str, within: Duration) {
    let reached = async {
        while gateway.snapshot().sip_address != wanted {
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
    };
    let reached = tokio::time::timeout(within, reached).await;
    assert!(reached.is_ok(), "{} instead of {wanted}", gateway.snapshot().sip_address);
}

async fn stop(gateway: GatewayHandle) {
    tokio::time::timeout(Duration::from_secs(15), gateway.stop()).await.unwrap();
}

/// A pair of virtual network interfaces, whose ends lie in this computer.
struct Pair(String);

impl Pair {
    /// `None`: whoever runs the tests may make none.
    fn new() -> Option<Self> {
        let name = format!("ls{}", std::process::id() % 1_000_000);
        let pair = Pair(name.clone());
        let made = ip(&["link", "add", &name, "type", "veth", "peer", "name", &format!("{name}p")]) && ip(&["link", "set", &name, "up"]);
        made.then_some(pair)
    }

    fn add(&self, address: &str) {
        assert!(ip(&["addr", "add", &format!("{address}/28"), "dev", &self.0]));
    }

    fn remove(&self, address: &str) {
        assert!(ip(&["addr", "del", &format!("{address}/28"), "dev", &self.0]));
    }
}

impl Drop for Pair {
    fn drop(&mut self) {
        ip(&["link", "del", &self.0]);
    }
}

fn ip(args: &[&str]) -> bool {
    Command::new("ip").args(args).output().is_ok_and(|output| output.status.success())
}

#[tokio::test(flavor = "multi_thread")]
async fn the_address_of_the_named_interface_is_listened_on() {
    let folder = Folder::new();
    let (gateway, port) = start(&folder, "lo").await.unwrap();
    assert_eq!(gateway.snapshot().sip_address, format!("127.0.0.1:{port}"));
    stop(gateway).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn an_interface_that_this_computer_does_not_have_is_said_by_its_name() {
    let folder = Folder::new();
    let error = start(&folder, "wlan77").await.map(|_| ()).unwrap_err();
    let StartError::Bind { error: BindError::InterfaceUnavailable { interface, setting } } = error else { panic!("{error:?}") };
    assert_eq!((interface.as_str(), setting.as_str()), ("wlan77", "gateway.bind_address"));
}

#[tokio::test(flavor = "multi_thread")]
async fn sockets_follow_an_interface_that_gets_another_address() {
    let Some(pair) = Pair::new() else {
        eprintln!("skipped: only root makes network interfaces");
        return;
    };
    let (first, second) = ("198.18.77.1", "198.18.77.17");
    pair.add(first);
    let folder = Folder::new();
    let (gateway, port) = start(&folder, &pair.0).await.unwrap();
    assert_eq!(gateway.snapshot().sip_address, format!("{first}:{port}"));

    // A lease that ran out: for a while there is none.
    pair.remove(first);
    tokio::time::sleep(Duration::from_secs(2)).await;
    assert_eq!(gateway.snapshot().sip_address, format!("{first}:{port}"));
    pair.add(second);
    wait_sip_address(&gateway, &format!("{second}:{port}"), FOLLOWS_WITHIN).await;
    let bound = std::net::UdpSocket::bind((second, port)).unwrap_err();
    assert_eq!(bound.kind(), std::io::ErrorKind::AddrInUse, "the gateway is there");
    stop(gateway).await;
}
