//! How late the audio is through a sound card: from RTP to the card, around, and back to RTP, beside a telephone of another maker
//! on the same card.
//!
//! The card hears itself. What the packets take, 20 ms each way, is in both figures alike.

use std::net::UdpSocket;
use std::path::Path;
use std::time::{Duration, Instant};

use super::caller::Caller;
use super::gateway::{Gateway, SOON};
use super::line::MeasuringBox;
use super::place::{Folder, trunk_settings};
use super::program::Program;
use super::sound_card::{LOOP_END, SoundCard};
use super::spread::Spread;
use super::table::Table;
use super::talk::{Stream, delays_ms, exchange_pulses};

/// Frames that are spoken into each call: 5 s.
const FRAMES: usize = 250;

/// Calls through each: where the packets of a peer lie between the frames of a card is chance, and stays as it is for a call.
const CALLS: usize = 4;

/// The rate of the card.
const RATE_HZ: u32 = 8_000;

/// Where distributions put the modules of baresip.
const MODULES: [&str; 3] = ["/usr/lib/baresip/modules", "/usr/lib/x86_64-linux-gnu/baresip/modules", "/usr/local/lib/baresip/modules"];

/// The pause between two looks.
const PAUSE: Duration = Duration::from_millis(20);

pub fn measure(table: &mut Table) {
    let modules = MODULES.iter().find(|path| Path::new(path).join("alsa.so").is_file());
    let (Some(modules), true) = (modules, Path::new("/usr/bin/pulseaudio").is_file()) else {
        return table.skipped("baresip and PulseAudio are not installed");
    };
    let ours = Spread::of((0..CALLS).flat_map(|_| through_gateway()).collect());
    let theirs = Spread::of((0..CALLS).flat_map(|_| through_baresip(modules)).collect());
    let reference = format!("baresip {theirs}");
    table.row("RTP → sound card → RTP", ours.to_string(), reference, ours.middle() / theirs.middle());
}

/// A sound server with a card of its own.
struct Server {
    card: SoundCard,
    folder: Folder,
    _program: Program,
}

fn server() -> Server {
    let folder = Folder::new();
    let card = SoundCard::new(folder.path(), RATE_HZ, 1);
    let program = Program::start_in("pulseaudio", &card.server_args(), &card.server_env());
    let until = Instant::now() + SOON;
    while !card.socket.exists() {
        assert!(Instant::now() < until, "no sound server: {}", program.complaints());
        std::thread::sleep(PAUSE);
    }
    Server { card, folder, _program: program }
}

fn through_gateway() -> Vec<f64> {
    let server = server();
    let line = MeasuringBox::on_card();
    let device = [&["--device", line.pty.as_str()], &server.card.args(LOOP_END)[..]].concat();
    let gateway = Gateway::start_with(trunk_settings(1, ([127, 0, 0, 1], 9).into()), &device, &server.card.env());
    let mut caller = gateway.answered_call();
    let delays = around(&caller);
    caller.bye();
    delays
}

fn through_baresip(modules: &str) -> Vec<f64> {
    let server = server();
    let sip = UdpSocket::bind("127.0.0.1:0").unwrap().local_addr().unwrap();
    let end = LOOP_END.trim_start_matches("alsa:");
    let load = "module g711.so\nmodule alsa.so\nmodule_app account.so\nmodule_app menu.so\n";
    let config = format!(
        "sip_listen {sip}\nnet_interface 127.0.0.1\naudio_player alsa,{end}\naudio_source alsa,{end}\n\
         ausrc_srate {RATE_HZ}\nauplay_srate {RATE_HZ}\nausrc_channels 1\nauplay_channels 1\nmodule_path {modules}\n{load}"
    );
    let path = server.folder.path();
    std::fs::write(path.join("config"), config).unwrap();
    std::fs::write(path.join("accounts"), format!("<sip:bench@{sip}>;regint=0;answermode=auto\n")).unwrap();
    std::fs::write(path.join("contacts"), "").unwrap();
    let program = Program::start_in("baresip", &["-f", path.to_str().unwrap(), "-t", "60"], &server.card.env());
    let mut caller = Caller::new();
    let until = Instant::now() + SOON;
    // Until it listens, what is sent to it is lost.
    while UdpSocket::bind(sip).is_ok() {
        assert!(Instant::now() < until, "no baresip: {}", program.complaints());
        std::thread::sleep(PAUSE);
    }
    caller.invite(sip, "bench");
    assert_eq!(caller.final_status(SOON), 200, "{}", program.complaints());
    let delays = around(&caller);
    caller.bye();
    delays
}

/// Delays of pulses that come back.
fn around(caller: &Caller) -> Vec<f64> {
    let stream = Stream::with_whom_speaks_first(&caller.rtp, SOON);
    let (sent, heard) = exchange_pulses(stream, FRAMES);
    delays_ms(&sent, &heard, Duration::ZERO).0
}
