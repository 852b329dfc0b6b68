//! Kamailio: a registrar and proxy of another maker. Every user is welcome whose secret is the one of [`super::settings`].

use std::time::Duration;

use super::process::Process;
use super::settings::secret;
use super::{Place, SOON};

const MODULES: &[&str] =
    &["/usr/lib/x86_64-linux-gnu/kamailio/modules", "/usr/lib/aarch64-linux-gnu/kamailio/modules", "/usr/lib64/kamailio/modules"];

/// A running proxy.
pub struct Kamailio {
    process: Process,
    from: usize,
    address: String,
}

impl Kamailio {
    /// Starts it as peer `number` of a place. It keeps a registration for `longest_s` at most.
    pub fn start(place: &Place, number: u16, longest_s: u32) -> Self {
        let folder = place.below("kamailio");
        let (file, address) = (folder.join("kamailio.cfg"), format!("127.0.0.1:{}", place.peer(number)));
        std::fs::write(&file, config(&address, longest_s)).unwrap();
        let (file, folder) = (file.to_str().unwrap(), folder.to_str().unwrap());
        let args = ["-f", file, "-DD", "-E", "-m", "64", "-M", "8", "-Y", folder, "-w", folder, "-P", &format!("{folder}/pid")];
        let process = Process::start(program(), &args, &[]);
        let up = process.stderr.wait(0, SOON, |line| line.contains("<script>: ready").then_some(()));
        assert!(up.is_some(), "Kamailio does not start\n{}", process.log());
        Kamailio { process, from: 0, address }
    }

    /// `address:port`.
    pub fn address(&self) -> &str {
        &self.address
    }

    /// From here on, waits look only at what is told later.
    pub fn from_now(&mut self) {
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

fn program() -> &'static str {
    if std::path::Path::new("/usr/sbin/kamailio").is_file() { "/usr/sbin/kamailio" } else { "kamailio" }
}

fn config(address: &str, longest_s: u32) -> String {
    let modules = MODULES.iter().find(|path| std::path::Path::new(path).is_dir()).unwrap_or(&MODULES[0]);
    let load = ["tm", "sl", "rr", "pv", "maxfwd", "usrloc", "registrar", "textops", "siputils", "auth", "xlog", "cfgutils"];
    let load = load.map(|name| format!("loadmodule \"{name}.so\"\n")).concat();
    let ending = secret("");
    format!(
        r#"#!KAMAILIO
debug=0
log_stderror=yes
children=2
disable_tcp=yes
enable_tls=no
auto_aliases=no
dns=no
rev_dns=no
listen=udp:{address}
mpath="{modules}/"
{load}
modparam("registrar", "min_expires", 5)
modparam("registrar", "max_expires", {longest_s})
modparam("auth", "nonce_count", 1)
modparam("auth", "qop", "auth")

request_route {{
    if (!mf_process_maxfwd_header("20")) {{
        sl_send_reply("483", "Too Many Hops");
        exit;
    }}
    if (is_method("CANCEL")) {{
        if (t_check_trans()) t_relay();
        exit;
    }}
    if (has_totag()) {{
        if (loose_route() || is_method("ACK")) t_relay();
        else sl_send_reply("481", "No such call");
        exit;
    }}
    $var(secret) = $fU + "{ending}";
    if (is_method("REGISTER")) {{
        if (!pv_www_authenticate("127.0.0.1", "$var(secret)", "0")) {{
            xlog("L_ALERT", "challenged REGISTER $fU\n");
            www_challenge("127.0.0.1", "1");
            exit;
        }}
        save("location");
        xlog("L_ALERT", "saved $fU expires=$hdr(Expires) contact=$ct cseq=$cs call=$ci\n");
        exit;
    }}
    if (!is_method("INVITE")) {{
        sl_send_reply("405", "Method Not Allowed");
        exit;
    }}
    if (!pv_proxy_authenticate("127.0.0.1", "$var(secret)", "0")) {{
        xlog("L_ALERT", "challenged INVITE $fU\n");
        proxy_challenge("127.0.0.1", "1");
        exit;
    }}
    consume_credentials();
    record_route();
    # Numbers of the telephone network go out through the gateway's first line, as with a PBX: to its contact, with the
    # number in To only.
    if ($rU =~ "^1[0-9]+$") $rU = "line1";
    if (!lookup("location")) {{
        sl_send_reply("404", "Not Found");
        exit;
    }}
    xlog("L_ALERT", "relayed INVITE from $fU to $ru\n");
    t_relay();
}}

event_route[core:worker-one-init] {{
    xlog("L_ALERT", "ready\n");
}}
"#
    )
}
