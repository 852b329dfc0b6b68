//! Which sound card, as arguments.

use clap::Args;
use gateway_core::shell::card::CardId;

/// The card with the voice of lines.
#[derive(Args, Debug)]
pub(crate) struct CardArgs {
    /// The sound card with the voice of the lines, by its id (`loopstartd devices --cards`).
    #[arg(long, value_name = "ID")]
    card: Option<String>,
    /// What plays, where the card has another id for that.
    #[arg(long, value_name = "ID", requires = "card")]
    card_playback: Option<String>,
    /// Samples a second, for a card that does not do well what it says that it can.
    #[arg(long, value_name = "HZ", requires = "card")]
    card_rate: Option<u32>,
}

impl CardArgs {
    /// The card, where one was given.
    pub(crate) fn id(&self) -> Option<CardId> {
        let capture = self.card.clone()?;
        let playback = self.card_playback.clone().unwrap_or_else(|| capture.clone());
        Some(CardId { capture, playback, rate_hz: self.card_rate })
    }
}
