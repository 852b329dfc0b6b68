//! What can be said when the program is started.

use std::path::PathBuf;

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

impl Options {
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
}
