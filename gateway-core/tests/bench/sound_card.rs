//! PulseAudio with a sound card that is none: what one end plays the other end records. The gateway opens one end, the
//! simulated box the other.

use std::fmt::Write as _;
use std::path::{Path, PathBuf};

/// The end of the gateway.
pub(crate) const GATEWAY_END: &str = "alsa:fxo_line";

/// The end of the telephone lines.
pub(crate) const LINES_END: &str = "alsa:exchange_line";

/// An end that hears itself: what is played on it is recorded from it.
pub(crate) const LOOP_END: &str = "alsa:fxo_loop";

/// The files of a sound server, and how to start it.
pub(crate) struct SoundCard {
    rate_hz: String,
    folder: String,
    script: String,
    /// There once the server runs.
    pub(crate) socket: PathBuf,
    alsa: String,
}

impl SoundCard {
    /// A card with so many channels at this rate, its files in `folder`.
    pub(crate) fn new(folder: &Path, rate_hz: u32, channels: u16) -> Self {
        let socket = folder.join("native");
        let write = |name: &str, text: &str| {
            let path = folder.join(name);
            std::fs::write(&path, text).unwrap();
            path.display().to_string()
        };
        // Without this a sink changes its rate whenever nobody uses it.
        write("daemon.conf", &format!("default-sample-rate = {rate_hz}\nalternate-sample-rate = {rate_hz}\n"));
        SoundCard {
            rate_hz: rate_hz.to_string(),
            folder: folder.display().to_string(),
            script: write("script.pa", &script(&socket, rate_hz, channels)),
            alsa: write("asound.conf", &alsa(&socket)),
            socket,
        }
    }

    /// The arguments of `pulseaudio`.
    pub(crate) fn server_args(&self) -> [&str; 8] {
        let [stay, idle, exit, pid] = ["--daemonize=no", "--exit-idle-time=-1", "--disallow-exit", "--use-pid-file=no"];
        ["-n", "-F", &self.script, stay, idle, exit, pid, "--log-level=error"]
    }

    /// The environment of `pulseaudio`.
    pub(crate) fn server_env(&self) -> [(&str, &str); 4] {
        ["HOME", "PULSE_RUNTIME_PATH", "PULSE_STATE_PATH", "PULSE_CONFIG_PATH"].map(|name| (name, self.folder.as_str()))
    }

    /// What a program needs in its environment to find the card.
    pub(crate) fn env(&self) -> [(&str, &str); 1] {
        [("ALSA_CONFIG_PATH", &self.alsa)]
    }

    /// The arguments for one end of the card. The plugin says that it can do every rate, and does only the sink's own well.
    pub(crate) fn args<'a>(&'a self, end: &'a str) -> [&'a str; 4] {
        ["--card", end, "--card-rate", &self.rate_hz]
    }
}

fn script(socket: &Path, rate_hz: u32, channels: u16) -> String {
    let mut script = format!("load-module module-native-protocol-unix socket={} auth-anonymous=1\n", socket.display());
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
    script
}

fn alsa(socket: &Path) -> String {
    let mut config = "</usr/share/alsa/alsa.conf>\n".to_owned();
    for (name, play, capture) in
        [("fxo_line", "fxo_play", "fxo_capture"), ("exchange_line", "fxo_capture", "fxo_play"), ("fxo_loop", "fxo_play", "fxo_play")]
    {
        let end = |device: &str| format!("{{ type pulse server \"unix:{}\" device \"{device}\" }}", socket.display());
        writeln!(config, "pcm.{name} {{ type asym playback.pcm {}", end(play)).unwrap();
        writeln!(config, "  capture.pcm {} hint {{ show on description \"{name}\" }} }}", end(&format!("{capture}.monitor"))).unwrap();
    }
    config
}
