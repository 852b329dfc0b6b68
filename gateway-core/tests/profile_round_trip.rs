//! Random settings, out and in again: the same file byte for byte, the same settings, and never a secret in the clear.
#![cfg(feature = "shell")]
#![allow(clippy::unwrap_used, clippy::disallowed_methods, reason = "tests stop at the first surprise")]

use gateway_core::config::check::value::check_placed;
use gateway_core::config::fields::{self, FIELDS, Field, Kind, Shape, placed};
use gateway_core::config::profile::{self, Secrets, SecretsPolicy};
use gateway_core::config::settings::{PortSettings, Settings};
use proptest::prelude::*;
use serde_json::{Value, json};

/// A value that the row of a setting allows.
fn value(field: &Field) -> BoxedStrategy<Value> {
    match field.kind {
        Kind::Flag => any::<bool>().prop_map(Value::from).boxed(),
        Kind::Integer { min, max, zero_is_off, .. } => {
            let number = (min..=max).prop_map(Value::from);
            if zero_is_off { prop_oneof![number, Just(Value::from(0))].boxed() } else { number.boxed() }
        }
        Kind::Choice { words } => proptest::sample::select(words).prop_map(Value::from).boxed(),
        Kind::Choices { words } => {
            proptest::sample::subsequence(words, 1..=words.len()).prop_shuffle().prop_map(|some| json!(some)).boxed()
        }
        // Long enough to be found in a file only if it was put there.
        Kind::Secret { .. } => prop_oneof![Just(Value::from("")), "[ -~]{12,40}".prop_map(Value::from)].boxed(),
        Kind::Texts { shape, .. } => proptest::collection::btree_set(text(shape), 0..5).prop_map(|some| json!(some)).boxed(),
        Kind::Text { shape, .. } => text(shape).prop_map(Value::from).boxed(),
    }
}

fn text(shape: Shape) -> BoxedStrategy<String> {
    let some = |texts: &'static [&'static str]| proptest::sample::select(texts).prop_map(str::to_owned).boxed();
    match shape {
        Shape::Name => "[a-zA-Zà-ü0-9 \"\\\\/]{0,30}".boxed(),
        Shape::User => "[a-zA-Z0-9._+-]{0,20}".boxed(),
        Shape::RemoteServer => some(&["", "pbx.example", "pbx.example:5080", "192.0.2.1", "[2001:db8::1]:5060"]),
        Shape::DnsServer => some(&["", "192.0.2.53", "[2001:db8::53]:5353"]),
        Shape::HostAddress => some(&["", "198.51.100.9", "2001:db8::9"]),
        Shape::BindAddress => some(&["127.0.0.1", "0.0.0.0", "::", "192.0.2.10", "eth0", "Wi-Fi 2"]),
        Shape::Target => some(&["", "200", "200@pbx.example", "sip:200@192.0.2.1:5080", "sips:a@pbx.example"]),
        Shape::HostList => some(&["", "192.0.2.1", "192.0.2.0/24, pbx.example", "2001:db8::/32"]),
        Shape::Country => some(&["BR", "US", "PT", "DE"]),
        Shape::Hours => some(&["", "08:00-18:00", "22:00-06:00, 12:00-13:00"]),
        Shape::File => some(&["", "/etc/gateway.pem", r"C:\Users\Técnico\gateway.pem"]),
        Shape::Fingerprint => "([0-9A-F]{2}:){31}[0-9a-f]{2}".boxed(),
        Shape::AreaCode => "([1-9][0-9]{1,4})?".boxed(),
        Shape::LearnedTone => "(busy|congestion) [2-9][0-9]{2} [1-9][0-9]{2}/[1-9][0-9]{2}".boxed(),
        Shape::DialRule => "deny [0-9*#]{1,8}[.]|allow x[0-9]{1,6}( strip 1)?( add [0-9#]{1,5})?".boxed(),
    }
}

prop_compose! {
    fn settings()(ports in 0usize..5)(
        ports in Just(ports),
        gateway in FIELDS.iter().filter(|field| field.below_port().is_none()).map(value).collect::<Vec<_>>(),
        each in proptest::collection::vec(FIELDS.iter().filter(|field| field.below_port().is_some()).map(value).collect::<Vec<_>>(), ports),
    ) -> Settings {
        let bare = Settings { gateway: Default::default(), ports: vec![PortSettings::default(); ports] };
        let mut document = fields::document(&bare);
        let values: Vec<Value> = gateway.into_iter().chain(each.into_iter().flatten()).collect();
        let paths: Vec<String> = placed(&document).into_iter().map(|place| place.path).collect();
        assert_eq!(paths.len(), values.len());
        for (path, value) in paths.iter().zip(values) {
            let pointer = format!("/{}", path.replace(['.', '['], "/").replace(']', ""));
            *document.pointer_mut(&pointer).unwrap() = value;
        }
        serde_json::from_value(document).unwrap()
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(200))]

    #[test]
    fn what_goes_out_comes_in_and_goes_out_the_same(settings in settings()) {
        let document = fields::document(&settings);
        prop_assert_eq!(placed(&document).iter().flat_map(check_placed).collect::<Vec<_>>(), vec![], "the dice made something that no row allows");

        let text = profile::export(&settings, SecretsPolicy::LeftOut);
        let imported = profile::import(&text).unwrap();
        prop_assert_eq!(profile::export(&imported.settings, SecretsPolicy::LeftOut), text.clone());

        // The seal itself is tried elsewhere; here its inside goes through the file and comes back.
        let secrets = Secrets::of(&settings);
        let armour = "-----BEGIN AGE ENCRYPTED FILE-----\nx\n-----END AGE ENCRYPTED FILE-----\n";
        let sealed = profile::export(&settings, SecretsPolicy::Sealed(armour));
        let unopened = profile::read(&sealed).unwrap();
        prop_assert_eq!(unopened.sealed.as_deref(), Some(armour));
        let opened = unopened.with_secrets(&secrets.to_json()).unwrap();
        prop_assert_eq!(&opened.settings, &settings);

        for secret in placed(&document).iter().filter(|place| matches!(place.field.kind, Kind::Secret { .. })) {
            let secret = secret.value.and_then(Value::as_str).unwrap_or_default();
            let written = Value::from(secret).to_string();
            let inside = &written[1..written.len() - 1];
            prop_assert!(inside.is_empty() || !(text.contains(inside) || sealed.contains(inside)), "{}", secret);
        }
    }
}
