//! RTP and RTCP (RFC 3550), telephone-event (RFC 4733), the jitter buffer and reception statistics.
