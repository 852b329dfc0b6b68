//! The stage of the peer tests: the real program, the simulated lines behind a pseudo-terminal, and programs of other
//! makers, all on this computer. Whatever starts here ends with the test, also when it fails.

#![allow(unused_imports, reason = "each file of peer tests uses a part of the stage")]

pub mod baresip;
pub mod daemon;
pub mod dnsmasq;
pub mod flood;
pub mod kamailio;
pub mod load;
pub mod nat;
pub mod noise;
pub mod papers;
pub mod place;
pub mod process;
pub mod pulse;
pub mod scene;
pub mod settings;
pub mod simulated;
pub mod sipp;
pub mod sound;
pub mod wire;

pub use baresip::Baresip;
pub use daemon::Daemon;
pub use dnsmasq::Dnsmasq;
pub use flood::Flood;
pub use kamailio::Kamailio;
pub use nat::Nat;
pub use papers::Papers;
pub use place::Place;
pub use pulse::Pulse;
pub use scene::{Call, Scene};
pub use simulated::SimulatedBox;
pub use sipp::Sipp;

use std::time::Duration;

/// The longest that anything which should happen at once may take on a busy machine.
pub const SOON: Duration = Duration::from_secs(15);

/// Whether all of `programs` are installed; says what is missing, so that the test can end as skipped.
pub fn installed(programs: &[&str]) -> bool {
    let paths = std::env::var_os("PATH").unwrap_or_default();
    let found = |program: &str| {
        let extra = ["/usr/sbin", "/usr/local/sbin"].map(std::path::PathBuf::from);
        std::env::split_paths(&paths).chain(extra).any(|folder| folder.join(program).is_file())
    };
    let missing = programs.iter().find(|program| !found(program));
    if let Some(program) = missing {
        eprintln!("skipped: {program} is not installed");
    }
    missing.is_none()
}
