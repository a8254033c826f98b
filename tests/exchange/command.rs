//! What a port tells a modem: one line of commands (Hayes, V.250).

/// One command of a line.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Command {
    /// `A`: take the call.
    Answer,
    /// `D`: dial.
    Dial(Dialing),
    /// `H`, `H0`: hang up.
    HangUp,
    /// `O`: back to the call.
    Online,
    /// `Z`: as it was stored.
    Reset,
    /// All that leaves a call alone.
    Aside(Aside),
}

/// A command that leaves a call alone.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Aside {
    /// `E`: whether commands are sent back.
    Echo(bool),
    /// `I`: who are you.
    Inform(u8),
    /// `Q`: whether nothing is answered.
    Quiet(bool),
    /// `V`: whether answers are words.
    Verbose(bool),
    /// `X`: which results of a call are told.
    Results(u8),
    /// `&F`: as it left the factory.
    Factory,
    /// `&W`: store it.
    Store,
    /// `&C`: whether the carrier line tells of the carrier.
    CarrierLine(bool),
    /// `&D`: what the DTR line does.
    DtrLine(u8),
    /// `Sn=v`.
    Set(u8, u8),
    /// `Sn?`.
    Ask(u8),
    /// A command without an effect here: loudspeaker, compression and the like.
    Accepted,
    /// `+` and all that follows: of mobile modems.
    Extended(String),
}

/// A number on its way to the exchange.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Dialing {
    /// What the exchange hears, without pauses.
    pub(super) digits: String,
    /// How it is dialed.
    pub(super) steps: Vec<DialStep>,
    /// The modem waits for silence after the ringing (`@`).
    pub(super) awaits_silence: bool,
    /// The modem comes back to commands once it has dialed (`;`).
    pub(super) stays_in_commands: bool,
}

/// One step of dialing.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum DialStep {
    /// A digit by tone.
    Tone,
    /// A digit by so many pulses.
    Pulses(u8),
    /// `,`: the pause of S8.
    Pause,
    /// `W`: wait for a dial tone.
    DialTone,
    /// `!`: a short interruption of the line.
    Flash,
}

/// The commands of a line without its `AT`, as far as they are understood, and whether all are.
pub(super) fn read(line: &[u8]) -> (Vec<Command>, bool) {
    let text: String = line
        .iter()
        .map(|byte| char::from(*byte))
        .filter(|letter| *letter != ' ')
        .collect();
    let mut rest = text.as_str();
    let mut commands = Vec::new();
    while !rest.is_empty() {
        let Some((command, after)) = next(rest) else {
            return (commands, false);
        };
        commands.push(command);
        rest = after;
    }
    (commands, true)
}

/// The first command and what stands behind it.
fn next(text: &str) -> Option<(Command, &str)> {
    let mut letters = text.chars();
    let letter = letters.next()?.to_ascii_uppercase();
    let rest = letters.as_str();
    match letter {
        'D' => Some((Command::Dial(dialing(rest)?), "")),
        'A' => Some((Command::Answer, rest)),
        'S' => register(rest),
        '&' => ampersand(rest),
        '+' | '^' | '$' | '*' => Some((Command::Aside(Aside::Extended(text.to_owned())), "")),
        '%' | '\\' | '-' => {
            let mut letters = rest.chars();
            letters.next().filter(char::is_ascii_alphabetic)?;
            let (_, rest) = number(letters.as_str());
            Some((Command::Aside(Aside::Accepted), rest))
        }
        _ => basic(letter, rest),
    }
}

/// A letter and its number.
fn basic(letter: char, rest: &str) -> Option<(Command, &str)> {
    let (value, rest) = number(rest);
    let aside = match (letter, value) {
        ('H', 0) => return Some((Command::HangUp, rest)),
        ('O', 0..=1) => return Some((Command::Online, rest)),
        ('Z', 0..=1) => return Some((Command::Reset, rest)),
        ('E', 0 | 1) => Aside::Echo(value == 1),
        ('I', 0..=9) => Aside::Inform(u8::try_from(value).ok()?),
        ('Q', 0 | 1) => Aside::Quiet(value == 1),
        ('V', 0 | 1) => Aside::Verbose(value == 1),
        ('X', 0..=4) => Aside::Results(u8::try_from(value).ok()?),
        ('L' | 'M' | 'W', 0..=3) | ('N' | 'B' | 'Y', 0..=15) | ('P' | 'T', 0) => Aside::Accepted,
        _ => return None,
    };
    Some((Command::Aside(aside), rest))
}

