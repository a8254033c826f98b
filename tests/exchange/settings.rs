//! How a modem is set: its registers and its habits of answering.

use std::time::Duration;

/// The registers that there are, S0 to S59.
const REGISTERS: usize = 60;

/// How a modem is set.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Settings {
    registers: [u8; REGISTERS],
    /// `E`.
    pub(super) echo: bool,
    /// `Q`.
    pub(super) quiet: bool,
    /// `V`.
    pub(super) verbose: bool,
    /// `X`.
    pub(super) results: u8,
    /// `&C`.
    pub(super) carrier_line: bool,
    /// `&D`.
    pub(super) dtr_line: u8,
}

impl Settings {
    /// As a modem leaves the factory: the registers as Hayes had them.
    pub(super) fn factory() -> Self {
        let mut registers = [0; REGISTERS];
        let usual = [
            (2, b'+'),
            (3, b'\r'),
            (4, b'\n'),
            (5, 8),
            (6, 2),
            (7, 50),
            (8, 2),
            (9, 6),
            (10, 14),
            (11, 95),
            (12, 50),
        ];
        for (register, value) in usual {
            registers[register] = value;
        }
        Self {
            registers,
            echo: true,
            quiet: false,
            verbose: true,
            results: 4,
            carrier_line: true,
            dtr_line: 2,
        }
    }

    /// A register; `None` where there is none of that number.
    pub(super) fn register(&self, number: u8) -> Option<u8> {
        self.registers.get(usize::from(number)).copied()
    }

    /// Sets a register; whether there is one of that number.
    pub(super) fn set(&mut self, number: u8, value: u8) -> bool {
        let register = self.registers.get_mut(usize::from(number));
        register.map(|register| *register = value).is_some()
    }

    fn value(&self, number: u8) -> u32 {
        u32::from(self.register(number).unwrap_or(0))
    }

    /// S0: rings after which the call is taken; `None` for never.
    pub(super) fn rings_to_answer(&self) -> Option<u8> {
        self.register(0).filter(|rings| *rings > 0)
    }

    /// S2: the character of the escape, unless it is switched off.
    pub(super) fn escape(&self) -> Option<u8> {
        self.register(2).filter(|letter| *letter < 128)
    }

    /// S3: the end of a line.
    pub(super) fn line_end(&self) -> u8 {
        self.registers[3]
    }

    /// S4: what stands beside it in answers.
    pub(super) fn line_feed(&self) -> u8 {
        self.registers[4]
    }

    /// S5: takes a character back.
    pub(super) fn backspace(&self) -> u8 {
        self.registers[5]
    }

    /// S6: wait before dialing blind.
    pub(super) fn blind_wait(&self) -> Duration {
        Duration::from_secs(1) * self.value(6).max(2)
    }

    /// S7: wait for the carrier.
    pub(super) fn carrier_wait(&self) -> Duration {
        Duration::from_secs(1) * self.value(7).max(1)
    }

    /// S8: a comma's pause.
    pub(super) fn pause(&self) -> Duration {
        Duration::from_secs(1) * self.value(8)
    }

    /// S10: the carrier may be away so long.
    pub(super) fn carrier_loss(&self) -> Duration {
        Duration::from_millis(100) * self.value(10).max(1)
    }

    /// S11: length of a tone, and of the gap behind it.
    pub(super) fn tone(&self) -> Duration {
        Duration::from_millis(1) * self.value(11).max(50)
    }

    /// S12: silence around the escape.
    pub(super) fn guard(&self) -> Duration {
        Duration::from_millis(20) * self.value(12)
    }

    /// Whether the modem listens for a dial tone.
    pub(super) const fn knows_dial_tone(&self) -> bool {
        matches!(self.results, 2 | 4)
    }

    /// Whether the modem listens for the tone of an engaged line.
    pub(super) const fn knows_busy_tone(&self) -> bool {
        matches!(self.results, 3 | 4)
    }
}
