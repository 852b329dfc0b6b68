//! `loopstartd simulate`: a box with telephone lines behind a pseudo-terminal, as a process of its own.

use std::path::PathBuf;

use clap::Args;

use super::card::CardArgs;
use super::exit::Exit;

#[cfg(unix)]
mod pty;
#[cfg(unix)]
mod sound;
#[cfg(unix)]
mod wav;
#[cfg(unix)]
mod world;

#[derive(Args, Debug)]
pub(crate) struct SimulateArgs {
    /// Number of lines.
    #[arg(long, value_name = "N", default_value_t = 2, value_parser = clap::value_parser!(u16).range(1..=64))]
    ports: u16,
    /// A voice modem with one line instead of a box.
    #[arg(long, value_name = "MAKE", conflicts_with = "ports")]
    modem: Option<ModemMake>,
    /// A Sangoma U100 with two lines instead of a box.
    #[arg(long, conflicts_with_all = ["ports", "modem", "card"])]
    u100: bool,
    /// With a card the box has its sound there: what its channels record is heard on the lines.
    #[command(flatten)]
    card: CardArgs,
    /// Country of the exchange: its tones, ringing and caller ID (ISO 3166, two letters).
    #[arg(long, value_name = "CC", default_value = "BR")]
    country: String,
    /// What number 110 answers with, over and over: a WAV file, 8 kHz, 16 bit, one channel.
    #[arg(long, value_name = "FILE")]
    wav: Option<PathBuf>,
    /// A symbolic link to the pseudo-terminal, at a path that stays the same.
    #[arg(long, value_name = "PATH")]
    link: Option<PathBuf>,
}

#[derive(Clone, Copy, Debug, clap::ValueEnum)]
enum ModemMake {
    /// CX93001.
    Conexant,
    /// Conexant as the Zoom 3095 has it: ends its sound on a threefold mark only.
    Zoom,
    /// USR5637.
    UsRobotics,
}

#[cfg(unix)]
impl SimulateArgs {
    fn lines(&self) -> u16 {
        match self.modem {
            Some(_) => 1,
            None if self.u100 => 2,
            None => self.ports,
        }
    }
}

#[cfg(not(unix))]
pub(crate) async fn simulate(_args: SimulateArgs) -> Result<(), Exit> {
    Err(Exit::Unavailable("no_pseudo_terminals".to_owned()))
}

#[cfg(unix)]
pub(crate) async fn simulate(args: SimulateArgs) -> Result<(), Exit> {
    pty::simulate(args).await
}
