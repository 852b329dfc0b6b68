use super::*;

/// A machine, its clock, and what it told at which second.
#[derive(Default)]
struct Story {
    alarms: Alarms,
    told: Vec<(u64, AlarmAction)>,
}

impl Story {
    /// Runs to `second`, then lets `event` happen.
    fn at(&mut self, second: u64, event: AlarmEvent) -> &mut Self {
        self.until(second);
        self.alarms.handle(event, Moment::from_secs(second));
        self
    }

    fn until(&mut self, second: u64) -> &mut Self {
        while let Some(due) = self.alarms.deadline().filter(|due| *due <= Moment::from_secs(second)) {
            let mut out = Vec::new();
            self.alarms.handle_timeout(due, &mut out);
            assert_ne!(self.alarms.deadline(), Some(due), "a timeout that is handled is over");
            self.told.extend(out.into_iter().map(|action| (due.as_millis() / 1000, action)));
        }
        self
    }
}

const P1: Option<PortId> = Some(PortId(0));
const P2: Option<PortId> = Some(PortId(1));

fn began(kind: Kind, port: Option<PortId>) -> AlarmEvent {
    AlarmEvent::Began(kind, port)
}

fn ended(kind: Kind, port: Option<PortId>) -> AlarmEvent {
    AlarmEvent::Ended(kind, port)
}

#[test]
fn a_registration_that_comes_back_at_once_is_never_told() {
    let mut story = Story::default();
    story.at(0, began(Kind::Registration, P1)).at(3, ended(Kind::Registration, P1)).until(3600);
    assert!(story.told.is_empty(), "{:?}", story.told);
}

#[test]
fn a_line_that_stays_out_is_told_once_and_its_return_too() {
    let mut story = Story::default();
    story.at(10, began(Kind::Line, P1)).at(12, began(Kind::Line, P1)).at(1800, ended(Kind::Line, P1)).until(7200);
    let expected = [(15, AlarmAction::Tell(Kind::Line, vec![PortId(0)])), (1805, AlarmAction::TellBack(Kind::Line, vec![PortId(0)]))];
    assert_eq!(story.told, expected);
}

#[test]
fn lines_that_go_together_are_told_together() {
    let mut story = Story::default();
    story.at(0, began(Kind::Line, P1)).at(2, began(Kind::Line, P2)).until(60);
    assert_eq!(story.told, [(5, AlarmAction::Tell(Kind::Line, vec![PortId(0), PortId(1)]))]);
}

#[test]
fn a_flapping_line_tells_at_most_once_in_ten_minutes() {
    for period in [1, 4, 7, 12, 45, 200] {
        let mut story = Story::default();
        let mut second = 0;
        while second < 7200 {
            story.at(second, began(Kind::Line, P1)).at(second + period, ended(Kind::Line, P1));
            second += 2 * period;
        }
        story.until(20_000);
        let tells: Vec<u64> = story.told.iter().filter(|(_, action)| matches!(action, AlarmAction::Tell(..))).map(|(at, _)| *at).collect();
        assert!(tells.windows(2).all(|pair| pair[1] - pair[0] >= 600), "period {period}: {tells:?}");
        assert!(!tells.is_empty() || period < 5, "period {period}");
        let backs = story.told.len() - tells.len();
        assert_eq!(backs, tells.len(), "period {period}: whatever was told is told to be over");
    }
}

#[test]
fn a_line_that_is_still_out_when_the_quiet_time_ends_is_told_again() {
    let mut story = Story::default();
    story.at(0, began(Kind::Line, P1)).at(20, ended(Kind::Line, P1)).at(40, began(Kind::Line, P1)).until(3600);
    let tells: Vec<u64> = story.told.iter().map(|(at, _)| *at).collect();
    assert_eq!(tells, [5, 25, 605]);
}

#[test]
fn the_lines_of_a_box_that_is_gone_are_not_told_besides() {
    let mut story = Story::default();
    story.at(0, began(Kind::Line, P1)).at(1, began(Kind::Device, None)).at(1, began(Kind::Line, P2)).until(60);
    assert_eq!(story.told, [(6, AlarmAction::Tell(Kind::Device, vec![]))]);
    story.at(100, ended(Kind::Device, None)).at(100, began(Kind::Line, P2)).until(200);
    let after = [(105, AlarmAction::TellBack(Kind::Device, vec![])), (105, AlarmAction::Tell(Kind::Line, vec![PortId(1)]))];
    assert_eq!(story.told[1..], after);
}

#[test]
fn an_account_that_is_taken_out_can_fail_again_later() {
    let mut story = Story::default();
    story.at(0, began(Kind::Registration, P1)).at(60, AlarmEvent::Forgotten(Kind::Registration));
    story.at(3600, began(Kind::Registration, P1)).until(7200);
    let told = |at| (at, AlarmAction::Tell(Kind::Registration, vec![PortId(0)]));
    assert_eq!(story.told, [told(5), told(3605)]);
}

#[test]
fn what_is_over_is_forgotten() {
    let mut story = Story::default();
    for port in 0..64 {
        story.at(u64::from(port), began(Kind::Registration, Some(PortId(port))));
        story.at(u64::from(port), ended(Kind::Registration, Some(PortId(port))));
    }
    assert!(story.alarms.troubles.is_empty());
}

#[test]
fn notices_begin_and_end_troubles() {
    let notice = |code| Notice {
        at_ms: 0,
        severity: gateway_core::gateway::notice::Severity::Info,
        code,
        port: P1,
        args: std::collections::BTreeMap::new(),
        setting: None,
    };
    assert_eq!(AlarmEvent::of(&notice(NoticeCode::LineDisconnected)), Some(began(Kind::Line, P1)));
    assert_eq!(AlarmEvent::of(&notice(NoticeCode::LineConnected)), Some(ended(Kind::Line, P1)));
    assert_eq!(AlarmEvent::of(&notice(NoticeCode::Registered)), Some(ended(Kind::Registration, P1)));
    assert_eq!(AlarmEvent::of(&notice(NoticeCode::DeviceUp)), Some(ended(Kind::Device, None)));
    assert_eq!(AlarmEvent::of(&notice(NoticeCode::Ringing)), None);
}
