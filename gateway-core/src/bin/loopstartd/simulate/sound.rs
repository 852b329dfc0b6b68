//! The sound card of the simulated box: the other end of the lines' sound.

use std::sync::mpsc::Receiver;
use std::thread::Builder;
use std::time::Duration;

use gateway_core::config::PortId;
use gateway_core::dsp::Frame;
use gateway_core::fxo::card::ChannelMap;
use gateway_core::shell::card::{Card, CardId, CardSaid};
use gateway_core::shell::exchange::{ExchangeOrder, ExchangeOutbox};

use crate::exit::Exit;

/// How long a frame waits for a simulated box that is behind.
const BEHIND: Duration = Duration::from_millis(500);

/// Opens the card: what it records goes to the exchange, and what the lines say is played on it.
pub(super) fn start(id: &CardId, ports: u16, played: Receiver<(PortId, Frame)>, outbox: &ExchangeOutbox) -> Result<(), Exit> {
    let exchange = outbox.clone();
    let heard = move |said| match said {
        CardSaid::Heard(port, frame) => exchange.send(ExchangeOrder::Sound(port, frame), BEHIND).is_ok(),
        CardSaid::Lost => false,
    };
    let mut card = Card::open(id, &ChannelMap::of_box(Vec::new(), ports), heard)
        .map_err(|fault| Exit::Unavailable(format!("{}: {fault}", id.capture)))?;
    let play = move || played.iter().for_each(|(port, frame)| card.play(port, &frame));
    Builder::new().name("card-player".to_owned()).spawn(play).map_err(|error| Exit::System(error.to_string()))?;
    Ok(())
}
