//! UDP ports in a row on 127.0.0.1 that no other test has, in this process or in another.

use std::net::{TcpListener, UdpSocket};
use std::sync::atomic::{AtomicU32, Ordering};

/// Ports of a block. The last one is never used: a TCP listener on it says that the block is taken.
const BLOCK: u16 = 100;

/// Blocks lie below the ports that the system hands out by itself, which would not stay free.
const FIRST: u16 = 10_000;
const BLOCKS: u32 = 220;

/// Ports that are this test's for as long as it lives.
pub(crate) struct UdpBlock {
    first: u16,
    _taken: Vec<TcpListener>,
}

impl UdpBlock {
    /// At least `count` ports in a row.
    pub(crate) fn take(count: u16) -> Self {
        static NUMBER: AtomicU32 = AtomicU32::new(0);
        let length = u32::from(count / BLOCK) + 1;
        let start = std::process::id().wrapping_mul(7).wrapping_add(NUMBER.fetch_add(length, Ordering::Relaxed));
        let found = (0..BLOCKS).find_map(|step| take_blocks(start.wrapping_add(step) % BLOCKS, length));
        found.unwrap_or_else(|| panic!("no free ports"))
    }

    /// The first port. It is even.
    pub(crate) fn first(&self) -> u16 {
        self.first
    }
}

fn take_blocks(start: u32, length: u32) -> Option<UdpBlock> {
    if start + length > BLOCKS {
        return None;
    }
    let first_of = |block: u32| FIRST + u16::try_from(block).unwrap_or(u16::MAX) * BLOCK;
    let locks: Result<Vec<_>, _> =
        (start..start + length).map(|block| TcpListener::bind(("127.0.0.1", first_of(block) + BLOCK - 1))).collect();
    let taken = locks.ok()?;
    let free = (first_of(start)..first_of(start + length) - 1).all(|port| UdpSocket::bind(("127.0.0.1", port)).is_ok());
    free.then_some(UdpBlock { first: first_of(start), _taken: taken })
}
