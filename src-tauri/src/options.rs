//! What can be said when the program is started.

use std::path::{Path, PathBuf};

use clap::Parser;
use gateway_core::shell::device::DeviceChoice;
use gateway_core::shell::handle::StartOptions;

/// The gateway between analog telephone lines and SIP.
#[derive(Clone, Debug, Default, Parser)]
#[command(name = "loopstart", version, about)]
pub(crate) struct Options {
    /// Folder of the database; created when missing. Without it: the folder of this user for application data.
    #[arg(long, value_name = "DIR", env = "LOOPSTART_DATA_DIR")]
    data_dir: Option<PathBuf>,
    /// Use the simulated box with this many lines. Without it: the box that was chosen last.
    #[arg(long, value_name = "LINES", env = "LOOPSTART_VIRTUAL", value_parser = clap::value_parser!(u16).range(1..=64))]
    virtual_box: Option<u16>,
    /// Use the box on this serial port.
    #[arg(long, value_name = "PORT", env = "LOOPSTART_SERIAL", conflicts_with = "virtual_box")]
    serial: Option<String>,
}

/// The name of this program on the session bus.
const BUS_NAME: &str = "br.loopstart.gateway";

impl Options {
    /// The folder that was asked for, where one was.
    pub(crate) fn own_folder(&self) -> Option<&Path> {
        self.data_dir.as_deref()
    }

    /// The name under which a second start finds the first: one a data folder, because two gateways may run from two folders.
    pub(crate) fn bus_name(&self) -> String {
        let Some(folder) = &self.data_dir else { return BUS_NAME.to_owned() };
        let whole = std::path::absolute(folder).unwrap_or_else(|_| folder.clone());
        // FNV-1a: short, and the same in every start of every version.
        let hash = |hash: u64, byte: u8| (hash ^ u64::from(byte)).wrapping_mul(0x0000_0100_0000_01b3);
        let number = whole.as_os_str().as_encoded_bytes().iter().copied().fold(0xcbf2_9ce4_8422_2325, hash);
        format!("{BUS_NAME}.data{number:016x}")
    }

    /// How to start the gateway. `user_dir`: where this system keeps the application data of this user.
    pub(crate) fn start_options(self, user_dir: Option<PathBuf>) -> StartOptions {
        let data_dir = self.data_dir.unwrap_or_else(|| user_dir.unwrap_or_default().join("loopstart"));
        let device = match (self.virtual_box, self.serial) {
            (Some(ports), _) => Some(DeviceChoice::Virtual { ports }),
            (None, Some(path)) => Some(DeviceChoice::Serial { path }),
            (None, None) => None,
        };
        StartOptions { data_dir, device, profile: None, confirmed: false }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn without_a_word_the_last_box_and_the_folder_of_the_user_are_used() {
        let start = Options::default().start_options(Some(PathBuf::from("/home/ana/.local/share")));
        assert_eq!(start.data_dir, PathBuf::from("/home/ana/.local/share/loopstart"));
        assert_eq!(start.device, None);
    }

    #[test]
    fn a_folder_and_a_simulated_box_can_be_asked_for() {
        let options = Options::try_parse_from(["loopstart", "--data-dir", "/srv/loop", "--virtual-box", "4"]).unwrap();
        let start = options.start_options(Some(PathBuf::from("/home/ana")));
        assert_eq!(start.data_dir, PathBuf::from("/srv/loop"));
        assert_eq!(start.device, Some(DeviceChoice::Virtual { ports: 4 }));
        assert!(Options::try_parse_from(["loopstart", "--virtual-box", "0"]).is_err());
        assert!(Options::try_parse_from(["loopstart", "--virtual-box", "2", "--serial", "COM3"]).is_err());
    }

    #[test]
    fn every_folder_has_one_name_on_the_bus() {
        let name = |arguments: &[&str]| Options::try_parse_from([&["loopstart"], arguments].concat()).unwrap().bus_name();
        assert_eq!(name(&[]), "br.loopstart.gateway");
        assert_eq!(name(&["--data-dir", "/srv/a"]), name(&["--data-dir", "/srv/a", "--virtual-box", "2"]));
        assert_ne!(name(&["--data-dir", "/srv/a"]), name(&["--data-dir", "/srv/b"]));
    }
}
