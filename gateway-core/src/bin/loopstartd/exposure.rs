//! `loopstartd exposure`: the gateway attacks its own doors and says how they held.

use clap::Args;
use gateway_core::code;
use gateway_core::gateway::exposure::{ExposureGrade, ExposureReport};
use gateway_core::shell::handle::{GatewayHandle, StartOptions};
use gateway_core::shell::{DeviceChoice, keyring, telemetry};

use super::exit::Exit;
use super::run::{Signals, refusal};
use super::{DataDir, output, words};

#[derive(Args, Debug)]
pub(crate) struct ExposureArgs {
    #[command(flatten)]
    data_dir: DataDir,
    /// Print JSON.
    #[arg(long)]
    json: bool,
}

/// Starts the gateway without a box for the time of the test, so nothing else may run with the same data folder.
pub(crate) async fn exposure(args: ExposureArgs) -> Result<(), Exit> {
    telemetry::start();
    let signal = Signals::new()?;
    let options = StartOptions { data_dir: args.data_dir.path()?, device: Some(DeviceChoice::None), profile: None, confirmed: false };
    let gateway = GatewayHandle::start_with(options, keyring::of_this_computer()).await.map_err(refusal)?;
    let tested = tokio::select! {
        tested = gateway.test_exposure() => {
            tested.map_err(|error| Exit::Unavailable(words::of(&format!("refusal.{}", code::of(&error)), &[])))
        }
        () = signal.received() => Err(Exit::Unavailable(words::of("line_test.interrupted", &[]))),
    };
    gateway.stop().await;
    gateway.ended().await;
    let report = tested?;
    // Nobody may read it; the exit code tells all the same.
    let _ = if args.json { output::json(&report) } else { lines(&report).iter().try_for_each(|line| output::line(line)) };
    match report.grade {
        ExposureGrade::A | ExposureGrade::B => Ok(()),
        ExposureGrade::C | ExposureGrade::D | ExposureGrade::F => Err(Exit::Exposed),
    }
}

fn lines(report: &ExposureReport) -> Vec<String> {
    let said = |family: &str, code: &str| words::of(&format!("{family}.{code}"), &[]);
    let mut lines = vec![
        format!("{}: {}", code::of(&report.grade), said("exposure_grade", &code::of(&report.grade))),
        said("exposure_reach", &code::of(&report.reach)),
    ];
    for result in &report.checks {
        let (check, outcome) = (said("exposure_check", &code::of(&result.check)), said("exposure_outcome", &code::of(&result.outcome)));
        lines.push(format!("  {outcome:<12} {check}"));
    }
    for advice in &report.advice {
        let args: Vec<(&str, &str)> = advice.args.iter().map(|(name, value)| (name.as_str(), value.as_str())).collect();
        let about = words::of(&format!("lint.{}", code::of(&advice.code)), &args);
        lines.push(format!("  {:<12} {}: {about}", said("weight", &code::of(&advice.weight)), advice.path));
    }
    lines
}
