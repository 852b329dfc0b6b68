//! (dsp::dtmf)
