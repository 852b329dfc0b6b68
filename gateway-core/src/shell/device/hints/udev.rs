//! The rules of udev for our devices: of any one by its USB numbers, and of all that the drivers know, as `docs/DEVICES.md` has them.

use crate::fxo::catalog::{DRIVERS, FXLP_BOX, UsbId};

/// The file of [`serial_rule`]. Its number is below those that give access (73) and that ModemManager reads (77).
pub const FILE: &str = "/etc/udev/rules.d/60-loopstart.rules";

/// The file of [`sound_rule`].
pub const SOUND_FILE: &str = "/etc/udev/rules.d/61-loopstart-voice.rules";

/// Lets whoever sits at the computer open the serial port of a device, and keeps ModemManager away from it.
#[must_use]
pub fn serial_rule(usb: UsbId) -> String {
    format!(r#"SUBSYSTEM=="tty", {}, ENV{{ID_MM_DEVICE_IGNORE}}="1", TAG+="uaccess""#, numbers(usb))
}

/// Keeps the sound servers of the desktop (PulseAudio, PipeWire) away from the sound card of a box.
#[must_use]
pub fn sound_rule(usb: UsbId) -> String {
    format!(r#"SUBSYSTEM=="sound", {}, ENV{{PULSE_IGNORE}}="1", ENV{{ACP_IGNORE}}="1""#, numbers(usb))
}

/// The file of [`serial_rule`] with every device that a driver knows.
#[must_use]
pub fn serial_rules() -> String {
    let known = DRIVERS.iter().flat_map(|driver| driver.usb_ids).map(|usb| serial_rule(*usb));
    file(FILE, known)
}

/// The file of [`sound_rule`] with every box that a driver knows.
#[must_use]
pub fn sound_rules() -> String {
    file(SOUND_FILE, FXLP_BOX.usb_ids.iter().map(|usb| sound_rule(*usb)))
}

fn file(name: &str, rules: impl Iterator<Item = String>) -> String {
    let rules: Vec<String> = std::iter::once(format!("# {name}")).chain(rules).collect();
    rules.join("\n") + "\n"
}

fn numbers(UsbId { vendor, product }: UsbId) -> String {
    format!(r#"ATTRS{{idVendor}}=="{vendor:04x}", ATTRS{{idProduct}}=="{product:04x}""#)
}

#[cfg(test)]
mod tests {
    use std::path::Path;

    use super::*;

    #[test]
    fn a_rule_is_for_exactly_one_device() {
        let modem = UsbId { vendor: 0x0572, product: 0x1329 };
        let rule = r#"SUBSYSTEM=="tty", ATTRS{idVendor}=="0572", ATTRS{idProduct}=="1329", ENV{ID_MM_DEVICE_IGNORE}="1", TAG+="uaccess""#;
        assert_eq!(serial_rule(modem), rule);
        let rule = r#"SUBSYSTEM=="sound", ATTRS{idVendor}=="1209", ATTRS{idProduct}=="0001", ENV{PULSE_IGNORE}="1", ENV{ACP_IGNORE}="1""#;
        assert_eq!(sound_rule(FXLP_BOX.usb_ids[0]), rule);
    }

    /// `UPDATE_DOCS=1` writes the rules of `docs/DEVICES.md` anew; without, stale ones fail.
    #[test]
    fn the_rules_in_the_documentation_are_those_of_the_drivers() {
        let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../docs/DEVICES.md");
        let mut document = std::fs::read_to_string(&path).unwrap();
        for rules in [serial_rules(), sound_rules()] {
            let first = rules.lines().next().unwrap();
            let begin = document.find(first).unwrap_or_else(|| panic!("docs/DEVICES.md has no block of {first}"));
            let end = begin + document[begin..].find("```").unwrap();
            if std::env::var_os("UPDATE_DOCS").is_some() {
                document.replace_range(begin..end, &rules);
                std::fs::write(&path, &document).unwrap();
            }
            assert!(document[begin..].starts_with(&format!("{rules}```")), "docs/DEVICES.md is stale: run with UPDATE_DOCS=1");
        }
    }
}
