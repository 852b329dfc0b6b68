//! The simulated exchange: lines with battery, ringing, caller ID, tones, digit collection and scripted far ends.
