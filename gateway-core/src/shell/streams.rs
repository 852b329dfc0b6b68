//! SIP over TCP and TLS: connections that peers open to us and that we open to peers, each with a task of its own.
//!
//! A peer is answered on the connection that it came by; another one is opened only for a request of ours. Nobody waits for a
//! stream: what a connection does not take is given up with the connection, and the brain hears of it.

mod connection;

use std::collections::BTreeMap;
use std::io;
use std::net::{IpAddr, SocketAddr};
use std::sync::Arc;
use std::time::Duration;

use tokio::net::{TcpListener, TcpSocket, TcpStream};
use tokio::sync::mpsc;
use tokio::task::AbortHandle;

use self::connection::{Fault, Patience, Wire};
use super::tls::{self, Tls};
use crate::sip::hop::{Hop, TlsFault, Transport};

/// Connections at once, in both directions.
const MOST_CONNECTIONS: usize = 256;

/// Connections that we may open ourselves besides: whoever fills the others does not keep us from our servers.
const OF_OUR_OWN: usize = 32;

/// Connections that one host may open. A PBX with many telephones behind one address needs some, a scanner would take all.
const MOST_FROM_ONE_HOST: usize = 32;

/// Messages that may wait until a connection takes them.
const MOST_WAITING: usize = 64;

/// Messages of all connections that may wait for the brain. A connection that brings more is not read until there is room.
const ARRIVALS: usize = 256;

/// How long a peer may take to accept a connection.
const CONNECT: Duration = Duration::from_secs(5);

/// How long a peer may take to agree on TLS: one that drips bytes holds a connection for nothing.
const HANDSHAKE: Duration = Duration::from_secs(10);

/// The pause after the system failed to accept a connection, so that a failure that repeats does not take the processor.
const AFTER_ACCEPT_FAILURE: Duration = Duration::from_millis(100);

/// What connections bring.
#[derive(Debug)]
pub(super) enum Arrival {
    /// Somebody opened a connection: it is to be welcomed or dropped.
    Knock { stream: TcpStream, hop: Hop },
    /// A whole message.
    Message { source: Hop, bytes: Vec<u8> },
    /// A connection ended, or could not be had; what was wrong with TLS, when that was why.
    Ended { hop: Hop, number: u64, tls: Option<TlsFault> },
}

/// One connection, seen from here.
#[derive(Debug)]
struct Entry {
    /// Which opening this is: a later one may have the same peer.
    number: u64,
    outgoing: mpsc::Sender<Vec<u8>>,
    task: AbortHandle,
}

/// Where connections are taken, and how they are opened.
#[derive(Debug)]
pub(super) struct Doors {
    pub(super) tcp: Option<std::net::TcpListener>,
    pub(super) tls: Option<Arc<Tls>>,
    /// Connections of ours begin at this address, unless it is that of all networks.
    pub(super) local: IpAddr,
}

/// The connections of the gateway.
#[derive(Debug)]
pub(super) struct Streams {
    open: BTreeMap<Hop, Entry>,
    last: u64,
    listeners: Vec<AbortHandle>,
    tls: Option<Arc<Tls>>,
    inbox: mpsc::Receiver<Arrival>,
    outbox: mpsc::Sender<Arrival>,
    local: IpAddr,
}

impl Streams {
    /// No connection yet; nobody listens. `local` is the address that SIP is bound to.
    pub(super) fn new(local: IpAddr) -> Self {
        let (outbox, inbox) = mpsc::channel(ARRIVALS);
        Streams { open: BTreeMap::new(), last: 0, listeners: Vec::new(), tls: None, inbox, outbox, local }
    }

    /// Takes connections at these doors from now on, in place of others. Connections that are open stay, but for those over TLS when
    /// it has changed: whoever was trusted then may not be now.
    ///
    /// # Errors
    /// The runtime does not take a socket; the doors are then as they were.
    pub(super) fn listen(&mut self, doors: Doors) -> io::Result<()> {
        let tls = doors.tls.as_ref().map(|tls| tls.listener.try_clone()).transpose()?;
        let mut listeners = Vec::new();
        for (transport, listener) in [(Transport::Tcp, doors.tcp), (Transport::Tls, tls)] {
            listeners.extend(listener.map(TcpListener::from_std).transpose()?.map(|listener| (transport, listener)));
        }
        self.listeners.drain(..).for_each(|before| before.abort());
        for (transport, listener) in listeners {
            self.listeners.push(tokio::spawn(accept(listener, transport, self.outbox.clone())).abort_handle());
        }
        let same = self.tls.as_ref().map(Arc::as_ptr) == doors.tls.as_ref().map(Arc::as_ptr);
        if !same {
            // A connection that nobody sends over any more ends by itself, and is told of.
            self.open.retain(|hop, _| hop.transport != Transport::Tls);
        }
        (self.local, self.tls) = (doors.local, doors.tls);
        Ok(())
    }

    /// The next thing that a connection brings.
    pub(super) async fn next(&mut self) -> Arrival {
        loop {
            // We hold a sender ourselves, so there is always a next one.
            let Some(arrival) = self.inbox.recv().await else { return std::future::pending().await };
            match arrival {
                // The end of a connection that has been replaced is no news.
                Arrival::Ended { hop, number, .. } if self.open.get(&hop).is_some_and(|entry| entry.number != number) => {}
                Arrival::Ended { hop, .. } => {
                    self.open.remove(&hop);
                    return arrival;
                }
                Arrival::Knock { .. } | Arrival::Message { .. } => return arrival,
            }
        }
    }

