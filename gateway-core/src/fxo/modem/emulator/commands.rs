//! Command lines: read, carried out one command after the other, answered once (ITU-T V.250 §5).

use std::collections::VecDeque;
use std::time::Duration;

use super::{Errand, LONGEST_COMMAND, Mode, Modem, ModemModel, ModemOutput, Samples};
use crate::fxo::boxlink::message::LineStatus;
use crate::time::Moment;

/// The pulses of a digit as they come by default (`&P0`): 61 ms open, 39 ms closed.
const OPEN: Duration = Duration::from_millis(61);
const CLOSED: Duration = Duration::from_millis(39);

/// Between two digits.
const INTERDIGIT: Duration = Duration::from_millis(800);

/// A flash without a length (`!`).
const FLASH: Duration = Duration::from_millis(500);

/// What became of one command.
enum Done {
    /// On to the next.
    Ok,
    Error,
    /// Answered already, or later; what follows on the line is dropped.
    Answered,
}

impl Modem {
    /// A byte of the host while it takes commands.
    pub(super) fn typed(&mut self, byte: u8, line: &LineStatus, now: Moment, out: &mut Vec<ModemOutput>) {
        if self.echo {
            out.push(ModemOutput::Write(vec![byte]));
        }
        match byte {
            b'\r' => {
                let typed = std::mem::take(&mut self.command);
                let refused = std::mem::take(&mut self.too_long);
                self.command_line(&typed, refused, line, now, out);
            }
            0x08 => drop(self.command.pop()),
            b' '..=0x7E if self.command.len() < LONGEST_COMMAND => self.command.push(byte.to_ascii_uppercase()),
            b' '..=0x7E => self.too_long = true,
            _ => {}
        }
    }

    fn command_line(&mut self, typed: &[u8], refused: bool, line: &LineStatus, now: Moment, out: &mut Vec<ModemOutput>) {
        let typed: String = typed.iter().map(|byte| char::from(*byte)).collect();
        // What stands before AT is noise of the line.
        let Some(at) = typed.find("AT") else { return };
        // Any character aborts what is being done for the command before.
        self.errand = None;
        let mut rest: String = typed[at + 2..].chars().filter(|c| *c != ' ').collect();
        let mut done = if refused { Done::Error } else { Done::Ok };
        while matches!(done, Done::Ok) && !rest.is_empty() {
            let (command, after) = split(&rest);
            done = self.one(&command, line, now, out);
            rest = after;
        }
        match done {
            Done::Ok => self.result(0, "OK", out),
            Done::Error => self.result(4, "ERROR", out),
            Done::Answered => {}
        }
    }

    fn result(&self, code: u8, words: &str, out: &mut Vec<ModemOutput>) {
        if self.verbose {
            self.say(words, out);
        } else {
            out.push(ModemOutput::Write(format!("{code}\r").into_bytes()));
        }
    }

    fn one(&mut self, command: &str, line: &LineStatus, now: Moment, out: &mut Vec<ModemOutput>) -> Done {
        if let Some(dialled) = command.strip_prefix('D') {
            return self.dial(dialled, now, out);
        }
        match command {
            "Z" | "Z0" | "&F" | "&F0" => self.reset(out),
            "E" | "E0" => self.echo = false,
            "E1" => self.echo = true,
            "V" | "V0" => self.verbose = false,
            "V1" => self.verbose = true,
            "H" | "H0" => self.hang_up(out),
            "H1" => self.set_relay(true, out),
            "I" | "I0" => self.say(self.of_model("56000", "5601"), out),
            "I3" => self.say(self.of_model("CX93001-EIS_V0.2013-V92", "U.S. Robotics 56K FAX USB V1.2.23"), out),
            _ if command.starts_with(['+', '-']) => return self.extended(command, line, now, out),
            // Loudspeaker, result codes, flow control and the like change nothing here.
            _ if command.starts_with(['M', 'L', 'X', 'Q', '&', 'S', 'I', 'W', '\\', '%']) => {}
            _ => return Done::Error,
        }
        Done::Ok
    }

