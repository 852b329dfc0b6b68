//! dnsmasq: a name server that knows one domain and its servers, and nothing else.

use std::net::Ipv4Addr;

use super::SOON;
use super::process::Process;

/// The domain that it knows.
pub const DOMAIN: &str = "voip.test";

/// A running name server.
pub struct Dnsmasq {
    process: Process,
    address: String,
}

impl Dnsmasq {
    /// Starts it at this port. The servers of the domain for SIP over UDP are these ports of this computer, the one that is
    /// wanted most first.
    pub fn start(port: u16, servers: &[u16]) -> Self {
        let mut args: Vec<String> =
            ["--no-daemon", "--conf-file=/dev/null", "--no-resolv", "--no-hosts", "--bind-interfaces", "--log-facility=-", "--log-queries"]
                .map(str::to_owned)
                .into();
        args.push(format!("--listen-address={}", Ipv4Addr::LOCALHOST));
        args.extend([format!("--port={port}"), format!("--local=/{DOMAIN}/")]);
        for (index, server) in servers.iter().enumerate() {
            args.push(format!("--host-record=server{index}.{DOMAIN},{}", Ipv4Addr::LOCALHOST));
            args.push(format!("--srv-host=_sip._udp.{DOMAIN},server{index}.{DOMAIN},{server},{index},0"));
        }
        let args: Vec<&str> = args.iter().map(String::as_str).collect();
        let process = Process::start(program(), &args, &[]);
        let up = process.stderr.wait(0, SOON, |line| line.contains("started, version").then_some(()));
        assert!(up.is_some(), "dnsmasq does not start\n{}", process.log());
        Dnsmasq { process, address: format!("{}:{port}", Ipv4Addr::LOCALHOST) }
    }

    /// `address:port`.
    pub fn address(&self) -> &str {
        &self.address
    }

    /// Waits until somebody has asked for this kind of record of this name.
    pub fn wait_asked(&self, kind: &str, name: &str) {
        let asked = format!("query[{kind}] {name} ");
        let found = self.process.stderr.wait(0, SOON, |line| line.contains(&asked).then_some(()));
        assert!(found.is_some(), "nobody asked for {kind} of {name}\n{}", self.process.log());
    }
}

fn program() -> &'static str {
    if std::path::Path::new("/usr/sbin/dnsmasq").is_file() { "/usr/sbin/dnsmasq" } else { "dnsmasq" }
}
