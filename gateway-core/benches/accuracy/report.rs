//! The document: sections of tables with a verdict below each, and plots. It has no dates and no timings.

use std::fmt::Write as _;
use std::fs;
use std::path::{Path, PathBuf};

use super::plot::{self, Point};
use super::tally::{Ahead, Tally, Wanted, ahead};

pub struct Report {
    names: Vec<String>,
    sections: Vec<Section>,
    plots: Vec<(String, String)>,
}

struct Section {
    name: String,
    text: String,
    /// Where spandsp is ahead.
    behind: Vec<String>,
    /// Limits that we do not keep.
    failed: Vec<String>,
    rows: usize,
}

/// A table of shares: one row a condition.
pub struct Table {
    title: String,
    note: String,
    /// What is told besides and counted in a column of its own.
    extra: &'static str,
    rows: Vec<Row>,
    plot: Option<(&'static str, Vec<Point>)>,
}

struct Row {
    condition: String,
    ours: Tally,
    rival: Option<Tally>,
    wanted: Wanted,
}

impl Table {
    pub fn new(title: &str, note: &str, extra: &'static str) -> Self {
        Table { title: title.to_owned(), note: note.to_owned(), extra, rows: Vec::new(), plot: None }
    }

    /// The rows will be drawn over an axis with this name.
    pub fn plotted(mut self, axis: &'static str) -> Self {
        self.plot = Some((axis, Vec::new()));
        self
    }

    pub fn row(&mut self, condition: &str, x: f64, (ours, rival): (Tally, Option<Tally>), wanted: Wanted) {
        if let Some((_, points)) = &mut self.plot {
            points.push(Point { x, ours: 100.0 * ours.share(), rival: rival.map(|rival| 100.0 * rival.share()) });
        }
        self.rows.push(Row { condition: condition.to_owned(), ours, rival, wanted });
    }
}

/// One limit of a specification.
pub struct Limit {
    pub what: String,
    pub source: &'static str,
    pub ours: (bool, String),
    pub rival: Option<(bool, String)>,
}

impl Report {
    pub fn new(names: &[&str]) -> Self {
        Report { names: names.iter().map(|name| (*name).to_owned()).collect(), sections: Vec::new(), plots: Vec::new() }
    }

    /// What follows belongs to this section.
    pub fn section(&mut self, name: &str) {
        println!("\n== {name}");
        let name = name.to_owned();
        self.sections.push(Section { name, text: String::new(), behind: Vec::new(), failed: Vec::new(), rows: 0 });
    }

    /// A heading or a paragraph.
    pub fn text(&mut self, text: &str) {
        println!("\n{text}");
        write!(self.current().text, "{text}\n\n").expect("memory");
    }

    pub fn table(&mut self, table: Table) {
        let mut text = format!("### {}\n\n", table.title);
        if !table.note.is_empty() {
            write!(text, "{}\n\n", table.note).expect("memory");
        }
        write!(text, "| condition | Loopstart | spandsp | {}, Loopstart / spandsp | ahead |\n|---|---|---|---|---|\n", table.extra)
            .expect("memory");
        let mut behind = Vec::new();
        for row in &table.rows {
            let who = ahead(row.ours, row.rival, row.wanted);
            let must = if row.wanted == Wanted::Less { " (to be rejected)" } else { "" };
            let rival = row.rival.map_or("–".to_owned(), Tally::percent);
            let extra = format!("{} / {}", row.ours.extra, row.rival.map_or("–".to_owned(), |rival| rival.extra.to_string()));
            writeln!(text, "| {}{must} | {} | {rival} | {extra} | {} |", row.condition, row.ours.percent(), who.word()).expect("memory");
            if who == Ahead::Rival {
                behind.push(row.condition.clone());
            }
        }
        let measured = table.rows.first().map_or(0, |row| row.ours.of);
        text.push('\n');
        text.push_str(&verdict(&behind));
        write!(text, " {measured} to a row.\n\n").expect("memory");
        println!("\n{text}");
        self.draw(&table, &mut text);
        let section = self.current();
        section.rows += table.rows.len();
        section.behind.extend(behind.iter().map(|condition| format!("{}: {condition}", table.title)));
        section.text.push_str(&text);
    }

    fn draw(&mut self, table: &Table, text: &mut String) {
        let Some((axis, points)) = &table.plot else { return };
        let file = format!("{}.svg", file_name(&table.title));
        write!(text, "![{}](accuracy/{file})\n\n", table.title).expect("memory");
        self.plots.push((file, plot::draw(&table.title, axis, points)));
    }

    /// Rows of counts, for what has no share: who has fewer is ahead.
    pub fn counts(&mut self, title: &str, head: [&str; 2], rows: &[(String, String, String, String, Ahead)]) {
        let mut text = format!("### {title}\n\n| {} | {} | Loopstart | spandsp | ahead |\n|---|---|---|---|---|\n", head[0], head[1]);
        let mut behind = Vec::new();
        for (what, amount, ours, rival, who) in rows {
            writeln!(text, "| {what} | {amount} | {ours} | {rival} | {} |", who.word()).expect("memory");
            if *who == Ahead::Rival {
                behind.push(what.clone());
            }
        }
        write!(text, "\n{}\n\n", verdict(&behind)).expect("memory");
        println!("\n{text}");
        let section = self.current();
        section.rows += rows.len();
        section.behind.extend(behind.iter().map(|what| format!("{title}: {what}")));
        section.text.push_str(&text);
    }

