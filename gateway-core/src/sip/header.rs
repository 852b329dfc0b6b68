//! Typed header values (RFC 3261 §20, §25.1): parsed tolerantly, printed strictly.

pub mod cseq;
pub mod grammar;
pub mod name_addr;
pub mod params;
pub mod rack;
pub mod reason;
pub mod refer_to;
pub mod replaces;
pub mod session_expires;
pub mod via;

pub use cseq::CSeq;
pub use name_addr::NameAddr;
pub use params::Params;
pub use refer_to::Referral;
pub use replaces::Replaces;
pub use via::Via;

/// Why a typed header could not be read. A request that has one is answered 400; a response is dropped.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum HeaderError {
    /// The header is not there.
    #[error("{0} is missing")]
    Missing(&'static str),
    /// The header is there and breaks its grammar.
    #[error("{0} is malformed")]
    Malformed(&'static str),
}
