//! RTP and RTCP (RFC 3550), telephone-event (RFC 4733), the jitter buffer and reception statistics.
//!
//! Everything here is pure: packets go in with the [`crate::time::Moment`] they arrived, samples and bytes come out.

pub mod event;
pub mod jitter;
pub mod packet;
pub mod rtcp;
pub mod stats;

/// How far `later` is after `earlier` on the 32 bit RTP timestamp circle; negative when it is before.
pub(crate) fn timestamp_distance(later: u32, earlier: u32) -> i32 {
    later.wrapping_sub(earlier).cast_signed()
}
