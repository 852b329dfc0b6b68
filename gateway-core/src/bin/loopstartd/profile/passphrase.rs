//! Where a passphrase comes from: never from an argument, which every user of the computer can read in the list of processes.

use std::io::Read;
use std::path::PathBuf;

use clap::Args;
use gateway_core::shell::seal::Passphrase;

use super::super::exit::Exit;

/// The longest passphrase, in bytes.
const MOST_BYTES: u64 = 4096;

#[derive(Args, Debug, Default)]
pub(crate) struct PassphraseFrom {
    /// The first line of this file is the passphrase of the sealed secrets; `-` for standard input.
    #[arg(long, value_name = "FILE", conflicts_with = "passphrase_env")]
    passphrase_file: Option<PathBuf>,
    /// The variable of the environment that holds the passphrase.
    #[arg(long, value_name = "NAME")]
    passphrase_env: Option<String>,
}

impl PassphraseFrom {
    /// The passphrase; `None` when none was offered.
    pub(crate) fn read(&self) -> Result<Option<Passphrase>, Exit> {
        let blank = || Exit::Config("passphrase_blank".to_owned());
        if let Some(name) = &self.passphrase_env {
            let text = std::env::var(name).map_err(|error| Exit::NoInput { path: format!("${name}"), detail: error.to_string() })?;
            return Passphrase::new(text).map(Some).ok_or_else(blank);
        }
        let Some(path) = &self.passphrase_file else { return Ok(None) };
        let unreadable = |error: std::io::Error| Exit::NoInput { path: path.display().to_string(), detail: error.to_string() };
        let text = if path.as_os_str() == "-" { text_of(std::io::stdin().lock()) } else { std::fs::File::open(path).and_then(text_of) };
        let text = text.map_err(unreadable)?;
        let line = text.lines().next().unwrap_or_default();
        Passphrase::new(line.to_owned()).map(Some).ok_or_else(blank)
    }
}

fn text_of(source: impl Read) -> std::io::Result<String> {
    let mut text = String::new();
    source.take(MOST_BYTES).read_to_string(&mut text)?;
    Ok(text)
}
