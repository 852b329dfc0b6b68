//! `loopstartd dial-test`: what would become of a number, by the dialling rules. Nothing is dialled.

use std::path::PathBuf;

use clap::Args;
use gateway_core::code;
use gateway_core::config::dialling::{Bar, Dialling, decide};
use gateway_core::config::settings::Settings;
use serde_json::json;

use super::exit::Exit;
use super::{DataDir, output, profile, words};

#[derive(Args, Debug)]
pub(crate) struct DialTestArgs {
    /// The number that a SIP caller would ask for.
    #[arg(value_name = "NUMBER", allow_hyphen_values = true)]
    number: String,
    /// Ask the rules of a profile instead of those of the gateway; `-` for standard input.
    #[arg(long, value_name = "FILE")]
    profile: Option<PathBuf>,
    #[command(flatten)]
    data_dir: DataDir,
    /// Print JSON.
    #[arg(long)]
    json: bool,
}

/// A gateway may be running: its settings are only read.
pub(crate) async fn dial_test(args: DialTestArgs) -> Result<(), Exit> {
    let settings = match &args.profile {
        Some(file) => profile::plain(file)?,
        None => profile::in_force(&args.data_dir.path()?).await?,
    };
    let found = decide(&args.number, &settings.gateway);
    // Nobody may read it; the exit code tells all the same.
    let _ = if args.json {
        output::json(&json!({ "number": args.number, "dialling": found }))
    } else {
        lines(&found, &settings).iter().try_for_each(|line| output::line(line))
    };
    match found {
        Dialling::Allowed { .. } => Ok(()),
        Dialling::Denied { .. } | Dialling::NoNumber => Err(Exit::NotDialled),
    }
}

fn lines(found: &Dialling, settings: &Settings) -> Vec<String> {
    match found {
        Dialling::Allowed { dialled, emergency, rule } => {
            let by = if *emergency && rule.is_none() { words::of("dialling.emergency", &[]) } else { by_rule(*rule, settings) };
            vec![words::of("dialling.allowed", &[("dialled", dialled)]), by]
        }
        Dialling::Denied { why, rule, dialled } => {
            let mut lines = vec![words::of("dialling.denied", &[("why", &words::of(&format!("bar.{}", code::of(why)), &[]))])];
            lines.push(by_rule(*rule, settings));
            if matches!(why, Bar::International | Bar::Premium) {
                lines.push(words::of("dialling.would_dial", &[("dialled", dialled)]));
            }
            lines
        }
        Dialling::NoNumber => vec![words::of("dialling.no_number", &[])],
    }
}

/// The rule that fits, as it is written.
fn by_rule(rule: Option<u32>, settings: &Settings) -> String {
    let text = rule.and_then(|rule| settings.gateway.dial_rules.get(usize::try_from(rule).ok()?.checked_sub(1)?));
    match (rule, text) {
        (Some(rule), Some(text)) => words::of("dialling.by_rule", &[("rule", &rule.to_string()), ("text", text)]),
        (Some(_), None) | (None, _) => words::of("dialling.by_none", &[]),
    }
}

#[cfg(test)]
mod tests {
    use gateway_core::config::settings::GatewaySettings;

    use super::*;

    fn told(number: &str) -> Vec<String> {
        let rules = ["deny 0300.", "allow 9. strip 1"].map(str::to_owned).to_vec();
        let settings = Settings { gateway: GatewaySettings { dial_rules: rules, ..GatewaySettings::default() }, ports: Vec::new() };
        lines(&decide(number, &settings.gateway), &settings)
    }

    #[test]
    fn what_would_happen_is_told_with_the_rule_that_fits() {
        let has = |lines: &[String], part: &str| lines.iter().any(|line| line.contains(part));
        let allowed = told("933334444");
        assert!(has(&allowed, "33334444") && has(&allowed, "allow 9. strip 1"), "{allowed:?}");
        let denied = told("03001234");
        assert!(has(&denied, "deny 0300.") && denied.len() == 2, "{denied:?}");
        let closed = told("90014155550100");
        assert!(has(&closed, "0014155550100") && closed.len() == 3, "{closed:?}");
        assert_eq!(told("alice").len(), 1);
    }
}
