//! Frames out of periods of sound: a box may send 10 ms at a time, and everything else goes by 20.

use crate::dsp::{FRAME_SAMPLES, Frame};

/// What came of the next frame, less than a whole one.
#[derive(Debug, Default)]
pub(super) struct Gathering(Vec<i16>);

impl Gathering {
    /// A period came; after a gap, what came before it is no part of the same frame. Answers a frame that is whole now.
    pub(super) fn take(&mut self, samples: &[i16], after_gap: bool) -> Option<Frame> {
        if after_gap {
            self.0.clear();
        }
        self.0.extend(samples);
        let frame = *self.0.first_chunk::<FRAME_SAMPLES>()?;
        self.0.drain(..FRAME_SAMPLES);
        Some(Frame(frame))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn halves_make_frames_and_a_half_before_a_gap_is_left_out() {
        let mut gathering = Gathering::default();
        let half = |value| [value; FRAME_SAMPLES / 2];
        assert_eq!(gathering.take(&[1; FRAME_SAMPLES], false), Some(Frame([1; FRAME_SAMPLES])));
        assert_eq!(gathering.take(&half(2), false), None);
        let Some(Frame(frame)) = gathering.take(&half(3), false) else { panic!("two halves are one frame") };
        assert_eq!((frame[0], frame[FRAME_SAMPLES - 1]), (2, 3));
        assert_eq!(gathering.take(&half(4), false), None);
        assert_eq!(gathering.take(&half(5), true), None);
        let Some(Frame(frame)) = gathering.take(&half(6), false) else { panic!("two halves are one frame") };
        assert_eq!((frame[0], frame[FRAME_SAMPLES - 1]), (5, 6));
    }
}
