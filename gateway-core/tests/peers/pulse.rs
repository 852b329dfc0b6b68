//! PulseAudio with a sound card that is none: what one end plays the other end records. The gateway opens one end, the
//! simulated box the other.

use std::fmt::Write as _;
use std::time::Duration;

use super::process::Process;
use super::{Place, SOON};

/// The end of the gateway.
pub const GATEWAY_END: &str = "alsa:fxo_line";

/// The end of the telephone lines.
pub const LINES_END: &str = "alsa:exchange_line";

/// An end that hears itself: what is played on it is recorded from it.
pub const LOOP_END: &str = "alsa:fxo_loop";

/// A running sound server with both ends of a card.
pub struct Pulse {
    rate_hz: String,
    config: String,
    _server: Process,
}

impl Pulse {
    /// Starts a card with so many channels at this rate. Programs find it by [`Pulse::env`].
    pub fn start(place: &Place, rate_hz: u32, channels: u16) -> Self {
        let folder = place.below("pulse");
        let socket = folder.join("native").display().to_string();
        let write = |name: &str, text: &str| {
            let path = folder.join(name);
            std::fs::write(&path, text).unwrap();
            path.display().to_string()
        };
        let mut script = format!("load-module module-native-protocol-unix socket={socket} auth-anonymous=1\n");
        for sink in ["silence", "fxo_play", "fxo_capture"] {
            let form = format!("rate={rate_hz} channels={channels} format=s16le");
            writeln!(script, "load-module module-null-sink sink_name={sink} {form}").unwrap();
        }
        // A sink takes what it plays in portions of the most impatient of those who play there. With one that always plays they
        // stay alike; a change would leave a torn portion, on which the ALSA plugin makes its callers spin.
        for sink in ["fxo_play", "fxo_capture"] {
            let fixed = "latency_msec=6 adjust_time=0 source_dont_move=true sink_dont_move=true";
            writeln!(script, "load-module module-loopback source=silence.monitor sink={sink} {fixed}").unwrap();
        }
        let script = write("script.pa", &script);
        // Without this a sink changes its rate whenever nobody uses it.
        write("daemon.conf", &format!("default-sample-rate = {rate_hz}\nalternate-sample-rate = {rate_hz}\n"));
        let mut config = "</usr/share/alsa/alsa.conf>\n".to_owned();
        for (name, play, capture) in
            [("fxo_line", "fxo_play", "fxo_capture"), ("exchange_line", "fxo_capture", "fxo_play"), ("fxo_loop", "fxo_play", "fxo_play")]
        {
            let end = |device: &str| format!("{{ type pulse server \"unix:{socket}\" device \"{device}\" }}");
            writeln!(config, "pcm.{name} {{ type asym playback.pcm {}", end(play)).unwrap();
            writeln!(config, "  capture.pcm {} hint {{ show on description \"{name}\" }} }}", end(&format!("{capture}.monitor"))).unwrap();
        }
        let config = write("asound.conf", &config);
        let home = folder.display().to_string();
        let args =
            ["-n", "-F", &script, "--daemonize=no", "--exit-idle-time=-1", "--disallow-exit", "--use-pid-file=no", "--log-level=error"];
        let env = [("HOME", home.as_str()), ("PULSE_RUNTIME_PATH", &home), ("PULSE_STATE_PATH", &home), ("PULSE_CONFIG_PATH", &home)];
        let server = Process::start("pulseaudio", &args, &env);
        let until = std::time::Instant::now() + SOON;
        while !std::path::Path::new(&socket).exists() {
            assert!(std::time::Instant::now() < until, "{}", server.log());
            std::thread::sleep(Duration::from_millis(20));
        }
        Pulse { rate_hz: rate_hz.to_string(), config, _server: server }
    }

    /// The arguments for one end of the card. The plugin says that it can do every rate, and does only the sink's own well.
    pub fn args<'a>(&'a self, end: &'a str) -> [&'a str; 4] {
        ["--card", end, "--card-rate", &self.rate_hz]
    }

    /// What a program needs in its environment to find the card.
    pub fn env(&self) -> [(&str, &str); 1] {
        [("ALSA_CONFIG_PATH", &self.config)]
    }
}
