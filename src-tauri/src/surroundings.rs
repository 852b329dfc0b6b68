//! What kind of computer this is, and how others reach it.

use std::net::{IpAddr, Ipv4Addr, UdpSocket};

/// An address of the documentation range (RFC 5737): nothing is sent to it, the system only says by which network it would go.
const SOMEWHERE: (Ipv4Addr, u16) = (Ipv4Addr::new(192, 0, 2, 1), 9);

/// The address at which other machines of the network reach this one; none without a network.
#[allow(clippy::disallowed_methods, reason = "nothing is sent: the system is asked for its route")]
pub(crate) fn lan_address() -> Option<IpAddr> {
    let socket = UdpSocket::bind((Ipv4Addr::UNSPECIFIED, 0)).ok()?;
    socket.connect(SOMEWHERE).ok()?;
    let ip = socket.local_addr().ok()?.ip();
    (!ip.is_loopback() && !ip.is_unspecified()).then_some(ip)
}

/// Whether this computer has a battery, as laptops have. A battery of a mouse is none of the computer.
#[cfg(target_os = "linux")]
pub(crate) fn has_battery() -> bool {
    has_battery_in(std::path::Path::new("/sys/class/power_supply"))
}

/// Whether this computer has a battery. Not known on this system: better no warning than a wrong one.
#[cfg(not(target_os = "linux"))]
pub(crate) fn has_battery() -> bool {
    false
}

/// The kernel's class of power supplies: `type` is `Battery`, and `scope` is absent or `System`
/// (Documentation/ABI/testing/sysfs-class-power).
#[cfg(target_os = "linux")]
fn has_battery_in(class: &std::path::Path) -> bool {
    let word = |supply: &std::path::Path, file: &str| std::fs::read_to_string(supply.join(file)).unwrap_or_default().trim().to_owned();
    let supplies = std::fs::read_dir(class).into_iter().flatten().flatten();
    supplies.map(|supply| supply.path()).any(|supply| word(&supply, "type") == "Battery" && word(&supply, "scope") != "Device")
}

#[cfg(all(test, target_os = "linux"))]
mod tests {
    use super::*;

    #[test]
    fn the_battery_of_a_laptop_counts_and_that_of_a_mouse_does_not() {
        let class = std::env::temp_dir().join(format!("loopstart-power-{}", std::process::id()));
        let supply = |name: &str, files: &[(&str, &str)]| {
            std::fs::create_dir_all(class.join(name)).unwrap();
            for (file, word) in files {
                std::fs::write(class.join(name).join(file), format!("{word}\n")).unwrap();
            }
        };
        supply("AC", &[("type", "Mains")]);
        supply("hidpp_battery_0", &[("type", "Battery"), ("scope", "Device")]);
        assert!(!has_battery_in(&class));
        supply("BAT0", &[("type", "Battery")]);
        assert!(has_battery_in(&class));
        std::fs::remove_dir_all(&class).unwrap();
        assert!(!has_battery_in(&class));
    }
}
