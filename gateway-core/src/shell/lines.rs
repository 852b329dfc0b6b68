//! Lines for standard output or standard error, written by a thread of their own: whoever reads them may stop doing so without
//! stopping the gateway.

use std::collections::VecDeque;
use std::io;
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use tokio::sync::watch;

/// Bytes of lines that may wait for a reader: minutes of a busy gateway. When there are more, the oldest lines go and are
/// counted.
const WAITING_BYTES: usize = 4 * 1024 * 1024;

#[derive(Debug, Default)]
struct Waiting {
    lines: VecDeque<String>,
    bytes: usize,
    lost: u64,
    writing: bool,
    /// There will be no more lines.
    closed: bool,
    /// Nobody reads any more.
    unread: bool,
}

#[derive(Debug, Default)]
struct Shared {
    waiting: Mutex<Waiting>,
    filled: Condvar,
    written: Condvar,
}

impl Shared {
    /// What waits; a panic elsewhere while it was locked leaves it usable, because no step leaves it half done.
    fn lock(&self) -> MutexGuard<'_, Waiting> {
        self.waiting.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn push(&self, line: String, room: usize) {
        let mut waiting = self.lock();
        if waiting.unread {
            return;
        }
        waiting.bytes += line.len();
        waiting.lines.push_back(line);
        while waiting.bytes > room
            && let Some(oldest) = waiting.lines.pop_front()
        {
            waiting.bytes -= oldest.len();
            waiting.lost += 1;
        }
        self.filled.notify_one();
    }

    /// The next line; none when there will be no more. What was lost is told where it is missing: before what is left.
    fn next(&self, lost: fn(u64) -> String) -> Option<String> {
        let mut waiting = self.lock();
        waiting.writing = false;
        self.written.notify_all();
        loop {
            if waiting.lost > 0 {
                waiting.writing = true;
                return Some(lost(std::mem::take(&mut waiting.lost)));
            }
            if let Some(line) = waiting.lines.pop_front() {
                waiting.bytes -= line.len();
                waiting.writing = true;
                return Some(line);
            }
            if waiting.closed {
                return None;
            }
            waiting = self.filled.wait(waiting).unwrap_or_else(PoisonError::into_inner);
        }
    }

    fn write_all(&self, write: impl Fn(&str) -> io::Result<()>, lost: fn(u64) -> String) {
        while let Some(line) = self.next(lost) {
            if write(&line).is_err() {
                *self.lock() = Waiting { unread: true, ..Waiting::default() };
                self.written.notify_all();
                return;
            }
        }
    }
}

/// The sending end of a thread that writes lines. Clones send to the same thread.
#[derive(Clone, Debug)]
pub struct LineWriter {
    shared: Arc<Shared>,
    ended: watch::Receiver<bool>,
}

impl LineWriter {
    /// Starts the thread. `write` writes one line and may wait for as long as it likes; when it fails, nobody reads any more.
    /// `lost` says in a line of its own how many lines had to go.
    ///
    /// # Errors
    /// The system gave no thread.
    pub fn start(name: &str, write: impl Fn(&str) -> io::Result<()> + Send + 'static, lost: fn(u64) -> String) -> io::Result<Self> {
        let shared = Arc::new(Shared::default());
        let (ending, ended) = watch::channel(false);
        let work = Arc::clone(&shared);
        std::thread::Builder::new().name(name.to_owned()).spawn(move || {
            work.write_all(write, lost);
            ending.send_replace(true);
        })?;
        Ok(LineWriter { shared, ended })
    }

    /// Hands a line over; never waits.
    pub fn tell(&self, line: String) {
        self.shared.push(line, WAITING_BYTES);
    }

    /// Waits until nobody reads any more, or everything is written after [`LineWriter::close`].
    pub async fn ended(&self) {
        // A thread that is gone without a word has ended as well.
        let _ = self.ended.clone().wait_for(|ended| *ended).await;
    }

    /// Lets the thread end once it has written what waits.
    pub fn close(&self) {
        self.shared.lock().closed = true;
        self.shared.filled.notify_one();
    }

    /// Waits until what waits is written, but at most `patience`: whoever does not read has had time enough.
    pub fn settle(&self, patience: Duration) {
        let until = Instant::now() + patience;
        let mut waiting = self.shared.lock();
        while waiting.writing || !waiting.lines.is_empty() {
            let left = until.saturating_duration_since(Instant::now());
            if left.is_zero() {
                return;
            }
            waiting = self.shared.written.wait_timeout(waiting, left).unwrap_or_else(PoisonError::into_inner).0;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn lost(count: u64) -> String {
        format!("{count} lost")
    }

    #[test]
    fn the_oldest_lines_go_when_there_is_no_room_and_are_counted_where_they_are_missing() {
        let shared = Shared::default();
        for number in 0..10 {
            shared.push(format!("line {number}"), 20);
        }
        shared.lock().closed = true;
        let written = Mutex::new(Vec::new());
        let write = |line: &str| {
            written.lock().unwrap().push(line.to_owned());
            Ok(())
        };
        shared.write_all(write, lost);
        assert_eq!(*written.lock().unwrap(), ["7 lost", "line 7", "line 8", "line 9"]);
    }

    #[tokio::test]
    async fn a_reader_that_is_gone_ends_the_writing() {
        let writer = LineWriter::start("test", |_| Err(io::ErrorKind::BrokenPipe.into()), lost).unwrap();
        writer.tell("first".to_owned());
        tokio::time::timeout(Duration::from_secs(10), writer.ended()).await.unwrap();
        writer.tell("second".to_owned());
        assert!(writer.shared.lock().lines.is_empty());
        writer.settle(Duration::from_secs(3600));
    }

    #[tokio::test]
    async fn a_reader_that_does_not_read_is_waited_for_only_so_long() {
        let (reads, read) = std::sync::mpsc::channel::<()>();
        let read = Mutex::new(read);
        let stalled = move |_: &str| read.lock().unwrap().recv().map_err(io::Error::other);
        let writer = LineWriter::start("test", stalled, lost).unwrap();
        writer.tell("first".to_owned());
        writer.settle(Duration::from_millis(20));
        assert!(!*writer.ended.borrow());
        reads.send(()).unwrap();
        writer.settle(Duration::from_secs(3600));
        writer.close();
        tokio::time::timeout(Duration::from_secs(10), writer.ended()).await.unwrap();
    }
}
