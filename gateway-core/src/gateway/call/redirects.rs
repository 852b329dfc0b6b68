//! Where legs of a call were sent by 3xx (RFC 3261 §8.1.3.4), bounded so that no two peers send a caller round in circles.

use std::collections::VecDeque;

use crate::sip::agent::Invite;

/// Places that one call follows its redirections to, over all of its legs.
const MOST: usize = 5;

/// The places that are still to be called, and those that were.
#[derive(Clone, Debug, Default)]
pub(super) struct Redirects {
    called: Vec<String>,
    waiting: VecDeque<Invite>,
    followed: usize,
}

impl Redirects {
    /// This URI is called.
    pub(super) fn note(&mut self, uri: &str) {
        self.called.push(uri.to_owned());
    }

    /// Takes the places that were not called yet, as far as there is room. False: there is none to go to.
    pub(super) fn take(&mut self, invites: Vec<Invite>) -> bool {
        let before = self.followed;
        for invite in invites {
            let known =
                self.called.contains(&invite.request_uri) || self.waiting.iter().any(|other| other.request_uri == invite.request_uri);
            if !known && self.followed < MOST {
                self.followed += 1;
                self.waiting.push_back(invite);
            }
        }
        self.followed > before
    }

    /// The next place to call.
    pub(super) fn next(&mut self) -> Option<Invite> {
        self.waiting.pop_front()
    }
}
