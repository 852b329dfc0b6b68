//! Stand-ins for the floors that land later; this file goes away when they do.
use std::net::SocketAddr;

use crate::dsp::Frame;
use crate::media::{MediaCommand, MediaOutput};
use crate::time::Moment;

/// Stand-in.
pub struct Channel;
#[allow(missing_docs)]
impl Channel {
    pub fn new() -> Self { Channel }
    pub fn command(&mut self, _c: MediaCommand, _n: Moment, _o: &mut Vec<MediaOutput>) {}
    pub fn line_frame(&mut self, _f: &Frame, _n: Moment, _o: &mut Vec<MediaOutput>) {}
    pub fn packet(&mut self, _s: SocketAddr, _b: &[u8], _n: Moment, _o: &mut Vec<MediaOutput>) {}
    pub fn control_packet(&mut self, _s: SocketAddr, _b: &[u8], _n: Moment, _o: &mut Vec<MediaOutput>) {}
    pub fn to_line(&mut self, _n: Moment, _o: &mut Vec<MediaOutput>) -> Frame { Frame::SILENCE }
}
