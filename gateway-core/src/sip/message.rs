//! The facade over SIP messages: the only SIP types that the rest of the house knows.
//!
//! The message model underneath is the `rsip` crate's; [`super::wire`](crate::sip) builds and prints it. Raw URI text is kept, because
//! routing and digest need the bytes that came, not a re-printed form.

/// A SIP method.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Method {
    /// RFC 3261.
    Invite,
    /// RFC 3261.
    Ack,
    /// RFC 3261.
    Bye,
    /// RFC 3261.
    Cancel,
    /// RFC 3261.
    Register,
    /// RFC 3261.
    Options,
    /// RFC 6086.
    Info,
    /// RFC 3262.
    Prack,
    /// RFC 3311.
    Update,
    /// RFC 3515.
    Refer,
    /// RFC 6665.
    Notify,
    /// RFC 6665.
    Subscribe,
    /// RFC 3428.
    Message,
    /// Any other token.
    Other(String),
}

/// A SIP request.
#[derive(Clone, Debug)]
pub struct Request {
    _private: (),
}
