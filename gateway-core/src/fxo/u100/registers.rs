//! Names of the registers that the driver uses, as data. Line interface: Si3050 with Si3018/3019, data sheet "Si3050 + Si3018/19".

/// What a message is: the type stands above the port in its first byte.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Kind {
    ReadLine = 1,
    WriteLine = 2,
    Event = 3,
    ReadDevice = 4,
    WriteDevice = 5,
}

impl Kind {
    pub(super) fn of(number: u8) -> Option<Self> {
        [Kind::ReadLine, Kind::WriteLine, Kind::Event, Kind::ReadDevice, Kind::WriteDevice].into_iter().find(|kind| *kind as u8 == number)
    }
}

/// Registers of the device itself.
pub(super) mod device {
    /// Always [`IS_U100`].
    pub(crate) const ID: u8 = 0x00;
    pub(crate) const IS_U100: u8 = 0x55;
    pub(crate) const HARDWARE: u8 = 0x01;
    pub(crate) const FIRMWARE: u8 = 0x02;
    pub(crate) const CONTROL: u8 = 0x03;
    pub(crate) const CONTROL_RESET: u8 = 0x80;
    /// The line interfaces of both ports tell of changes by themselves.
    pub(crate) const CONTROL_EVENTS: u8 = 0x03;
    /// Where samples were missing or did not fit, two bits a port and direction.
    pub(crate) const FIFO: u8 = 0x04;
    pub(crate) const FIFO_UNDERRUNS: u8 = 0xA0 | 0x0A;
    pub(crate) const FIFO_OVERRUNS: u8 = 0x50 | 0x05;
    pub(crate) const UART: u8 = 0x05;
    pub(crate) const HOST: u8 = 0x06;
}

/// Registers of a line interface.
pub(super) mod line {
    pub(crate) const CONTROL_1: u8 = 1;
    pub(crate) const RESET: u8 = 0x80;
    pub(crate) const CONTROL_2: u8 = 3;
    /// Latched events, cleared by writing zero.
    pub(crate) const INTERRUPT: u8 = 4;
    pub(crate) const HOOK: u8 = 5;
    pub(crate) const HOOK_RING_NEGATIVE: u8 = 0x40;
    pub(crate) const HOOK_RING_POSITIVE: u8 = 0x20;
    /// The line is heard on hook, as caller ID needs it.
    pub(crate) const HOOK_MONITOR: u8 = 0x08;
    pub(crate) const HOOK_RINGING: u8 = 0x04;
    pub(crate) const HOOK_OFF: u8 = 0x01;
    /// 0: the line side has power.
    pub(crate) const POWER: u8 = 6;
    /// High nibble not 0 once the line side answers.
    pub(crate) const LINE_SIDE: u8 = 11;
    pub(crate) const RING_FULL_WAVE: u8 = 18;
    pub(crate) const FULL_WAVE: u8 = 0x02;
    pub(crate) const CURRENT: u8 = 28;
    /// µA for each step of [`CURRENT`].
    pub(crate) const CURRENT_STEP_UA: u32 = 1_100;
    /// Volts, with the sign of the polarity; 0 below 3 V.
    pub(crate) const VOLTAGE: u8 = 29;
    pub(crate) const PCM: u8 = 33;
    pub(crate) const PCM_ULAW: u8 = 0x28;
}

/// What a line interface is set to before it is used, in this order: sound first, then what the country wants. 600 Ω and the DC mask
/// are those that dahdi-linux (`fxo_modes.h`) and the xpp drivers use for Brazil, and for most of the Americas.
pub(super) const LINE_SETUP: [(u8, u8); 9] = [
    (line::PCM, line::PCM_ULAW),
    (16, 0x00),
    (26, 0x30),
    (30, 0x00),
    (31, 0x20),
    (line::RING_FULL_WAVE, line::FULL_WAVE),
    (line::CONTROL_2, 0x01),
    (line::INTERRUPT, 0x00),
    (line::HOOK, line::HOOK_MONITOR),
];
