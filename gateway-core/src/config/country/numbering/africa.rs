//! Numbers of the countries of Africa.

use super::{Numbering, plan};

pub(super) const NUMBERINGS: &[Numbering] =
    &[Numbering { premium: &["090"], ..plan("ZA", "27", "0", &[9], &["112", "10111", "10177", "107"]) }];
