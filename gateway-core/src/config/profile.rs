//! (profile)