    pub fn limits(&mut self, title: &str, note: &str, limits: &[Limit]) {
        let mut text = format!("### {title}\n\n{note}\n\n| limit | source | Loopstart | spandsp |\n|---|---|---|---|\n");
        let shown = |(passed, figure): &(bool, String)| format!("{} ({figure})", if *passed { "passed" } else { "**failed**" });
        for limit in limits {
            let rival = limit.rival.as_ref().map_or("–".to_owned(), shown);
            writeln!(text, "| {} | {} | {} | {rival} |", limit.what, limit.source, shown(&limit.ours)).expect("memory");
        }
        let failed: Vec<String> = limits.iter().filter(|limit| !limit.ours.0).map(|limit| limit.what.clone()).collect();
        let passed = |of: &dyn Fn(&Limit) -> Option<bool>| limits.iter().filter(|limit| of(limit) == Some(true)).count();
        let (ours, rival) = (passed(&|limit| Some(limit.ours.0)), passed(&|limit| limit.rival.as_ref().map(|rival| rival.0)));
        write!(text, "\nLoopstart keeps {ours} of {}, spandsp {rival}.\n\n", limits.len()).expect("memory");
        println!("\n{text}");
        let section = self.current();
        section.failed.extend(failed);
        section.text.push_str(&text);
    }

    fn current(&mut self) -> &mut Section {
        self.sections.last_mut().expect("a section has begun")
    }

    /// Writes the sections that were run into the document, and leaves the others in it as they are.
    pub fn write(&self) {
        let docs = Path::new(env!("CARGO_MANIFEST_DIR")).join("../docs");
        let document = docs.join("ACCURACY.md");
        let before = fs::read_to_string(&document).unwrap_or_default();
        let mut text = HEAD.to_owned();
        for name in &self.names {
            let kept = || section_of(&before, name).map(str::to_owned);
            let body = self.sections.iter().find(|section| section.name == *name).map(Section::whole).or_else(kept);
            if let Some(body) = body {
                write!(text, "\n{}{body}{}", begin_of(name), end_of(name)).expect("memory");
            }
        }
        fs::write(&document, text).expect("the document is written");
        let folder: PathBuf = docs.join("accuracy");
        fs::create_dir_all(&folder).expect("the folder of the plots");
        for (file, drawing) in &self.plots {
            fs::write(folder.join(file), drawing).expect("a plot is written");
        }
        println!("\nwritten: docs/ACCURACY.md and {} plots", self.plots.len());
    }
}

impl Section {
    fn whole(&self) -> String {
        let mut summary = match (self.rows, self.behind.len()) {
            (0, _) => String::new(),
            (rows, 0) => format!("Of {rows} rows spandsp is ahead in 0.\n"),
            (rows, behind) => format!("Of {rows} rows spandsp is ahead in {behind}:\n\n"),
        };
        for condition in &self.behind {
            writeln!(summary, "- {condition}").expect("memory");
        }
        if !self.failed.is_empty() {
            write!(summary, "\nLimits that Loopstart does not keep: {}.\n", self.failed.join("; ")).expect("memory");
        }
        // The summary stands below the heading that the text begins with.
        match self.text.split_once("\n\n") {
            Some((heading, rest)) if summary.is_empty() => format!("{heading}\n\n{}\n", rest.trim_end()),
            Some((heading, rest)) => format!("{heading}\n\n{summary}\n{}\n", rest.trim_end()),
            None => summary,
        }
    }
}

const HEAD: &str = "\
<!-- Written by `cargo xtask accuracy`. -->
# How accurate the receivers are

Each receiver beside that of spandsp 0.0.6, on the very same samples. Sound is made from seeds, sent through the line model
(`gateway-core/src/dsp/line_model.rs`), cut into frames of 20 ms and given to both with their default settings; every clip meets a new
receiver. A receiver is ahead where the difference is more than two standard deviations of what chance makes of two equal ones, each thing that
was told without being sent counted like one that was missed. Where either behaviour is right, nobody is ahead.

`cargo xtask accuracy` measures all of it anew, `cargo xtask accuracy dtmf` one section, `cargo xtask accuracy quick` prints a rough picture.
";

fn verdict(behind: &[String]) -> String {
    if behind.is_empty() {
        "Loopstart is at or ahead of spandsp in every row.".to_owned()
    } else {
        format!("Loopstart is behind spandsp in: {}.", behind.join("; "))
    }
}

fn begin_of(name: &str) -> String {
    format!("<!-- section {name} -->\n")
}

fn end_of(name: &str) -> String {
    format!("<!-- end of {name} -->\n")
}

fn section_of<'a>(document: &'a str, name: &str) -> Option<&'a str> {
    document.split_once(&begin_of(name))?.1.split_once(&end_of(name)).map(|(body, _)| body)
}

fn file_name(title: &str) -> String {
    let name: String = title.chars().map(|c| if c.is_ascii_alphanumeric() { c.to_ascii_lowercase() } else { '-' }).collect();
    name.split('-').filter(|part| !part.is_empty()).collect::<Vec<_>>().join("-")
}
