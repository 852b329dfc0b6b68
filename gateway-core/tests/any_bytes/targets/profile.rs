//! Any file that is imported as a profile: what is taken can be exported, and imported as the same; no secret is in it.

use gateway_core::config::settings::{Secret, Settings};
use gateway_core::config::{check, lint, profile};

/// A word that no file has.
const SECRET: &str = "a secret of nobody's, 7316";

pub fn holds(bytes: &[u8]) {
    let Ok(text) = std::str::from_utf8(bytes) else { return };
    match profile::read(text) {
        Ok(unopened) => taken_holds(unopened.imported.settings),
        Err(problems) => assert!((1..=profile::MAX_PROBLEMS + 1).contains(&problems.len())),
    }
}

fn taken_holds(mut settings: Settings) {
    let (_, _) = (check::check(&settings, Some(2)), lint::lint(&settings));
    settings.gateway.secret = Secret(SECRET.to_owned());
    settings.ports.iter_mut().for_each(|port| port.secret = Secret(SECRET.to_owned()));
    let exported = profile::export(&settings, profile::SecretsPolicy::LeftOut);
    assert!(!exported.contains(SECRET));
    let mut again = profile::import(&exported).expect("it was exported").settings;
    again.gateway.secret = Secret(SECRET.to_owned());
    again.ports.iter_mut().for_each(|port| port.secret = Secret(SECRET.to_owned()));
    assert_eq!(again, settings);
}
