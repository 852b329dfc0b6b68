//! Time: by the clock, and by the processor where the system tells it.

use std::collections::BTreeMap;
use std::path::Path;
use std::time::{Duration, Instant};

/// Ticks a second in `/proc/PID/stat`, the same on every Linux.
const TICKS_A_SECOND: u64 = 100;

/// One measured batch lasts at least this long: much less than what the scheduler gives a program at a time, so that most
/// batches run undisturbed on a busy machine too.
const BATCH: Duration = Duration::from_millis(1);

/// Batches of which the middle one counts.
const BATCHES: usize = 301;

/// The load of the machine over 1, 5 and 15 minutes; a dash where the system does not tell.
pub fn load_average() -> String {
    let text = std::fs::read_to_string("/proc/loadavg").unwrap_or_default();
    let words: Vec<&str> = text.split_whitespace().take(3).collect();
    if words.len() == 3 { words.join(" ") } else { "–".to_owned() }
}

/// What the threads of a process have used of the processors so far, in user code and in the kernel.
pub struct Usage {
    /// By thread; without what threads used that have ended.
    threads: BTreeMap<String, Duration>,
}

impl Usage {
    /// Of a process by its number, or `self`; `None` where the system does not tell.
    pub fn of(process: &str) -> Option<Self> {
        let threads = std::fs::read_dir(format!("/proc/{process}/task")).ok()?.map_while(Result::ok);
        // A thread may end while we look.
        let used: BTreeMap<String, Duration> = threads
            .filter_map(|thread| {
                let folder = thread.path();
                let used = scheduled(&folder).or_else(|| ticked(&folder))?;
                Some((thread.file_name().to_string_lossy().into_owned(), used))
            })
            .collect();
        (!used.is_empty()).then_some(Usage { threads: used })
    }

    /// Of nothing.
    pub fn none() -> Self {
        Usage { threads: BTreeMap::new() }
    }

    /// Of both.
    pub fn and(mut self, other: Usage) -> Self {
        self.threads.extend(other.threads);
        self
    }

    /// What was used since.
    pub fn since(&self, before: &Usage) -> Duration {
        let of = |(thread, used): (&String, &Duration)| used.saturating_sub(before.threads.get(thread).copied().unwrap_or_default());
        self.threads.iter().map(of).sum()
    }
}

/// What one thread has used, in nanoseconds, where the kernel keeps such statistics.
fn scheduled(folder: &Path) -> Option<Duration> {
    let text = std::fs::read_to_string(folder.join("schedstat")).ok()?;
    text.split_whitespace().next()?.parse().ok().map(Duration::from_nanos)
}

/// The same in ticks, which every kernel counts.
fn ticked(folder: &Path) -> Option<Duration> {
    let stat = std::fs::read_to_string(folder.join("stat")).ok()?;
    // The name, in brackets, may hold anything; the fields after it count from 3.
    let fields: Vec<&str> = stat.rsplit_once(") ")?.1.split(' ').collect();
    let ticks = |number: usize| fields.get(number - 3)?.parse::<u64>().ok();
    Some(Duration::from_millis((ticks(14)? + ticks(15)?) * 1000 / TICKS_A_SECOND))
}

/// Nanoseconds that one `act` takes: the middle of some batches, after one that only warms up.
pub fn nanos_per(mut act: impl FnMut()) -> f64 {
    let mut size = 1_u32;
    loop {
        let spent = batch(size, &mut act);
        if spent >= BATCH || size >= 1 << 28 {
            break;
        }
        size *= 2;
    }
    middle((0..BATCHES).map(|_| batch(size, &mut act).as_nanos() as f64 / f64::from(size)).collect())
}

/// The middle one of some values.
pub fn middle(mut values: Vec<f64>) -> f64 {
    values.sort_by(f64::total_cmp);
    values.get(values.len() / 2).copied().unwrap_or(f64::NAN)
}

fn batch(size: u32, act: &mut impl FnMut()) -> Duration {
    let began = Instant::now();
    for _ in 0..size {
        act();
    }
    began.elapsed()
}
