//! What the brain is told and what it wants done.

use std::time::Duration;

use serde::{Deserialize, Serialize};

use super::GatewayAddress;
use super::guard::BanView;
use super::line_test::LineTestReport;
use super::local_time::LocalTime;
use super::mark::Mark;
use super::names::Answer;
use super::notice::Notice;
use super::record::CallRecord;
use super::sip_trace::{SipDrop, SipNote};
use crate::config::PortId;
use crate::config::settings::Settings;
use crate::fxo::{Identity, LineCommand, LineEvent};
use crate::media::{Analysis, CallSound, MediaCommand, MediaEvent};
use crate::sip::hop::{Hop, TlsFault};
use crate::sip::locate::Question;
use crate::sip::registrar::Binding;

/// What the brain is told.
#[derive(Clone, Debug)]
pub enum Event {
    /// A SIP message came, and [`Gateway::lets_in`](super::Gateway::lets_in) let it in.
    Message {
        /// Where from.
        source: Hop,
        /// The bytes.
        bytes: Vec<u8>,
    },
    /// A connection to this neighbour ended, or could not be had.
    CutOff {
        /// Which.
        hop: Hop,
        /// What was wrong with TLS, when that was why.
        tls: Option<TlsFault>,
    },
    /// What DNS says of a question that [`Action::Resolve`] asked.
    Resolved(Answer),
    /// The box answered: its lines are usable from now on.
    DeviceUp(Identity),
    /// The box restarted: all its lines are on hook.
    DeviceRebooted,
    /// The box is gone.
    DeviceGone,
    /// The box was found again in another USB socket.
    DeviceMoved {
        /// Its line, where several devices have a line each.
        port: Option<PortId>,
        /// The socket it was in: the bus, then the port of each hub on the way.
        from: String,
        /// The socket it is in.
        to: String,
    },
    /// One of several devices with a line each is back.
    PortUp(PortId),
    /// One of several devices with a line each is not there.
    PortGone {
        /// Its line.
        port: PortId,
        /// It was there until now.
        lost: bool,
    },
    /// Something happened on a line.
    Line {
        /// Which line.
        port: PortId,
        /// What.
        event: LineEvent,
    },
    /// The audio channel of a port has something to tell.
    Media {
        /// Which port.
        port: PortId,
        /// What.
        event: MediaEvent,
    },
    /// What was last heard on the line of a call that is over, as its channel was asked for.
    Sound(CallSound),
    /// An order of the operator.
    Command(Command),
    /// The gateway is reachable elsewhere from now on: its sockets were bound anew.
    Address(GatewayAddress),
    /// The local time is this. Told at the start, every minute, and when the clock was set.
    LocalTime(LocalTime),
    /// What the call records say that outgoing calls of a port have used of a day.
    Spent {
        /// Which port.
        port: PortId,
        /// The day, as [`LocalTime`] counts them.
        day: i32,
        /// From the answers to the ends.
        spent: Duration,
    },
    /// Who registered here with an earlier run of the program, as it asked to keep in [`Action::KeepBindings`].
    BindingsKept {
        /// The user.
        user: String,
        /// The bindings; those that have ended meanwhile may be among them.
        bindings: Vec<Binding>,
    },
    /// New settings, checked, prepared and stored: they hold from now on.
    Apply(Box<Settings>),
    /// The computer is about to sleep: end calls and take no new ones until [`Event::Awake`].
    AboutToSleep,
    /// The computer is awake again, whether its sleep was announced or not: servers have forgotten us meanwhile, though our own
    /// timers stood still.
    Awake,
    /// The program stops: end calls, release lines, take back registrations, then say [`Action::Stopped`].
    Stop,
}

/// Orders of the operator.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "specta", derive(specta::Type))]
#[serde(tag = "do", rename_all = "snake_case")]
pub enum Command {
    /// End the call of a port.
    HangUp {
        /// Which port.
        port: PortId,
    },
    /// Register again now (client mode).
    Reregister {
        /// Which port.
        port: PortId,
    },
    /// Test an idle line: seize it, wait for dial tone, dial, listen. At most a minute.
    TestCall {
        /// Which port.
        port: PortId,
        /// What to dial; `None` or blank: the test ends with dial tone.
        number: Option<String>,
    },
    /// Measure a line that nobody uses: volts, loop current, dial tone, noise, echo, and that it is given back. At most 90 s.
    LineTest {
        /// Which port.
        port: PortId,
    },
    /// Somebody looks at what is heard on a line: it is told as [`Action::Analysis`] for three seconds, unless this comes again.
    Analyse {
        /// Which port.
        port: PortId,
    },
    /// Hold a port out of service, or put it back.
    OutOfService {
        /// Which port.
        port: PortId,
        /// Hold it.
        hold: bool,
    },
    /// Forgive a source everything that is held against it; its ban ends.
    LiftBan {
        /// The source, as [`BanView::source`] has it.
        source: String,
    },
}

/// What the brain wants done.
#[derive(Clone, Debug)]
pub enum Action {
    /// A SIP message. Over a stream, a request opens a connection where there is none; failing is told by [`Event::CutOff`].
    Send {
        /// Where to.
        to: Hop,
        /// The bytes.
        bytes: Vec<u8>,
    },
    /// Ask DNS and answer with [`Event::Resolved`], whatever comes of it.
    Resolve(Question),
    /// An order for a line of the box.
    Line {
        /// Which line.
        port: PortId,
        /// What.
        command: LineCommand,
    },
    /// An order for the audio channel of a port.
    Media {
        /// Which port.
        port: PortId,
        /// What.
        command: MediaCommand,
    },
    /// A line test is over: keep this. Its call record follows.
    LineTest(LineTestReport),
    /// What registered here as a user has changed: keep this in place of what was kept of the user, for the next run of the program.
    KeepBindings {
        /// The user.
        user: String,
        /// The bindings that can outlive the program; none: forget the user.
        bindings: Vec<Binding>,
    },
    /// A call is over: keep this.
    Record(CallRecord),
    /// What was last heard on the line of a call whose record came before: keep this with it.
    KeepSound(CallSound),
    /// Something a person should be able to read.
    Notice(Notice),
    /// Something was seen on a line or done to it.
    Mark(Mark),
    /// What is heard on a line, while somebody looks.
    Analysis {
        /// Which line.
        port: PortId,
        /// What.
        analysis: Box<Analysis>,
    },
    /// A source is banned from now on, or slowed.
    Ban(BanView),
    /// What is known of SIP messages, for whoever keeps them.
    Sip(SipNote),
    /// After [`Event::Stop`]: every line is released and every peer told.
    Stopped,
}

impl Action {
    /// What the brain says of the message that it answers with these actions: why it was not listened to.
    #[must_use]
    pub fn drop_told(actions: &[Action]) -> Option<SipDrop> {
        actions.iter().find_map(|action| if let Action::Sip(SipNote::Dropped(why)) = action { Some(why.clone()) } else { None })
    }
}
