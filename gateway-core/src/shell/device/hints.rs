//! What a person can change in the system so that the chosen box can be opened. Each remedy is exact: the rule, the group or the
//! program that it is about; how to use it is said by whoever shows it.

#[cfg(target_os = "linux")]
mod linux_system;
pub mod udev;

use std::collections::BTreeSet;

use serde::{Deserialize, Serialize};

use super::choice::{DeviceFault, DeviceState, DeviceStatus, usb_at};
use super::history::WireStatus;
use crate::fxo::catalog::UsbId;

/// A remedy, and the wire that it is for.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[cfg_attr(feature = "specta", derive(specta::Type))]
pub struct DeviceHint {
    /// Path or name of the serial port.
    pub path: String,
    /// What to do.
    pub remedy: Remedy,
}

/// What a person can change.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[cfg_attr(feature = "specta", derive(specta::Type))]
#[serde(tag = "kind", rename_all = "snake_case")]
pub enum Remedy {
    /// Linux: a udev rule that lets whoever sits at the computer open the device.
    AccessRule {
        /// The file that it belongs in.
        file: String,
        /// Its whole text.
        rule: String,
    },
    /// Linux: the group that may open the port.
    Group {
        /// Its name.
        group: String,
        /// The command that puts this user in it.
        command: String,
    },
    /// Linux: a udev rule that keeps ModemManager, which runs, away from the device.
    ModemManagerRule {
        /// The file that it belongs in.
        file: String,
        /// Its whole text.
        rule: String,
    },
    /// Linux: a udev rule that keeps the sound server of the desktop away from the card of the device.
    SoundRule {
        /// The file that it belongs in.
        file: String,
        /// Its whole text.
        rule: String,
    },
    /// Windows: another program has the port, or its driver is missing.
    WindowsPort,
    /// macOS: another program has the port.
    MacPort,
}

/// The system, as far as remedies differ.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum System {
    Linux,
    Windows,
    MacOs,
    Other,
}

impl System {
    const fn here() -> System {
        if cfg!(target_os = "linux") {
            System::Linux
        } else if cfg!(windows) {
            System::Windows
        } else if cfg!(target_os = "macos") {
            System::MacOs
        } else {
            System::Other
        }
    }
}

/// What is known of the port of a wire.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
struct Facts {
    usb: Option<UsbId>,
    /// The port is that of a CDC-ACM device, as modems are.
    is_acm: bool,
    /// The group that may open the port.
    group: Option<String>,
    /// ModemManager runs.
    modem_manager: bool,
    /// A rule that keeps ModemManager away from it is in force.
    kept_away: bool,
}

/// What would help the chosen box. It looks at the serial ports and the processes of the system, which takes a moment.
#[must_use]
pub fn hints(status: &DeviceStatus) -> Vec<DeviceHint> {
    let found = status.wires.iter().filter(|wire| !wire.path.is_empty()).flat_map(|wire| {
        let facts = look(&wire.path);
        remedies(System::here(), fault(wire), &facts).into_iter().map(|remedy| DeviceHint { path: wire.path.clone(), remedy })
    });
    // Two modems of a kind want the same rule: the first of them shows it.
    let mut seen = BTreeSet::new();
    found.filter(|hint| seen.insert(hint.remedy.clone())).collect()
}

fn fault(wire: &WireStatus) -> Option<DeviceFault> {
    match wire.state {
        DeviceState::Lost { fault, .. } => Some(fault),
        DeviceState::Off | DeviceState::Opening | DeviceState::Up { .. } => None,
    }
}

fn remedies(system: System, fault: Option<DeviceFault>, facts: &Facts) -> Vec<Remedy> {
    let denied = fault == Some(DeviceFault::Denied);
    let busy = fault == Some(DeviceFault::Busy);
    match system {
        System::Linux => linux(fault, facts),
        System::Windows if denied || busy => vec![Remedy::WindowsPort],
        System::MacOs if denied || busy => vec![Remedy::MacPort],
        System::Windows | System::MacOs | System::Other => Vec::new(),
    }
}

fn linux(fault: Option<DeviceFault>, facts: &Facts) -> Vec<Remedy> {
    let mut remedies = Vec::new();
    if fault == Some(DeviceFault::Denied) {
        let access = |usb| Remedy::AccessRule { file: udev::FILE.to_owned(), rule: udev::serial_rule(usb) };
        remedies.extend(facts.usb.map(access));
        remedies.extend(
            facts
                .group
                .as_deref()
                .map(|group| Remedy::Group { group: group.to_owned(), command: format!("sudo usermod -aG {group} \"$USER\"") }),
        );
    } else if facts.modem_manager && !facts.kept_away && (facts.is_acm || fault == Some(DeviceFault::Busy)) {
        let away = |usb| Remedy::ModemManagerRule { file: udev::FILE.to_owned(), rule: udev::serial_rule(usb) };
        remedies.extend(facts.usb.map(away));
    }
    if fault == Some(DeviceFault::CardBusy) {
        let sound = |usb| Remedy::SoundRule { file: udev::SOUND_FILE.to_owned(), rule: udev::sound_rule(usb) };
        remedies.extend(facts.usb.map(sound));
    }
    remedies
}

