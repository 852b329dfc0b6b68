//! Which box to use, which ones there are, and how the chosen one is doing.

use serde::{Deserialize, Serialize};

use super::history::WireStatus;
use crate::fxo::catalog::{Driver, FXLP_BOX, UsbId, VOICE_MODEM, driver_for};
use crate::fxo::{Identity, LinkCounters};
use crate::shell::card::CardId;

/// The box that a person chose.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "specta", derive(specta::Type))]
#[serde(tag = "kind", rename_all = "snake_case")]
pub enum DeviceChoice {
    /// No box: SIP works, every line is absent.
    #[default]
    None,
    /// The simulated box inside this program, with lines that a person can ring.
    Virtual {
        /// Number of its lines.
        ports: u16,
    },
    /// A box on a serial port.
    Serial {
        /// Path or name of the serial port, such as `/dev/ttyACM0` or `COM3`.
        path: String,
    },
    /// A box on a serial port whose voice is on a sound card that a person chose. Without that, a box that has its voice on a
    /// card only brings the card that is the same USB device.
    SerialWithCard {
        /// Path or name of the serial port.
        path: String,
        /// The sound card.
        card: CardId,
    },
    /// A device on a serial port whose USB numbers do not tell the driver.
    SerialAs {
        /// Path or name of the serial port.
        path: String,
        /// The driver, as the catalog names it.
        driver: String,
    },
    /// Voice modems: a line each, in this order.
    Modems {
        /// Paths or names of their serial ports.
        paths: Vec<String>,
    },
}

impl DeviceChoice {
    /// How many devices that are.
    #[must_use]
    pub fn devices(&self) -> usize {
        match self {
            DeviceChoice::None => 0,
            DeviceChoice::Virtual { .. }
            | DeviceChoice::Serial { .. }
            | DeviceChoice::SerialWithCard { .. }
            | DeviceChoice::SerialAs { .. } => 1,
            DeviceChoice::Modems { paths } => paths.len(),
        }
    }

    /// The serial ports of its devices, in their order.
    pub(super) fn paths(&self) -> Vec<&String> {
        match self {
            DeviceChoice::None | DeviceChoice::Virtual { .. } => Vec::new(),
            DeviceChoice::Serial { path } | DeviceChoice::SerialWithCard { path, .. } | DeviceChoice::SerialAs { path, .. } => vec![path],
            DeviceChoice::Modems { paths } => paths.iter().collect(),
        }
    }

    /// The device number `index` is at another serial port; true when that is new.
    pub(super) fn set_path(&mut self, index: usize, to: &str) -> bool {
        let path = match self {
            DeviceChoice::None | DeviceChoice::Virtual { .. } => None,
            DeviceChoice::Serial { path } | DeviceChoice::SerialWithCard { path, .. } | DeviceChoice::SerialAs { path, .. } => Some(path),
            DeviceChoice::Modems { paths } => paths.get_mut(index),
        };
        path.filter(|path| *path != to).map(|path| to.clone_into(path)).is_some()
    }
}

/// One line of the device menu.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "specta", derive(specta::Type))]
pub struct DeviceEntry {
    /// What to choose.
    pub choice: DeviceChoice,
    /// What it is called: the USB product, or the path.
    pub name: String,
    /// USB vendor and product ids as `vvvv:pppp`, empty where there are none.
    pub usb: String,
    /// USB serial number, empty where there is none.
    pub serial: String,
    /// Whether a driver of this program knows it; a person may still choose one that is unknown.
    pub known: bool,
    /// Whether its voice may be on a sound card that a person chooses.
    pub takes_card: bool,
    /// Whether it is the one in use.
    pub chosen: bool,
}

