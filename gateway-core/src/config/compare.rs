//! Two sets of settings side by side: every setting, with both values.

use serde::Serialize;

use super::fields::{self, FieldValue, Placed};
use super::settings::Settings;

/// One setting of two sets.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[cfg_attr(feature = "specta", derive(specta::Type))]
pub struct Compared {
    /// Which: `gateway.sip_port`, `ports[1].target`.
    pub path: String,
    /// The value on the left; `None` where the left has no such port. Secrets tell only whether they are set.
    pub left: Option<FieldValue>,
    /// The value on the right.
    pub right: Option<FieldValue>,
    /// Both are equal. Of secrets the texts are compared, so two that are set may differ.
    pub equal: bool,
}

/// Every setting that one of the two has, in the order of the pages. [`super::diff::diff`] tells what a change costs; this tells
/// what stands where, whichever of the two came first.
#[must_use]
pub fn compare(left: &Settings, right: &Settings) -> Vec<Compared> {
    let (left_document, right_document) = (fields::document(left), fields::document(right));
    let (left, right) = (fields::placed(&left_document), fields::placed(&right_document));
    // Both begin with the gateway and go on port by port, so the shorter is the beginning of the longer.
    (0..left.len().max(right.len())).filter_map(|place| row(left.get(place), right.get(place))).collect()
}

fn row(left: Option<&Placed<'_>>, right: Option<&Placed<'_>>) -> Option<Compared> {
    let shown = |placed: Option<&Placed<'_>>| placed.and_then(|placed| FieldValue::of_json(placed.field, placed.value?));
    Some(Compared {
        path: left.or(right)?.path.clone(),
        left: shown(left),
        right: shown(right),
        equal: left.map(|placed| placed.value) == right.map(|placed| placed.value),
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::diff::diff;
    use crate::config::settings::{GatewaySettings, PortSettings, Secret};

    fn settings(ports: usize) -> Settings {
        Settings { gateway: GatewaySettings::default(), ports: vec![PortSettings::default(); ports] }
    }

    #[test]
    fn equal_settings_have_every_row_and_no_difference() {
        let rows = compare(&settings(2), &settings(2));
        let per_port = fields::FIELDS.iter().filter(|field| field.below_port().is_some()).count();
        assert_eq!(rows.len(), fields::FIELDS.len() + per_port);
        assert!(rows.iter().all(|row| row.equal && row.left == row.right && row.left.is_some()));
    }

    #[test]
    fn what_differs_is_what_the_difference_says() {
        let (left, mut right) = (settings(2), settings(2));
        right.gateway.sip_port = 5070;
        right.ports[1].line.guard_ms = 500;
        right.ports[0].secret = Secret("x7kq-93ms-p2rt".to_owned());
        let rows = compare(&left, &right);
        let unequal: Vec<&str> = rows.iter().filter(|row| !row.equal).map(|row| row.path.as_str()).collect();
        let changes = diff(&left, &right);
        assert_eq!(unequal, changes.iter().map(|change| change.path.as_str()).collect::<Vec<_>>());
        let row = rows.iter().find(|row| row.path == "gateway.sip_port").unwrap();
        assert_eq!((row.left.clone(), row.right.clone()), (Some(FieldValue::Integer(5060)), Some(FieldValue::Integer(5070))));
    }

    #[test]
    fn secrets_are_compared_and_never_shown() {
        let (mut left, mut right) = (settings(1), settings(1));
        (left.ports[0].secret, right.ports[0].secret) = (Secret("one".to_owned()), Secret("two".to_owned()));
        let rows = compare(&left, &right);
        let row = rows.iter().find(|row| row.path == "ports[0].secret").unwrap();
        assert_eq!((row.left.clone(), row.equal), (Some(FieldValue::Secret(true)), false));
        assert!(!serde_json::to_string(&rows).unwrap().contains("two"));
    }

    #[test]
    fn a_port_that_only_one_side_has_is_shown_beside_nothing() {
        for (left, right) in [(1, 3), (3, 1)] {
            let rows = compare(&settings(left), &settings(right));
            let of_third: Vec<&Compared> = rows.iter().filter(|row| row.path.starts_with("ports[2].")).collect();
            assert!(!of_third.is_empty());
            assert!(of_third.iter().all(|row| !row.equal && row.left.is_none() == (left == 1) && row.right.is_none() == (right == 1)));
        }
    }
}
