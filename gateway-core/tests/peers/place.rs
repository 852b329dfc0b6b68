//! A place for one test: a folder, and a block of UDP ports that no other test has.

use std::net::{TcpListener, UdpSocket};
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU32, Ordering};

/// Ports of a block. The last one is never used: a TCP listener on it says that the block is taken.
const BLOCK: u16 = 100;

/// Blocks lie below the ports that the system hands out by itself.
const FIRST: u16 = 10_000;
const BLOCKS: u32 = 220;

/// The folder and ports of one test.
pub struct Place {
    folder: PathBuf,
    first: u16,
    _taken: TcpListener,
}

impl Place {
    pub fn new() -> Self {
        static NUMBER: AtomicU32 = AtomicU32::new(0);
        let number = NUMBER.fetch_add(1, Ordering::Relaxed);
        let folder = std::env::temp_dir().join(format!("loopstart-peers-{}-{number}", std::process::id()));
        std::fs::create_dir_all(&folder).unwrap();
        let (first, taken) = take_block(std::process::id().wrapping_mul(7) + number);
        Place { folder, first, _taken: taken }
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
        self.first
    }

    /// First RTP port of the gateway.
    pub fn rtp(&self) -> u16 {
        self.first + 2
    }

    /// The first of ten ports of a peer; there are eight peers. It is even.
    pub fn peer(&self, number: u16) -> u16 {
        assert!(number < 8);
        self.first + 10 + 10 * number
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

fn take_block(start: u32) -> (u16, TcpListener) {
    for step in 0..BLOCKS {
        let first = FIRST + u16::try_from((start + step) % BLOCKS).unwrap() * BLOCK;
        let Ok(taken) = TcpListener::bind(("127.0.0.1", first + BLOCK - 1)) else { continue };
        let free = (first..first + BLOCK - 1).all(|port| UdpSocket::bind(("127.0.0.1", port)).is_ok());
        if free {
            return (first, taken);
        }
    }
    panic!("no free ports");
}
