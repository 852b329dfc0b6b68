//! Two lines over an axis, as SVG: black on white, so that it reads the same on a dark page.

use std::fmt::Write as _;

pub struct Point {
    pub x: f64,
    /// In per cent.
    pub ours: f64,
    pub rival: Option<f64>,
}

const WIDTH: f64 = 640.0;
const HEIGHT: f64 = 320.0;
const LEFT: f64 = 56.0;
const RIGHT: f64 = 624.0;
const TOP: f64 = 40.0;
const BOTTOM: f64 = 264.0;
const OURS: &str = "#0b57d0";
const RIVAL: &str = "#c2410c";

/// The plot of one table; `points` in the order of the rows.
pub fn draw(title: &str, axis: &str, points: &[Point]) -> String {
    let (least, most) = points.iter().fold((f64::MAX, f64::MIN), |(least, most), point| (least.min(point.x), most.max(point.x)));
    let span = (most - least).max(f64::EPSILON);
    let x = |value: f64| LEFT + (value - least) / span * (RIGHT - LEFT);
    let y = |percent: f64| BOTTOM - percent / 100.0 * (BOTTOM - TOP);
    let mut svg = format!(
        "<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 {WIDTH} {HEIGHT}\" font-family=\"sans-serif\" font-size=\"12\" fill=\"#111\">\n\
         <title>{title}</title>\n<rect width=\"{WIDTH}\" height=\"{HEIGHT}\" fill=\"#fff\"/>\n\
         <text x=\"{LEFT}\" y=\"22\" font-size=\"14\" font-weight=\"bold\">{title}</text>\n"
    );
    for percent in (0..=100).step_by(20) {
        let at = y(f64::from(percent));
        writeln!(svg, "<path d=\"M{LEFT} {at:.1}H{RIGHT}\" stroke=\"#ddd\"/>").expect("memory");
        writeln!(svg, "<text x=\"{:.1}\" y=\"{:.1}\" text-anchor=\"end\">{percent} %</text>", LEFT - 8.0, at + 4.0).expect("memory");
    }
    for tick in ticks(least, most) {
        let at = x(tick);
        writeln!(svg, "<path d=\"M{at:.1} {BOTTOM}v5\" stroke=\"#111\"/>").expect("memory");
        writeln!(svg, "<text x=\"{at:.1}\" y=\"{:.1}\" text-anchor=\"middle\">{}</text>", BOTTOM + 18.0, number(tick)).expect("memory");
    }
    writeln!(svg, "<path d=\"M{LEFT} {TOP}V{BOTTOM}H{RIGHT}\" fill=\"none\" stroke=\"#111\"/>").expect("memory");
    let middle = f64::midpoint(LEFT, RIGHT);
    writeln!(svg, "<text x=\"{middle:.1}\" y=\"{:.1}\" text-anchor=\"middle\">{axis}</text>", BOTTOM + 38.0).expect("memory");
    // The rival's line is dashed and lies on top, so that both are seen where they are equal.
    let lines = [("Loopstart", OURS, "", 0.0), ("spandsp", RIVAL, " stroke-dasharray=\"6 4\"", 100.0)];
    for (name, color, dashes, shift) in lines {
        let of = |point: &Point| if name == "Loopstart" { Some(point.ours) } else { point.rival };
        let mut drawn: Vec<(f64, f64)> = points.iter().filter_map(|point| Some((x(point.x), y(of(point)?)))).collect();
        drawn.sort_by(|a, b| a.0.total_cmp(&b.0));
        let path: Vec<String> = drawn.iter().map(|(x, y)| format!("{x:.1} {y:.1}")).collect();
        if path.is_empty() {
            continue;
        }
        writeln!(svg, "<path d=\"M{}\" fill=\"none\" stroke=\"{color}\" stroke-width=\"2\"{dashes}/>", path.join("L")).expect("memory");
        let at = RIGHT - 190.0 + shift;
        writeln!(svg, "<path d=\"M{at:.1} 18h24\" stroke=\"{color}\" stroke-width=\"2\"{dashes}/>").expect("memory");
        writeln!(svg, "<text x=\"{:.1}\" y=\"22\">{name}</text>", at + 30.0).expect("memory");
    }
    svg.push_str("</svg>\n");
    svg
}

/// Round numbers from one end to the other, six to twelve of them.
fn ticks(least: f64, most: f64) -> Vec<f64> {
    let raw = ((most - least) / 8.0).max(f64::EPSILON);
    let magnitude = 10f64.powf(raw.log10().floor());
    let step = [1.0, 2.0, 2.5, 5.0, 10.0].into_iter().map(|factor| factor * magnitude).find(|step| *step >= raw).unwrap_or(raw);
    let first = (least / step).ceil() as i64;
    let last = (most / step + 1e-9).floor() as i64;
    (first..=last).map(|n| n as f64 * step).collect()
}

fn number(value: f64) -> String {
    let text = format!("{value:.2}");
    text.trim_end_matches('0').trim_end_matches('.').replace('-', "−")
}
