//! A bucket of tokens: one for each message, refilled at a steady rate.

use crate::time::Moment;

/// Parts of a token: one is refilled in a nanosecond at one token a second.
const TOKEN: u64 = 1_000_000_000;

/// How fast a bucket fills and how much it holds, in tokens.
#[derive(Clone, Copy, Debug)]
pub(super) struct Rate {
    pub(super) per_second: u64,
    pub(super) burst: u64,
}

/// The bucket. Its rate is told with each use, so it may change.
#[derive(Clone, Debug)]
pub(super) struct Bucket {
    level: u64,
    at: Moment,
}

impl Bucket {
    pub(super) fn full(rate: Rate, now: Moment) -> Self {
        Bucket { level: rate.burst * TOKEN, at: now }
    }

    /// Takes one token out; false when there is none.
    pub(super) fn take(&mut self, rate: Rate, now: Moment) -> bool {
        self.refill(rate, now);
        let left = self.level.checked_sub(TOKEN);
        self.level = left.unwrap_or(self.level);
        left.is_some()
    }

    /// Whether nobody took anything for long enough.
    pub(super) fn is_full(&mut self, rate: Rate, now: Moment) -> bool {
        self.refill(rate, now);
        self.level == rate.burst * TOKEN
    }

    fn refill(&mut self, rate: Rate, now: Moment) {
        let passed = now.as_nanos().saturating_sub(self.at.as_nanos());
        self.at = self.at.max(now);
        self.level = self.level.saturating_add(passed.saturating_mul(rate.per_second)).min(rate.burst * TOKEN);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const RATE: Rate = Rate { per_second: 2, burst: 3 };

    #[test]
    fn a_burst_passes_then_the_rate_and_time_that_runs_back_gives_nothing() {
        let mut bucket = Bucket::full(RATE, Moment::from_secs(10));
        let mut take = |ms| bucket.take(RATE, Moment::from_millis(ms));
        assert_eq!([10_000, 10_000, 10_000, 10_000].map(&mut take), [true, true, true, false]);
        assert_eq!([10_499, 10_500, 10_500].map(&mut take), [false, true, false]);
        assert_eq!([9_000, 10_500].map(&mut take), [false, false]);
        assert_eq!([20_000, 20_000, 20_000, 20_000].map(&mut take), [true, true, true, false]);
    }
}
