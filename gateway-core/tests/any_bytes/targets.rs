//! Every place where bytes come in from outside, with what must hold of any bytes whatever: a file each.
//!
//! A property is a function of bytes that panics where it does not hold. `any_bytes.rs` asks each for the kept corpus in every run
//! of the tests; the fuzzer, a workspace of its own in `fuzz`, takes this very file and asks for what it makes up.

mod device;
mod pieces;

pub mod box_frames;
pub mod caller_id;
pub mod conversation;
pub mod datagram;
pub mod digest;
pub mod masking;
pub mod modem;
pub mod profile;
pub mod rtcp;
pub mod rtp;
pub mod sdp;
pub mod srtp;
pub mod stream;
pub mod stun;
pub mod u100;

/// What must hold of some bytes.
pub type Property = fn(&[u8]);

/// Every target: its name, which is that of its corpus and of its fuzz target, and what must hold.
pub const TARGETS: [(&str, Property); 15] = [
    ("box_frames", box_frames::holds),
    ("caller_id", caller_id::holds),
    ("conversation", conversation::holds),
    ("datagram", datagram::holds),
    ("digest", digest::holds),
    ("masking", masking::holds),
    ("modem", modem::holds),
    ("profile", profile::holds),
    ("rtcp", rtcp::holds),
    ("rtp", rtp::holds),
    ("sdp", sdp::holds),
    ("srtp", srtp::holds),
    ("stream", stream::holds),
    ("stun", stun::holds),
    ("u100", u100::holds),
];
