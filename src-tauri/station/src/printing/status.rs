//! What a printer says about itself: the real-time status of ESC/POS (`DLE EOT 1` to `4`).

use std::fmt;

use escpos::utils::{DLE_REAL_TIME_STATUS, RealTimeStatusRequest, RealTimeStatusResponse};

/// What keeps a printer from printing.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Hindrance {
    /// No paper.
    PaperOut,
    /// The cover is open.
    CoverOpen,
    /// The blade is jammed.
    Cutter,
    /// An error that needs a person or a power cycle.
    Error,
    /// Off line for a reason it does not tell.
    Offline,
}

impl fmt::Display for Hindrance {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::PaperOut => "no paper",
            Self::CoverOpen => "the cover is open",
            Self::Cutter => "the cutter is jammed",
            Self::Error => "an error at the printer",
            Self::Offline => "the printer is off line",
        })
    }
}

/// The four questions, in the order they are asked; what is most telling comes first.
pub(crate) const QUESTIONS: [Question; 4] = [
    Question {
        request: RealTimeStatusRequest::RollPaperSensor,
        number: 4,
    },
    Question {
        request: RealTimeStatusRequest::OfflineCause,
        number: 2,
    },
    Question {
        request: RealTimeStatusRequest::ErrorCause,
        number: 3,
    },
    Question {
        request: RealTimeStatusRequest::Printer,
        number: 1,
    },
];

/// One status question.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Question {
    request: RealTimeStatusRequest,
    number: u8,
}

impl Question {
    /// The bytes that ask it.
    pub(crate) const fn bytes(&self) -> [u8; 3] {
        let [dle, eot] = [DLE_REAL_TIME_STATUS[0], DLE_REAL_TIME_STATUS[1]];
        [dle, eot, self.number]
    }

    /// What an answer means; `None` when the byte is no answer (pattern `0xx1xx10`).
    pub(crate) fn read(&self, byte: u8) -> Option<Result<(), Hindrance>> {
        let facts = RealTimeStatusResponse::parse(self.request, byte).ok()?;
        let is = |fact, value| facts.get(&fact) == Some(&value);
        let hindrance = [
            (
                is(
                    RealTimeStatusResponse::RollPaperEndSensorPaperPresent,
                    false,
                ) || is(RealTimeStatusResponse::PrintingStopsDueToPaperEnd, true),
                Hindrance::PaperOut,
            ),
            (
                is(RealTimeStatusResponse::CoverClosed, false),
                Hindrance::CoverOpen,
            ),
            (
                is(RealTimeStatusResponse::AutocutterErrorOccurred, true),
                Hindrance::Cutter,
            ),
            (
                is(RealTimeStatusResponse::ErrorOccurred, true)
                    || is(RealTimeStatusResponse::RecoverableErrorOccurred, true)
                    || is(RealTimeStatusResponse::UnrecoverableErrorOccurred, true)
                    || is(RealTimeStatusResponse::AutoRecoverableErrorOccurred, true),
                Hindrance::Error,
            ),
            (
                is(RealTimeStatusResponse::Online, false),
                Hindrance::Offline,
            ),
        ]
        .into_iter()
        .find_map(|(holds, hindrance)| holds.then_some(hindrance));
        Some(hindrance.map_or(Ok(()), Err))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(number: u8, byte: u8) -> Option<Result<(), Hindrance>> {
        QUESTIONS
            .iter()
            .find(|question| question.number == number)?
            .read(byte)
    }

    #[test]
    fn status_bytes_mean_what_the_manual_says() {
        for (number, byte, meaning) in [
            (1, 0x12, Ok(())),
            (1, 0x1A, Err(Hindrance::Offline)),
            (2, 0x12, Ok(())),
            (2, 0x16, Err(Hindrance::CoverOpen)),
            (2, 0x32, Err(Hindrance::PaperOut)),
            (2, 0x52, Err(Hindrance::Error)),
            (3, 0x1A, Err(Hindrance::Cutter)),
            (3, 0x32, Err(Hindrance::Error)),
            (4, 0x12, Ok(())),
            (4, 0x1E, Ok(())),
            (4, 0x72, Err(Hindrance::PaperOut)),
        ] {
            assert_eq!(read(number, byte), Some(meaning), "{number}: {byte:02x}");
        }
    }

    #[test]
    fn a_byte_without_the_pattern_is_no_answer() {
        for byte in [0x00, 0x10, 0x37, 0xFF, b'!'] {
            assert_eq!(read(1, byte), None, "{byte:02x}");
        }
    }

    #[test]
    fn questions_are_the_real_time_requests_1_to_4() {
        let mut numbers: Vec<[u8; 3]> = QUESTIONS.iter().map(Question::bytes).collect();
        numbers.sort_unstable();
        assert_eq!(
            numbers,
            [[0x10, 4, 1], [0x10, 4, 2], [0x10, 4, 3], [0x10, 4, 4]]
        );
    }
}
