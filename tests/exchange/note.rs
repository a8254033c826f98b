//! What the exchange tells of its calls.

use std::fmt;

use super::LineId;
use super::modem::Word;

/// Something that has happened in the exchange.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Note {
    /// A line begins to dial.
    Dials {
        /// Who.
        caller: LineId,
        /// What.
        digits: String,
    },
    /// A telephone rings.
    Rings {
        /// Whose.
        answerer: LineId,
    },
    /// Bytes begin to pass.
    Connected {
        /// Who has dialed.
        caller: LineId,
        /// Who has answered.
        answerer: LineId,
    },
    /// No call came about.
    Failed {
        /// Who has dialed.
        caller: LineId,
        /// What his modem says.
        word: Word,
    },
    /// A call is over.
    Ended {
        /// Who has dialed.
        caller: LineId,
        /// Who has answered.
        answerer: LineId,
        /// How.
        how: Ending,
        /// Bytes that have arrived: at the answerer, at the caller.
        carried: [u64; 2],
    },
}

/// How a call has ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Ending {
    /// One end has hung up.
    HungUp(LineId),
    /// The line was cut.
    Cut,
}

impl fmt::Display for Note {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Dials { caller, digits } => write!(f, "{caller} dials {digits}"),
            Self::Rings { answerer } => write!(f, "{answerer} rings"),
            Self::Connected { caller, answerer } => {
                write!(f, "{caller} is connected with {answerer}")
            }
            Self::Failed { caller, word } => write!(f, "{caller} gets no call: {word:?}"),
            Self::Ended {
                caller,
                answerer,
                how,
                carried: [there, back],
            } => {
                let how = match how {
                    Ending::HungUp(line) => format!("{line} has hung up"),
                    Ending::Cut => "the line was cut".to_owned(),
                };
                write!(
                    f,
                    "the call of {caller} to {answerer} is over, {how}: {there} bytes there, {back} back"
                )
            }
        }
    }
}
