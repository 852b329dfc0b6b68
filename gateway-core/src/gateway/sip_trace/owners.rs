//! Whose the messages of each Call-ID are. The brain tells it once; it holds for what came before and for what comes after.

use std::collections::BTreeMap;

use super::SipOwner;
use crate::config::PortId;

/// Call-IDs whose owner is remembered; the one that was not heard of for the longest time goes first. Those of messages that are
/// kept are always among them: there are fewer.
const MOST_OWNERS: usize = 1024;

#[derive(Clone, Debug)]
struct Row {
    port: PortId,
    call: Option<String>,
    /// How many news there were when this was told, this one included.
    told: u64,
    /// Grows with every message and every word about this Call-ID.
    heard: u64,
}

/// The table.
#[derive(Clone, Debug, Default)]
pub(super) struct Owners {
    rows: BTreeMap<String, Row>,
    heard: u64,
    told: u64,
}

impl Owners {
    /// A message with this Call-ID passes.
    pub(super) fn seen(&mut self, call_id: &str) {
        self.heard += 1;
        if let Some(row) = self.rows.get_mut(call_id) {
            row.heard = self.heard;
        }
    }

    /// Takes in an owner.
    pub(super) fn tell(&mut self, SipOwner { call_id, port, call }: SipOwner) {
        self.heard += 1;
        if let Some(row) = self.rows.get_mut(&call_id)
            && (row.port, &row.call) == (port, &call)
        {
            row.heard = self.heard;
            return;
        }
        self.told += 1;
        let news = Row { port, call, told: self.told, heard: self.heard };
        if let Some(row) = self.rows.get_mut(&call_id) {
            *row = news;
            return;
        }
        if self.rows.len() >= MOST_OWNERS
            && let Some(oldest) = self.rows.iter().min_by_key(|(_, row)| row.heard).map(|(call_id, _)| call_id.clone())
        {
            self.rows.remove(&oldest);
        }
        self.rows.insert(call_id, news);
    }

    /// The owner of a Call-ID, where there is one.
    pub(super) fn of(&self, call_id: &str) -> Option<SipOwner> {
        self.rows.get(call_id).map(|row| owner(call_id, row))
    }

    /// How many news there were.
    pub(super) fn told(&self) -> u64 {
        self.told
    }

    /// What was told after so many news.
    pub(super) fn told_after(&self, after: u64) -> Vec<SipOwner> {
        self.rows.iter().filter(|(_, row)| row.told > after).map(|(call_id, row)| owner(call_id, row)).collect()
    }
}

fn owner(call_id: &str, row: &Row) -> SipOwner {
    SipOwner { call_id: call_id.to_owned(), port: row.port, call: row.call.clone() }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn owned(call_id: &str, port: u16, call: Option<&str>) -> SipOwner {
        SipOwner { call_id: call_id.to_owned(), port: PortId(port), call: call.map(str::to_owned) }
    }

    #[test]
    fn what_is_told_again_is_no_news_and_a_change_is() {
        let mut owners = Owners::default();
        owners.tell(owned("a", 0, Some("x")));
        owners.tell(owned("a", 0, Some("x")));
        assert!(owners.told() == 1 && owners.told_after(1).is_empty());
        assert_eq!(owners.told_after(0), [owned("a", 0, Some("x"))]);
        owners.tell(owned("a", 1, Some("x")));
        assert_eq!((owners.told(), owners.told_after(1)), (2, vec![owned("a", 1, Some("x"))]));
    }

    #[test]
    fn of_too_many_those_go_that_nobody_heard_of_for_the_longest_time() {
        let mut owners = Owners::default();
        owners.tell(owned("a long call", 0, Some("x")));
        for n in 0..5000 {
            owners.tell(owned(&format!("call {n}"), 1, None));
            owners.seen("a long call");
            owners.seen("nobody's");
        }
        assert_eq!(owners.rows.len(), MOST_OWNERS);
        assert_eq!(owners.of("a long call"), Some(owned("a long call", 0, Some("x"))));
        assert_eq!((owners.of("call 0"), owners.of("nobody's")), (None, None));
        assert!(owners.of("call 4999").is_some());
    }
}
