//! The drivers that can be chosen in the device menu.

use serde::{Deserialize, Serialize};

use super::Device;
use super::boxlink::driver::{BoxDriver, BoxOptions};
use super::modem::chip::country_number;
use super::modem::driver::{ModemDriver, ModemOptions};
use super::u100::driver::U100Driver;
use crate::config::country::Country;

/// One driver. The list of all of them is [`DRIVERS`].
#[derive(Clone, Copy, Debug)]
pub struct Driver {
    /// How settings name it; never changes.
    pub id: &'static str,
    /// What its bytes travel on.
    pub kind: DriverKind,
    /// USB devices that it is for.
    pub usb_ids: &'static [UsbId],
    /// Makes one for lines in a country.
    pub make: fn(&Country) -> Box<dyn Device>,
}

impl Driver {
    /// Bits a second, for a real UART.
    #[must_use]
    pub fn baud(&self) -> u32 {
        match self.kind {
            DriverKind::Serial { baud } => baud,
            DriverKind::Virtual => 0,
        }
    }
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

/// Boxes that speak FXLP/1, also one that nothing is known of.
pub const FXLP_BOX: Driver = Driver {
    id: "fxlp-box",
    kind: DriverKind::Serial { baud: 921_600 },
    // A number that pid.codes gives to prototypes; a box that is sold needs one of its own.
    usb_ids: &[UsbId { vendor: 0x1209, product: 0x0001 }],
    make: box_driver,
};

/// The same driver where a person chose a sound card for the voice; no entry of its own in the list.
pub const FXLP_BOX_WITH_CARD: Driver = Driver { make: box_driver_with_card, ..FXLP_BOX };

/// Voice modems, a line each.
pub const VOICE_MODEM: Driver = Driver {
    id: "voice-modem",
    kind: DriverKind::Serial { baud: 115_200 },
    usb_ids: &[
        // Conexant CX93001 and CX93010, and what is sold with them inside.
        UsbId { vendor: 0x0572, product: 0x1321 },
        UsbId { vendor: 0x0572, product: 0x1324 },
        UsbId { vendor: 0x0572, product: 0x1328 },
        UsbId { vendor: 0x0572, product: 0x1329 },
        UsbId { vendor: 0x0572, product: 0x1340 },
        UsbId { vendor: 0x0572, product: 0x1349 },
        // U.S. Robotics 5637.
        UsbId { vendor: 0x0BAF, product: 0x0303 },
    ],
    make: modem_driver,
};

/// Sangoma U100, two lines behind a CP210x at a rate that only USB takes.
pub const U100: Driver = Driver {
    id: "sangoma-u100",
    kind: DriverKind::Serial { baud: 500_000 },
    usb_ids: &[UsbId { vendor: 0x10C4, product: 0x8461 }],
    make: u100_driver,
};

/// The same box, played in this very process.
const VIRTUAL_BOX: Driver = Driver { id: "virtual", kind: DriverKind::Virtual, usb_ids: &[], make: box_driver };

/// Every driver there is.
pub const DRIVERS: &[Driver] = &[FXLP_BOX, VOICE_MODEM, U100, VIRTUAL_BOX];

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

fn box_driver(country: &Country) -> Box<dyn Device> {
    Box::new(BoxDriver::new(BoxOptions { country: Some(country.code), ..BoxOptions::default() }))
}

fn box_driver_with_card(country: &Country) -> Box<dyn Device> {
    Box::new(BoxDriver::new(BoxOptions { card: true, country: Some(country.code), ..BoxOptions::default() }))
}

fn u100_driver(_country: &Country) -> Box<dyn Device> {
    Box::new(U100Driver::default())
}

fn modem_driver(country: &Country) -> Box<dyn Device> {
    Box::new(ModemDriver::new(ModemOptions { country: country_number(country.code) }))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::country::brazil;
    use crate::fxo::DeviceOutput;
    use crate::time::Moment;

    #[test]
    fn every_driver_has_a_name_of_its_own_and_says_something_when_opened() {
        for entry in DRIVERS {
            assert_eq!(DRIVERS.iter().filter(|other| other.id == entry.id).count(), 1);
            assert_eq!(driver(entry.id).map(|found| found.id), Some(entry.id));
            let mut out = Vec::new();
            (entry.make)(brazil()).open(Moment::ZERO, &mut out);
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
