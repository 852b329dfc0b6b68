//! Linux tells by its tree of devices which sound card and which serial port are the same USB device.

use std::fs;
use std::path::{Path, PathBuf};

/// The name (id) of the card that hangs on the same USB device as the serial port at `port`, such as `/dev/ttyACM0`. `sys` is where
/// the tree is.
pub(super) fn card_beside(sys: &Path, port: &str) -> Option<String> {
    let plain = fs::canonicalize(port).unwrap_or_else(|_| PathBuf::from(port));
    let device = usb_device(&sys.join("class/tty").join(plain.file_name()?).join("device"))?;
    let mut cards: Vec<PathBuf> = fs::read_dir(sys.join("class/sound")).ok()?.filter_map(|entry| Some(entry.ok()?.path())).collect();
    cards.sort();
    let is_card = |path: &Path| path.file_name().is_some_and(|name| name.to_string_lossy().starts_with("card"));
    let beside = |path: &PathBuf| is_card(path) && usb_device(&path.join("device")).as_ref() == Some(&device);
    let card = cards.into_iter().find(beside)?;
    Some(fs::read_to_string(card.join("id")).ok()?.trim().to_owned())
}

/// The USB device that an interface belongs to: the nearest one above that has a number of its maker.
fn usb_device(interface: &Path) -> Option<PathBuf> {
    let interface = fs::canonicalize(interface).ok()?;
    interface.ancestors().find(|path| path.join("idVendor").is_file()).map(Path::to_path_buf)
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::symlink;

    use super::*;

    /// A tree with two boxes at a hub, each a serial port and a card, and a card of the computer.
    fn tree(sys: &Path) {
        let hub = sys.join("devices/pci0000:00/usb1/1-4");
        for (device, port, card, id) in [("1-4.1", "ttyACM0", "card2", "Box"), ("1-4.2", "ttyACM1", "card1", "Box_1")] {
            let device_dir = hub.join(device);
            let serial = device_dir.join(format!("{device}:1.0"));
            let sound = device_dir.join(format!("{device}:1.2"));
            fs::create_dir_all(serial.join("tty").join(port)).unwrap();
            fs::create_dir_all(sound.join("sound").join(card)).unwrap();
            fs::write(device_dir.join("idVendor"), "1209\n").unwrap();
            fs::write(sound.join("sound").join(card).join("id"), format!("{id}\n")).unwrap();
            symlink(&serial, serial.join("tty").join(port).join("device")).unwrap();
            symlink(&sound, sound.join("sound").join(card).join("device")).unwrap();
            link(sys, "tty", port, &serial.join("tty").join(port));
            link(sys, "sound", card, &sound.join("sound").join(card));
        }
        fs::write(hub.join("idVendor"), "05e3\n").unwrap();
        let built_in = sys.join("devices/pci0000:00/0000:00:1f.3/sound/card0");
        fs::create_dir_all(&built_in).unwrap();
        fs::write(built_in.join("id"), "PCH\n").unwrap();
        symlink(built_in.parent().unwrap().parent().unwrap(), built_in.join("device")).unwrap();
        link(sys, "sound", "card0", &built_in);
        let uart = sys.join("devices/platform/serial8250/tty/ttyS0");
        fs::create_dir_all(&uart).unwrap();
        symlink(sys.join("devices/platform/serial8250"), uart.join("device")).unwrap();
        link(sys, "tty", "ttyS0", &uart);
    }

    fn link(sys: &Path, class: &str, name: &str, to: &Path) {
        fs::create_dir_all(sys.join("class").join(class)).unwrap();
        symlink(to, sys.join("class").join(class).join(name)).unwrap();
    }

    #[test]
    fn each_serial_port_finds_the_card_of_its_own_box() {
        let sys = std::env::temp_dir().join(format!("loopstart-sysfs-{}", std::process::id()));
        let _ = fs::remove_dir_all(&sys);
        tree(&sys);
        let beside = |port: &str| card_beside(&sys, port);
        assert_eq!(beside("/dev/ttyACM0").as_deref(), Some("Box"));
        assert_eq!(beside("/dev/ttyACM1").as_deref(), Some("Box_1"));
        assert_eq!(beside("/dev/ttyS0"), None);
        assert_eq!(beside("/dev/ttyACM7"), None);
        fs::remove_dir_all(&sys).unwrap();
    }
}
