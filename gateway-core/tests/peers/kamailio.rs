//! Kamailio as registrar and proxy of others: users `1xx` with secrets `secret1xx`; it challenges REGISTER with 401 and INVITE
//! with 407. A call to `100` goes to whoever registered as `101`, as an office would route outgoing calls to its gateway.

use std::net::{SocketAddr, UdpSocket};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use super::place::free_ports;

/// A running proxy.
pub(crate) struct Kamailio {
    child: Child,
    address: SocketAddr,
    log: PathBuf,
}

impl Kamailio {
    /// Starts it with its files in `folder`, and waits until it answers.
    pub(crate) fn start(folder: &Path) -> Self {
        let address: SocketAddr = format!("127.0.0.1:{}", free_ports(1)).parse().unwrap();
        let (config, log) = (folder.join("kamailio.cfg"), folder.join("kamailio.log"));
        std::fs::write(&config, CONFIG.replace("LISTEN", &format!("udp:{address}"))).unwrap();
        let file = std::fs::File::create(&log).unwrap();
        // It stays in the foreground (-DD) and is the leader of its workers: they go with it.
        let child = Command::new("kamailio")
            .args(["-m", "64", "-M", "8", "-DD", "-E", "-Y"])
            .arg(folder)
            .arg("-f")
            .arg(&config)
            .stdin(Stdio::null())
            .stdout(file.try_clone().unwrap())
            .stderr(file)
            .spawn()
            .expect("kamailio is not installed: `cargo xtask test` installs what the tests need");
        let mut kamailio = Kamailio { child, address, log };
        kamailio.wait_until_it_answers();
        kamailio
    }

    pub(crate) fn address(&self) -> SocketAddr {
        self.address
    }

    fn wait_until_it_answers(&mut self) {
        let probe = UdpSocket::bind("127.0.0.1:0").unwrap();
        probe.set_read_timeout(Some(Duration::from_millis(200))).unwrap();
        let (me, it) = (probe.local_addr().unwrap(), self.address);
        let options = format!(
            "OPTIONS sip:{it} SIP/2.0\r\nVia: SIP/2.0/UDP {me};branch=z9hG4bK-up;rport\r\nMax-Forwards: 5\r\nFrom: <sip:up@{me}>;tag=1\r\n\
             To: <sip:{it}>\r\nCall-ID: up-{me}\r\nCSeq: 1 OPTIONS\r\nContent-Length: 0\r\n\r\n"
        );
        let until = Instant::now() + Duration::from_secs(15);
        let mut buffer = [0; 2048];
        while Instant::now() < until {
            assert!(self.child.try_wait().unwrap().is_none(), "kamailio ended\n{}", self.log());
            let _ = probe.send_to(options.as_bytes(), it);
            if probe.recv(&mut buffer).is_ok() {
                return;
            }
        }
        panic!("kamailio does not answer\n{}", self.log());
    }

    fn log(&self) -> String {
        std::fs::read_to_string(&self.log).unwrap_or_default()
    }
}

impl Drop for Kamailio {
    fn drop(&mut self) {
        // SIGTERM, so that it ends its workers; killed only when that does not help.
        let _ = Command::new("kill").arg(self.child.id().to_string()).status();
        let until = Instant::now() + Duration::from_secs(5);
        while Instant::now() < until {
            if matches!(self.child.try_wait(), Ok(Some(_))) {
                return;
            }
            std::thread::sleep(Duration::from_millis(20));
        }
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// No alias: with one for `127.0.0.1`, every peer on this computer would count as the proxy itself, and ACK would be lost.
const CONFIG: &str = r#"#!KAMAILIO
debug=1
log_stderror=yes
fork=yes
children=1
listen=LISTEN
enable_tls=no
disable_tcp=yes
auto_aliases=no
dns=no
rev_dns=no
mpath="/usr/lib/x86_64-linux-gnu/kamailio/modules/"
loadmodule "kex.so"
loadmodule "tm.so"
loadmodule "sl.so"
loadmodule "rr.so"
loadmodule "pv.so"
loadmodule "maxfwd.so"
loadmodule "usrloc.so"
loadmodule "registrar.so"
loadmodule "textops.so"
loadmodule "siputils.so"
loadmodule "auth.so"
modparam("usrloc", "db_mode", 0)
modparam("registrar", "max_contacts", 5)
modparam("auth", "nonce_count", 0)
request_route {
  if (!mf_process_maxfwd_header("10")) { sl_send_reply("483", "Too Many Hops"); exit; }
  if (is_method("OPTIONS") && !has_totag()) { sl_send_reply("200", "OK"); exit; }
  if (has_totag()) {
    if (loose_route()) { t_relay(); exit; }
    if (is_method("ACK")) { if (t_check_trans()) t_relay(); exit; }
    sl_send_reply("404", "Not here"); exit;
  }
  if (is_method("CANCEL")) { if (t_check_trans()) t_relay(); exit; }
  if (!is_method("REGISTER|INVITE")) { sl_send_reply("405", "Method Not Allowed"); exit; }
  $var(secret) = "secret" + $fU;
  if (is_method("REGISTER")) {
    if (!pv_www_authenticate("127.0.0.1", "$var(secret)", "0")) { www_challenge("127.0.0.1", "0"); exit; }
    save("location"); exit;
  }
  if (!pv_proxy_authenticate("127.0.0.1", "$var(secret)", "0")) { proxy_challenge("127.0.0.1", "0"); exit; }
  consume_credentials();
  record_route();
  if ($rU == "100") { $rU = "101"; }
  if (!lookup("location")) { sl_send_reply("404", "Not Found"); exit; }
  t_relay();
}
"#;
