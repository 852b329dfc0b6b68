//! `loopstartd devices`: the boxes that can be chosen.

use gateway_core::shell::device::{self, DeviceChoice, DeviceEntry};

use super::exit::Exit;
use super::output;

pub(crate) fn list(json: bool) -> Result<(), Exit> {
    let entries = device::list(&DeviceChoice::None);
    // Nobody reads the list: then nothing is left to do.
    let _ = if json { output::json(&entries) } else { entries.iter().try_for_each(|entry| output::line(&row(entry))) };
    Ok(())
}

/// One row: what to give to `run --device`, then what is known of it.
fn row(entry: &DeviceEntry) -> String {
    let argument = match &entry.choice {
        DeviceChoice::None => "none".to_owned(),
        DeviceChoice::Virtual { ports } => format!("virtual:{ports}"),
        DeviceChoice::Serial { path } => path.clone(),
    };
    let known = if entry.known { "*" } else { "" };
    [argument.as_str(), &entry.name, &entry.usb, &entry.serial, known].join("\t").trim_end().to_owned()
}
