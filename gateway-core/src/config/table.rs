//! What a window has to know before it can show any setting: every row, and the countries to choose from.

use serde::Serialize;

use super::country::numbering::{self, Numbering};
use super::country::{self, Country};
use super::fields::{self, FieldInfo};

/// Every setting, and every country that has a line profile.
#[derive(Clone, Debug, PartialEq, Serialize)]
#[cfg_attr(feature = "specta", derive(specta::Type))]
pub struct SettingsTable {
    /// The rows, in the order of the reference.
    pub fields: Vec<FieldInfo>,
    /// The line profiles, in the order that people see.
    pub countries: Vec<Country>,
    /// What the numbers of each of these countries begin with that are not like the others.
    pub numberings: Vec<Numbering>,
}

/// The table of this program. It is the same for as long as the program runs.
#[must_use]
pub fn settings_table() -> SettingsTable {
    SettingsTable {
        fields: fields::infos(),
        countries: country::countries().copied().collect(),
        numberings: numbering::numberings().copied().collect(),
    }
}

#[cfg(test)]
mod tests {
    use std::path::Path;

    use super::*;

    /// The toy world of the browser shows this table, so that it never promises another range than the program checks.
    /// `UPDATE_DOCS=1` writes it anew; without, the test fails when it is stale.
    #[test]
    fn the_toy_world_has_the_table_of_the_program() {
        let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../ui/src/lib/ipc/fake/table.json");
        let fresh = serde_json::to_string_pretty(&settings_table()).unwrap() + "\n";
        if std::env::var_os("UPDATE_DOCS").is_some() {
            std::fs::write(&path, &fresh).unwrap();
        }
        let stored = std::fs::read_to_string(&path).unwrap_or_default().replace("\r\n", "\n");
        assert!(stored == fresh, "ui/src/lib/ipc/fake/table.json is stale: run this test with UPDATE_DOCS=1");
    }
}
