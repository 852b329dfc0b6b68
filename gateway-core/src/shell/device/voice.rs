//! Where the voice of a box is when it is on a sound card.

use std::time::Duration;

use super::choice::DeviceFault;
use super::supervisor::{BoxOrder, BoxOutbox};
use crate::fxo::card::ChannelMap;
use crate::shell::card::{Card, CardFault, CardId, CardSaid, beside};

/// How long a frame waits when the box thread is behind, before the card is given up.
const BEHIND: Duration = Duration::from_secs(2);

/// Which card it is.
#[derive(Clone, Debug)]
pub(super) enum VoiceAt {
    /// A person chose it.
    Card(CardId),
    /// The one that is the same USB device as this serial port.
    Beside(String),
}

/// The way to it.
pub(super) struct Voice {
    pub(super) at: VoiceAt,
    /// The number of the opening that it belongs to.
    pub(super) link: u64,
    pub(super) inbox: BoxOutbox,
}

impl Voice {
    /// Opens the card; what it hears goes to the box thread.
    pub(super) fn open(&self, map: &ChannelMap) -> Result<Card, DeviceFault> {
        let id = match &self.at {
            VoiceAt::Card(id) => id.clone(),
            VoiceAt::Beside(path) => beside(path, super::choice::product_at(path).as_deref()).ok_or(DeviceFault::NoCard)?,
        };
        let (link, inbox) = (self.link, self.inbox.clone());
        let say = move |said| {
            let order = match said {
                CardSaid::Heard(port, frame) => BoxOrder::Heard { link, port, frame },
                CardSaid::Lost => BoxOrder::CardLost { link },
            };
            inbox.send(order, BEHIND).is_ok()
        };
        Card::open(&id, map, say).map_err(fault)
    }
}

fn fault(fault: CardFault) -> DeviceFault {
    match fault {
        CardFault::NotFound | CardFault::Failed => DeviceFault::NoCard,
        CardFault::Busy => DeviceFault::CardBusy,
        CardFault::Denied => DeviceFault::Denied,
        CardFault::Unfit => DeviceFault::CardUnfit,
    }
}
