//! The exposure test against the sockets of the running gateway.

use std::io;
use std::net::{IpAddr, Ipv4Addr, SocketAddr};
use std::time::Duration;

use tokio::net::UdpSocket;
use tokio::sync::mpsc;
use tokio::time::{Instant, timeout, timeout_at};

use super::{DeviceError, GatewayHandle};
use crate::gateway::exposure::{ExposureReport, ExposureTest, STRANGERS, Shot};
use crate::gateway::guard::{BanEffect, Block, GuardView};
use crate::gateway::io::Command;
use crate::rng::Rng;
use crate::shell::sockets::DATAGRAM_BYTES;

/// How long answers of a round are waited for; on one computer they come within milliseconds, and silence is an answer, too.
const ROUND: Duration = Duration::from_millis(700);

/// How long the gateway may take to say that it lives.
const ALIVE: Duration = Duration::from_secs(5);

/// Answers that may wait to be read.
const WAITING: usize = 256;

/// Datagrams that a stranger takes; a test has far fewer answers.
const MOST_HEARD: usize = 2048;

/// Strangers of a gateway that this computer reaches at its loopback address have addresses from here on, so that they are nobody
/// whom the settings name.
const FIRST_STRANGER: Ipv4Addr = Ipv4Addr::new(127, 0, 0, 66);

/// A datagram that came to a stranger.
type Heard = (usize, SocketAddr, Vec<u8>);

impl GatewayHandle {
    /// Attacks the gateway's own doors as strangers would, over real sockets of this computer, and judges how they held. It takes
    /// some seconds and touches no line; what the guard holds against these strangers is forgiven afterwards.
    ///
    /// # Errors
    /// The gateway has stopped, another test runs, or this computer gives no sockets.
    pub async fn test_exposure(&self) -> Result<ExposureReport, DeviceError> {
        let _alone = self.inner.exposure.try_lock().map_err(|_| DeviceError::Busy)?;
        let sip = self.inner.sockets.lock().await.as_ref().map(|sockets| sockets.sip_address).ok_or(DeviceError::Stopped)?;
        let (sockets, strangers) = strangers(sip).await.map_err(|_| DeviceError::Busy)?;
        let mut seed = [0; 32];
        getrandom::fill(&mut seed).map_err(|_| DeviceError::Busy)?;
        let test = ExposureTest::new(self.settings(), reached(sip), strangers, Rng::from_bytes(seed));
        self.forgive(&strangers).await?;
        let report = self.attack(test, sockets).await;
        self.forgive(&strangers).await?;
        Ok(report)
    }

    async fn attack(&self, mut test: ExposureTest, sockets: Vec<UdpSocket>) -> ExposureReport {
        let sockets: Vec<_> = sockets.into_iter().map(std::sync::Arc::new).collect();
        let (tell, mut heard) = mpsc::channel::<Heard>(WAITING);
        let ears: Vec<_> = sockets.iter().cloned().enumerate().map(|(n, socket)| tokio::spawn(listen(n, socket, tell.clone()))).collect();
        let mut alive = true;
        while let Some(shots) = test.next_round() {
            if shots.is_empty() {
                continue;
            }
            for shot in shots {
                send(&sockets, &shot).await;
            }
            let over = Instant::now() + ROUND;
            while let Ok(Some((to, source, bytes))) = timeout_at(over, heard.recv()).await {
                if let Some(shot) = test.heard(to, source, &bytes) {
                    send(&sockets, &shot).await;
                }
            }
            match timeout(ALIVE, self.guard()).await {
                Ok(Ok(view)) if is_slowed(&view, test.persistent().ip()) => test.saw_it_slowed(),
                Ok(Ok(_)) => {}
                Ok(Err(_)) | Err(_) => alive = false,
            }
        }
        ears.iter().for_each(tokio::task::JoinHandle::abort);
        test.report(alive)
    }

    async fn forgive(&self, strangers: &[SocketAddr]) -> Result<(), DeviceError> {
        for stranger in strangers {
            self.command(Command::LiftBan { source: Block::of(stranger.ip()).to_string() }).await?;
        }
        Ok(())
    }
}

fn is_slowed(view: &GuardView, ip: IpAddr) -> bool {
    let block = Block::of(ip).to_string();
    view.bans.iter().any(|ban| ban.source == block && ban.effect == BanEffect::Slowed)
}

/// Where this computer reaches a socket that is bound to `sip`.
fn reached(sip: SocketAddr) -> SocketAddr {
    match sip.ip() {
        IpAddr::V4(ip) if ip.is_unspecified() => SocketAddr::new(Ipv4Addr::LOCALHOST.into(), sip.port()),
        IpAddr::V6(ip) if ip.is_unspecified() => SocketAddr::new(std::net::Ipv6Addr::LOCALHOST.into(), sip.port()),
        _ => sip,
    }
}

/// Sockets of strangers, and their addresses. A system that has one loopback address only gives them all that one.
async fn strangers(sip: SocketAddr) -> io::Result<(Vec<UdpSocket>, [SocketAddr; STRANGERS])> {
    let own = reached(sip).ip();
    let mut sockets = Vec::with_capacity(STRANGERS);
    let mut addresses = [SocketAddr::new(own, 0); STRANGERS];
    for (n, address) in (0_u32..).zip(&mut addresses) {
        let alias = IpAddr::V4(Ipv4Addr::from_bits(FIRST_STRANGER.to_bits() + n));
        let wanted = if own == IpAddr::V4(Ipv4Addr::LOCALHOST) { alias } else { own };
        let socket = match UdpSocket::bind((wanted, 0)).await {
            Ok(socket) => socket,
            Err(_) => UdpSocket::bind((own, 0)).await?,
        };
        *address = socket.local_addr()?;
        sockets.push(socket);
    }
    Ok((sockets, addresses))
}

async fn send(sockets: &[std::sync::Arc<UdpSocket>], shot: &Shot) {
    if let Some(socket) = sockets.get(shot.from)
        && let Err(error) = socket.send_to(&shot.bytes, shot.to).await
    {
        tracing::debug!(%error, "a probe of the exposure test was not sent");
    }
}

async fn listen(number: usize, socket: std::sync::Arc<UdpSocket>, tell: mpsc::Sender<Heard>) {
    let mut buffer = vec![0; DATAGRAM_BYTES];
    for _ in 0..MOST_HEARD {
        // A port that nobody listens at is told as an error of the socket on some systems, and is no answer.
        let Ok((size, source)) = socket.recv_from(&mut buffer).await else { continue };
        if tell.send((number, source, buffer.get(..size).unwrap_or_default().to_vec())).await.is_err() {
            return;
        }
    }
}
