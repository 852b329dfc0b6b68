//! What every section is given: how much to measure, and the rival.

use super::rival::{Listener, Rival};

pub struct Context {
    /// Far fewer trials, and nothing is written.
    pub quick: bool,
    rival: Option<Rival>,
}

impl Context {
    pub fn new(quick: bool) -> Self {
        let rival = Rival::build().inspect_err(|why| println!("spandsp: skipped ({why})")).ok();
        Context { quick, rival }
    }

    /// So many trials in a whole run, a sixteenth of them in a quick one.
    pub fn trials(&self, whole: usize) -> usize {
        if self.quick { whole.div_ceil(16) } else { whole }
    }

    pub fn has_rival(&self) -> bool {
        self.rival.is_some()
    }

    /// The rival's receiver, where spandsp is installed.
    pub fn listen(&self, args: &[&str]) -> Option<Listener> {
        self.rival.as_ref().map(|rival| rival.listen(args))
    }

    /// What the rival makes: one clip.
    pub fn rival_sound(&self, args: &[&str]) -> Option<Vec<i16>> {
        self.rival.as_ref().map(|rival| rival.make(args))
    }
}
