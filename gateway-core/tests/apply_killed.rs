//! A gateway that is killed around Apply: on its next start the settings are the old ones or the new ones, whole, and what was
//! announced as applied is there.
//!
//! A child of this test applies one set of settings after the other, each of which differs from the last in many places, and says
//! before and after each what it does. It is killed at a random instant, started again on what it left, and says first what it found.
#![cfg(all(feature = "shell", unix))]
#![allow(clippy::unwrap_used, clippy::panic, clippy::disallowed_methods, clippy::print_stdout, reason = "tests stop at the first surprise")]

#[allow(dead_code, reason = "each test file uses a part of the bench")]
#[path = "bench/place.rs"]
mod place;

use std::io::{BufRead as _, BufReader, Write as _};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::mpsc::{Receiver, RecvTimeoutError, channel};
use std::time::{Duration, Instant, SystemTime};

use gateway_core::config::profile::Imported;
use gateway_core::config::settings::{PortSettings, Secret, Settings};
use gateway_core::rng::Rng;
use gateway_core::shell::store::FILE_NAME;
use gateway_core::shell::{DeviceChoice, GatewayHandle, StartOptions};

use place::{Folder, free_ports, secret};

/// Kills in all.
const KILLS: usize = 200;

/// Children that are killed at the same time, each on a folder of its own.
const CHILDREN: usize = 2;

/// UDP ports of one child: two blocks, between which its settings change.
const UDP_PORTS: u16 = 16;

const CHILD_DIR: &str = "LOOPSTART_APPLY_TEST_DIR";
const CHILD_UDP: &str = "LOOPSTART_APPLY_TEST_UDP";

/// Longest wait for a line of the child on a busy computer.
const PATIENCE: Duration = Duration::from_secs(60);

/// The settings number `n`: everything in them tells which they are, and every other one moves to other sockets.
fn settings(n: u32, udp: u16) -> Settings {
    let port = |index: u16| PortSettings {
        name: format!("name {n} of {index}"),
        user: format!("user{n}-{index}"),
        secret: Secret(format!("{}{n}", secret(index))),
        target: format!("{n}"),
        second_target: format!("{n}{index}"),
        only_from_host: format!("10.{}.{}.{index}", n / 256 % 256, n % 256),
        ..PortSettings::default()
    };
    let mut settings = Settings { gateway: place::server_settings(0).gateway, ports: (0..4).map(port).collect() };
    let first = if n.is_multiple_of(2) { udp } else { udp + UDP_PORTS / 2 };
    settings.gateway.sip_port = udp + UDP_PORTS;
    settings.gateway.rtp_port_first = first;
    settings.gateway.register_expires_s = 1000 + n;
    settings
}

/// The number of settings that are whole.
fn number(settings_found: &Settings, udp: u16) -> u32 {
    let n = settings_found.gateway.register_expires_s - 1000;
    assert_eq!(*settings_found, settings(n, udp), "settings {n} are not whole");
    n
}

/// The program that [`killed_at_any_instant_the_settings_are_old_or_new_and_whole`] kills.
#[tokio::test(flavor = "multi_thread", worker_threads = 1)]
#[ignore = "runs only as the child of another test"]
async fn child_that_applies_until_it_is_killed() {
    let data_dir = PathBuf::from(std::env::var_os(CHILD_DIR).unwrap());
    let udp: u16 = std::env::var(CHILD_UDP).unwrap().parse().unwrap();
    let first = !data_dir.join(FILE_NAME).exists();
    let profile = first.then(|| Imported { settings: settings(0, udp), secrets_missing: Vec::new() });
    let options = StartOptions { data_dir, device: Some(DeviceChoice::None), profile, confirmed: true };
    let gateway = GatewayHandle::start(options).await.unwrap();
    let say = |line: String| writeln!(std::io::stdout(), "\n{line}").unwrap();
    let mut n = number(&gateway.settings(), udp);
    say(format!("found {n}"));
    loop {
        n += 1;
        let began = Instant::now();
        say(format!("applying {n}"));
        gateway.apply(settings(n, udp), true).await.unwrap();
        say(format!("applied {n} {}", began.elapsed().as_micros()));
    }
}

/// Where a kill hit.
#[derive(Clone, Copy, Debug, Default)]
struct Hits {
    before_commit: usize,
    /// The log of the database was being written, and the commit was not there.
    during_commit: usize,
    committed_unannounced: usize,
    announced: usize,
}

/// A child that applies.
struct Applier {
    child: Child,
    lines: Receiver<String>,
}

impl Applier {
    fn start(dir: &Path, udp: u16) -> Self {
        let mut child = Command::new(std::env::current_exe().unwrap())
            .args(["--ignored", "--exact", "--nocapture", "child_that_applies_until_it_is_killed"])
            .env(CHILD_DIR, dir)
            .env(CHILD_UDP, udp.to_string())
            .stdout(Stdio::piped())
            .stderr(Stdio::inherit())
            .spawn()
            .unwrap();
        let output = BufReader::new(child.stdout.take().unwrap());
        let (sender, lines) = channel();
        std::thread::spawn(move || output.lines().map_while(Result::ok).try_for_each(|line| sender.send(line)));
        Applier { child, lines }
    }

