//! The lamp in the tray: what it says of all ports at once, and how it is drawn. A shape for each state, so that colour is never alone.

use gateway_core::gateway::view::{PortState, PortView, RegistrationView, Snapshot};

/// Side of the picture, in pixels: twice what most trays show, for displays with small pixels.
pub(crate) const SIDE: u32 = 44;

/// Red, green, blue. Each is told from white and from black by three to one at least (WCAG 2.2, 1.4.11): trays are of either colour.
type Colour = [u8; 3];
const GREY: Colour = [0x7c, 0x88, 0x94];
const GREEN: Colour = [0x1a, 0x93, 0x55];
const RED: Colour = [0xe0, 0x44, 0x3c];

/// What the lamp says.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Lamp {
    /// No box answers.
    NoDevice,
    /// So many ports want a person.
    Trouble(usize),
    /// So many calls are up.
    Call(usize),
    /// All is well, and nobody calls.
    Idle,
}

impl Lamp {
    /// What is to be said of a picture. Trouble goes before calls: a call is noticed anyway.
    pub(crate) fn of(snapshot: &Snapshot) -> Self {
        let count = |wanted: fn(&PortView) -> bool| snapshot.ports.iter().filter(|port| wanted(port)).count();
        match (count(in_trouble), count(|port| port.call.is_some())) {
            _ if snapshot.device.is_none() => Lamp::NoDevice,
            (0, 0) => Lamp::Idle,
            (0, calls) => Lamp::Call(calls),
            (troubles, _) => Lamp::Trouble(troubles),
        }
    }

    /// RGBA, row by row, [`SIDE`] by [`SIDE`].
    pub(crate) fn drawing(self) -> Vec<u8> {
        let (shape, colour): (Shape, Colour) = match self {
            Lamp::NoDevice => (dashed_ring, GREY),
            Lamp::Trouble(_) => (triangle, RED),
            Lamp::Call(_) => (disc, GREEN),
            Lamp::Idle => (ring, GREY),
        };
        let at = |pixel: u32| (f64::from(pixel) + 0.5) / f64::from(SIDE) * 2.0 - 1.0;
        let mut rgba = Vec::with_capacity((SIDE * SIDE * 4) as usize);
        for row in 0..SIDE {
            for column in 0..SIDE {
                rgba.extend(colour);
                rgba.push(coverage(shape(at(column), at(row))));
            }
        }
        rgba
    }
}

fn in_trouble(port: &PortView) -> bool {
    matches!(port.state, PortState::Fault | PortState::NoBattery) || matches!(port.registration, RegistrationView::Failed { .. })
}

/// Distance of a point to the edge of a shape, negative inside. The picture goes from -1 to 1, downwards and to the right.
type Shape = fn(f64, f64) -> f64;

/// How much of a pixel at this distance to the edge is covered, of 255.
fn coverage(distance: f64) -> u8 {
    let pixels = distance * f64::from(SIDE) / 2.0;
    // From 0 to 255: nothing is cut off.
    ((0.5 - pixels).clamp(0.0, 1.0) * 255.0).round() as u8
}

fn disc(x: f64, y: f64) -> f64 {
    x.hypot(y) - 0.72
}

fn ring(x: f64, y: f64) -> f64 {
    (x.hypot(y) - 0.62).abs() - 0.15
}

/// The ring, open in four places.
fn dashed_ring(x: f64, y: f64) -> f64 {
    ring(x, y).max(0.22 - x.abs().min(y.abs()))
}

/// Standing on its base, with a mark of exclamation cut out.
fn triangle(x: f64, y: f64) -> f64 {
    let side = (x.abs() * 0.88 - (y + 0.82) * 0.47).max(y - 0.7);
    let stroke = (x.abs() - 0.1).max((y - 0.02).abs() - 0.26);
    let dot = (x.abs() - 0.1).max((y - 0.48).abs() - 0.1);
    side.max(-stroke).max(-dot)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Contrast of two colours (WCAG 2.2, "contrast ratio").
    fn contrast(a: Colour, b: Colour) -> f64 {
        let luminance = |colour: Colour| {
            let linear = colour.map(|part| {
                let part = f64::from(part) / 255.0;
                if part <= 0.04045 { part / 12.92 } else { ((part + 0.055) / 1.055).powf(2.4) }
            });
            0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]
        };
        let (a, b) = (luminance(a) + 0.05, luminance(b) + 0.05);
        (a / b).max(b / a)
    }

    #[test]
    fn every_colour_is_seen_on_light_and_on_dark_trays() {
        for colour in [GREY, GREEN, RED] {
            for tray in [[0xff, 0xff, 0xff], [0xf0, 0xf0, 0xf0], [0x00, 0x00, 0x00], [0x24, 0x24, 0x24]] {
                assert!(contrast(colour, tray) >= 3.0, "{colour:?} on {tray:?}: {}", contrast(colour, tray));
            }
        }
    }

    #[test]
    fn no_two_states_have_one_shape() {
        let opaque = |lamp: Lamp| lamp.drawing().chunks(4).map(|pixel| pixel[3] > 127).collect::<Vec<bool>>();
        let shapes = [Lamp::NoDevice, Lamp::Trouble(1), Lamp::Call(1), Lamp::Idle].map(opaque);
        for (index, shape) in shapes.iter().enumerate() {
            assert_eq!(shape.len(), (SIDE * SIDE) as usize);
            let covered = shape.iter().filter(|opaque| **opaque).count();
            assert!(covered > shape.len() / 8 && covered < shape.len(), "shape {index} covers {covered}");
            for (other, twin) in shapes.iter().enumerate().skip(index + 1) {
                let different = shape.iter().zip(twin).filter(|(a, b)| a != b).count();
                assert!(different > shape.len() / 20, "shapes {index} and {other} differ in {different}");
            }
        }
    }
}
