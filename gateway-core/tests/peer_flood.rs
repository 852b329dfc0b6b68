//! Calls in a flood of a thousand SIP messages a second, with SIPp as the telephone.
#![cfg(all(unix, feature = "shell"))]
#![allow(missing_docs, unreachable_pub, dead_code, reason = "each file of peer tests uses a part of the stage")]
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::print_stderr, clippy::disallowed_methods, reason = "tests")]

#[path = "peers/stage.rs"]
mod stage;

use gateway_core::config::settings::Mode;
use stage::{Call, Flood, Scene, installed};

#[test]
fn a_trunk_peer_and_a_caller_who_never_registered_are_served_in_a_flood_and_whoever_floods_is_banned() {
    if !installed(&["sipp"]) {
        return;
    }
    for mode in [Mode::SipTrunk, Mode::SipServer] {
        let scene = Scene::start(mode, 1, |settings| {
            if mode == Mode::SipTrunk {
                settings.gateway.remote_server = "127.0.0.1".to_owned();
                settings.ports[0].only_from_host = "127.0.0.1".to_owned();
            }
        });
        let flood = Flood::start(scene.place.sip());
        let ban = scene.daemon.wait("a ban", stage::SOON, |event| event["event"] == "ban");
        assert_eq!((&ban["ban"]["source"], &ban["ban"]["effect"]), (&"127.0.0.9".into(), &"silenced".into()), "{ban}");
        let scenario = if mode == Mode::SipTrunk { "trunk_call.xml" } else { "call.xml" };
        for _ in 0..3 {
            scene.caller(&Call { scenario, fill: &[("hold_ms", "500")], ..Call::default() }).finish();
            scene.daemon.wait_port(0, "idle");
        }
        let records = scene.daemon.told(|event| event["event"] == "record" && event["record"]["cause"] == "sip_hung_up");
        assert_eq!(records.len(), 3);
        assert!(flood.end() > 2000);
        let floods = scene.daemon.told(|event| event["notice"]["args"]["source"] == "127.0.0.9");
        assert!(floods.len() <= 5, "{floods:?}");
        scene.daemon.stop();
    }
}
