//! The table at the end, with the load of the machine beside every section.

use super::processor::load_average;

/// What was measured: the figure, what it stands against, and the ratio of the two.
struct Row {
    what: String,
    figure: String,
    reference: String,
    ratio: String,
}

struct Section {
    name: &'static str,
    load: String,
    rows: Vec<Row>,
}

/// Rows in sections, shown as they come and once more together.
pub struct Table {
    sections: Vec<Section>,
}

/// A ratio as a person reads it.
pub fn times(ratio: f64) -> String {
    match ratio {
        _ if !ratio.is_finite() => "–".to_owned(),
        _ if ratio >= 100.0 => format!("{ratio:.0} ×"),
        _ if ratio >= 0.1 => format!("{ratio:.2} ×"),
        _ => format!("{ratio:.5} ×"),
    }
}

impl Table {
    pub fn new() -> Self {
        Table { sections: Vec::new() }
    }

    /// What follows belongs to this section.
    pub fn section(&mut self, name: &'static str) {
        let load = load_average();
        println!("\n{name} (load average {load})");
        self.sections.push(Section { name, load, rows: Vec::new() });
    }

    /// A row with a ratio.
    pub fn row(&mut self, what: &str, figure: String, reference: String, ratio: f64) {
        self.push(Row { what: what.to_owned(), figure, reference, ratio: times(ratio) });
    }

    /// A row that counts something, beside what it is counted against.
    pub fn count(&mut self, what: &str, figure: String, reference: String) {
        self.push(Row { what: what.to_owned(), figure, reference, ratio: String::new() });
    }

    /// What could not be measured here, and why.
    pub fn skipped(&mut self, why: &str) {
        self.count("skipped", why.to_owned(), String::new());
    }

    fn push(&mut self, row: Row) {
        println!("  {}: {} | {} | {}", row.what, row.figure, row.reference, row.ratio);
        self.sections.last_mut().expect("a row stands in a section").rows.push(row);
    }

    /// Everything, in columns.
    pub fn print(&self) {
        let rows = || self.sections.iter().flat_map(|section| &section.rows);
        let widest = |of: fn(&Row) -> &str| rows().map(|row| of(row).chars().count()).max().unwrap_or(0);
        let what = widest(|row| &row.what);
        let figure = widest(|row| &row.figure);
        let reference = widest(|row| &row.reference);
        println!();
        for section in &self.sections {
            println!("{}  (load average {} when it began)", section.name, section.load);
            for row in &section.rows {
                println!("  {:what$} | {:figure$} | {:reference$} | {}", row.what, row.figure, row.reference, row.ratio);
            }
        }
        println!("load average {} at the end, {} processors", load_average(), std::thread::available_parallelism().map_or(0, usize::from));
    }
}
