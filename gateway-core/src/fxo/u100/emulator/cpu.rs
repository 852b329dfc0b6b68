//! The registers of the controller.

/// What stands in register 0.
const DEVICE_ID: u8 = 0x55;

const ID: u8 = 0x00;
const HARDWARE: u8 = 0x01;
const FIRMWARE: u8 = 0x02;
const CONTROL: u8 = 0x03;
const FIFO: u8 = 0x04;
const UART: u8 = 0x05;
const LEDS: u8 = 0x07;
const DEBUG: u8 = 0x08;
const ECHO_CHANNELS: u8 = 0x09;
const UPDATE: u8 = 0x0A;

/// CTRL: reset.
const RESET: u8 = 0x80;

/// CTRL: the bits that stay: echo cancellers and events of both ports.
const LASTING: u8 = 0x0F;

/// UART status: the stream of the host was lost, or a message was not understood.
const LOST_OR_UNKNOWN: u8 = 0x10;

/// Controls of the lamps: green and red of both ports.
const LAMPS: u8 = 0x0F;

/// The versions and abilities that can be read.
#[derive(Clone, Copy, Debug)]
pub(super) struct Versions {
    pub(super) hardware: u8,
    pub(super) firmware: u8,
    pub(super) echo_channels: u8,
}

/// The controller.
#[derive(Debug)]
pub(super) struct Cpu {
    versions: Versions,
    control: u8,
    fifo: u8,
    uart: u8,
    leds: u8,
    debug: u8,
    update: u8,
}

impl Cpu {
    pub(super) fn new(versions: Versions) -> Self {
        Cpu { versions, control: 0, fifo: 0, uart: 0, leds: 0, debug: 0, update: 0 }
    }

    /// Reads a register. The status of FIFO and UART is gone with that.
    pub(super) fn read(&mut self, register: u8) -> u8 {
        match register {
            ID => DEVICE_ID,
            HARDWARE => self.versions.hardware,
            FIRMWARE => self.versions.firmware,
            CONTROL => self.control,
            FIFO => std::mem::take(&mut self.fifo),
            UART => std::mem::take(&mut self.uart),
            LEDS => self.leds,
            DEBUG => self.debug,
            ECHO_CHANNELS => self.versions.echo_channels,
            UPDATE => self.update,
            // The status of the host's interface, of which nothing is known, and what does not exist.
            _ => 0,
        }
    }

    /// Writes a register; true asks for a reset of the whole device.
    pub(super) fn write(&mut self, register: u8, value: u8) -> bool {
        match register {
            CONTROL if value & RESET != 0 => {
                *self = Cpu::new(self.versions);
                return true;
            }
            CONTROL => self.control = value & LASTING,
            LEDS => self.leds = value & LAMPS,
            DEBUG => self.debug = value,
            UPDATE => self.update = value,
            _ => {}
        }
        false
    }

    /// Whether the host wants the events of this port.
    pub(super) fn wants_events(&self, port: usize) -> bool {
        self.control & [0x01, 0x02].get(port).copied().unwrap_or(0) != 0
    }

    /// The lamps, as last written.
    pub(super) fn leds(&self) -> u8 {
        self.leds
    }

    /// No sample of the host was there when one was due.
    pub(super) fn underflow(&mut self, port: usize) {
        self.fifo |= [0x20, 0x80].get(port).copied().unwrap_or(0);
    }

    /// A sample of the host found no room.
    pub(super) fn overflow(&mut self, port: usize) {
        self.fifo |= [0x10, 0x40].get(port).copied().unwrap_or(0);
    }

    /// The host's stream was lost, or it sent something that is no command.
    pub(super) fn complain(&mut self) {
        self.uart |= LOST_OR_UNKNOWN;
    }
}
