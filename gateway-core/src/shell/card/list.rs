//! The sound cards there are, and the one that is the same USB device as a serial port.

#[cfg(target_os = "linux")]
mod sysfs;

use std::str::FromStr as _;

use cpal::traits::{DeviceTrait as _, HostTrait as _};
use cpal::{Device, DeviceId};
use serde::{Deserialize, Serialize};

use super::{CardFault, CardId, stream};

/// One line of the card menu.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "specta", derive(specta::Type))]
pub struct CardEntry {
    /// What to choose.
    pub id: CardId,
    /// What the system calls it.
    pub name: String,
    /// The system plays its own sounds there: callers would hear them.
    pub is_default: bool,
}

/// The cards that record and play. Converters, mixers and other things that only look like cards are left out.
#[must_use]
pub fn cards() -> Vec<CardEntry> {
    let host = cpal::default_host();
    let default = host.default_output_device().and_then(|device| device.id().ok());
    let found: Vec<Found> = host.devices().map(|devices| devices.filter_map(|device| Found::of(&device)).collect()).unwrap_or_default();
    let mut entries: Vec<CardEntry> = Vec::new();
    for recorder in found.iter().filter(|found| found.records) {
        // Where one id does not stand for both directions, it is the name that belongs to both.
        let same = found.iter().find(|found| found.plays && found.id == recorder.id);
        let Some(player) = same.or_else(|| found.iter().find(|found| found.plays && found.card == recorder.card)) else { continue };
        let id = CardId { capture: recorder.id.to_string(), playback: player.id.to_string(), rate_hz: None };
        entries.push(CardEntry { id, name: recorder.card.clone(), is_default: default.as_ref() == Some(&player.id) });
    }
    entries.sort_by(|a, b| a.name.cmp(&b.name));
    entries.dedup();
    entries
}

/// The sound card that is the same USB device as the serial port at `path`. `product` is what that device calls itself.
#[must_use]
pub fn beside(path: &str, product: Option<&str>) -> Option<CardId> {
    #[cfg(target_os = "linux")]
    if let Some(card) = sysfs::card_beside(std::path::Path::new("/sys"), path) {
        // Straight to the card, so that no mixer of the desktop is in between.
        return Some(CardId::of_both(format!("alsa:hw:CARD={card},DEV=0")));
    }
    let _ = path;
    let product = product?;
    cards().into_iter().find(|entry| entry.name.contains(product)).map(|entry| entry.id)
}

/// The device with this id.
pub(super) fn device(id: &str) -> Result<Device, CardFault> {
    let id = DeviceId::from_str(id).map_err(|_| CardFault::NotFound)?;
    let host = cpal::host_from_id(id.host()).map_err(|error| stream::fault(&error))?;
    host.device_by_id(&id).ok_or(CardFault::NotFound)
}

struct Found {
    id: DeviceId,
    /// What belongs to the card and not to one of its directions.
    card: String,
    records: bool,
    plays: bool,
}

impl Found {
    fn of(device: &Device) -> Option<Self> {
        let id = device.id().ok()?;
        if !is_card(id.id()) {
            return None;
        }
        let about = device.description().ok()?;
        Some(Found { card: card_name(about.name()), records: about.supports_input(), plays: about.supports_output(), id })
    }
}

/// `Microphone (FXO Box)` and `Speakers (FXO Box)` are one card.
fn card_name(name: &str) -> String {
    let inner = name.rsplit_once('(').and_then(|(_, rest)| rest.strip_suffix(')'));
    inner.unwrap_or(name).trim().to_owned()
}

/// ALSA lists many ways to the same card, and much that is none.
#[cfg(target_os = "linux")]
fn is_card(id: &str) -> bool {
    const NO_CARDS: [&str; 12] =
        ["null", "default", "pulse", "pipewire", "jack", "oss", "upmix", "vdownmix", "samplerate", "speexrate", "lavrate", "speex"];
    match id.split_once(':') {
        // Straight to the hardware, by the name that does not change with the order of plugging in.
        Some(("hw", card)) => card.strip_prefix("CARD=").is_some_and(|name| !name.starts_with(|c: char| c.is_ascii_digit())),
        Some(_) => false,
        // Defined by somebody in a file of theirs.
        None => !NO_CARDS.contains(&id),
    }
}

#[cfg(not(target_os = "linux"))]
fn is_card(_id: &str) -> bool {
    true
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_card_has_one_name_for_both_directions() {
        assert_eq!(card_name("Microphone (FXO Box)"), "FXO Box");
        assert_eq!(card_name("Speakers (2- FXO Box)"), "2- FXO Box");
        assert_eq!(card_name("FXO Box"), "FXO Box");
    }

    #[cfg(target_os = "linux")]
    #[test]
    fn only_cards_are_offered_each_once() {
        let offered = ["hw:CARD=Box,DEV=0", "fxo_line"];
        let ways = ["plughw:CARD=Box,DEV=0", "hw:CARD=1,DEV=0", "sysdefault:CARD=Box", "default", "pulse", "null", "front:CARD=Box,DEV=0"];
        assert!(offered.iter().all(|id| is_card(id)));
        assert!(!ways.iter().any(|id| is_card(id)));
    }

    #[test]
    fn a_card_that_is_not_there_is_not_found() {
        for id in ["", "alsa", "alsa:no-such-card", "no-such-host:card"] {
            assert!(device(id).is_err_and(|fault| fault == CardFault::NotFound), "{id}");
        }
    }
}
