//! A place for one test: a folder, and a block of UDP ports that no other test has.

#[path = "../bench/udp_block.rs"]
mod udp_block;

use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU32, Ordering};

use udp_block::UdpBlock;

/// Ports of a test: two and the RTP of four ports for the gateway, ten for each of eight peers.
const PORTS: u16 = 90;

/// The folder and ports of one test.
pub struct Place {
    folder: PathBuf,
    ports: UdpBlock,
}

impl Place {
    pub fn new() -> Self {
        static NUMBER: AtomicU32 = AtomicU32::new(0);
        let number = NUMBER.fetch_add(1, Ordering::Relaxed);
        let folder = std::env::temp_dir().join(format!("loopstart-peers-{}-{number}", std::process::id()));
        std::fs::create_dir_all(&folder).unwrap();
        Place { folder, ports: UdpBlock::take(PORTS) }
    }

    pub fn folder(&self) -> &Path {
        &self.folder
    }

    /// A folder inside, made if need be.
    pub fn below(&self, name: &str) -> PathBuf {
        let path = self.folder.join(name);
        std::fs::create_dir_all(&path).unwrap();
        path
    }

    /// SIP of the gateway.
    pub fn sip(&self) -> u16 {
        self.ports.first()
    }

    /// SIP over TLS of the gateway.
    pub fn sip_tls(&self) -> u16 {
        self.ports.first() + 1
    }

    /// First RTP port of the gateway.
    pub fn rtp(&self) -> u16 {
        self.ports.first() + 2
    }

    /// The first of ten ports of a peer; there are eight peers. It is even.
    pub fn peer(&self, number: u16) -> u16 {
        assert!(number < 8);
        self.ports.first() + 10 + 10 * number
    }
}

impl Drop for Place {
    fn drop(&mut self) {
        if std::thread::panicking() {
            eprintln!("kept: {}", self.folder.display());
        } else {
            let _ = std::fs::remove_dir_all(&self.folder);
        }
    }
}
