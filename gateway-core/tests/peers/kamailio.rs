//! Kamailio: a registrar and proxy of another maker. Every user is welcome whose secret is the one of [`super::settings`].

#[path = "../bench/kamailio_home.rs"]
mod kamailio_home;

use std::sync::atomic::{AtomicU32, Ordering};
use std::time::Duration;

use super::process::Process;
use super::settings::secret;
use super::{Place, SOON};

/// A running proxy.
pub struct Kamailio {
    process: Process,
    from: usize,
    address: String,
}

impl Kamailio {
    /// Starts it as peer `number` of a place. It keeps a registration for `longest_s` at most.
    pub fn start(place: &Place, number: u16, longest_s: u32) -> Self {
        Kamailio::start_over("udp", place, number, longest_s)
    }

    /// The same over TCP only.
    pub fn start_over_tcp(place: &Place, number: u16, longest_s: u32) -> Self {
        Kamailio::start_over("tcp", place, number, longest_s)
    }

    /// The same over TLS only, with a certificate and its key in one file.
    pub fn start_over_tls(place: &Place, number: u16, longest_s: u32, certificate: &str) -> Self {
        Kamailio::start_over(&format!("tls {certificate}"), place, number, longest_s)
    }

    /// Whether it can do TLS, which is a package of its own; says that it cannot, so that the test can end as skipped.
    pub fn can_tls() -> bool {
        let can = kamailio_home::modules().is_some_and(|path| std::path::Path::new(path).join("tls.so").is_file());
        if !can {
            eprintln!("skipped: Kamailio's TLS is not installed");
        }
        can
    }

    fn start_over(transport: &str, place: &Place, number: u16, longest_s: u32) -> Self {
        static NUMBER: AtomicU32 = AtomicU32::new(0);
        let folder = place.below(&format!("kamailio-{}", NUMBER.fetch_add(1, Ordering::Relaxed)));
        let (file, address) = (folder.join("kamailio.cfg"), format!("127.0.0.1:{}", place.peer(number)));
        std::fs::write(&file, config(transport, &address, longest_s)).unwrap();
        let (file, folder) = (file.to_str().unwrap(), folder.to_str().unwrap());
        let args = ["-f", file, "-DD", "-E", "-m", "64", "-M", "8", "-Y", folder, "-w", folder, "-P", &format!("{folder}/pid")];
        let process = Process::start(kamailio_home::program(), &args, &[]);
        let up = process.stderr.wait(0, SOON, |line| line.contains("<script>: ready").then_some(()));
        assert!(up.is_some(), "Kamailio does not start\n{}", process.log());
        Kamailio { process, from: 0, address }
    }

    /// `address:port`.
    pub fn address(&self) -> &str {
        &self.address
    }

    /// From here on, waits look only at what is told later.
    pub fn mark(&mut self) {
        self.from = self.process.stderr.count();
    }

    /// Waits for a line of its script that contains all `words`.
    pub fn wait(&self, words: &[&str]) -> String {
        self.wait_longer(words, SOON)
    }

    /// How often its script has said a line that contains `words`.
    pub fn count(&self, words: &str) -> usize {
        self.process.stderr.since(0).iter().filter(|line| line.contains(words)).count()
    }

    pub fn wait_longer(&self, words: &[&str], patience: Duration) -> String {
        let said = |line: &str| {
            let (_, said) = line.split_once("<script>: ")?;
            words.iter().all(|word| said.contains(word)).then(|| said.to_owned())
        };
        let found = self.process.stderr.wait(self.from, patience, said);
        found.unwrap_or_else(|| panic!("Kamailio never said {words:?}\n{}", self.process.log()))
    }
}

/// The configuration, of `kamailio.cfg`.
fn config(transport: &str, address: &str, longest_s: u32) -> String {
    let modules = kamailio_home::modules().expect("Kamailio's modules");
    let load = ["tm", "sl", "rr", "pv", "maxfwd", "usrloc", "registrar", "textops", "siputils", "auth", "xlog", "cfgutils"];
    let load = load.map(|name| format!("loadmodule \"{name}.so\"\n")).concat();
    let longest_s = longest_s.to_string();
    let (transport, certificate) = transport.split_once(' ').unwrap_or((transport, ""));
    let disable_tcp = if transport == "udp" { "yes" } else { "no" };
    let tls = |name: &str, value: &str| format!("modparam(\"tls\", \"{name}\", \"{value}\")\n");
    let load = match transport {
        // Left to itself it takes nothing newer than TLS 1.0.
        "tls" => {
            let own = tls("certificate", certificate) + &tls("private_key", certificate);
            load + "loadmodule \"tls.so\"\n" + &own + &tls("tls_method", "TLSv1.2+")
        }
        _ => load,
    };
    let fill = [
        ("@disable_tcp@", disable_tcp),
        ("@enable_tls@", if transport == "tls" { "yes" } else { "no" }),
        ("@transport@", transport),
        ("@address@", address),
        ("@modules@", modules),
        ("@load@", &load),
        ("@longest_s@", &longest_s),
        ("@ending@", &secret("")),
    ];
    fill.iter().fold(include_str!("kamailio.cfg").to_owned(), |text, (mark, value)| text.replace(mark, value))
}
