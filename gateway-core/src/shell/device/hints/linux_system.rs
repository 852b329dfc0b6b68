//! What Linux tells of a serial port and of the programs that may want it, read from its files.

use std::fs;
use std::os::unix::fs::MetadataExt as _;
use std::path::Path;

/// The group that may open the device node at `path`; none where that is root's.
pub(super) fn group_of(path: &Path) -> Option<String> {
    let id = fs::metadata(path).ok()?.gid();
    if id == 0 {
        return None;
    }
    named(&fs::read_to_string("/etc/group").ok()?, id)
}

/// The name of the group with this number in the text of `/etc/group` (group(5)).
fn named(groups: &str, id: u32) -> Option<String> {
    groups.lines().find_map(|line| {
        let mut fields = line.split(':');
        let (name, number) = (fields.next()?, fields.nth(1)?);
        (number.parse() == Ok(id)).then(|| name.to_owned())
    })
}

/// Whether a process of this name runs. `proc`: where the system shows its processes (proc(5)).
pub(super) fn runs(proc: &Path, name: &str) -> bool {
    let Ok(entries) = fs::read_dir(proc) else { return false };
    entries.flatten().any(|entry| {
        let is_process = entry.file_name().to_string_lossy().bytes().all(|byte| byte.is_ascii_digit());
        is_process && fs::read_to_string(entry.path().join("comm")).is_ok_and(|comm| comm.trim_end() == name)
    })
}

/// Whether udev knows a rule for the device node at `path` that keeps ModemManager away.
pub(super) fn ignored_by_modem_manager(path: &Path) -> bool {
    let Ok(node) = fs::metadata(path) else { return false };
    let known = fs::read_to_string(Path::new("/run/udev/data").join(record(node.rdev())));
    known.is_ok_and(|known| is_ignored(&known))
}

/// What udev calls its record of the character device with this number (makedev(3)).
fn record(device: u64) -> String {
    let major = (device >> 8 & 0xFFF) | (device >> 32 & 0xFFFF_F000);
    let minor = (device & 0xFF) | (device >> 12 & 0xFFFF_FF00);
    format!("c{major}:{minor}")
}

fn is_ignored(record: &str) -> bool {
    record.lines().any(|line| line == "E:ID_MM_DEVICE_IGNORE=1")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_group_is_found_by_its_number() {
        let groups = "root:x:0:\ndialout:x:20:ana,rui\nuucp:x:986:\nbroken\n";
        assert_eq!(named(groups, 20).as_deref(), Some("dialout"));
        assert_eq!(named(groups, 986).as_deref(), Some("uucp"));
        assert_eq!(named(groups, 7), None);
    }

    #[test]
    fn a_process_is_found_by_its_name_alone() {
        let proc = std::env::temp_dir().join(format!("loopstart-proc-{}", std::process::id()));
        for (process, name) in [("1", "systemd"), ("742", "ModemManager"), ("sys", "Other")] {
            fs::create_dir_all(proc.join(process)).unwrap();
            fs::write(proc.join(process).join("comm"), format!("{name}\n")).unwrap();
        }
        assert!(runs(&proc, "ModemManager") && runs(&proc, "systemd"));
        assert!(!runs(&proc, "Modem") && !runs(&proc, "Other"));
        fs::remove_dir_all(&proc).unwrap();
        assert!(!runs(&proc, "systemd"));
    }

    #[test]
    fn udev_names_a_device_by_both_its_numbers() {
        // ttyACM0 is 166:0, ttyUSB3 is 188:3; more than eight bits go elsewhere.
        assert_eq!(record(166 << 8), "c166:0");
        assert_eq!(record(188 << 8 | 3), "c188:3");
        assert_eq!(record(0x1_2300 | 1 << 20), "c291:256");
        assert!(is_ignored("I:1234\nE:ID_BUS=usb\nE:ID_MM_DEVICE_IGNORE=1\n"));
        assert!(!is_ignored("E:ID_MM_DEVICE_IGNORE=0\n") && !is_ignored(""));
    }
}
