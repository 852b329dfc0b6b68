//! How busy this machine is with other work: where there is no time left, sound in real time has holes that say nothing
//! about the program.

/// The free part of the processors below which real time is out of reach.
const LEAST_FREE: f64 = 0.15;

/// The times of all processors since their start.
pub struct Load(Option<Times>);

#[derive(Clone, Copy)]
struct Times {
    all: u64,
    free: u64,
}

impl Load {
    /// Begins to watch.
    pub fn watch() -> Self {
        Load(times())
    }

    /// Whether there was hardly any time left since. Never, where the system does not tell.
    pub fn was_saturated(&self) -> bool {
        let (Some(before), Some(now)) = (self.0, times()) else { return false };
        let all = now.all.saturating_sub(before.all).max(1);
        (now.free.saturating_sub(before.free) as f64) < all as f64 * LEAST_FREE
    }
}

/// Free is what waits, and what is polite enough to give way at once.
fn times() -> Option<Times> {
    let text = std::fs::read_to_string("/proc/stat").ok()?;
    let fields: Vec<u64> = text.lines().next()?.split_whitespace().skip(1).map_while(|field| field.parse().ok()).collect();
    let [_user, nice, _system, idle, waiting, ..] = fields[..] else { return None };
    Some(Times { all: fields.iter().take(8).sum(), free: nice + idle + waiting })
}
