//! A place for one test: a folder that goes away, and UDP ports that nobody else has.

mod udp_block;

use std::path::{Path, PathBuf};
use std::sync::Mutex;
use std::sync::atomic::{AtomicU32, Ordering};

use gateway_core::config::settings::{GatewaySettings, LineSettings, Mode, PortSettings, Secret, Settings};
use udp_block::UdpBlock;

/// A folder that is removed with everything in it.
pub(crate) struct Folder(PathBuf);

static NUMBER: AtomicU32 = AtomicU32::new(0);

impl Folder {
    pub(crate) fn new() -> Self {
        let number = NUMBER.fetch_add(1, Ordering::Relaxed);
        let path = std::env::temp_dir().join(format!("loopstart-test-{}-{number}", std::process::id()));
        std::fs::create_dir_all(&path).unwrap();
        Folder(path)
    }

    pub(crate) fn path(&self) -> &Path {
        &self.0
    }
}

impl Drop for Folder {
    fn drop(&mut self) {
        let _ = std::fs::remove_dir_all(&self.0);
    }
}

/// The first of `count` UDP ports in a row on 127.0.0.1 that nobody else has until this process ends; it is even.
pub(crate) fn free_ports(count: u16) -> u16 {
    static TAKEN: Mutex<Vec<UdpBlock>> = Mutex::new(Vec::new());
    let block = UdpBlock::take(count);
    let first = block.first();
    TAKEN.lock().unwrap().push(block);
    first
}

/// The secret of the user of a port.
pub(crate) fn secret(number: u16) -> String {
    format!("mX9w-Tr4v-Qz7k-{number}")
}

/// Settings of a server with so many ports on free UDP ports: users `line1`, `line2`, …, each with its [`secret`].
pub(crate) fn server_settings(ports: u16) -> Settings {
    let first = free_ports(2 + 2 * ports);
    let gateway = GatewaySettings { sip_port: first, rtp_port_first: first + 2, ..GatewaySettings::default() };
    let port = |number: u16| PortSettings {
        name: format!("Line {number}"),
        user: format!("line{number}"),
        secret: Secret(secret(number)),
        target: "200".to_owned(),
        ..PortSettings::default()
    };
    Settings { gateway, ports: (1..=ports).map(port).collect() }
}

/// Settings of a trunk to a peer on this computer: no users, numbers dialled at once without waiting for dial tone.
pub(crate) fn trunk_settings(ports: u16, peer: std::net::SocketAddr) -> Settings {
    let mut settings = server_settings(ports);
    settings.gateway.mode = Mode::SipTrunk;
    settings.gateway.remote_server = peer.to_string();
    for port in &mut settings.ports {
        port.only_from_host = "127.0.0.1".to_owned();
        port.line = LineSettings { wait_dial_tone: false, dial_pause_ms: 200, dtmf_on_ms: 80, dtmf_off_ms: 80, ..LineSettings::default() };
    }
    settings
}
