//! How far ahead of the playhead packets have arrived during the last seconds.

/// Frames in a bucket: 1 s.
const BUCKET_FRAMES: u8 = 50;

/// Buckets in the window: 4 s.
const BUCKETS: usize = 4;

/// The smallest and the largest margin in samples of a sliding window of 4 s.
#[derive(Clone, Debug, Default)]
pub(super) struct Margins {
    buckets: [Option<Span>; BUCKETS],
    current: usize,
    frames: u8,
}

#[derive(Clone, Copy, Debug)]
struct Span {
    least: i32,
    most: i32,
}

impl Margins {
    pub(super) fn observe(&mut self, margin: i32) {
        let span = self.buckets[self.current].get_or_insert(Span { least: margin, most: margin });
        span.least = span.least.min(margin);
        span.most = span.most.max(margin);
    }

    /// A frame of the line clock has passed.
    pub(super) fn frame(&mut self) {
        self.frames += 1;
        if self.frames == BUCKET_FRAMES {
            self.frames = 0;
            self.current = (self.current + 1) % BUCKETS;
            self.buckets[self.current] = None;
        }
    }

    /// The playhead was moved: all margins are larger by `samples`.
    pub(super) fn shift(&mut self, samples: i32) {
        for span in self.buckets.iter_mut().flatten() {
            span.least += samples;
            span.most += samples;
        }
    }

    pub(super) fn largest(&self) -> Option<i32> {
        self.buckets.iter().flatten().map(|span| span.most).max()
    }

    /// Only when packets came in each bucket, so that the word is well founded.
    pub(super) fn smallest_of_a_full_window(&self) -> Option<i32> {
        self.buckets.iter().try_fold(i32::MAX, |least, bucket| bucket.map(|span| span.least.min(least)))
    }
}
