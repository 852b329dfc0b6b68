//! Counts, and what may be said of two of them.

/// How many of the things that were sent were received, and what was received besides.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Tally {
    pub right: usize,
    pub of: usize,
    /// Told, though nobody sent it: doubles, wrong digits, wrong messages.
    pub extra: usize,
}

/// What a receiver should do under a condition.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Wanted {
    /// Receive: more is better.
    More,
    /// Reject: less is better.
    Less,
    /// Between the limits, where either is right.
    Free,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Ahead {
    Ours,
    Rival,
    Even,
    /// Nobody can be, or there is no rival.
    Nobody,
}

impl Ahead {
    pub fn word(self) -> &'static str {
        match self {
            Ahead::Ours => "Loopstart",
            Ahead::Rival => "spandsp",
            Ahead::Even => "even",
            Ahead::Nobody => "–",
        }
    }
}

impl Tally {
    pub fn add(&mut self, other: Tally) {
        self.right += other.right;
        self.of += other.of;
        self.extra += other.extra;
    }

    pub fn share(self) -> f64 {
        self.right as f64 / self.of.max(1) as f64
    }

    pub fn percent(self) -> String {
        match (self.right, self.of) {
            (_, 0) => "–".to_owned(),
            (right, of) if right == of => "100 %".to_owned(),
            (0, _) => "0 %".to_owned(),
            _ => format!("{:.1} %", 100.0 * self.share().min(0.9994)),
        }
    }
}

/// Who received better. A difference within two standard deviations of what chance makes of equal receivers is none; of what was
/// told besides, each piece counts like one that was missed.
pub fn ahead(ours: Tally, rival: Option<Tally>, wanted: Wanted) -> Ahead {
    let Some(rival) = rival else { return Ahead::Nobody };
    let faults = |tally: Tally| match wanted {
        Wanted::More => (tally.of - tally.right + tally.extra) as f64,
        Wanted::Less => (tally.right + tally.extra) as f64,
        Wanted::Free => 0.0,
    };
    if wanted == Wanted::Free { Ahead::Nobody } else { fewer(faults(ours), faults(rival), ours.of as f64) }
}

/// Who has fewer faults in the same number of trials.
pub fn fewer(ours: f64, rival: f64, trials: f64) -> Ahead {
    let mean = (ours + rival) / (2.0 * trials.max(1.0));
    let deviation = (2.0 * trials * mean * (1.0 - mean).max(0.01)).sqrt();
    match ours - rival {
        difference if difference < -2.0 * deviation => Ahead::Ours,
        difference if difference > 2.0 * deviation => Ahead::Rival,
        _ => Ahead::Even,
    }
}
