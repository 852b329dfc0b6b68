//! What a person chose, held on to by what it is: a box stays that box when the system gives it another name, or a person another
//! USB socket; and another box that took its name is not taken for it.

use std::io;
use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};

use super::choice::DeviceChoice;

/// The file in the data folder that remembers the chosen box.
const FILE: &str = "device.json";

/// How USB tells devices apart.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct UsbMark {
    vendor: u16,
    product: u16,
    /// The serial number, where the device has one.
    serial: Option<String>,
    /// Where it is plugged in: the bus, then the port of each hub on the way, such as `1-4.2`.
    socket: Option<String>,
    /// Which of its interfaces the serial port is.
    interface: Option<u8>,
}

impl UsbMark {
    fn is_alike(&self, other: &UsbMark) -> bool {
        let of = |mark: &UsbMark| (mark.vendor, mark.product, mark.interface, mark.serial.is_some());
        of(self) == of(other)
    }

    /// The same device: the serial number tells, and where there is none the socket.
    fn is(&self, other: &UsbMark) -> bool {
        let same = if self.serial.is_some() { self.serial == other.serial } else { self.socket.is_some() && self.socket == other.socket };
        self.is_alike(other) && same
    }
}

impl From<&serialport::UsbPortInfo> for UsbMark {
    fn from(usb: &serialport::UsbPortInfo) -> Self {
        let socket = usb.location.as_ref().map(|at| {
            let ports: Vec<String> = at.port_chain().iter().map(u8::to_string).collect();
            format!("{}-{}", at.bus_id(), ports.join("."))
        });
        let serial = usb.serial_number.clone().filter(|serial| !serial.trim().is_empty());
        UsbMark { vendor: usb.vid, product: usb.pid, serial, socket, interface: usb.interface }
    }
}

/// A serial port of this computer that is on USB.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Plugged {
    path: String,
    mark: UsbMark,
}

impl Plugged {
    pub(super) fn path(&self) -> &str {
        &self.path
    }
}

/// What is plugged in at the moment.
pub(super) fn plugged() -> Vec<Plugged> {
    let on_usb = |port: serialport::SerialPortInfo| match &port.port_type {
        serialport::SerialPortType::UsbPort(usb) => Some(Plugged { mark: usb.into(), path: port.port_name }),
        serialport::SerialPortType::PciPort | serialport::SerialPortType::BluetoothPort | serialport::SerialPortType::Unknown => None,
    };
    let ports = serialport::available_ports().unwrap_or_default().into_iter().filter_map(on_usb);
    ports.filter(|port| !(cfg!(target_os = "macos") && is_dial_in(&port.path))).collect()
}

/// macOS names each port twice; the dial-in name (`tty.`) waits for a carrier, which no box has.
fn is_dial_in(path: &str) -> bool {
    path.starts_with("/dev/tty.")
}

/// Where a device of the choice is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Whereabouts {
    /// At the path that the choice has; whether anything is there shows when it is opened.
    There,
    /// At this port, which has its mark, or may be it in another socket.
    At(Plugged),
    /// Nowhere: another device took its path.
    Missing,
}

/// A device is in another socket than the last time.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Moved {
    pub(super) from: String,
    pub(super) to: String,
}

/// The choice, and by what its devices are known again.
#[derive(Debug, Serialize, Deserialize)]
struct Kept {
    choice: DeviceChoice,
    /// In the order of its devices. What is not on USB, or was never there, has none.
    marks: Vec<Option<UsbMark>>,
}

impl Kept {
    fn new(choice: DeviceChoice) -> Self {
        let marks = vec![None; choice.devices()];
        Kept { choice, marks }
    }
}

/// The choice that holds.
#[derive(Debug)]
pub(crate) struct Chosen {
    kept: Kept,
    /// Where a choice is remembered.
    file: Option<PathBuf>,
    /// A choice for this run only is not.
    is_remembered: bool,
}

impl Chosen {
    /// What a gateway begins with: the box that it was `given`, or the one that was chosen last.
    pub(crate) fn at_start(given: Option<DeviceChoice>, data_dir: &Path) -> Self {
        match given {
            Some(choice) => Chosen { file: Some(data_dir.join(FILE)), ..Chosen::for_this_run(choice) },
            None => Chosen::remembered(data_dir.join(FILE)),
        }
    }