    /// The numbers behind the next line that begins with `word`.
    fn wait(&self, word: &str) -> Vec<u32> {
        loop {
            match self.lines.recv_timeout(PATIENCE) {
                Ok(line) => {
                    if let Some(numbers) = line.strip_prefix(word) {
                        return numbers.split_whitespace().map(|number| number.parse().unwrap()).collect();
                    }
                }
                Err(RecvTimeoutError::Timeout | RecvTimeoutError::Disconnected) => panic!("the child never says “{word}”"),
            }
        }
    }

    /// Kills it, and answers the last numbers that it said to be applying, and to have applied, since it was last listened to.
    fn kill(mut self) -> (Option<u32>, Option<u32>) {
        // SIGKILL: nothing of the program runs after this.
        self.child.kill().unwrap();
        self.child.wait().unwrap();
        let (mut applying, mut applied) = (None, None);
        for line in self.lines.iter() {
            let said = |word| line.strip_prefix(word)?.split(' ').next()?.parse().ok();
            applying = said("applying ").or(applying);
            applied = said("applied ").or(applied);
        }
        (applying, applied)
    }
}

/// The log of the database, as far as its writing shows from outside.
fn log_of(dir: &Path) -> Option<(u64, SystemTime)> {
    let metadata = std::fs::metadata(dir.join(format!("{FILE_NAME}-wal"))).ok()?;
    Some((metadata.len(), metadata.modified().ok()?))
}

/// What a child was doing when it was killed.
struct Killed {
    /// The newest settings that it announced as applied.
    announced: u32,
    /// It was applying the next ones.
    applying: bool,
    /// It had begun to write the log of the database.
    log_grew: bool,
}

impl Hits {
    /// Judges what the next child found.
    fn judge(&mut self, killed: &Killed, found: u32) {
        let Killed { announced, applying, log_grew } = *killed;
        assert!(found == announced || (applying && found == announced + 1), "found {found}, announced {announced}");
        match (applying, found == announced, log_grew) {
            (false, _, _) => self.announced += 1,
            (true, false, _) => self.committed_unannounced += 1,
            (true, true, true) => self.during_commit += 1,
            (true, true, false) => self.before_commit += 1,
        }
    }
}

/// Kills one child after the other on one folder.
fn kill_often(kills: usize, seed: u64, udp: u16) -> Hits {
    let folder = Folder::new();
    let mut rng = Rng::from_seed(seed);
    let mut hits = Hits::default();
    // How long one Apply takes, from what the children say; it steers where the kills go, never what is checked.
    let mut usual = Duration::from_millis(10);
    let mut killed: Option<Killed> = None;
    for _ in 0..=kills {
        let child = Applier::start(folder.path(), udp);
        let found = child.wait("found ")[0];
        killed.iter().for_each(|killed| hits.judge(killed, found));
        // One Apply goes through, so that the next is one among many; its time is the measure.
        let done = child.wait("applied ");
        usual = (usual + Duration::from_micros(done[1].into())) / 2;
        let next = child.wait("applying ")[0];
        let before = log_of(folder.path());
        let span = u64::try_from(usual.as_nanos()).unwrap();
        let until = Instant::now() + Duration::from_nanos(rng.below(span * 5 / 4));
        while Instant::now() < until {
            std::hint::spin_loop();
        }
        let (applying, applied) = child.kill();
        let (applying, announced) = (applying.unwrap_or(next), applied.unwrap_or(done[0]));
        // Where it went on to the Apply after, nobody saw how the log stood before that one.
        let log_grew = applying == next && log_of(folder.path()) != before;
        killed = Some(Killed { announced, applying: applying > announced, log_grew });
    }
    hits
}

#[test]
fn killed_at_any_instant_the_settings_are_old_or_new_and_whole() {
    let began = Instant::now();
    let each = KILLS / CHILDREN;
    let threads: Vec<_> = (0..CHILDREN)
        .map(|child| {
            let udp = free_ports(UDP_PORTS + 2);
            std::thread::spawn(move || kill_often(each, 7 + child as u64, udp))
        })
        .collect();
    let mut all = Hits::default();
    for thread in threads {
        let hits = thread.join().unwrap();
        all.before_commit += hits.before_commit;
        all.during_commit += hits.during_commit;
        all.committed_unannounced += hits.committed_unannounced;
        all.announced += hits.announced;
    }
    println!("{KILLS} kills in {:.1?}: {all:?}", began.elapsed());
    assert_eq!(all.before_commit + all.during_commit + all.committed_unannounced + all.announced, each * CHILDREN);
    assert!(all.before_commit + all.during_commit > 0, "no kill hit before the commit: {all:?}");
    assert!(all.committed_unannounced + all.announced > 0, "no kill hit after the commit: {all:?}");
}