/// The commands with an ampersand.
fn ampersand(text: &str) -> Option<(Command, &str)> {
    let mut letters = text.chars();
    let letter = letters.next()?.to_ascii_uppercase();
    let (value, rest) = number(letters.as_str());
    let aside = match (letter, value) {
        ('C', 0 | 1) => Aside::CarrierLine(value == 1),
        ('D', 0..=3) => Aside::DtrLine(u8::try_from(value).ok()?),
        ('F', 0..=2) => Aside::Factory,
        ('W', 0 | 1) => Aside::Store,
        ('G' | 'K' | 'R' | 'S' | 'Q' | 'Y', 0..=6) => Aside::Accepted,
        _ => return None,
    };
    Some((Command::Aside(aside), rest))
}

/// `Sn=v` or `Sn?`.
fn register(text: &str) -> Option<(Command, &str)> {
    let (register, rest) = number(text);
    let register = u8::try_from(register).ok()?;
    if let Some(rest) = rest.strip_prefix('?') {
        return Some((Command::Aside(Aside::Ask(register)), rest));
    }
    let (value, rest) = number(rest.strip_prefix('=')?);
    let set = Aside::Set(register, u8::try_from(value).ok()?);
    Some((Command::Aside(set), rest))
}

/// The number at the beginning; 0 when there is none.
fn number(text: &str) -> (u32, &str) {
    let end = text
        .find(|letter: char| !letter.is_ascii_digit())
        .unwrap_or(text.len());
    let (digits, rest) = text.split_at(end);
    let value = digits.bytes().fold(0_u32, |value, digit| {
        value
            .saturating_mul(10)
            .saturating_add(u32::from(digit.saturating_sub(b'0')))
    });
    (value, rest)
}

/// What stands behind `D`.
fn dialing(text: &str) -> Option<Dialing> {
    let mut dialing = Dialing::default();
    let mut pulse = false;
    for letter in text.chars() {
        match letter.to_ascii_uppercase() {
            'T' => pulse = false,
            'P' => pulse = true,
            ',' => dialing.steps.push(DialStep::Pause),
            'W' => dialing.steps.push(DialStep::DialTone),
            '!' => dialing.steps.push(DialStep::Flash),
            '@' => dialing.awaits_silence = true,
            ';' => dialing.stays_in_commands = true,
            '(' | ')' | '-' | '.' => {}
            digit @ ('0'..='9' | '*' | '#' | 'A'..='D' | '+') => {
                dialing.digits.push(digit);
                dialing.steps.push(match digit.to_digit(10) {
                    Some(0) if pulse => DialStep::Pulses(10),
                    Some(count) if pulse => DialStep::Pulses(u8::try_from(count).ok()?),
                    _ => DialStep::Tone,
                });
            }
            _ => return None,
        }
    }
    Some(dialing)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn several_commands_stand_in_one_line() {
        let (commands, all) = read(b"e0 V1q0X4&C1&d2S0=2S7?\\N3%C0L2Z");
        assert!(all);
        assert_eq!(
            commands,
            [
                Command::Aside(Aside::Echo(false)),
                Command::Aside(Aside::Verbose(true)),
                Command::Aside(Aside::Quiet(false)),
                Command::Aside(Aside::Results(4)),
                Command::Aside(Aside::CarrierLine(true)),
                Command::Aside(Aside::DtrLine(2)),
                Command::Aside(Aside::Set(0, 2)),
                Command::Aside(Aside::Ask(7)),
                Command::Aside(Aside::Accepted),
                Command::Aside(Aside::Accepted),
                Command::Aside(Aside::Accepted),
                Command::Reset,
            ]
        );
    }

    #[test]
    fn commands_before_one_that_is_not_known_stand() {
        assert_eq!(
            read(b"E0J9V1"),
            (vec![Command::Aside(Aside::Echo(false))], false)
        );
        for bad in ["X5", "&", "&X", "S300=1", "S7=300", "S7", "D12x", "%", "H1"] {
            assert!(!read(bad.as_bytes()).1, "{bad}");
        }
    }

    #[test]
    fn a_number_is_dialed_with_its_pauses_and_by_the_means_it_names() {
        let (commands, all) = read(b"DT9,W(555) P-10@;");
        assert!(all);
        let steps = [
            DialStep::Tone,
            DialStep::Pause,
            DialStep::DialTone,
            DialStep::Tone,
            DialStep::Tone,
            DialStep::Tone,
            DialStep::Pulses(1),
            DialStep::Pulses(10),
        ];
        let dialing = Dialing {
            digits: "955510".to_owned(),
            steps: steps.to_vec(),
            awaits_silence: true,
            stays_in_commands: true,
        };
        assert_eq!(commands, [Command::Dial(dialing)]);
    }
}