#[cfg(target_os = "linux")]
fn look(path: &str) -> Facts {
    let plain = std::fs::canonicalize(path).unwrap_or_else(|_| path.into());
    Facts {
        usb: usb_at(path),
        is_acm: plain.file_name().is_some_and(|name| name.to_string_lossy().starts_with("ttyACM")),
        group: linux_system::group_of(&plain),
        modem_manager: linux_system::runs(std::path::Path::new("/proc"), "ModemManager"),
        kept_away: linux_system::ignored_by_modem_manager(&plain),
    }
}

#[cfg(not(target_os = "linux"))]
fn look(path: &str) -> Facts {
    Facts { usb: usb_at(path), ..Facts::default() }
}

#[cfg(test)]
mod tests {
    use super::*;

    const MODEM: UsbId = UsbId { vendor: 0x0572, product: 0x1329 };

    fn facts() -> Facts {
        Facts { usb: Some(MODEM), is_acm: true, group: Some("dialout".to_owned()), modem_manager: true, kept_away: false }
    }

    fn kinds(system: System, fault: Option<DeviceFault>, facts: &Facts) -> Vec<String> {
        let kind = |remedy| serde_json::to_value(remedy).unwrap()["kind"].as_str().unwrap().to_owned();
        remedies(system, fault, facts).into_iter().map(kind).collect()
    }

    #[test]
    fn a_port_that_may_not_be_opened_wants_the_rule_of_exactly_this_device_or_the_group() {
        let remedies = remedies(System::Linux, Some(DeviceFault::Denied), &facts());
        let [Remedy::AccessRule { file, rule }, Remedy::Group { group, command }] = &remedies[..] else { panic!("{remedies:?}") };
        assert_eq!(file, "/etc/udev/rules.d/60-loopstart.rules");
        assert!(rule.contains(r#"ATTRS{idVendor}=="0572", ATTRS{idProduct}=="1329""#) && rule.contains(r#"TAG+="uaccess""#), "{rule}");
        assert_eq!((group.as_str(), command.as_str()), ("dialout", "sudo usermod -aG dialout \"$USER\""));
        // A real UART has no numbers, and root's own port no group.
        let uart = Facts { usb: None, is_acm: false, ..facts() };
        assert_eq!(kinds(System::Linux, Some(DeviceFault::Denied), &uart), ["group"]);
        assert!(kinds(System::Linux, Some(DeviceFault::Denied), &Facts::default()).is_empty());
    }

    #[test]
    fn modem_manager_is_named_where_it_runs_and_may_have_the_device() {
        assert_eq!(kinds(System::Linux, Some(DeviceFault::Busy), &facts()), ["modem_manager_rule"]);
        assert_eq!(kinds(System::Linux, None, &facts()), ["modem_manager_rule"]);
        let bridge = Facts { is_acm: false, ..facts() };
        assert_eq!(kinds(System::Linux, Some(DeviceFault::Busy), &bridge), ["modem_manager_rule"]);
        assert!(kinds(System::Linux, None, &bridge).is_empty());
        assert!(kinds(System::Linux, Some(DeviceFault::Busy), &Facts { modem_manager: false, ..facts() }).is_empty());
        assert!(kinds(System::Linux, Some(DeviceFault::Busy), &Facts { kept_away: true, ..facts() }).is_empty());
    }

    #[test]
    fn a_card_in_use_wants_the_rule_against_the_sound_server() {
        let facts = Facts { modem_manager: false, ..facts() };
        assert_eq!(kinds(System::Linux, Some(DeviceFault::CardBusy), &facts), ["sound_rule"]);
    }

    #[test]
    fn other_systems_have_remedies_of_their_own() {
        for fault in [DeviceFault::Denied, DeviceFault::Busy] {
            assert_eq!(kinds(System::Windows, Some(fault), &facts()), ["windows_port"]);
            assert_eq!(kinds(System::MacOs, Some(fault), &facts()), ["mac_port"]);
            assert!(kinds(System::Other, Some(fault), &facts()).is_empty());
        }
        assert!(kinds(System::Windows, Some(DeviceFault::Silent), &facts()).is_empty());
        assert!(kinds(System::MacOs, None, &facts()).is_empty());
    }

    #[test]
    fn the_simulated_box_wants_nothing() {
        let mut status = DeviceStatus::default();
        assert!(hints(&status).is_empty());
        status.wires = super::super::history::History::of(&super::super::DeviceChoice::Virtual { ports: 2 }).wires();
        assert!(hints(&status).is_empty());
    }
}
