//! The drivers that can be chosen in the device menu.
