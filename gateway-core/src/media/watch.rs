//! What must not go on for ever: a call without RTP, a call without a sound.

use std::time::Duration;

use super::{MediaConfig, MediaEvent};
use crate::dsp::Frame;
use crate::dsp::level::SilenceTimer;
use crate::time::Moment;

/// Below this a direction is silent.
pub(super) const SILENT_DBM0: f32 = -45.0;

/// RTP that has not begun after this long is told, and again each time it has passed once more.
const RTP_IS_LATE: Duration = Duration::from_secs(2);

/// Watches one attachment.
#[derive(Clone, Debug)]
pub(super) struct Watch {
    rtp_timeout: Option<Duration>,
    silence_timeout: Option<Duration>,
    /// When RTP was last seen, or first waited for.
    rtp_since: Moment,
    rtp_told: u32,
    late_told: u32,
    from_line: SilenceTimer,
    to_line: SilenceTimer,
    silence_told: u32,
}

impl Watch {
    pub(super) fn new(config: &MediaConfig) -> Self {
        Watch {
            rtp_timeout: config.rtp_timeout,
            silence_timeout: config.silence_timeout,
            rtp_since: Moment::ZERO,
            rtp_told: 0,
            late_told: 0,
            from_line: SilenceTimer::new(SILENT_DBM0),
            to_line: SilenceTimer::new(SILENT_DBM0),
            silence_told: 0,
        }
    }

    /// Takes over new limits; what runs goes on.
    pub(super) fn configure(&mut self, config: &MediaConfig) {
        self.rtp_timeout = config.rtp_timeout;
        self.silence_timeout = config.silence_timeout;
    }

    /// Waits for RTP from now on.
    pub(super) fn rtp_is_due(&mut self, now: Moment) {
        self.rtp_since = now;
        self.rtp_told = 0;
        self.late_told = 0;
    }

    /// RTP came.
    pub(super) fn rtp(&mut self, now: Moment) {
        self.rtp_is_due(now);
    }

    /// Both ways count as heard just now.
    pub(super) fn restart_silence(&mut self) {
        self.from_line.reset();
        self.to_line.reset();
        self.silence_told = 0;
    }

    pub(super) fn heard_on_line(&mut self, frame: &Frame) {
        self.from_line.process(frame);
    }

    pub(super) fn put_on_line(&mut self, frame: &Frame) {
        self.to_line.process(frame);
    }

    /// Whether one more [`RTP_IS_LATE`] has passed without RTP.
    pub(super) fn rtp_is_late(&mut self, now: Moment) -> bool {
        told_again(now - self.rtp_since, Some(RTP_IS_LATE), &mut self.late_told).is_some()
    }

    /// Whether RTP has been missing too long: told once each time the limit has passed once more.
    pub(super) fn rtp_lost(&mut self, now: Moment) -> Option<MediaEvent> {
        let missing = now - self.rtp_since;
        let for_ms = told_again(missing, self.rtp_timeout, &mut self.rtp_told)?;
        Some(MediaEvent::RtpLost { for_ms })
    }

    /// Whether both ways have been silent too long: told once each time the limit has passed once more.
    pub(super) fn silence(&mut self) -> Option<MediaEvent> {
        let silent_ms = self.from_line.silent_ms().min(self.to_line.silent_ms());
        let for_ms = told_again(Duration::from_millis(silent_ms), self.silence_timeout, &mut self.silence_told)?;
        Some(MediaEvent::Silence { for_ms })
    }
}

/// The length in ms, when a further whole `limit` has passed since it was last told.
fn told_again(length: Duration, limit: Option<Duration>, told: &mut u32) -> Option<u32> {
    let limit_ms = limit.map(|limit| limit.as_millis()).filter(|ms| *ms > 0)?;
    let times = u32::try_from(length.as_millis() / limit_ms).unwrap_or(u32::MAX);
    let again = times > *told;
    *told = times;
    again.then(|| u32::try_from(length.as_millis()).unwrap_or(u32::MAX))
}
