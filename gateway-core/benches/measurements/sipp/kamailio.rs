//! Kamailio as a registrar with digest and nothing else.

#[path = "../../../tests/bench/kamailio_home.rs"]
mod kamailio_home;

use std::time::Duration;

use super::super::place::{Folder, free_ports};
use super::super::processor::Usage;
use super::super::program::Program;

pub(crate) use kamailio_home::modules;

/// A running registrar.
pub struct Registrar {
    // It ends with this.
    _program: Program,
    folder: Folder,
    port: u16,
}

impl Registrar {
    /// Starts it; every user has this secret.
    pub fn start(modules: &str, secret: &str) -> Self {
        let (folder, port) = (Folder::new(), free_ports(2));
        let file = folder.path().join("kamailio.cfg");
        let fill = [("@modules@", modules), ("@port@", &port.to_string()), ("@secret@", secret)];
        let config = fill.iter().fold(include_str!("kamailio.cfg").to_owned(), |text, (mark, value)| text.replace(mark, value));
        std::fs::write(&file, config).unwrap();
        let (file, home) = (file.to_str().unwrap(), folder.path().to_str().unwrap());
        let args = ["-f", file, "-DD", "-E", "-m", "64", "-M", "8", "-Y", home, "-w", home, "-P", &format!("{home}/pid")];
        let mut program = Program::start(kamailio_home::program(), &args);
        assert!(!program.ended(Duration::from_secs(2)), "{}", program.complaints());
        Registrar { _program: program, folder, port }
    }

    pub fn port(&self) -> u16 {
        self.port
    }

    /// What all its processes have used of the processors.
    pub fn processor(&self) -> Option<Usage> {
        let main = std::fs::read_to_string(self.folder.path().join("pid")).ok()?;
        let main = main.trim();
        let children = std::fs::read_to_string(format!("/proc/{main}/task/{main}/children")).ok()?;
        Some(std::iter::once(main).chain(children.split_whitespace()).filter_map(Usage::of).fold(Usage::none(), Usage::and))
    }
}
