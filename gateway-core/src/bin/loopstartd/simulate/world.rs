//! What is simulated: the exchange of a country and the box or the modem in front of it.

use gateway_core::config::country::country;
use gateway_core::fxo::modem::emulator::{ModemModel, ModemTraits};
use gateway_core::fxo::simulator::act::{Recording, Sound};
use gateway_core::fxo::simulator::exchange::ExchangeConfig;
use gateway_core::fxo::simulator::script::{Answer, Script};
use gateway_core::fxo::simulator::virtual_box::VirtualBox;
use gateway_core::fxo::simulator::virtual_modem::VirtualModem;
use gateway_core::fxo::simulator::virtual_u100::VirtualU100;
use gateway_core::fxo::u100::emulator::U100Traits;
use gateway_core::rng::Rng;
use gateway_core::shell::clock::Clock;

use super::{ModemMake, SimulateArgs};
use crate::exit::Exit;

/// The number whose far end speaks the recording.
const RECORDING_NUMBER: &str = "110";

/// How long the far end with the recording rings.
const RINGBACK: std::time::Duration = std::time::Duration::from_secs(2);

/// The box and its exchange, as the arguments want them.
pub(super) fn simulated_box(args: &SimulateArgs, clock: Clock) -> Result<VirtualBox, Exit> {
    let serial = format!("pid-{}", std::process::id());
    let made = if args.card.id().is_some() { VirtualBox::with_card } else { VirtualBox::new };
    Ok(made(exchange(args)?, &serial, dice()?, clock.now()))
}

/// A modem and its exchange.
pub(super) fn simulated_modem(args: &SimulateArgs, make: ModemMake) -> Result<VirtualModem, Exit> {
    let traits = match make {
        ModemMake::Conexant => ModemTraits::of(ModemModel::Conexant),
        ModemMake::Zoom => ModemTraits { triple_dle: true, ..ModemTraits::of(ModemModel::Conexant) },
        ModemMake::UsRobotics => ModemTraits::of(ModemModel::UsRobotics),
    };
    Ok(VirtualModem::new(exchange(args)?, traits, dice()?))
}

/// A Sangoma U100 and its exchange.
pub(super) fn simulated_u100(args: &SimulateArgs, clock: Clock) -> Result<VirtualU100, Exit> {
    Ok(VirtualU100::new(exchange(args)?, U100Traits::default(), dice()?, clock.now()))
}

fn exchange(args: &SimulateArgs) -> Result<ExchangeConfig, Exit> {
    let code = args.country.to_ascii_uppercase();
    let country = country(&code).ok_or_else(|| Exit::Config(format!("unknown_country {code}")))?;
    let mut config = ExchangeConfig::of(country, args.ports);
    if let Some(path) = &args.wav {
        let sound = Sound::Recording { samples: Recording::from(super::wav::read(path)?) };
        let answer = Answer { polarity: false, sound, hang_up: None };
        config.numbers.insert(RECORDING_NUMBER.to_owned(), Script::Answers { ringback: RINGBACK, answer });
    }
    Ok(config)
}

fn dice() -> Result<Rng, Exit> {
    let mut seed = [0; 32];
    getrandom::fill(&mut seed).map_err(|error| Exit::System(error.to_string()))?;
    Ok(Rng::from_bytes(seed))
}
