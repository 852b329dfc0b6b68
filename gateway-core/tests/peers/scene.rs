//! The usual scene: a gateway on simulated lines behind a pseudo-terminal, and SIPp before it.

use std::cell::Cell;

use gateway_core::config::settings::{Mode, Settings};
use serde_json::json;

use super::pulse::{GATEWAY_END, LINES_END};
use super::sipp::{Part, Sipp};
use super::{Baresip, Daemon, Place, Pulse, SimulatedBox, settings};

/// What a telephone offers: G.711 and named events.
pub const G711: &str = "8 0 101\n      a=rtpmap:8 PCMA/8000\n      a=rtpmap:0 PCMU/8000\n      a=rtpmap:101 telephone-event/8000";

/// What a referrer of SIPp hears when the colleague rings.
pub const RINGING: &str = r#"<recv request="NOTIFY">
    <action>
      <ereg regexp="^SIP/2[.]0 180 Ringing" search_in="body" check_it="true" assign_to="seen"/>
    </action>
  </recv>
  <send>
    <![CDATA[
      SIP/2.0 200 OK
      [last_Via:]
      [last_From:]
      [last_To:]
      [last_Call-ID:]
      [last_CSeq:]
      Content-Length: 0

    ]]>
  </send>"#;

/// Peers take their ports in turn, so that a late retransmission to one meets nobody.
const PEERS: u16 = 8;

/// A gateway with its lines.
pub struct Scene {
    pub daemon: Daemon,
    pub lines: SimulatedBox,
    pub place: Place,
    next: Cell<u16>,
}

impl Scene {
    /// Starts a gateway with as many lines as ports, and waits until every line is idle. `change` makes its settings.
    pub fn start(mode: Mode, ports: u16, change: impl FnOnce(&mut Settings)) -> Self {
        let place = Place::new();
        Scene::start_at(place, mode, ports, |settings, _| change(settings))
    }

    /// The same at a place that knows its peers already.
    pub fn start_at(place: Place, mode: Mode, ports: u16, change: impl FnOnce(&mut Settings, &Place)) -> Self {
        let lines = SimulatedBox::start(ports);
        let device = lines.pty().to_owned();
        Scene::on(lines, &device, place, mode, ports, change)
    }

    /// The same on the virtual box of the program itself.
    pub fn start_on_virtual_box(place: Place, mode: Mode, ports: u16, change: impl FnOnce(&mut Settings, &Place)) -> Self {
        let mut settings = settings::settings(&place, mode, ports);
        change(&mut settings, &place);
        let (daemon, lines) = Daemon::run_on_virtual_box(&place, &settings, ports);
        daemon.wait_all("idle");
        Scene::of(daemon, lines, place)
    }

    /// The same with one line, behind a voice modem of this make.
    pub fn start_on_modem(make: &str, place: Place, mode: Mode, change: impl FnOnce(&mut Settings, &Place)) -> Self {
        let lines = SimulatedBox::with_args(&["--modem", make]);
        let device = format!("modems:{}", lines.pty());
        Scene::on(lines, &device, place, mode, 1, change)
    }

    /// The same with two lines, behind a Sangoma U100.
    pub fn start_on_u100(place: Place, mode: Mode, change: impl FnOnce(&mut Settings, &Place)) -> Self {
        let lines = SimulatedBox::with_args(&["--u100"]);
        let device = format!("sangoma-u100:{}", lines.pty());
        Scene::on(lines, &device, place, mode, 2, change)
    }

    /// The same with one line, whose box has its voice on a sound card.
    pub fn start_on_card(pulse: &Pulse, place: Place, mode: Mode, change: impl FnOnce(&mut Settings, &Place)) -> Self {
        let lines = SimulatedBox::with_args_in(&[&["--ports", "1"], &pulse.args(LINES_END)[..]].concat(), &pulse.env());
        let mut settings = settings::settings(&place, mode, 1);
        change(&mut settings, &place);
        let daemon = Daemon::run_on_card(&place, &settings, lines.pty(), &pulse.args(GATEWAY_END), &pulse.env());
        daemon.wait_all("idle");
        Scene::of(daemon, lines, place)
    }

    fn on(lines: SimulatedBox, device: &str, place: Place, mode: Mode, ports: u16, change: impl FnOnce(&mut Settings, &Place)) -> Self {
        let mut settings = settings::settings(&place, mode, ports);
        change(&mut settings, &place);
        let daemon = Daemon::run(&place, &settings, device);
        daemon.wait_all("idle");
        Scene::of(daemon, lines, place)
    }