/// Why the box cannot be used at the moment.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "specta", derive(specta::Type))]
#[serde(rename_all = "snake_case")]
pub enum DeviceFault {
    /// There is no such serial port (unplugged).
    NotFound,
    /// Another program has it open.
    Busy,
    /// This user may not open it.
    Denied,
    /// The system could not open it for another reason.
    OpenFailed,
    /// It was unplugged, or the wire failed.
    Unplugged,
    /// It is open but does not answer, or stopped to.
    Silent,
    /// It answers, but is not what is needed: a modem for data and fax only, or another device than its driver is for.
    Unfit,
    /// It does not take what is sent to it.
    Stuck,
    /// The sound card with its voice is missing, or was unplugged.
    NoCard,
    /// Another program uses the sound card with its voice.
    CardBusy,
    /// The sound card with its voice has no form that lines fit in.
    CardUnfit,
    /// Our own code for it failed; it was closed and is opened again.
    Crashed,
}

/// How the chosen box is doing.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "specta", derive(specta::Type))]
#[serde(tag = "state", rename_all = "snake_case")]
pub enum DeviceState {
    /// No box is chosen.
    #[default]
    Off,
    /// It is being opened, and has not answered yet.
    Opening,
    /// It answers.
    Up {
        /// Who it is.
        identity: Identity,
    },
    /// It cannot be used; it is tried again.
    Lost {
        /// Why.
        fault: DeviceFault,
        /// Time to the next try, in ms.
        retry_ms: u32,
    },
}

/// The chosen box and how it is doing.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "specta", derive(specta::Type))]
pub struct DeviceStatus {
    /// What was chosen.
    pub choice: DeviceChoice,
    /// How it is doing.
    pub state: DeviceState,
    /// What went wrong on its wires since it was chosen.
    pub counters: LinkCounters,
    /// Each of its wires: one of a box, one each of several modems.
    pub wires: Vec<WireStatus>,
}

/// The device menu: what is plugged in, the simulated box, and the one in use even when it is gone. Several modems can be
/// chosen one by one, or together.
#[must_use]
pub fn list(chosen: &DeviceChoice) -> Vec<DeviceEntry> {
    menu(serialport::available_ports().unwrap_or_default().iter().map(entry).collect(), chosen)
}

fn menu(mut entries: Vec<DeviceEntry>, chosen: &DeviceChoice) -> Vec<DeviceEntry> {
    entries.sort_by(|a, b| (!a.known, &a.name).cmp(&(!b.known, &b.name)));
    let modems: Vec<String> = entries.iter().flat_map(|entry| modem_paths(&entry.choice)).cloned().collect();
    if modems.len() > 1 {
        entries.insert(0, plain_entry(DeviceChoice::Modems { paths: modems }, String::new(), true));
    }
    let simulated = match chosen {
        DeviceChoice::Virtual { ports } => *ports,
        DeviceChoice::None
        | DeviceChoice::Serial { .. }
        | DeviceChoice::SerialWithCard { .. }
        | DeviceChoice::SerialAs { .. }
        | DeviceChoice::Modems { .. } => 2,
    };
    entries.push(plain_entry(DeviceChoice::Virtual { ports: simulated }, String::new(), true));
    // A port is listed once: how a person chose to use it stands in place of how it would be used by itself.
    if let Some(port) = only_port(chosen)
        && let Some(listed) = entries.iter_mut().find(|entry| only_port(&entry.choice) == Some(port))
    {
        listed.choice = chosen.clone();
    }
    if *chosen != DeviceChoice::None && !entries.iter().any(|entry| entry.choice == *chosen) {
        let name = only_port(chosen).unwrap_or_default().to_owned();
        entries.insert(0, plain_entry(chosen.clone(), name, false));
    }
    for entry in &mut entries {
        entry.chosen = entry.choice == *chosen;
    }
    entries
}

fn modem_paths(choice: &DeviceChoice) -> &[String] {
    match choice {
        DeviceChoice::Modems { paths } => paths,
        DeviceChoice::None
        | DeviceChoice::Virtual { .. }
        | DeviceChoice::Serial { .. }
        | DeviceChoice::SerialWithCard { .. }
        | DeviceChoice::SerialAs { .. } => &[],
    }
}

