//! Reception statistics of one source: extended sequence numbers and loss (RFC 3550 §A.1, §A.3), jitter (§A.8).

use crate::time::Moment;

/// A gap in the sequence that is still taken as loss; beyond it the sender has started anew (§A.1 `MAX_DROPOUT`).
const MAX_DROPOUT: u16 = 3000;

/// A step back that is still taken as reordering (§A.1 `MAX_MISORDER`).
const MAX_MISORDER: u16 = 100;

/// A change of transit time beyond one second is a jump of the sender's clock, not jitter.
const MAX_TRANSIT_STEP: u32 = 8000;

/// What was received from one synchronisation source.
#[derive(Clone, Debug)]
pub struct Reception {
    ssrc: u32,
    base: u32,
    highest: u16,
    cycles: u32,
    /// The sequence number that would prove a restart of the sender (§A.1 `bad_seq`).
    restart: Option<u16>,
    received: u32,
    /// Lost before the sender's last restart, so that the count never falls back.
    lost_before: u32,
    expected_prior: u32,
    received_prior: u32,
    transit: Option<u32>,
    last_timestamp: Option<u32>,
    /// Jitter in sixteenths of a sample (§A.8).
    jitter_q4: u32,
}

/// The numbers of one report block (§6.4.1).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Quality {
    /// The source that they are about.
    pub ssrc: u32,
    /// Lost since the last report, in 1/256.
    pub fraction_lost: u8,
    /// Lost altogether; at most 2²³ − 1.
    pub lost: u32,
    /// Cycles and highest sequence number.
    pub extended_highest: u32,
    /// Interarrival jitter in samples.
    pub jitter: u32,
}

impl Reception {
    /// Statistics of the source `ssrc`, whose first packet has this sequence number. That packet is still to be told
    /// by [`Reception::packet`].
    #[must_use]
    pub fn new(ssrc: u32, sequence: u16) -> Self {
        Reception {
            ssrc,
            base: u32::from(sequence),
            highest: sequence,
            cycles: 0,
            restart: None,
            received: 0,
            lost_before: 0,
            expected_prior: 0,
            received_prior: 0,
            transit: None,
            last_timestamp: None,
            jitter_q4: 0,
        }
    }

    /// The source.
    #[must_use]
    pub fn ssrc(&self) -> u32 {
        self.ssrc
    }

    /// Counts a packet. Packets of one event share their timestamp; only the first of them tells about jitter.
    pub fn packet(&mut self, sequence: u16, timestamp: u32, arrival: Moment) {
        let ahead = sequence.wrapping_sub(self.highest);
        if ahead < MAX_DROPOUT {
            if sequence < self.highest {
                self.cycles = self.cycles.wrapping_add(1 << 16);
            }
            self.highest = sequence;
            self.restart = None;
        } else if ahead <= u16::MAX - MAX_MISORDER {
            if self.restart != Some(sequence) {
                self.restart = Some(sequence.wrapping_add(1));
                return;
            }
            self.begin_anew(sequence);
        }
        self.received = self.received.saturating_add(1);
        self.measure_jitter(timestamp, arrival);
    }

    /// Packets lost so far. Duplicates lower it (§A.3), but never below zero.
    #[must_use]
    pub fn lost(&self) -> u32 {
        self.lost_before.saturating_add(self.expected().saturating_sub(self.received)).min(0x7f_ffff)
    }

    /// Interarrival jitter in ms.
    #[must_use]
    pub fn jitter_ms(&self) -> f32 {
        // Jitter stays below 8000 · 16, which a float holds exactly.
        #[allow(clippy::cast_precision_loss)]
        let samples = self.jitter_q4 as f32 / 16.0;
        samples / 8.0
    }

    /// The numbers for a report, which begin a new interval for the fraction lost.
    pub fn report(&mut self) -> Quality {
        let expected = self.expected();
        let expected_interval = expected.saturating_sub(self.expected_prior);
        let received_interval = self.received.saturating_sub(self.received_prior);
        self.expected_prior = expected;
        self.received_prior = self.received;
        let lost_interval = expected_interval.saturating_sub(received_interval);
        let fraction = (u64::from(lost_interval) << 8).checked_div(u64::from(expected_interval)).unwrap_or(0);
        Quality {
            ssrc: self.ssrc,
            fraction_lost: u8::try_from(fraction).unwrap_or(u8::MAX),
            lost: self.lost(),
            extended_highest: self.extended_highest(),
            jitter: self.jitter_q4 >> 4,
        }
    }

