//! (dsp::level)
