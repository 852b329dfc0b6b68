//! One connection: cuts what comes into messages, writes what goes out, and gives up a peer that wastes it.

use std::io;
use std::time::Duration;

use tokio::io::{AsyncRead, AsyncReadExt as _, AsyncWrite, AsyncWriteExt as _};
use tokio::net::TcpStream;
use tokio::sync::mpsc;
use tokio::time::{Instant, sleep_until, timeout};

use super::Arrival;
use crate::sip::hop::Hop;
use crate::sip::stream::{Framer, PONG, Piece, StreamFault};

/// A message has to be whole so long after its first byte: a peer that drips bytes holds a connection for nothing.
const WHOLE_WITHIN: Duration = Duration::from_secs(10);

/// How long a peer may take to take a message.
const WRITE: Duration = Duration::from_secs(5);

/// A connection that we opened is kept open by a sign of life, through NATs and firewalls that forget silent ones
/// (RFC 5626 §4.4.1: 95 to 120 s).
const SIGN_OF_LIFE: Duration = Duration::from_secs(100);

/// A peer that acknowledges nothing for so long is gone. Longer than a transaction waits (64·T1).
const DEATH: Duration = Duration::from_secs(40);

const PING: &[u8] = b"\r\n\r\n";

/// A connection over which nothing goes for so long is of no use to anybody.
const IDLE: Duration = Duration::from_secs(3600);

/// How long a connection may be silent in both directions.
#[derive(Clone, Copy, Debug)]
pub(super) struct Patience {
    /// Until the first message; from then on [`IDLE`].
    first: Duration,
    /// We keep it alive ourselves.
    pings: bool,
}

impl Patience {
    /// For a connection that somebody else opened, and keeps alive if it wants to be reached over it.
    pub(super) fn stranger() -> Self {
        Patience { first: WHOLE_WITHIN, pings: false }
    }

    /// For a connection of ours.
    pub(super) fn own() -> Self {
        Patience { first: IDLE, pings: true }
    }
}

/// Why a connection ended before its peer closed it.
#[derive(Debug, thiserror::Error)]
pub(super) enum Fault {
    #[error("{0}")]
    System(#[from] io::Error),
    #[error("{0}")]
    Stream(#[from] StreamFault),
    /// Nothing came, or not all of a message.
    #[error("silent")]
    Silent,
    /// The gateway stops.
    #[error("nobody listens any more")]
    Deaf,
}

/// What bytes go over: a TCP connection, or TLS on one.
pub(super) trait Wire: AsyncRead + AsyncWrite + Send + Unpin {}

impl<W: AsyncRead + AsyncWrite + Send + Unpin> Wire for W {}

/// Serves a connection until either side ends it.
pub(super) async fn serve(
    mut stream: Box<dyn Wire>,
    hop: Hop,
    patience: Patience,
    mut waiting: mpsc::Receiver<Vec<u8>>,
    outbox: &mpsc::Sender<Arrival>,
) -> Result<(), Fault> {
    let (mut framer, mut buffer, mut pieces) = (Framer::default(), vec![0; 8 * 1024], Vec::new());
    let mut idle = patience.first;
    let mut silent_by = Instant::now() + idle;
    // Of the message that is coming in.
    let mut whole_by: Option<Instant> = None;
    let mut ping_at = Instant::now() + SIGN_OF_LIFE;
    loop {
        tokio::select! {
            () = sleep_until(whole_by.map_or(silent_by, |by| by.min(silent_by))) => return Err(Fault::Silent),
            () = sleep_until(ping_at), if patience.pings => {
                write(&mut stream, PING).await?;
                ping_at = Instant::now() + SIGN_OF_LIFE;
            }
            sent = waiting.recv() => {
                let Some(bytes) = sent else { return Ok(()) };
                write(&mut stream, &bytes).await?;
                ping_at = Instant::now() + SIGN_OF_LIFE;
                silent_by = Instant::now() + idle;
            }
            read = stream.read(&mut buffer) => {
                let count = read?;
                if count == 0 {
                    return Ok(());
                }
                let pushed = framer.push(&buffer[..count], &mut pieces);
                for piece in pieces.drain(..) {
                    match piece {
                        Piece::Message(bytes) => {
                            idle = IDLE;
                            outbox.send(Arrival::Message { source: hop, bytes }).await.map_err(|_| Fault::Deaf)?;
                        }
                        Piece::Ping => write(&mut stream, PONG).await?,
                    }
                    silent_by = Instant::now() + idle;
                    whole_by = None;
                }
                pushed?;
                whole_by = if framer.is_between() { None } else { whole_by.or(Some(Instant::now() + WHOLE_WITHIN)) };
            }
        }
    }
}

/// Lets messages go out at once, and the system notice a peer that is gone without a word, whether something is under way to it or
/// not: until then every request would go down the same hole.
pub(super) fn prepare(stream: &TcpStream) -> io::Result<()> {
    stream.set_nodelay(true)?;
    let socket = socket2::SockRef::from(stream);
    socket.set_tcp_keepalive(&socket2::TcpKeepalive::new().with_time(DEATH).with_interval(DEATH / 3))?;
    #[cfg(any(target_os = "linux", target_os = "android"))]
    socket.set_tcp_user_timeout(Some(DEATH))?;
    Ok(())
}

async fn write(stream: &mut Box<dyn Wire>, bytes: &[u8]) -> Result<(), Fault> {
    let written = async {
        stream.write_all(bytes).await?;
        // TLS keeps what it has sealed until it is told to send it.
        stream.flush().await
    };
    timeout(WRITE, written).await.map_err(|_| Fault::Silent)?.map_err(Fault::from)
}
