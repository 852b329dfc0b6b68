//! How busy this machine is with other work: where there is no time left, sound in real time has holes that say nothing
//! about the program.

/// The free part of the processors below which real time is out of reach.
const LEAST_FREE: f64 = 0.15;

/// What the host of a virtual machine may take from it: it takes it in pieces that are longer than sound can wait.
const MOST_STOLEN: f64 = 0.01;

/// The times of all processors since their start.
pub struct Load(Option<Times>);

#[derive(Clone, Copy)]
struct Times {
    all: u64,
    free: u64,
    stolen: u64,
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
        let part = |now: u64, before: u64| now.saturating_sub(before) as f64 / all as f64;
        part(now.free, before.free) < LEAST_FREE || part(now.stolen, before.stolen) > MOST_STOLEN
    }
}

/// Free is what waits, and what is polite enough to give way at once.
fn times() -> Option<Times> {
    let text = std::fs::read_to_string("/proc/stat").ok()?;
    let fields: Vec<u64> = text.lines().next()?.split_whitespace().skip(1).map_while(|field| field.parse().ok()).collect();
    let [_user, nice, _system, idle, waiting, ..] = fields[..] else { return None };
    let stolen = fields.get(7).copied().unwrap_or_default();
    Some(Times { all: fields.iter().take(8).sum(), free: nice + idle + waiting, stolen })
}
