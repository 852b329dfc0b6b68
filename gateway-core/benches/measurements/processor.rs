//! Time: by the clock, and by the processor where the system tells it.

use std::time::{Duration, Instant};

/// Ticks a second in `/proc/PID/stat`, the same on every Linux.
const TICKS_A_SECOND: u64 = 100;

/// One measured batch lasts at least this long.
const BATCH: Duration = Duration::from_millis(40);

/// Batches of which the middle one counts.
const BATCHES: usize = 9;

/// The load of the machine over 1, 5 and 15 minutes; a dash where the system does not tell.
pub fn load_average() -> String {
    let text = std::fs::read_to_string("/proc/loadavg").unwrap_or_default();
    let words: Vec<&str> = text.split_whitespace().take(3).collect();
    if words.len() == 3 { words.join(" ") } else { "–".to_owned() }
}

/// What a process has used of the processors so far, in user code and in the kernel; `None` where the system does not tell.
pub fn used_by(process: &str) -> Option<Duration> {
    let stat = std::fs::read_to_string(format!("/proc/{process}/stat")).ok()?;
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
    let mut nanos: Vec<f64> = (0..BATCHES).map(|_| batch(size, &mut act).as_nanos() as f64 / f64::from(size)).collect();
    nanos.sort_by(f64::total_cmp);
    nanos[BATCHES / 2]
}

fn batch(size: u32, act: &mut impl FnMut()) -> Duration {
    let began = Instant::now();
    for _ in 0..size {
        act();
    }
    began.elapsed()
}
