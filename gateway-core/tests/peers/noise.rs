//! Bytes that mean nothing, the same in every run.

/// A small generator of numbers: what it makes needs no quality, only to be different each time.
pub struct Noise(u64);

impl Noise {
    pub fn new(seed: u64) -> Self {
        Noise(seed | 1)
    }

    pub fn next(&mut self) -> u64 {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        self.0
    }

    pub fn below(&mut self, limit: usize) -> usize {
        (self.next() % limit as u64) as usize
    }

    pub fn bytes(&mut self, count: usize) -> Vec<u8> {
        (0..count).map(|_| self.next() as u8).collect()
    }

    /// A copy with some bytes changed, cut out or put in.
    pub fn spoil(&mut self, bytes: &[u8]) -> Vec<u8> {
        let mut spoilt = bytes.to_vec();
        for _ in 0..=self.below(6) {
            let at = self.below(spoilt.len().max(1));
            match self.below(4) {
                0 if !spoilt.is_empty() => spoilt[at] = self.next() as u8,
                1 => spoilt.truncate(at),
                2 => spoilt.splice(at..at, b"\r\n\0\xff:;=".iter().copied()).for_each(drop),
                _ => drop(spoilt.drain(at..(at + self.below(20)).min(spoilt.len())).count()),
            }
        }
        spoilt
    }
}
