//! `loopstartd devices`: the boxes that can be chosen, whether one keeps the protocol, and what goes over its wire.

use std::ops::ControlFlow;

use clap::{Args, Subcommand};
use gateway_core::code;
use gateway_core::fxo::boxlink::examination::{Finding, Verdict};
use gateway_core::shell::card::{self, CardEntry};
use gateway_core::shell::device::{self, DeviceChoice, DeviceEntry, DeviceTrace};
use jiff::tz::TimeZone;

use super::exit::Exit;
use super::run::DeviceArg;
use super::{output, words};

#[derive(Args, Debug)]
pub(crate) struct DevicesArgs {
    #[command(subcommand)]
    task: Option<DevicesTask>,
    /// List the sound cards that can carry a voice instead; where the system plays its own sounds too is marked by `*`.
    #[arg(long)]
    cards: bool,
    /// Print JSON.
    #[arg(long)]
    json: bool,
}

#[derive(Debug, Subcommand)]
enum DevicesTask {
    /// Examine the box on a serial port against docs/BOX-PROTOCOL.md. No gateway may use it meanwhile.
    Check {
        /// Path or name of the serial port.
        #[arg(value_name = "PORT")]
        path: String,
        /// Seize each line that has battery for some seconds; without it the rules of a seized line are skipped.
        #[arg(long)]
        seize: bool,
        /// Print each finding as JSON.
        #[arg(long)]
        json: bool,
    },
    /// Open a box and print what goes over its wire, until Ctrl-C; no line is taken. No gateway may use it meanwhile. It may
    /// print numbers of callers.
    Trace {
        /// The box, as `run --device` takes it.
        #[arg(value_name = "BOX")]
        device: DeviceArg,
        /// Print the frames of sound too.
        #[arg(long)]
        sound: bool,
        /// Print each line as JSON.
        #[arg(long)]
        json: bool,
    },
}

pub(crate) fn devices(args: DevicesArgs) -> Result<(), Exit> {
    match args.task {
        None if args.cards => list_cards(args.json),
        None => list(args.json),
        Some(DevicesTask::Check { path, seize, json }) => check(&path, seize, json),
        Some(DevicesTask::Trace { device, sound, json }) => trace(device.0, sound, json),
    }
}

/// Prints until nobody reads it any more, or the program is ended.
fn trace(choice: DeviceChoice, sound: bool, json: bool) -> Result<(), Exit> {
    let zone = TimeZone::system();
    let mut tell = |trace: &DeviceTrace, started_epoch_ms| {
        let printed = if json {
            trace.lines.iter().try_for_each(output::json)
        } else {
            output::line(device::as_text(trace, "", started_epoch_ms, &zone).trim_end())
        };
        if printed.is_ok() { ControlFlow::Continue(()) } else { ControlFlow::Break(()) }
    };
    device::listen(choice, sound, &mut tell).map_err(|error| Exit::System(error.to_string()))
}

/// Tells each finding as it comes; a broken rule ends the program with the code of wrong data.
fn check(path: &str, seize: bool, json: bool) -> Result<(), Exit> {
    let mut broken = 0_usize;
    let mut tell = |finding: Finding| {
        broken += usize::from(matches!(finding.verdict, Verdict::Broken { .. }));
        // Nobody reads it: the exit code still tells.
        let _ = if json { output::json(&finding) } else { output::line(&told(&finding)) };
    };
    let answered = device::examine(path, seize, &mut tell).map_err(|fault| Exit::Unavailable(format!("{path}: {}", code::of(&fault))))?;
    match answered {
        Some(_) if broken == 0 => Ok(()),
        Some(_) | None => Err(Exit::Data),
    }
}

/// `held    port 1  seize`, and what was seen instead where it was not.
fn told(finding: &Finding) -> String {
    let rule = words::of(&format!("rule.{}", code::of(&finding.rule)), &[]);
    let place = finding
        .port
        .map_or_else(|| words::of("check.box", &[]), |port| words::of("check.port", &[("n", &(u16::from(port) + 1).to_string())]));
    match finding.verdict {
        Verdict::Held => format!("{}\t{place}\t{rule}", words::of("check.held", &[])),
        Verdict::Broken { seen } => {
            let fields = serde_json::to_value(seen).unwrap_or_default();
            let field = |name: &str| fields.get(name).map(ToString::to_string);
            let args: Vec<_> = ["status", "count", "ms"].iter().filter_map(|&name| Some((name, field(name)?))).collect();
            let args: Vec<_> = args.iter().map(|(name, value)| (*name, value.as_str())).collect();
            let code = fields.get("seen").and_then(serde_json::Value::as_str).unwrap_or_default();
            format!("{}\t{place}\t{rule}: {}", words::of("check.broken", &[]), words::of(&format!("seen.{code}"), &args))
        }
        Verdict::Skipped { why } => {
            format!("{}\t{place}\t{rule}: {}", words::of("check.skipped", &[]), words::of(&format!("missing.{}", code::of(&why)), &[]))
        }
    }
}

fn list(json: bool) -> Result<(), Exit> {
    let entries = device::list(&DeviceChoice::None);
    // Nobody reads the list: then nothing is left to do.
    let _ = if json { output::json(&entries) } else { entries.iter().try_for_each(|entry| output::line(&row(entry))) };
    Ok(())
}

fn list_cards(json: bool) -> Result<(), Exit> {
    let entries = card::cards();
    // One row: what to give to `run --card`, then the name, and a mark where the system plays its own sounds too.
    let row = |entry: &CardEntry| {
        let both = [&entry.id.capture, &entry.id.playback];
        let ids = if both[0] == both[1] { both[0].clone() } else { format!("{} --card-playback {}", both[0], both[1]) };
        [ids.as_str(), &entry.name, if entry.is_default { "*" } else { "" }].join("\t").trim_end().to_owned()
    };
    // Nobody reads the list: then nothing is left to do.
    let _ = if json { output::json(&entries) } else { entries.iter().try_for_each(|entry| output::line(&row(entry))) };
    Ok(())
}

/// One row: what to give to `run --device`, then what is known of it.
fn row(entry: &DeviceEntry) -> String {
    let argument = match &entry.choice {
        DeviceChoice::None => "none".to_owned(),
        DeviceChoice::Virtual { ports } => format!("virtual:{ports}"),
        DeviceChoice::Serial { path } => path.clone(),
        DeviceChoice::SerialAs { path, driver } => format!("{driver}:{path}"),
        DeviceChoice::SerialWithCard { path, card } => format!("{path} --card {}", card.capture),
        DeviceChoice::Modems { paths } => format!("modems:{}", paths.join(",")),
    };
    let known = if entry.known { "*" } else { "" };
    [argument.as_str(), &entry.name, &entry.usb, &entry.serial, known].join("\t").trim_end().to_owned()
}