    fn of_model(&self, conexant: &'static str, robotics: &'static str) -> &'static str {
        match self.traits.model {
            ModemModel::Conexant => conexant,
            ModemModel::UsRobotics => robotics,
        }
    }

    fn reset(&mut self, out: &mut Vec<ModemOutput>) {
        self.hang_up(out);
        let country = self.country;
        *self = Modem { country, ..Modem::new(self.traits) };
    }

    fn extended(&mut self, command: &str, line: &LineStatus, now: Moment, out: &mut Vec<ModemOutput>) -> Done {
        let conexant = self.traits.model == ModemModel::Conexant;
        let (name, value) = command.split_once('=').unwrap_or((command, ""));
        match (name, value) {
            ("+GMI9", _) if conexant => self.say("CONEXANT ACF", out),
            ("+GMI" | "+FMI?", _) => self.say(self.of_model("CONEXANT", "U.S. Robotics, Inc."), out),
            ("+GMM" | "+GMR" | "+FMM?" | "+FMR?", _) => self.say(self.of_model("CX93001", "5637"), out),
            ("+FCLASS", "?") => self.say(self.of_model("0,1,1.0,2,8", "0,1,2.0,8"), out),
            ("+FCLASS?", _) => self.say(&self.class.to_string(), out),
            ("+FCLASS", class) => return self.set_class(class, out),
            ("+VSM", "?") => self.compressions().iter().for_each(|row| self.say(row, out)),
            ("+VSM", row) => return self.choose_samples(row),
            ("+VLS", "?") => self.say("0,\"\",B0840000,B0840000,B084008000", out),
            ("+VLS", label) => return self.select_line(label, now, out),
            ("+VTR", "") if self.traits.duplex && self.class == 8 && self.off_hook => return self.begin(Mode::Duplex, now, out),
            ("+VTX", "") if self.class == 8 => return self.begin(Mode::Transmit, now, out),
            ("+VRX", "") if self.class == 8 => return self.begin(Mode::Receive, now, out),
            ("+VTS", tones) if self.class == 8 => return self.signal(tones, now, out),
            ("+VCID", "1") => self.caller_id = true,
            ("+VCID", "0") => self.caller_id = false,
            ("+VDR", lengths) => self.ring_lengths = lengths.starts_with('1'),
            ("+VRID", _) => self.say_caller(out),
            ("+GCI", "?") => self.say("(00,07,16,3D,42,73,8B,A0,B4,B5)", out),
            ("+GCI?", _) => self.say(&format!("+GCI: {:02X}", self.country), out),
            ("+GCI", country) => match u8::from_str_radix(country, 16) {
                Ok(country) if [0x00, 0x07, 0x16, 0x3D, 0x42, 0x73, 0x8B, 0xA0, 0xB4, 0xB5].contains(&country) => self.country = country,
                Ok(_) | Err(_) => return Done::Error,
            },
            ("-TRV", "") if conexant => self.say(&volts(line), out),
            ("-STE" | "-SCID" | "-TTE", _) if conexant => {}
            ("+VSD" | "+VIT" | "+VNH" | "+VGT" | "+VGR" | "+VTD" | "+VRA" | "+VRN" | "+VPR" | "+VIP", _) => {}
            // Flow control and the rate of a UART that is none.
            ("+IFC" | "+ICF" | "+IPR", _) => {}
            _ => return Done::Error,
        }
        Done::Ok
    }

    fn set_class(&mut self, class: &str, out: &mut Vec<ModemOutput>) -> Done {
        match class {
            "0" | "1" | "2" => {
                // Outside of voice there is no line without a connection.
                self.hang_up(out);
                self.class = class.parse().unwrap_or(0);
            }
            "8" => self.class = 8,
            _ => return Done::Error,
        }
        Done::Ok
    }

    fn compressions(&self) -> &'static [&'static str] {
        match self.traits.model {
            ModemModel::Conexant => &[
                "1,\"UNSIGNED PCM\",8,0,8000,0,0",
                "129,\"IMA ADPCM\",4,0,8000,0,0",
                "131,\"ULAW\",8,0,8000,0,0",
                "132,\"ALAW\",8,0,8000,0,0",
            ],
            ModemModel::UsRobotics => &[
                "128,\"8-BIT LINEAR\",(7200,8000,11025)",
                "130,\"8-BIT ALAW\",(8000)",
                "131,\"8-BIT ULAW\",(8000)",
                "132,\"IMA ADPCM\",(8000)",
            ],
        }
    }

    fn choose_samples(&mut self, row: &str) -> Done {
        let mut fields = row.split(',');
        let number = fields.next().unwrap_or_default();
        if fields.next().is_some_and(|rate| rate != "8000") {
            return Done::Error;
        }
        self.samples = match (self.traits.model, number) {
            (_, "131") => Samples::Ulaw,
            (ModemModel::Conexant, "132") | (ModemModel::UsRobotics, "130") => Samples::Alaw,
            (ModemModel::Conexant, "1") | (ModemModel::UsRobotics, "128") => Samples::Unsigned,
            _ => return Done::Error,
        };
        Done::Ok
    }

    fn select_line(&mut self, label: &str, now: Moment, out: &mut Vec<ModemOutput>) -> Done {
        match label {
            "0" => {
                self.hang_up(out);
                Done::Ok
            }
            "1" if self.class == 8 => {
                self.set_relay(true, out);
                if self.traits.model == ModemModel::UsRobotics {
                    // The guide tells of it without a reason: a local telephone that is off hook.
                    self.mark(b'H', out);
                }
                self.errand = Some(Errand::Wait { until: now + self.traits.hook_delay, answer: "OK" });
                Done::Answered
            }
            _ => Done::Error,
        }
    }

    fn begin(&mut self, mode: Mode, now: Moment, out: &mut Vec<ModemOutput>) -> Done {
        self.stream(mode, now, out);
        Done::Answered
    }

    /// `+VTS`: digits, `{digit,length}`, `!` or `{!,length}`, lengths in 10 ms. Single tones are timed and not sent.
    fn signal(&mut self, tones: &str, now: Moment, out: &mut Vec<ModemOutput>) -> Done {
        let inner = tones.trim_matches(['{', '}']);
        let (what, hundredths) = inner.split_once(',').unwrap_or((inner, ""));
        let length = hundredths.parse().map(|hundredths: u64| Duration::from_millis(hundredths * 10));
        if what == "!" {
            if !self.off_hook {
                return Done::Error;
            }
            let train = [(false, length.unwrap_or(FLASH)), (true, Duration::ZERO)].into();
            self.errand = Some(Errand::Pulses { train, next: now, answer: "OK" });
            self.run_errand(now, out);
            return Done::Answered;
        }
        if tones.starts_with('[') {
            self.errand = Some(Errand::Wait { until: now + Duration::from_millis(200), answer: "OK" });
            return Done::Answered;
        }
        let digits: String = tones.split(',').map(|part| part.trim_matches(['{', '}'])).filter(|part| part.len() == 1).collect();
        self.errand = self.tones(&digits, "OK", now);
        if self.errand.is_some() { Done::Answered } else { Done::Error }
    }

    fn dial(&mut self, dialled: &str, now: Moment, out: &mut Vec<ModemOutput>) -> Done {
        let pulses = dialled.starts_with('P');
        let digits: String = dialled.chars().filter(|c| c.is_ascii_digit() || "*#ABCD".contains(*c)).collect();
        self.set_relay(true, out);
        let answer = if self.class == 8 { "VCON" } else { "OK" };
        self.errand = if digits.is_empty() {
            Some(Errand::Wait { until: now + self.traits.hook_delay, answer })
        } else if pulses {
            Some(Errand::Pulses { train: train(&digits), next: now + self.traits.hook_delay, answer })
        } else {
            self.tones(&digits, answer, now)
        };
        if self.errand.is_some() { Done::Answered } else { Done::Error }
    }
}