    fn extended_highest(&self) -> u32 {
        self.cycles.wrapping_add(u32::from(self.highest))
    }

    fn expected(&self) -> u32 {
        self.extended_highest().wrapping_sub(self.base).saturating_add(1)
    }

    fn begin_anew(&mut self, sequence: u16) {
        self.lost_before = self.lost();
        self.base = u32::from(sequence);
        self.highest = sequence;
        self.cycles = 0;
        self.restart = None;
        self.received = 0;
        self.expected_prior = 0;
        self.received_prior = 0;
        self.transit = None;
    }

    fn measure_jitter(&mut self, timestamp: u32, arrival: Moment) {
        if self.last_timestamp.replace(timestamp) == Some(timestamp) {
            return;
        }
        let arrival_samples = u32::try_from((arrival.as_nanos() / 125_000) & u64::from(u32::MAX)).unwrap_or(0);
        let transit = arrival_samples.wrapping_sub(timestamp);
        if let Some(before) = self.transit.replace(transit) {
            let step = transit.wrapping_sub(before).cast_signed().unsigned_abs();
            if step <= MAX_TRANSIT_STEP {
                self.jitter_q4 = self.jitter_q4 + step - ((self.jitter_q4 + 8) >> 4);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(packet: u64) -> Moment {
        Moment::from_millis(packet * 20)
    }

    #[test]
    fn a_steady_stream_has_no_loss_and_no_jitter() {
        let mut reception = Reception::new(1, 65_530);
        for n in 0..100_u16 {
            reception.packet(65_530_u16.wrapping_add(n), u32::from(n) * 160, at(n.into()));
        }
        let quality = reception.report();
        assert_eq!(quality.lost, 0);
        assert_eq!(quality.fraction_lost, 0);
        assert_eq!(quality.jitter, 0);
        assert_eq!(quality.extended_highest, 65_530 + 99);
    }

    #[test]
    fn loss_is_counted_over_the_wrap_and_told_by_interval() {
        let mut reception = Reception::new(1, 65_530);
        for n in (0..100_u16).filter(|n| n % 4 != 1) {
            reception.packet(65_530_u16.wrapping_add(n), u32::from(n) * 160, at(n.into()));
        }
        let quality = reception.report();
        assert_eq!(quality.lost, 25);
        assert_eq!(quality.fraction_lost, 64);
        for n in 100..200_u16 {
            reception.packet(65_530_u16.wrapping_add(n), u32::from(n) * 160, at(n.into()));
        }
        let quality = reception.report();
        assert_eq!((quality.lost, quality.fraction_lost), (25, 0));
    }

    #[test]
    fn reordering_is_no_loss_and_duplicates_make_it_no_smaller_than_zero() {
        let mut reception = Reception::new(1, 10);
        for sequence in [10, 12, 11, 13, 13, 13, 14] {
            reception.packet(sequence, u32::from(sequence) * 160, at(sequence.into()));
        }
        assert_eq!(reception.lost(), 0);
    }

    #[test]
    fn a_sender_that_starts_anew_keeps_the_loss_so_far() {
        let mut reception = Reception::new(1, 10);
        for sequence in [10, 11, 14] {
            reception.packet(sequence, u32::from(sequence) * 160, at(sequence.into()));
        }
        assert_eq!(reception.lost(), 2);
        for sequence in 40_000..40_010_u16 {
            reception.packet(sequence, u32::from(sequence) * 160, at(sequence.into()));
        }
        assert_eq!(reception.lost(), 2);
        assert_eq!(reception.report().extended_highest, 40_009);
    }

    #[test]
    fn jitter_tends_to_the_mean_step_of_the_transit_time() {
        let mut reception = Reception::new(1, 0);
        for n in 0..2000_u16 {
            let late_ms = if n % 2 == 0 { 0 } else { 10 };
            reception.packet(n, u32::from(n) * 160, Moment::from_millis(u64::from(n) * 20 + late_ms));
        }
        assert!((reception.jitter_ms() - 10.0).abs() < 0.2, "{}", reception.jitter_ms());
    }

    #[test]
    fn packets_of_one_event_do_not_count_as_jitter() {
        let mut reception = Reception::new(1, 0);
        for n in 0..100_u16 {
            let timestamp = if (40..50).contains(&n) { 40 * 160 } else { u32::from(n) * 160 };
            reception.packet(n, timestamp, at(n.into()));
        }
        assert_eq!(reception.report().jitter, 0);
    }
}
