//! What the world hears of the gateway: the live picture, notices and records.

use std::collections::VecDeque;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use tokio::sync::{broadcast, watch};

use crate::config::PortId;
use crate::gateway::Gateway;
use crate::gateway::guard::BanView;
use crate::gateway::io::{Command, Event};
use crate::gateway::line_test::LineTestReport;
use crate::gateway::mark::Mark;
use crate::gateway::notice::{Notice, Severity};
use crate::gateway::record::CallRecord;
use crate::gateway::view::Snapshot;
use crate::media::{Analysis, MediaEvent};
use crate::shell::handle::Update;
use crate::shell::marks::RecentMarks;
use crate::time::Moment;

/// At most ten pictures a second for numbers that flow.
const FLOWING: Duration = Duration::from_millis(100);

/// State changes are shown at once; a storm of them at most fifty times a second.
const CHANGING: Duration = Duration::from_millis(20);

/// A picture at least this often, so that its clock is true.
const AT_LEAST: Duration = Duration::from_secs(1);

/// Notices that are kept in memory; the oldest goes first.
const NOTICES_KEPT: usize = 500;

/// The last notices, oldest first.
pub(crate) type Notices = Arc<Mutex<VecDeque<Notice>>>;

/// Tells the world.
pub(crate) struct Publisher {
    latest: watch::Sender<Arc<Snapshot>>,
    updates: broadcast::Sender<Update>,
    notices: Notices,
    marks: RecentMarks,
    published: Moment,
    due: Moment,
}

impl Publisher {
    pub(crate) fn new(
        latest: watch::Sender<Arc<Snapshot>>,
        updates: broadcast::Sender<Update>,
        notices: Notices,
        marks: RecentMarks,
        now: Moment,
    ) -> Self {
        Publisher { latest, updates, notices, marks, published: now, due: now }
    }

    /// When the next picture is due.
    pub(crate) fn due(&self) -> Moment {
        self.due
    }

    /// An event came: the next picture is due soon, or at once when it may have changed a state.
    pub(crate) fn heard(&mut self, event: &Event) {
        let flows = match event {
            // It is no part of the picture.
            Event::Media { event: MediaEvent::Analysis(_), .. } | Event::Command(Command::Analyse { .. }) => return,
            Event::Message { .. } | Event::CutOff { .. } | Event::Resolved(_) => true,
            Event::Media { event, .. } => matches!(event, MediaEvent::Meter(_)),
            Event::DeviceUp(_)
            | Event::DeviceRebooted
            | Event::DeviceGone
            | Event::DeviceMoved { .. }
            | Event::PortUp(_)
            | Event::PortGone { .. }
            | Event::Line { .. }
            | Event::Sound(_)
            | Event::Command(_)
            | Event::Address(_)
            | Event::LocalTime(_)
            | Event::Spent { .. }
            | Event::BindingsKept { .. }
            | Event::Apply(_)
            | Event::AboutToSleep
            | Event::Awake
            | Event::Stop => false,
        };
        self.bring_forward(if flows { FLOWING } else { CHANGING });
    }

    fn bring_forward(&mut self, gap: Duration) {
        self.due = self.due.min(self.published + gap);
    }

    /// Shows the picture when it is due, and answers how many ports it shows.
    pub(crate) fn publish(&mut self, gateway: &Gateway, now: Moment) -> Option<usize> {
        (now >= self.due).then(|| self.publish_now(gateway, now))
    }

    /// Shows the picture, and answers how many ports it shows.
    pub(crate) fn publish_now(&mut self, gateway: &Gateway, now: Moment) -> usize {
        let snapshot = Arc::new(gateway.snapshot(now));
        let ports = snapshot.ports.len();
        self.marks.forget_from(ports);
        self.latest.send_replace(Arc::clone(&snapshot));
        self.tell(Update::Snapshot(snapshot));
        self.published = now;
        self.due = now + AT_LEAST;
        ports
    }

    /// The same, with what is to be said before anything happens.
    pub(crate) fn beginning_with(mut self, first: impl IntoIterator<Item = Notice>) -> Self {
        first.into_iter().for_each(|notice| self.notice(notice));
        self
    }

    /// Keeps and tells a notice. The log gets its code alone: arguments may hold telephone numbers.
    pub(crate) fn notice(&mut self, notice: Notice) {
        let port = notice.port.map(|port| port.0);
        match notice.severity {
            Severity::Info => tracing::info!(code = ?notice.code, port, "notice"),
            Severity::Warning => tracing::warn!(code = ?notice.code, port, "notice"),
            Severity::Alarm => tracing::error!(code = ?notice.code, port, "notice"),
        }
        {
            let mut notices = self.notices.lock().unwrap_or_else(PoisonError::into_inner);
            if notices.len() >= NOTICES_KEPT {
                notices.pop_front();
            }
            notices.push_back(notice.clone());
        }
        self.tell(Update::Notice(notice));
        self.bring_forward(CHANGING);
    }

    /// Keeps and tells a mark. The log gets nothing: marks hold numbers and digits.
    pub(crate) fn mark(&mut self, mark: Mark) {
        self.marks.keep(mark.clone());
        self.tell(Update::Mark(mark));
    }

    /// Tells what is heard on a line. Nothing of it is kept: the next one comes soon.
    pub(crate) fn analysis(&self, port: PortId, analysis: Box<Analysis>) {
        self.tell(Update::Analysis { port, analysis });
    }

    /// Tells a ban that begins.
    pub(crate) fn ban(&self, ban: BanView) {
        self.tell(Update::Ban(ban));
    }

    /// Tells a line test that is over.
    pub(crate) fn line_test(&mut self, report: LineTestReport) {
        self.tell(Update::LineTest(report));
        self.bring_forward(CHANGING);
    }

    /// Tells a call record.
    pub(crate) fn record(&mut self, record: CallRecord) {
        self.tell(Update::Record(record));
        self.bring_forward(CHANGING);
    }

    fn tell(&self, update: Update) {
        // Nobody listening is fine.
        let _ = self.updates.send(update);
    }
}
