//! Digits heard on the line.
