//! What may come in at all: the first question about everything that a network brings, asked before a byte of it is read.

use std::net::IpAddr;

use super::Gateway;
use super::guard::{Ban, BanView, Entry, GuardView, Offence, Patience, Standing};
use super::io::Action;
use super::notice::{NoticeCode, Severity};
use super::router;
use crate::code;
use crate::config::settings::Mode;
use crate::config::transport::Transport;
use crate::sip::hop::Hop;
use crate::sip::message::Request;
use crate::time::Moment;

/// How well-known scanners call themselves in `User-Agent`. None of them is a telephone.
const SCANNERS: [&str; 6] = ["friendly-scanner", "sipvicious", "sundayddr", "sipcli", "pplsip", "sipscan"];

impl Gateway {
    /// Whether a message of `source` is to be looked at: what is not, whoever carries it forgets, and nothing else is told of it
    /// than what `out` says.
    #[must_use]
    pub fn lets_in(&mut self, source: Hop, now: Moment, out: &mut Vec<Action>) -> bool {
        if self.public.lets_in(source) {
            return true;
        }
        let ip = router::plain_ip(source.ip());
        let standing = self.guard.standing_of(ip, now).unwrap_or_else(|| self.standing(ip, now));
        match self.guard.enter(ip, standing, is_proven(source), now) {
            Entry::Admitted => return true,
            Entry::Banned => {}
            Entry::TooFast => {
                if self.sources.is_news(ip, NoticeCode::SourceFlooding, now) {
                    let args = [("source", source.ip().to_string())];
                    out.push(self.notice(Severity::Warning, NoticeCode::SourceFlooding, None, &args, now));
                }
            }
            Entry::Flood(ban) => self.tell_ban(ban, now, out),
            Entry::Crowded => {
                // It is about nobody in particular.
                if self.sources.is_news(IpAddr::V4(std::net::Ipv4Addr::UNSPECIFIED), NoticeCode::StrangersFlooding, now) {
                    out.push(self.notice(Severity::Warning, NoticeCode::StrangersFlooding, None, &[], now));
                }
            }
        }
        false
    }

    /// What the guard has to show.
    #[must_use]
    pub fn guard_view(&self, now: Moment) -> GuardView {
        self.guard.view(|ip| self.standing(ip, now), now)
    }

    /// Whose messages come from an address, as far as it tells: those of a peer that the settings name, that registered here, or
    /// that is in a call.
    pub(super) fn standing(&self, ip: IpAddr, now: Moment) -> Standing {
        let gateway = &self.settings.gateway;
        let is_named = || self.ports.iter().any(|port| port.hosts.names_host(ip, &|host| self.names.known(host)));
        let is_remote = || gateway.mode != Mode::SipServer && self.is_remote_server(ip);
        let is_peer = self.is_in_call(ip) || self.registrar.is_registered_from(ip, now) || is_remote() || is_named();
        if is_peer { Standing::Peer } else { Standing::Stranger }
    }

    pub(super) fn is_in_call(&self, ip: IpAddr) -> bool {
        self.sessions.values().any(|(_, peer)| *peer == ip)
    }

    /// Whether a source is banned, and no peer.
    pub(super) fn is_silenced(&self, ip: IpAddr, now: Moment) -> bool {
        self.guard.conduct.ban_of(ip, now).is_some() && self.standing(ip, now) == Standing::Stranger
    }

    /// Notes an offence of a source. What anybody could have sent in the name of a peer is not held against it.
    pub(super) fn held_against(&mut self, source: Hop, offence: Offence, now: Moment, out: &mut Vec<Action>) {
        let (ip, proven) = (router::plain_ip(source.ip()), is_proven(source));
        if !proven && self.standing(ip, now) == Standing::Peer {
            return;
        }
        let ban = self.guard.conduct.offend(ip, offence, proven, now);
        if let Some(ban) = ban {
            self.tell_ban(ban, now, out);
        }
    }

    /// Notes wrong credentials of a source, and answers what it gets.
    pub(super) fn guessed_wrong(&mut self, ip: IpAddr, now: Moment, out: &mut Vec<Action>) -> Patience {
        let (patience, ban) = self.guard.conduct.wrong(ip, self.settings.gateway.auth_tries, now);
        if let Some(ban) = ban {
            self.tell_ban(ban, now, out);
        }
        patience
    }

    fn tell_ban(&mut self, ban: Ban, now: Moment, out: &mut Vec<Action>) {
        let standing = self.standing(ban.ip, now);
        let view = BanView::new(&ban, standing);
        // Slowing a peer may be felt in its calls, so it is told however much else there is to tell.
        let (severity, code) = match standing {
            Standing::Peer => (Severity::Alarm, NoticeCode::PeerSlowed),
            Standing::Stranger => (Severity::Warning, NoticeCode::SourceBanned),
        };
        if standing == Standing::Peer || self.sources.has_room(now) {
            let args = [
                ("source", view.source.clone()),
                ("reason", code::of(&ban.reason)),
                ("minutes", (ban.until - ban.since).as_secs().div_ceil(60).to_string()),
                ("times", ban.times.to_string()),
            ];
            out.push(self.notice(severity, code, None, &args, now));
        }
        out.push(Action::Ban(view));
    }
}

/// Whether the address of a source is its own: whoever has a connection has answered at it.
fn is_proven(source: Hop) -> bool {
    source.transport != Transport::Udp
}

/// Whether a request says that it comes from a scanner.
pub(super) fn is_scanner(request: &Request) -> bool {
    let agent = request.headers().get("User-Agent").unwrap_or_default().to_ascii_lowercase();
    SCANNERS.iter().any(|scanner| agent.starts_with(scanner))
}
