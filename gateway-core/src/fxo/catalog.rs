//! The drivers that can be chosen in the device menu.

use serde::{Deserialize, Serialize};

use super::Device;
use super::boxlink::driver::{BoxDriver, BoxOptions};

/// One driver. The list of all of them is [`DRIVERS`].
#[derive(Clone, Copy, Debug)]
pub struct Driver {
    /// How settings name it; never changes.
    pub id: &'static str,
    /// What its bytes travel on.
    pub kind: DriverKind,
    /// USB devices that it is for.
    pub usb_ids: &'static [UsbId],
    /// Makes one.
    pub make: fn() -> Box<dyn Device>,
}

/// What the bytes of a device travel on.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "specta", derive(specta::Type))]
#[serde(tag = "kind", rename_all = "snake_case")]
pub enum DriverKind {
    /// A serial port, USB (CDC-ACM) or not.
    Serial {
        /// Bits a second, where the port is a real UART.
        baud: u32,
    },
    /// A virtual box in this very process.
    Virtual,
}

/// A USB device by its numbers.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "specta", derive(specta::Type))]
pub struct UsbId {
    /// Vendor.
    pub vendor: u16,
    /// Product.
    pub product: u16,
}

/// Every driver there is.
pub const DRIVERS: &[Driver] = &[
    Driver {
        id: "fxlp-box",
        kind: DriverKind::Serial { baud: 921_600 },
        // A number that pid.codes gives to prototypes; a box that is sold needs one of its own.
        usb_ids: &[UsbId { vendor: 0x1209, product: 0x0001 }],
        make: box_driver,
    },
    Driver { id: "virtual", kind: DriverKind::Virtual, usb_ids: &[], make: box_driver },
];

/// The driver that settings name `id`.
#[must_use]
pub fn driver(id: &str) -> Option<&'static Driver> {
    DRIVERS.iter().find(|driver| driver.id == id)
}

/// The driver for a USB device, if there is one.
#[must_use]
pub fn driver_for(usb: UsbId) -> Option<&'static Driver> {
    DRIVERS.iter().find(|driver| driver.usb_ids.contains(&usb))
}

fn box_driver() -> Box<dyn Device> {
    Box::new(BoxDriver::new(BoxOptions::default()))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::fxo::DeviceOutput;
    use crate::time::Moment;

    #[test]
    fn every_driver_has_a_name_of_its_own_and_says_something_when_opened() {
        for entry in DRIVERS {
            assert_eq!(DRIVERS.iter().filter(|other| other.id == entry.id).count(), 1);
            assert_eq!(driver(entry.id).map(|found| found.id), Some(entry.id));
            let mut out = Vec::new();
            (entry.make)().open(Moment::ZERO, &mut out);
            assert!(matches!(out[..], [DeviceOutput::Write(_)]));
        }
        assert!(driver("none").is_none());
    }

    #[test]
    fn our_box_is_known_by_its_usb_numbers() {
        let found = driver_for(UsbId { vendor: 0x1209, product: 0x0001 });
        assert_eq!(found.map(|driver| driver.id), Some("fxlp-box"));
        assert!(driver_for(UsbId { vendor: 0, product: 0 }).is_none());
    }
}
