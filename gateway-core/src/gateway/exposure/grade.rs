//! From what was found to a grade.

use serde::{Deserialize, Serialize};

use super::ExposureCheck;
use crate::config::bind_address::BindAddress;
use crate::config::lint::{Advice, LintCode, Weight, lint};
use crate::config::settings::Settings;

/// So many cautions are worse than a few.
const MANY: usize = 3;

/// How a door held.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "specta", derive(specta::Type))]
#[serde(rename_all = "snake_case")]
pub enum ExposureOutcome {
    /// It is closed.
    Held,
    /// It is open.
    Open,
    /// There is nothing to try in this mode, or with these settings.
    NotTried,
}

/// From where the gateway can be reached, by its local address.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "specta", derive(specta::Type))]
#[serde(rename_all = "snake_case")]
pub enum ExposureReach {
    /// From this computer only.
    ThisComputer,
    /// From the network of one address.
    OneNetwork,
    /// From every network that this computer is in.
    AllNetworks,
}

impl ExposureReach {
    fn of(settings: &Settings) -> Self {
        match BindAddress::parse(&settings.gateway.bind_address) {
            Some(BindAddress::Ip(address)) if address.is_loopback() => ExposureReach::ThisComputer,
            Some(BindAddress::Ip(address)) if address.is_unspecified() => ExposureReach::AllNetworks,
            Some(BindAddress::Ip(_) | BindAddress::Interface(_)) | None => ExposureReach::OneNetwork,
        }
    }
}

/// How exposed a gateway is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[cfg_attr(feature = "specta", derive(specta::Type))]
pub enum ExposureGrade {
    /// Nothing is open that should not be.
    A,
    /// Something invites attackers.
    B,
    /// Several things do.
    C,
    /// The settings let a stranger in sooner or later.
    D,
    /// A stranger got in.
    F,
}

/// What became of one check.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[cfg_attr(feature = "specta", derive(specta::Type))]
pub struct ExposureResult {
    /// Which.
    pub check: ExposureCheck,
    /// How it held.
    pub outcome: ExposureOutcome,
    /// How much it weighs where it is open.
    pub weight: Weight,
}

/// What a test found.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[cfg_attr(feature = "specta", derive(specta::Type))]
pub struct ExposureReport {
    /// All in one.
    pub grade: ExposureGrade,
    /// From where the gateway can be reached.
    pub reach: ExposureReach,
    /// What was tried.
    pub checks: Vec<ExposureResult>,
    /// What the settings leave open, as far as it is about strangers; the heaviest first.
    pub advice: Vec<Advice>,
}

pub(super) fn report(settings: &Settings, outcome: impl Fn(ExposureCheck) -> ExposureOutcome) -> ExposureReport {
    let reach = ExposureReach::of(settings);
    let checks = ExposureCheck::ALL.map(|check| ExposureResult { check, outcome: outcome(check), weight: lighter(weight(check), reach) });
    let mut advice = lint(settings);
    advice.retain(|advice| is_about_strangers(advice.code));
    for one in &mut advice {
        one.weight = lighter(one.weight, reach);
    }
    let grade = grade(&checks, &advice);
    ExposureReport { grade, reach, checks: checks.to_vec(), advice }
}

fn grade(checks: &[ExposureResult], advice: &[Advice]) -> ExposureGrade {
    let open = || checks.iter().filter(|result| result.outcome == ExposureOutcome::Open).map(|result| result.weight);
    let advised = || advice.iter().map(|advice| advice.weight);
    let cautions = open().chain(advised()).filter(|weight| *weight == Weight::Caution).count();
    if open().any(|weight| weight == Weight::Danger) {
        ExposureGrade::F
    } else if advised().any(|weight| weight == Weight::Danger) {
        ExposureGrade::D
    } else if cautions >= MANY {
        ExposureGrade::C
    } else if cautions > 0 {
        ExposureGrade::B
    } else {
        ExposureGrade::A
    }
}

/// What only programs on this computer can use weighs one step less.
fn lighter(weight: Weight, reach: ExposureReach) -> Weight {
    match (reach, weight) {
        (ExposureReach::ThisComputer, Weight::Danger) => Weight::Caution,
        (ExposureReach::ThisComputer, Weight::Caution | Weight::Hint) => Weight::Hint,
        (ExposureReach::OneNetwork | ExposureReach::AllNetworks, weight) => weight,
    }
}

fn weight(check: ExposureCheck) -> Weight {
    match check {
        ExposureCheck::StrangerAsks | ExposureCheck::EndlessGuessing | ExposureCheck::StrangerSound => Weight::Caution,
        ExposureCheck::StrangerRegisters
        | ExposureCheck::StrangerCalls
        | ExposureCheck::StrangerCallsAbroad
        | ExposureCheck::StrangerCallsPremium
        | ExposureCheck::ForgedCaller
        | ExposureCheck::GuessedSecret
        | ExposureCheck::ReplayedProof
        | ExposureCheck::StolenProof
        | ExposureCheck::Malformed => Weight::Danger,
    }
}

fn is_about_strangers(code: LintCode) -> bool {
    match code {
        LintCode::OpenToAnyone
        | LintCode::WeakSecretReachable
        | LintCode::SecretShort
        | LintCode::SecretReused
        | LintCode::CostlyPrefixesOpen
        | LintCode::BudgetOff
        | LintCode::SrtpKeysReadable
        | LintCode::StealthOff => true,
        LintCode::OnlyThisComputer
        | LintCode::HostsOutOfReach
        | LintCode::TargetBlank
        | LintCode::PortUnused
        | LintCode::RtpTimeoutOff
        | LintCode::SilenceTimeoutOff
        | LintCode::LongestCallOff
        | LintCode::LineNeverEndsCall => false,
    }
}
