//! Settings for the program under test, and the profile file that carries them.

use std::path::PathBuf;

use gateway_core::config::settings::{GatewaySettings, Mode, PortSettings, Secret, Settings};

use super::Place;

/// Settings of a gateway at `place` with `ports` ports: users `line1`, `line2`, … with [`secret`]s of their own.
pub fn settings(place: &Place, mode: Mode, ports: u16) -> Settings {
    let gateway = GatewaySettings {
        mode,
        sip_port: place.sip(),
        sip_tls_port: place.sip_tls(),
        rtp_port_first: place.rtp(),
        // A scenario that waits for a call is not to be asked whether it is there.
        qualify_s: 0,
        ..GatewaySettings::default()
    };
    let port = |number: u16| PortSettings {
        name: format!("Line {number}"),
        user: format!("line{number}"),
        secret: Secret(secret(&format!("line{number}"))),
        target: "200".to_owned(),
        ..PortSettings::default()
    };
    Settings { gateway, ports: (1..=ports).map(port).collect() }
}

/// The secret of a user.
pub fn secret(user: &str) -> String {
    format!("{user}-7Qk2vX9m")
}

/// Writes a profile with its secrets, as a person would by hand.
pub fn write_profile(place: &Place, settings: &Settings) -> PathBuf {
    let profile = serde_json::json!({ "format": "loopstart-profile", "version": 1, "settings": settings });
    let path = place.folder().join("profile.json");
    std::fs::write(&path, profile.to_string()).unwrap();
    path
}