    /// Serves a connection that somebody opened; false: there are too many, and it is closed.
    pub(super) fn welcome(&mut self, stream: TcpStream, hop: Hop) -> bool {
        if hop.transport == Transport::Tls && self.tls.is_none() {
            return false;
        }
        let from_there = self.open.keys().filter(|open| open.ip() == hop.ip()).count();
        if self.open.len() >= MOST_CONNECTIONS || from_there >= MOST_FROM_ONE_HOST {
            return false;
        }
        let acceptor = self.tls.as_ref().filter(|_| hop.transport == Transport::Tls).map(|tls| tls.acceptor());
        self.serve(hop, Patience::stranger(), async move {
            connection::prepare(&stream)?;
            match acceptor {
                Some(acceptor) => shaken(acceptor.accept(stream)).await,
                None => Ok(Box::new(stream) as Box<dyn Wire>),
            }
        });
        true
    }

    /// Whether a message to a peer needs no new connection.
    pub(super) fn is_open(&self, to: Hop) -> bool {
        self.open.get(&to).is_some_and(|entry| !entry.outgoing.is_closed())
    }

    /// Opens a connection to a peer, unless there are too many; what is sent waits for it. Over TLS the peer has to show a certificate
    /// for `name`.
    pub(super) fn open(&mut self, to: Hop, name: &str) -> bool {
        if self.open.len() >= MOST_CONNECTIONS + OF_OUR_OWN {
            return false;
        }
        let local = self.local;
        match to.transport {
            Transport::Udp => return false,
            Transport::Tcp => {
                self.serve(to, Patience::own(), async move { Ok(Box::new(connect(local, to.address).await?) as Box<dyn Wire>) })
            }
            Transport::Tls => {
                let (Some(tls), Ok(name)) = (&self.tls, tls::server_name(name)) else { return false };
                let connector = tls.connector();
                self.serve(to, Patience::own(), async move { shaken(connector.connect(name, connect(local, to.address).await?)).await });
            }
        }
        true
    }

    /// Sends a message to a peer over the connection to it. False: nothing was sent, and nothing will be.
    pub(super) fn send(&mut self, to: Hop, bytes: &[u8]) -> bool {
        let taken = self.open.get(&to).is_some_and(|entry| entry.outgoing.try_send(bytes.to_vec()).is_ok());
        if !taken && let Some(entry) = self.open.remove(&to) {
            entry.task.abort();
        }
        taken
    }

    fn serve(&mut self, hop: Hop, patience: Patience, wire: impl Future<Output = io::Result<Box<dyn Wire>>> + Send + 'static) {
        self.last += 1;
        let number = self.last;
        let (outgoing, waiting) = mpsc::channel(MOST_WAITING);
        let outbox = self.outbox.clone();
        let task = tokio::spawn(async move {
            let ended = match wire.await {
                Ok(wire) => connection::serve(wire, hop, patience, waiting, &outbox).await,
                Err(error) => Err(error.into()),
            };
            let tls = match &ended {
                Err(Fault::System(error)) => tls::fault(error),
                Err(Fault::Stream(_) | Fault::Silent | Fault::Deaf) | Ok(()) => None,
            };
            if let Err(fault) = ended {
                tracing::debug!(%hop, %fault, "a SIP connection ended");
            }
            // When the brain is gone nobody has to know.
            let _ = outbox.send(Arrival::Ended { hop, number, tls }).await;
        });
        self.open.insert(hop, Entry { number, outgoing, task: task.abort_handle() });
    }
}

impl Drop for Streams {
    fn drop(&mut self) {
        self.listeners.iter().for_each(AbortHandle::abort);
        self.open.values().for_each(|entry| entry.task.abort());
    }
}

async fn accept(listener: TcpListener, transport: Transport, outbox: mpsc::Sender<Arrival>) {
    loop {
        match listener.accept().await {
            Ok((stream, peer)) => {
                let hop = Hop::new(transport, peer);
                if outbox.send(Arrival::Knock { stream, hop }).await.is_err() {
                    return;
                }
            }
            Err(error) => {
                tracing::debug!(%error, "a SIP connection was not accepted");
                tokio::time::sleep(AFTER_ACCEPT_FAILURE).await;
            }
        }
    }
}

async fn connect(local: IpAddr, to: SocketAddr) -> io::Result<TcpStream> {
    let socket = if to.is_ipv4() { TcpSocket::new_v4()? } else { TcpSocket::new_v6()? };
    if !local.is_unspecified() && local.is_ipv4() == to.is_ipv4() {
        socket.bind(SocketAddr::new(local, 0))?;
    }
    let stream = tokio::time::timeout(CONNECT, socket.connect(to)).await.map_err(|_| io::Error::from(io::ErrorKind::TimedOut))??;
    connection::prepare(&stream)?;
    Ok(stream)
}

/// A connection over TLS, once both sides have agreed on it.
async fn shaken<W: Wire + 'static>(handshake: impl Future<Output = io::Result<W>>) -> io::Result<Box<dyn Wire>> {
    match tokio::time::timeout(HANDSHAKE, handshake).await {
        Ok(wire) => Ok(Box::new(wire?)),
        Err(_) => Err(io::ErrorKind::TimedOut.into()),
    }
}

#[cfg(test)]
mod tests;
