//! Dice that were given, never found: one seeded generator for tags, branches, nonces and the simulated world.

use rand_chacha::ChaCha12Rng;
use rand_chacha::rand_core::{Rng as _, SeedableRng};

/// A deterministic, cryptographically strong random source (ChaCha with 12 rounds).
///
/// The shell seeds it from the operating system; a simulated world seeds it from the seed of its history.
#[derive(Clone, Debug)]
pub struct Rng(ChaCha12Rng);

impl Rng {
    /// A generator whose whole output follows from 32 bytes.
    #[must_use]
    pub fn from_bytes(seed: [u8; 32]) -> Self {
        Rng(ChaCha12Rng::from_seed(seed))
    }

    /// A generator whose whole output follows from one number, for simulated worlds.
    #[must_use]
    pub fn from_seed(seed: u64) -> Self {
        Rng(ChaCha12Rng::seed_from_u64(seed))
    }

    /// A generator of its own for one part, so that parts do not disturb each other's sequence.
    #[must_use]
    pub fn fork(&mut self) -> Self {
        let mut seed = [0; 32];
        self.0.fill_bytes(&mut seed);
        Rng::from_bytes(seed)
    }

    /// 64 random bits.
    pub fn next_u64(&mut self) -> u64 {
        self.0.next_u64()
    }

    /// 32 random bits.
    pub fn next_u32(&mut self) -> u32 {
        self.0.next_u32()
    }

    /// Fills `bytes` with random bits.
    pub fn fill(&mut self, bytes: &mut [u8]) {
        self.0.fill_bytes(bytes);
    }

    /// A number in `0..bound`; 0 when `bound` is 0. The bias is below 2⁻³² for the bounds used here.
    pub fn below(&mut self, bound: u64) -> u64 {
        if bound == 0 { 0 } else { self.0.next_u64() % bound }
    }

    /// True with the probability of `per_mille` in 1000.
    pub fn chance(&mut self, per_mille: u64) -> bool {
        self.below(1000) < per_mille
    }

    /// A token of `digits` lower-case hexadecimal digits, 4 bits of randomness each.
    pub fn hex(&mut self, digits: usize) -> String {
        const HEX: &[u8; 16] = b"0123456789abcdef";
        (0..digits).map(|_| char::from(HEX[usize::try_from(self.0.next_u32() & 15).unwrap_or(0)])).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_same_seed_tells_the_same_story() {
        let (mut a, mut b) = (Rng::from_seed(7), Rng::from_seed(7));
        assert_eq!(a.hex(32), b.hex(32));
        assert_ne!(a.hex(32), Rng::from_seed(8).hex(32));
        assert_ne!(a.fork().next_u64(), a.fork().next_u64());
    }
}
