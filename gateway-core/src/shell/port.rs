//! The audio thread of one port: owns its [`Channel`] and its RTP and RTCP sockets, and is clocked by the box.
//!
//! For each 20 ms heard on the line: the line's frame goes to the channel, what lies in the sockets goes to the channel, and
//! the channel's frame goes back to the box. Nothing here waits for the network or for the brain.

use std::net::SocketAddr;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

use tokio::sync::mpsc;
use tokio::sync::mpsc::error::TrySendError;

use super::clock::Clock;
use super::device::{BoxOutbox, Play};
use super::inbox::{Inbox, Outbox, Received, inbox};
use super::sockets::RtpPair;
use crate::config::PortId;
use crate::dsp::Frame;
use crate::gateway::io::{Command, Event};
use crate::media::{Channel, Ear, MediaCommand, MediaConfig, MediaEvent, MediaOutput};

/// Orders that may wait; the brain sends a handful a call.
const ORDERS: usize = 256;

/// Frames of the line that may wait: 200 ms. Later ones push out the oldest.
const FRAMES: usize = 10;

/// Datagrams read from one socket in one round: five times what a peer sends in 20 ms when it sends 4 ms packets. More is
/// a flood; it waits in the socket, where the system drops what does not fit.
const DATAGRAMS_A_ROUND: usize = 25;

/// The largest RTP packet that makes sense here: 200 ms of G.711 with all header extensions fits easily.
const PACKET_BYTES: usize = 2048;

/// Without frames for this long the line is silent: what the network sent meanwhile is stale and thrown away.
const NO_LINE: Duration = Duration::from_millis(200);

/// The pause after a failure of our own code, so that one that repeats does not take the whole processor.
const AFTER_PANIC: Duration = Duration::from_millis(200);

/// What the thread of a port is told.
#[derive(Debug)]
pub(crate) enum PortOrder {
    /// From the brain.
    Media(MediaCommand),
    /// Use these sockets from now on; while a call is up, from its end on.
    Sockets(RtpPair),
    /// Where the port's audio goes.
    Box(BoxOutbox),
    /// End.
    Stop,
    /// The audio code fails at the next frame of the line.
    #[cfg(test)]
    Fail,
}

pub(crate) type PortOutbox = Outbox<PortOrder, Frame>;

/// Starts the thread of a port.
///
/// # Errors
/// The system gave no thread.
pub(crate) fn start(
    port: PortId,
    sockets: RtpPair,
    clock: Clock,
    brain: mpsc::Sender<Event>,
) -> std::io::Result<(PortOutbox, JoinHandle<()>)> {
    let (outbox, inbox) = inbox(ORDERS, FRAMES);
    let thread = std::thread::Builder::new().name(format!("port-{port}")).spawn(move || {
        let mut port = PortThread {
            port,
            channel: None,
            clock,
            brain,
            to_box: None,
            sockets,
            next_sockets: None,
            attached: false,
            config: None,
            ear: Ear::Closed,
            failed: false,
            call_fails: false,
            outputs: Vec::with_capacity(16),
            #[cfg(test)]
            fails: false,
        };
        while catch_unwind(AssertUnwindSafe(|| port.run(&inbox))).is_err() {
            tracing::error!(port = port.port.0, "the audio code of a port failed; its call ends and it starts anew");
            port.failed = true;
        }
    })?;
    Ok((outbox, thread))
}

struct PortThread {
    port: PortId,
    /// There is none until the brain has said by which rules.
    channel: Option<Channel>,
    clock: Clock,
    brain: mpsc::Sender<Event>,
    to_box: Option<BoxOutbox>,
    sockets: RtpPair,
    next_sockets: Option<RtpPair>,
    attached: bool,
    /// The rules, for a channel that has to start anew.
    config: Option<Box<MediaConfig>>,
    /// What the channel listens for, for one that has to start anew.
    ear: Ear,
    /// The channel failed and has to start anew.
    failed: bool,
    /// The call that a failed channel served has to end, and the brain does not know yet.
    call_fails: bool,
    outputs: Vec<MediaOutput>,
    #[cfg(test)]
    fails: bool,
}

impl PortThread {
    fn run(&mut self, inbox: &Inbox<PortOrder, Frame>) {
        if self.failed {
            self.start_anew();
        }
        let mut dropped = inbox.audio_dropped();
        loop {
            self.end_failed_call();
            match inbox.receive(Some(Instant::now() + NO_LINE)) {
                Received::Order(PortOrder::Media(command)) => self.command(command),
                Received::Order(PortOrder::Sockets(sockets)) => self.rebind(sockets),
                Received::Order(PortOrder::Box(to_box)) => self.to_box = Some(to_box),
                Received::Order(PortOrder::Stop) | Received::Closed => return,
                #[cfg(test)]
                Received::Order(PortOrder::Fail) => self.fails = true,
                Received::Audio(frame) => self.round(&frame),
                Received::DeadlinePassed => self.throw_away_stale(),
            }
            let now_dropped = inbox.audio_dropped();
            if now_dropped != dropped {
                tracing::debug!(port = self.port.0, frames = now_dropped - dropped, "late: line frames dropped");
                dropped = now_dropped;
            }
        }
    }

