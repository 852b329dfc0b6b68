//! How measured values spread: the middle, nearly all, and the worst.

use std::fmt;

/// Values in milliseconds, sorted.
pub struct Spread(Vec<f64>);

impl Spread {
    pub fn of(mut values_ms: Vec<f64>) -> Self {
        values_ms.sort_by(f64::total_cmp);
        Spread(values_ms)
    }

    /// The middle value; not a number without values.
    pub fn middle(&self) -> f64 {
        self.at(50)
    }

    fn at(&self, percent: usize) -> f64 {
        let last = self.0.len().saturating_sub(1);
        self.0.get((last * percent).div_ceil(100)).copied().unwrap_or(f64::NAN)
    }
}

impl fmt::Display for Spread {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "p50 {:.1} p95 {:.1} max {:.1} ms of {}", self.at(50), self.at(95), self.at(100), self.0.len())
    }
}