    /// The box that was chosen last; the simulated box when nothing usable is remembered.
    fn remembered(file: PathBuf) -> Self {
        let text = std::fs::read(&file).unwrap_or_default();
        // A choice alone is what was written before devices were known by their marks.
        let alone = || serde_json::from_slice(&text).map(Kept::new);
        let mut kept = serde_json::from_slice(&text).or_else(|_| alone()).unwrap_or_else(|_| Kept::new(DeviceChoice::Virtual { ports: 2 }));
        kept.marks.resize(kept.choice.devices(), None);
        Chosen { kept, file: Some(file), is_remembered: true }
    }

    /// A box for this run only.
    pub(super) fn for_this_run(choice: DeviceChoice) -> Self {
        Chosen { kept: Kept::new(choice), file: None, is_remembered: false }
    }

    pub(super) fn choice(&self) -> &DeviceChoice {
        &self.kept.choice
    }

    /// A person chose another box, from now on and at the next start.
    pub(super) fn choose(&mut self, choice: DeviceChoice, plugged: &[Plugged]) {
        self.kept = Kept::new(choice);
        for (path, mark) in self.kept.choice.paths().into_iter().zip(&mut self.kept.marks) {
            *mark = plugged.iter().find(|port| port.path == *path).map(|port| port.mark.clone());
        }
        self.is_remembered = true;
        self.remember();
    }

    /// Looks where the device number `index` is. One that was never seen is known by what is found at its path now.
    pub(super) fn look(&self, index: usize, plugged: &[Plugged]) -> Whereabouts {
        let paths = self.kept.choice.paths();
        let Some(path) = paths.get(index) else { return Whereabouts::There };
        let at_path = plugged.iter().find(|port| port.path == **path);
        let known = self.kept.marks.get(index).and_then(Option::as_ref);
        let found = known.map_or(at_path, |mark| self.find(index, mark, plugged));
        match (found, known) {
            (Some(found), _) => Whereabouts::At(found.clone()),
            (None, Some(_)) if at_path.is_some() => Whereabouts::Missing,
            (None, _) => Whereabouts::There,
        }
    }

    /// The device number `index` was opened at this port: the choice follows it, also at the next start.
    pub(super) fn follow(&mut self, index: usize, found: Plugged) -> Option<Moved> {
        let followed = self.kept.choice.set_path(index, &found.path);
        let known = self.kept.marks.get_mut(index)?;
        let (from, to) = (known.as_ref().and_then(|mark| mark.socket.clone()), found.mark.socket.clone());
        if followed || known.as_ref() != Some(&found.mark) {
            *known = Some(found.mark);
            self.remember();
        }
        from.zip(to).filter(|(from, to)| from != to).map(|(from, to)| Moved { from, to })
    }

    /// The device with this mark. One without a serial number that is in no socket of old may be the only one of its kind.
    fn find<'a>(&self, index: usize, mark: &UsbMark, plugged: &'a [Plugged]) -> Option<&'a Plugged> {
        let others = self.kept.marks.iter().enumerate().filter(|(other, _)| *other != index).filter_map(|(_, mark)| mark.as_ref());
        let others: Vec<&UsbMark> = others.collect();
        // Makers give the same serial number more than once: the socket tells such devices apart, and none is taken for another.
        let in_its_socket = |mark: &UsbMark, port: &Plugged| mark.is(&port.mark) && mark.socket == port.mark.socket;
        let free = |port: &&Plugged| !others.iter().any(|other| in_its_socket(other, port));
        let same =
            plugged.iter().filter(|port| in_its_socket(mark, port)).chain(plugged.iter().filter(free).filter(|port| mark.is(&port.mark)));
        same.into_iter().next().or_else(|| {
            let mut alike = plugged.iter().filter(free).filter(|port| mark.is_alike(&port.mark));
            let only = alike.next().filter(|_| mark.serial.is_none())?;
            alike.next().is_none().then_some(only)
        })
    }

    /// Failing to remember a box is no reason not to use it.
    fn remember(&self) {
        let Some(file) = self.file.as_ref().filter(|_| self.is_remembered) else { return };
        let written = serde_json::to_vec(&self.kept).map_err(io::Error::other).and_then(|text| {
            let fresh = file.with_extension("json.new");
            std::fs::write(&fresh, text)?;
            std::fs::rename(&fresh, file)
        });
        if let Err(error) = written {
            tracing::warn!(%error, "the chosen box could not be remembered");
        }
    }
}

#[cfg(test)]
mod tests;
