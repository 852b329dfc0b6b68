//! Every line profile passes its own scenarios at the simulated exchange of its country.
#![allow(missing_docs, clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::print_stdout)]

use std::thread;

use gateway_core::config::country::{Country, countries};
use gateway_core::sim::profile::{ProfileResult, checks_of, try_check};

/// The results of one country.
fn results_of(country: &'static Country) -> Vec<ProfileResult> {
    checks_of(country).into_iter().map(|check| try_check(country, check, 1)).collect()
}

#[test]
fn every_country_keeps_the_promises_of_its_profile() {
    let all: Vec<&'static Country> = countries().collect();
    assert!(all.len() >= 31, "{}", all.len());
    let only = std::env::var("LOOPSTART_COUNTRY").ok();
    let chosen: Vec<_> =
        all.into_iter().filter(|country| only.as_ref().is_none_or(|code| code.split(',').any(|c| c == country.code))).collect();
    let workers = thread::available_parallelism().map_or(2, usize::from);
    let mut broken = Vec::new();
    thread::scope(|scope| {
        let shares: Vec<_> = (0..workers)
            .map(|worker| {
                let mine: Vec<_> = chosen.iter().skip(worker).step_by(workers).copied().collect();
                scope.spawn(move || mine.into_iter().map(|country| (country.code, results_of(country))).collect::<Vec<_>>())
            })
            .collect();
        for share in shares {
            for (code, results) in share.join().unwrap() {
                let failed: Vec<_> = results.iter().filter(|result| !result.passed).collect();
                println!("{code}: {} of {}", results.len() - failed.len(), results.len());
                broken.extend(failed.into_iter().map(|result| format!("{code} {result:?}")));
            }
        }
    });
    assert!(broken.is_empty(), "\n{}\n", broken.join("\n"));
}
