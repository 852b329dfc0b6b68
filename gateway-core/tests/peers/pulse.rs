//! A running sound server with both ends of a card.

#[path = "../bench/sound_card.rs"]
mod sound_card;

use std::time::{Duration, Instant};

use sound_card::SoundCard;
pub(crate) use sound_card::{GATEWAY_END, LINES_END};

use super::process::Process;
use super::{Place, SOON};

pub struct Pulse {
    card: SoundCard,
    server: Option<Process>,
}

impl Pulse {
    /// Starts a card with so many channels at this rate. Programs find it by [`Pulse::env`].
    pub fn start(place: &Place, rate_hz: u32, channels: u16) -> Self {
        let card = SoundCard::new(&place.below("pulse"), rate_hz, channels);
        let server = Process::start("pulseaudio", &card.server_args(), &card.server_env());
        let until = Instant::now() + SOON;
        while !card.socket.exists() {
            assert!(Instant::now() < until, "{}", server.log());
            std::thread::sleep(Duration::from_millis(20));
        }
        Pulse { card, server: Some(server) }
    }

    /// Unplugs the card: every stream on it ends.
    pub fn stop(&mut self) {
        self.server = None;
    }

    /// The arguments for one end of the card.
    pub fn args<'a>(&'a self, end: &'a str) -> [&'a str; 4] {
        self.card.args(end)
    }

    /// What a program needs in its environment to find the card.
    pub fn env(&self) -> [(&str, &str); 1] {
        self.card.env()
    }
}
