//! (dsp::goertzel)