/// The serial port of a choice that is on one.
fn only_port(choice: &DeviceChoice) -> Option<&str> {
    match choice.paths().as_slice() {
        [path] => Some(path),
        _ => None,
    }
}

/// The driver for the serial port at `path`, as its USB numbers tell; a port that tells nothing may well have our box.
pub(super) fn driver_at(path: &str) -> &'static Driver {
    port_at(path).and_then(|port| driver_of(&port.port_type)).unwrap_or(&FXLP_BOX)
}

/// What the USB device with the serial port at `path` calls itself.
pub(super) fn product_at(path: &str) -> Option<String> {
    match port_at(path)?.port_type {
        serialport::SerialPortType::UsbPort(usb) => usb.product,
        serialport::SerialPortType::PciPort | serialport::SerialPortType::BluetoothPort | serialport::SerialPortType::Unknown => None,
    }
}

/// The USB numbers of the device with the serial port at `path`.
pub(super) fn usb_at(path: &str) -> Option<UsbId> {
    match port_at(path)?.port_type {
        serialport::SerialPortType::UsbPort(usb) => Some(UsbId { vendor: usb.vid, product: usb.pid }),
        serialport::SerialPortType::PciPort | serialport::SerialPortType::BluetoothPort | serialport::SerialPortType::Unknown => None,
    }
}

fn port_at(path: &str) -> Option<serialport::SerialPortInfo> {
    // What the system lists has the plain name, whatever link a person gave.
    let plain = std::fs::canonicalize(path).map_or_else(|_| path.to_owned(), |plain| plain.to_string_lossy().into_owned());
    let ports = serialport::available_ports().unwrap_or_default();
    ports.into_iter().find(|port| port.port_name == plain || port.port_name == path)
}

fn driver_of(port: &serialport::SerialPortType) -> Option<&'static Driver> {
    match port {
        serialport::SerialPortType::UsbPort(usb) => driver_for(UsbId { vendor: usb.vid, product: usb.pid }),
        serialport::SerialPortType::PciPort | serialport::SerialPortType::BluetoothPort | serialport::SerialPortType::Unknown => None,
    }
}

fn plain_entry(choice: DeviceChoice, name: String, known: bool) -> DeviceEntry {
    let takes_card = matches!(choice, DeviceChoice::Serial { .. } | DeviceChoice::SerialWithCard { .. });
    DeviceEntry { choice, name, usb: String::new(), serial: String::new(), known, takes_card, chosen: false }
}