    /// 20 ms: the line's frame in, the network's packets in, a frame for the line out.
    fn round(&mut self, heard: &Frame) {
        let now = self.clock.now();
        let Some(channel) = &mut self.channel else { return self.play(Frame::SILENCE) };
        #[cfg(test)]
        assert!(!std::mem::take(&mut self.fails), "the audio code fails, as it was told to");
        channel.line_frame(heard, now, &mut self.outputs);
        let mut buffer = [0; PACKET_BYTES];
        for _ in 0..DATAGRAMS_A_ROUND {
            let Ok((size, source)) = self.sockets.rtp.recv_from(&mut buffer) else { break };
            channel.packet(&buffer[..size], source, now, &mut self.outputs);
        }
        for _ in 0..DATAGRAMS_A_ROUND {
            let Ok((size, source)) = self.sockets.rtcp.recv_from(&mut buffer) else { break };
            channel.rtcp(&buffer[..size], source, now, &mut self.outputs);
        }
        let frame = channel.to_line(now);
        self.play(frame);
        self.carry_out();
    }

    fn play(&self, frame: Frame) {
        if let Some(to_box) = &self.to_box {
            to_box.play(Play { port: self.port, frame });
        }
    }

    fn command(&mut self, command: MediaCommand) {
        let attached = match &command {
            MediaCommand::Attach(_) => true,
            MediaCommand::Detach => {
                // The call is over, whether the brain heard of a failure or not: the next one must not pay for it.
                self.call_fails = false;
                false
            }
            MediaCommand::Configure(config) => {
                self.config = Some(config.clone());
                self.attached
            }
            MediaCommand::Listen(ear) => {
                self.ear = *ear;
                self.attached
            }
            MediaCommand::Dial(_)
            | MediaCommand::Digit { .. }
            | MediaCommand::TestSound(_)
            | MediaCommand::TakeSound { .. }
            | MediaCommand::Quiet
            | MediaCommand::Analyse => self.attached,
        };
        if attached && !self.attached {
            // What lies in the sockets belongs to an earlier call.
            self.throw_away_stale();
        }
        self.attached = attached;
        match (&mut self.channel, command) {
            (None, MediaCommand::Configure(config)) => self.channel = Some(Channel::new(*config)),
            (None, _) => tracing::error!(port = self.port.0, "an order for a channel without rules"),
            (Some(channel), command) => channel.command(command, self.clock.now(), &mut self.outputs),
        }
        self.carry_out();
        if !self.attached
            && let Some(sockets) = self.next_sockets.take()
        {
            self.sockets = sockets;
        }
    }

    fn rebind(&mut self, sockets: RtpPair) {
        if self.attached {
            self.next_sockets = Some(sockets);
        } else {
            self.sockets = sockets;
        }
    }

    fn carry_out(&mut self) {
        for output in self.outputs.drain(..) {
            match output {
                // The network may lose any packet; one that the system does not take now is lost like any other.
                MediaOutput::Rtp { to, bytes } => send(&self.sockets.rtp, to, &bytes),
                MediaOutput::Rtcp { to, bytes } => send(&self.sockets.rtcp, to, &bytes),
                MediaOutput::Event(event) => tell(&self.brain, Event::Media { port: self.port, event }),
                MediaOutput::Sound(sound) => tell(&self.brain, Event::Sound(sound)),
            }
        }
    }

    fn throw_away_stale(&self) {
        let mut buffer = [0; PACKET_BYTES];
        for socket in [&self.sockets.rtp, &self.sockets.rtcp] {
            let mut left = 1000;
            while left > 0 && socket.recv_from(&mut buffer).is_ok() {
                left -= 1;
            }
        }
    }

    /// After a failure of our own code: a fresh channel with the same rules that listens for the same, because the brain reckons
    /// with it; the call that it served ends.
    fn start_anew(&mut self) {
        self.failed = false;
        self.call_fails = true;
        self.end_failed_call();
        self.outputs.clear();
        self.channel = None;
        std::thread::sleep(AFTER_PANIC);
        // Rules under which not even a fresh channel can be built are not tried a second time: the line stays silent.
        let Some(config) = self.config.take() else { return };
        let mut channel = Channel::new((*config).clone());
        channel.command(MediaCommand::Listen(self.ear), self.clock.now(), &mut self.outputs);
        self.config = Some(config);
        self.channel = Some(channel);
    }

    /// Tells the brain to end the call of a channel that failed, until it takes that.
    fn end_failed_call(&mut self) {
        if self.call_fails {
            let told = self.brain.try_send(Event::Command(Command::HangUp { port: self.port }));
            self.call_fails = matches!(told, Err(TrySendError::Full(_)));
        }
    }
}

fn send(socket: &std::net::UdpSocket, to: SocketAddr, bytes: &[u8]) {
    if let Err(error) = socket.send_to(bytes, to) {
        tracing::trace!(%error, "a packet was not sent");
    }
}

/// Tells the brain. Meters and analyses may be lost: the next one comes soon. Anything else waits for room.
fn tell(brain: &mpsc::Sender<Event>, event: Event) {
    let perishable = matches!(event, Event::Media { event: MediaEvent::Meter(_) | MediaEvent::Analysis(_), .. });
    match brain.try_send(event) {
        Ok(()) | Err(TrySendError::Closed(_)) => {}
        Err(TrySendError::Full(_)) if perishable => {}
        // The brain is behind; the frames of this line wait (and are dropped, oldest first) until it has room.
        Err(TrySendError::Full(event)) => {
            let _ = brain.blocking_send(event);
        }
    }
}

#[cfg(test)]
pub(crate) mod tests;
