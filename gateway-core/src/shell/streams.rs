//! SIP over TCP: connections that peers open to us and that we open to peers, each with a task of its own.
//!
//! A peer is answered on the connection that it came by; another one is opened only for a request of ours. Nobody waits for a
//! stream: what a connection does not take is given up with the connection, and the brain hears of it.

mod connection;

use std::collections::BTreeMap;
use std::io;
use std::net::{IpAddr, SocketAddr};
use std::time::Duration;

use tokio::net::{TcpListener, TcpSocket, TcpStream};
use tokio::sync::mpsc;
use tokio::task::AbortHandle;

use self::connection::Patience;
use crate::sip::hop::{Hop, Transport};

/// Connections at once, in both directions.
const MOST_CONNECTIONS: usize = 256;

/// Connections that one host may open. A PBX with many telephones behind one address needs some, a scanner would take all.
const MOST_FROM_ONE_HOST: usize = 32;

/// Messages that may wait until a connection takes them.
const MOST_WAITING: usize = 64;

/// Messages of all connections that may wait for the brain. A connection that brings more is not read until there is room.
const ARRIVALS: usize = 256;

/// How long a peer may take to accept a connection.
const CONNECT: Duration = Duration::from_secs(5);

/// The pause after the system failed to accept a connection, so that a failure that repeats does not take the processor.
const AFTER_ACCEPT_FAILURE: Duration = Duration::from_millis(100);

/// What connections bring.
#[derive(Debug)]
pub(super) enum Arrival {
    /// Somebody opened a connection: it is to be welcomed or dropped.
    Knock { stream: TcpStream, peer: SocketAddr },
    /// A whole message.
    Message { source: Hop, bytes: Vec<u8> },
    /// A connection ended, or could not be had.
    Ended { hop: Hop, number: u64 },
}

/// One connection, seen from here.
#[derive(Debug)]
struct Entry {
    /// Which opening this is: a later one may have the same peer.
    number: u64,
    outgoing: mpsc::Sender<Vec<u8>>,
    task: AbortHandle,
}

/// The connections of the gateway.
#[derive(Debug)]
pub(super) struct Streams {
    open: BTreeMap<Hop, Entry>,
    last: u64,
    listener: Option<AbortHandle>,
    inbox: mpsc::Receiver<Arrival>,
    outbox: mpsc::Sender<Arrival>,
    /// Connections of ours begin at this address, unless it is that of all networks.
    local: IpAddr,
}

impl Streams {
    /// No connection yet; nobody listens. `local` is the address that SIP is bound to.
    pub(super) fn new(local: IpAddr) -> Self {
        let (outbox, inbox) = mpsc::channel(ARRIVALS);
        Streams { open: BTreeMap::new(), last: 0, listener: None, inbox, outbox, local }
    }

    /// Takes connections at `listener` from now on, in place of another one; connections that are open stay.
    ///
    /// # Errors
    /// The runtime does not take the socket.
    pub(super) fn listen(&mut self, listener: Option<std::net::TcpListener>, local: IpAddr) -> io::Result<()> {
        let listener = listener.map(TcpListener::from_std).transpose()?;
        if let Some(before) = self.listener.take() {
            before.abort();
        }
        self.local = local;
        let outbox = self.outbox.clone();
        self.listener = listener.map(|listener| tokio::spawn(accept(listener, outbox)).abort_handle());
        Ok(())
    }

    /// The next thing that a connection brings.
    pub(super) async fn next(&mut self) -> Arrival {
        loop {
            // We hold a sender ourselves, so there is always a next one.
            let Some(arrival) = self.inbox.recv().await else { return std::future::pending().await };
            match arrival {
                // The end of a connection that has been replaced is no news.
                Arrival::Ended { hop, number } if self.open.get(&hop).is_some_and(|entry| entry.number != number) => {}
                Arrival::Ended { hop, number } => {
                    self.open.remove(&hop);
                    return Arrival::Ended { hop, number };
                }
                Arrival::Knock { .. } | Arrival::Message { .. } => return arrival,
            }
        }
    }

    /// Serves a connection that somebody opened; false: there are too many, and it is closed.
    pub(super) fn welcome(&mut self, stream: TcpStream, peer: SocketAddr) -> bool {
        let from_there = self.open.keys().filter(|hop| hop.ip() == peer.ip()).count();
        if self.open.len() >= MOST_CONNECTIONS || from_there >= MOST_FROM_ONE_HOST {
            return false;
        }
        self.serve(Hop::new(Transport::Tcp, peer), Patience::stranger(), async move { Ok(stream) });
        true
    }

    /// Sends a message to a peer. Only a request (`opens`) opens a connection where there is none: the far end of one that is
    /// closed listens to nobody. False: nothing was sent, and nothing will be.
    pub(super) fn send(&mut self, to: Hop, bytes: &[u8], opens: bool) -> bool {
        if self.open.get(&to).is_none_or(|entry| entry.outgoing.is_closed()) {
            if !opens || self.open.len() >= MOST_CONNECTIONS {
                return false;
            }
            let local = self.local;
            self.serve(to, Patience::own(), async move { connect(local, to.address).await });
        }
        let taken = self.open.get(&to).is_some_and(|entry| entry.outgoing.try_send(bytes.to_vec()).is_ok());
        if !taken && let Some(entry) = self.open.remove(&to) {
            entry.task.abort();
        }
        taken
    }

    fn serve(&mut self, hop: Hop, patience: Patience, stream: impl Future<Output = io::Result<TcpStream>> + Send + 'static) {
        self.last += 1;
        let number = self.last;
        let (outgoing, waiting) = mpsc::channel(MOST_WAITING);
        let outbox = self.outbox.clone();
        let task = tokio::spawn(async move {
            let ended = match stream.await {
                Ok(stream) => connection::serve(stream, hop, patience, waiting, &outbox).await,
                Err(error) => Err(error.into()),
            };
            if let Err(fault) = ended {
                tracing::debug!(%hop, %fault, "a SIP connection ended");
            }
            // When the brain is gone nobody has to know.
            let _ = outbox.send(Arrival::Ended { hop, number }).await;
        });
        self.open.insert(hop, Entry { number, outgoing, task: task.abort_handle() });
    }
}

impl Drop for Streams {
    fn drop(&mut self) {
        self.listener.iter().for_each(AbortHandle::abort);
        self.open.values().for_each(|entry| entry.task.abort());
    }
}

async fn accept(listener: TcpListener, outbox: mpsc::Sender<Arrival>) {
    loop {
        match listener.accept().await {
            Ok((stream, peer)) => {
                if outbox.send(Arrival::Knock { stream, peer }).await.is_err() {
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
    tokio::time::timeout(CONNECT, socket.connect(to)).await.map_err(|_| io::Error::from(io::ErrorKind::TimedOut))?
}

#[cfg(test)]
mod tests;