fn entry(port: &serialport::SerialPortInfo) -> DeviceEntry {
    let driver = driver_of(&port.port_type);
    let choice = match driver {
        Some(driver) if driver.id == VOICE_MODEM.id => DeviceChoice::Modems { paths: vec![port.port_name.clone()] },
        Some(_) | None => DeviceChoice::Serial { path: port.port_name.clone() },
    };
    match &port.port_type {
        serialport::SerialPortType::UsbPort(usb) => DeviceEntry {
            choice,
            name: usb.product.clone().unwrap_or_else(|| port.port_name.clone()),
            usb: format!("{:04x}:{:04x}", usb.vid, usb.pid),
            serial: usb.serial_number.clone().unwrap_or_default(),
            known: driver.is_some(),
            takes_card: driver.is_none_or(|driver| driver.id == FXLP_BOX.id),
            chosen: false,
        },
        serialport::SerialPortType::PciPort | serialport::SerialPortType::BluetoothPort | serialport::SerialPortType::Unknown => {
            plain_entry(choice, port.port_name.clone(), false)
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_menu_always_shows_the_simulated_box_and_the_one_in_use() {
        let chosen = DeviceChoice::Serial { path: "/dev/no-such-box".to_owned() };
        let menu = list(&chosen);
        assert_eq!(menu.iter().filter(|entry| entry.chosen).count(), 1);
        assert!(menu.iter().any(|entry| entry.choice == DeviceChoice::Virtual { ports: 2 }));
        let menu = list(&DeviceChoice::Virtual { ports: 5 });
        assert!(menu.iter().any(|entry| entry.chosen && entry.choice == DeviceChoice::Virtual { ports: 5 }));
    }

    fn modem(path: &str) -> DeviceEntry {
        let usb = serialport::UsbPortInfo {
            vid: 0x0572,
            pid: 0x1329,
            serial_number: None,
            manufacturer: None,
            product: None,
            location: None,
            interface: None,
        };
        entry(&serialport::SerialPortInfo { port_name: path.to_owned(), port_type: serialport::SerialPortType::UsbPort(usb) })
    }

    #[test]
    fn modems_are_offered_one_by_one_and_together() {
        let choices =
            |entries, chosen: &DeviceChoice| -> Vec<DeviceChoice> { menu(entries, chosen).into_iter().map(|entry| entry.choice).collect() };
        let of = |paths: &[&str]| DeviceChoice::Modems { paths: paths.iter().map(|path| (*path).to_owned()).collect() };
        let simulated = DeviceChoice::Virtual { ports: 2 };
        assert_eq!(choices(vec![modem("ttyACM0")], &DeviceChoice::None), [of(&["ttyACM0"]), simulated.clone()]);
        let both = of(&["ttyACM0", "ttyACM1"]);
        let expected = [both.clone(), of(&["ttyACM0"]), of(&["ttyACM1"]), simulated.clone()];
        assert_eq!(choices(vec![modem("ttyACM1"), modem("ttyACM0")], &both), expected);
        // The chosen ones stay in the menu when one of them is gone.
        assert_eq!(choices(vec![modem("ttyACM1")], &both), [both.clone(), of(&["ttyACM1"]), simulated]);
    }

    fn plug(path: &str, vid: u16, pid: u16) -> DeviceEntry {
        let product = Some("Box".to_owned());
        let usb = serialport::UsbPortInfo { vid, pid, serial_number: None, manufacturer: None, product, location: None, interface: None };
        entry(&serialport::SerialPortInfo { port_name: path.to_owned(), port_type: serialport::SerialPortType::UsbPort(usb) })
    }

    #[test]
    fn a_port_is_listed_once_the_way_a_person_chose_to_use_it() {
        let path = || "ttyACM0".to_owned();
        let ways = [
            DeviceChoice::SerialWithCard { path: path(), card: CardId::of_both("alsa:hw:CARD=Box,DEV=0") },
            DeviceChoice::SerialAs { path: path(), driver: "sangoma-u100".to_owned() },
            DeviceChoice::Modems { paths: vec![path()] },
        ];
        for chosen in ways {
            let listed = menu(vec![plug("ttyACM0", 0x1209, 0x0001), plug("ttyACM1", 0x1209, 0x0001)], &chosen);
            assert_eq!(listed.len(), 3, "{chosen:?}");
            assert_eq!((&listed[0].choice, listed[0].name.as_str(), listed[0].chosen), (&chosen, "Box", true));
            assert!(!listed[1].chosen);
            // Unplugged, it stays in the menu by its path.
            let gone = menu(Vec::new(), &chosen);
            assert_eq!((&gone[0].choice, gone[0].known, gone[0].chosen), (&chosen, false, true));
        }
    }

    #[test]
    fn only_what_may_be_our_box_takes_a_card() {
        assert!(plug("ttyACM0", 0x1209, 0x0001).takes_card);
        assert!(plug("ttyUSB0", 0x0403, 0x6001).takes_card);
        assert!(!plug("ttyUSB1", 0x10C4, 0x8461).takes_card);
        assert!(!modem("ttyACM1").takes_card);
        assert!(menu(Vec::new(), &DeviceChoice::Serial { path: "gone".to_owned() })[0].takes_card);
    }
}
