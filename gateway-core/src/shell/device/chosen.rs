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

/// What is plugged in at the moment.
pub(super) fn plugged() -> Vec<Plugged> {
    let on_usb = |port: serialport::SerialPortInfo| match &port.port_type {
        serialport::SerialPortType::UsbPort(usb) => Some(Plugged { mark: usb.into(), path: port.port_name }),
        serialport::SerialPortType::PciPort | serialport::SerialPortType::BluetoothPort | serialport::SerialPortType::Unknown => None,
    };
    serialport::available_ports().unwrap_or_default().into_iter().filter_map(on_usb).collect()
}

/// Where a device of the choice is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Whereabouts {
    /// At the path that the choice has now; whether anything is there shows when it is opened.
    There,
    /// The same, in another socket than the last time.
    Moved { from: String, to: String },
    /// Nowhere: another device took its path.
    Missing,
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

    /// Looks where the device number `index` is, and lets the choice follow it. One that was never seen is known by what is found at
    /// its path now.
    pub(super) fn follow(&mut self, index: usize, plugged: &[Plugged]) -> Whereabouts {
        let Some(path) = self.kept.choice.paths().get(index).map(|path| (*path).clone()) else { return Whereabouts::There };
        let at_path = plugged.iter().find(|port| port.path == path);
        let known = self.kept.marks.get(index).cloned().flatten();
        let found = match &known {
            Some(mark) => self.find(index, mark, plugged),
            None => at_path,
        };
        match (found, known) {
            (Some(found), known) => self.is_at(index, found, known),
            (None, Some(_)) if at_path.is_some() => Whereabouts::Missing,
            (None, _) => Whereabouts::There,
        }
    }

    fn is_at(&mut self, index: usize, found: &Plugged, known: Option<UsbMark>) -> Whereabouts {
        let before = known.as_ref().and_then(|mark| mark.socket.clone());
        let followed = self.kept.choice.set_path(index, &found.path);
        if followed || known.as_ref() != Some(&found.mark) {
            if let Some(mark) = self.kept.marks.get_mut(index) {
                *mark = Some(found.mark.clone());
            }
            self.remember();
        }
        match (before, &found.mark.socket) {
            (Some(from), Some(to)) if from != *to => Whereabouts::Moved { from, to: to.clone() },
            _ => Whereabouts::There,
        }
    }

    /// The device with this mark. One without a serial number that is in no socket of old may be the only one of its kind.
    fn find<'a>(&self, index: usize, mark: &UsbMark, plugged: &'a [Plugged]) -> Option<&'a Plugged> {
        // Makers give the same serial number more than once: the socket tells such devices apart.
        let same = plugged.iter().filter(|port| mark.is(&port.mark)).max_by_key(|port| port.mark.socket == mark.socket);
        same.or_else(|| {
            let others = self.kept.marks.iter().enumerate().filter(|(other, _)| *other != index).filter_map(|(_, mark)| mark.as_ref());
            let others: Vec<&UsbMark> = others.collect();
            let mut free = plugged.iter().filter(|port| mark.is_alike(&port.mark) && !others.iter().any(|other| other.is(&port.mark)));
            let only = free.next().filter(|_| mark.serial.is_none())?;
            free.next().is_none().then_some(only)
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