    /// A scene whose parts are there already.
    pub fn of(daemon: Daemon, lines: SimulatedBox, place: Place) -> Self {
        Scene { daemon, lines, place, next: Cell::new(0) }
    }

    /// Waits from now on look only at what is told later.
    pub fn mark(&mut self) {
        self.daemon.mark();
        self.lines.mark();
    }

    /// The telephone calls out over the first line, talks, and hangs up.
    pub fn calls_out(&mut self, phone: &mut Baresip, uri: &str) {
        phone.dial(uri);
        phone.wait("CALL_ESTABLISHED");
        self.daemon.wait_port(0, "talking");
        phone.hang_up();
        self.daemon.wait_record("sip_hung_up");
        self.daemon.wait_port(0, "idle");
        self.mark();
        phone.mark();
    }

    /// The first line rings, the telephone answers by itself, and the far end of the line hangs up.
    pub fn is_called(&mut self, phone: &Baresip) {
        self.lines.act(0, "ring", json!({ "from": "1133334444" }));
        phone.wait("CALL_ESTABLISHED");
        self.lines.act(0, "hang_up", json!({}));
        phone.wait("CALL_CLOSED");
        self.daemon.wait_record("line_hung_up");
    }

    /// The first line rings, the SIPp of this part answers, and the far end of the line hangs up.
    pub fn is_answered_by(&mut self, part: &Part<'_>) {
        let sipp = Sipp::start(&self.place, part);
        self.lines.act(0, "ring", json!({ "from": "1133334444" }));
        self.daemon.wait_port(0, "talking");
        self.lines.act(0, "hang_up", json!({}));
        sipp.finish();
        self.daemon.wait_record("line_hung_up");
    }

    /// The ports of the next peer.
    pub fn next_peer(&self) -> u16 {
        let number = self.next.get();
        self.next.set((number + 1) % PEERS);
        self.place.peer(number)
    }

    /// `sip:number@gateway`.
    pub fn uri(&self, number: &str) -> String {
        let host = format!("127.0.0.1:{}", self.place.sip());
        if number.is_empty() { format!("sip:{host}") } else { format!("sip:{number}@{host}") }
    }

    /// A scenario of a caller of this gateway, `line1` and its secret unless it says otherwise.
    pub fn caller(&self, call: &Call<'_>) -> Sipp {
        let uri = self.uri(call.number);
        let secret = settings::secret(call.user);
        let mut fill = vec![("to", uri.as_str()), ("user", call.user)];
        if !matches!(call.scenario, "silence.xml" | "options.xml") {
            fill.push(("codecs", call.codecs));
        }
        fill.extend(call.fill);
        let secret = call.secret.unwrap_or(&secret);
        let remote_port = self.place.sip();
        let (scenario, ip, port, user) = (call.scenario, call.ip, self.next_peer(), call.user);
        Sipp::start(&self.place, &Part { scenario, ip, port, remote_port, user, secret, fill: &fill, args: call.args, ..Part::default() })
    }

    /// A caller who knows the secret is refused with this status, this Q.850 cause and these further checks.
    pub fn refused(&self, call: &Call<'_>, status: &str, cause: u8, checks: &str) {
        let checks = format!("{}{checks}", reason(cause));
        let scenario = if call.scenario.is_empty() { "refused.xml" } else { call.scenario };
        let fill = [("status", status), ("checks", &checks)];
        self.caller(&Call { scenario, fill: &fill, ..*call }).finish();
    }
}

/// One call of SIPp.
#[derive(Clone, Copy)]
pub struct Call<'a> {
    pub scenario: &'a str,
    pub number: &'a str,
    pub user: &'a str,
    /// `None`: the right one.
    pub secret: Option<&'a str>,
    pub ip: &'a str,
    pub codecs: &'a str,
    pub fill: &'a [(&'a str, &'a str)],
    /// Further arguments of SIPp.
    pub args: &'a [&'a str],
}

impl Default for Call<'_> {
    fn default() -> Self {
        Call { scenario: "", number: "100", user: "line1", secret: None, ip: "127.0.0.1", codecs: G711, fill: &[], args: &[] }
    }
}

/// A check: the `Reason` header has this Q.850 cause.
pub fn reason(cause: u8) -> String {
    header("Reason", &format!("Q[.]850 *; *cause={cause}([^0-9]|$)"))
}

/// A check: the header matches.
pub fn header(name: &str, pattern: &str) -> String {
    format!("<ereg regexp=\"{pattern}\" search_in=\"hdr\" header=\"{name}:\" check_it=\"true\" assign_to=\"seen\"/>")
}
