//! A network that delays, loses, doubles and reorders datagrams, from its own dice.

use std::net::SocketAddr;
use std::time::Duration;

use crate::rng::Rng;
use crate::time::Moment;

/// How bad the network is, in parts of a thousand.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Weather {
    /// Datagrams lost.
    pub loss_per_mille: u64,
    /// Datagrams that arrive twice.
    pub twice_per_mille: u64,
    /// Longest extra delay; unequal delays reorder.
    pub jitter: Duration,
}

/// A datagram on its way.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Datagram {
    /// Sender.
    pub from: SocketAddr,
    /// Receiver.
    pub to: SocketAddr,
    /// Payload.
    pub bytes: Vec<u8>,
}

/// The network between the gateway and its peers.
#[derive(Clone, Debug)]
pub struct Network {
    /// How bad it is now.
    pub weather: Weather,
    rng: Rng,
    /// Datagrams that were lost so far.
    pub lost: u64,
    /// The gateway is behind a NAT: peers see it here, and reach it nowhere else.
    pub nat: Option<SocketAddr>,
}

/// Time a datagram takes when nothing disturbs it.
const DELAY: Duration = Duration::from_millis(1);

impl Network {
    /// A network in good weather.
    #[must_use]
    pub fn new(rng: Rng) -> Self {
        Network { weather: Weather::default(), rng, lost: 0, nat: None }
    }

    /// Where peers see the gateway that is at `own`, and reach it.
    #[must_use]
    pub fn seen(&self, own: SocketAddr) -> SocketAddr {
        self.nat.unwrap_or(own)
    }

    /// When, and how often, a datagram sent now arrives.
    pub fn arrivals(&mut self, now: Moment) -> Vec<Moment> {
        if self.rng.chance(self.weather.loss_per_mille) {
            self.lost += 1;
            return Vec::new();
        }
        let copies = if self.rng.chance(self.weather.twice_per_mille) { 2 } else { 1 };
        let jitter_nanos = u64::try_from(self.weather.jitter.as_nanos()).unwrap_or(0);
        (0..copies).map(|_| now + DELAY + Duration::from_nanos(self.rng.below(jitter_nanos + 1))).collect()
    }
}