fn train(digits: &str) -> VecDeque<(bool, Duration)> {
    let mut train = VecDeque::new();
    for digit in digits.chars().filter_map(|digit| digit.to_digit(10)) {
        for _ in 0..if digit == 0 { 10 } else { digit } {
            train.extend([(false, OPEN), (true, CLOSED)]);
        }
        train.push_back((true, INTERDIGIT));
    }
    train
}

fn volts(line: &LineStatus) -> String {
    let millivolts = f64::from(line.millivolts);
    // Two diode drops are there even where no line is.
    let volts = if line.millivolts == 0 { 1.4 } else { millivolts / 1000.0 };
    format!("{volts:.1}")
}

/// The first command of a line, and what follows it.
fn split(rest: &str) -> (String, String) {
    let rest = rest.trim_start_matches(';');
    let end = match rest.chars().next() {
        None => 0,
        // Dialling takes the line, up to a semicolon.
        Some('D') => rest.find(';').map_or(rest.len(), |at| at + 1),
        Some('+' | '-') => rest.find(';').unwrap_or(rest.len()),
        Some(first) => {
            let name = if first == '&' || first == '\\' || first == '%' { 2 } else { 1 };
            let value = rest.chars().skip(name).take_while(|c| c.is_ascii_digit() || (first == 'S' && "=?".contains(*c))).count();
            (name + value).min(rest.len())
        }
    };
    (rest[..end].to_owned(), rest[end..].to_owned())
}
