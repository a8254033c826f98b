//! What printers speak.
//!
//! A language turns a picture into a [`Job`]: byte strings that are written one after the other,
//! so that each step can be journalled. All of it is pure; [`super::job`] does the sending. Only
//! raster ever leaves: a code of value is never left to the printer's own encoder.
//!
//! | language | picture | acknowledgement |
//! |---|---|---|
//! | ESC/POS | bands | a tag that comes back (`GS ( H`) |
//! | ZPL II | one compressed field | the odometer moved by one and the printer is idle |
//! | EPL2 | `GW` | `ACK` after `P` |
//! | TSPL | `BITMAP` | seen printing, then ready |
//! | Brother QL | packed lines | the packet "printing completed" |
//! | DYMO LabelWriter | lines | none |
//! | FGL | strips of eight rows | `ACK` of the ticket |

use std::borrow::Cow;

use serde::Deserialize;

use super::bits::{BitImage, DotRect};
use super::escpos::{self, AckTag};
use super::status::Ear;
use super::units::Dpi;
use super::{bands, brother, dymo, epl, fgl, tspl, zpl};

/// The language of a printer.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Language {
    /// Receipt and label printers of Epson and many others.
    EscPos,
    /// Zebra label printers.
    Zpl,
    /// Older desktop printers of Eltron and Zebra.
    Epl,
    /// TSC and many inexpensive label printers.
    Tspl,
    /// Brother QL label printers.
    BrotherQl,
    /// DYMO LabelWriter up to the 450 series.
    Dymo,
    /// BOCA ticket printers.
    Fgl,
}

/// What a printer says when a piece is on paper.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Acknowledgement {
    /// A tag of ours comes back once everything before it is on paper.
    Tag,
    /// The odometer has moved by exactly one label, and the printer is idle without a complaint.
    Odometer,
    /// The printer says by itself that the label is done.
    Done,
    /// The printer was seen printing and then ready, without a complaint in between.
    Watched,
    /// Nothing: every piece ends in the question to the clerk.
    None,
}

/// How a printer hears a question while it is in the middle of a command.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Hearing {
    /// It answers at once, in the middle or not; what it is in the middle of is ended otherwise.
    AtOnce,
    /// It takes the question for a part of the command, or says that it is in one: to be told that it
    /// is ready shows that it is in none.
    InOrder,
    /// The manual does not tell: whatever it may be in must be ended before each first label.
    Untold,
}

/// How fast the way to the printer is; a slow one is worth more compression.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Pace {
    /// A serial line below 115,200 bits a second.
    Slow,
    /// Anything else.
    Fast,
}

/// A paper as a printer sees it, in dots of its head.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Sheet {
    /// The resolution of the head.
    pub dpi: Dpi,
    /// Dots of the whole head.
    pub head: usize,
    /// Columns of the paper left of the first dot that can be printed.
    pub left: usize,
    /// Columns that can be printed.
    pub dots: usize,
    /// The dot of the head that prints the last of these columns, where that is not the first.
    pub offset: usize,
    /// The width in millimetres that the printer measures of its roll, if it does.
    pub roll_mm: Option<u8>,
    /// Gap between labels in tenths of millimetres; none on a roll without labels.
    pub gap_tenths: u16,
    /// Whether the printer is sent only what every printer of its language draws alike, because
    /// nothing is known of it (ESC/POS: bands from the left edge on, a bit for each dot; ZPL:
    /// run lengths, and no word about gaps).
    pub plain: bool,
}

impl Sheet {
    /// A sheet of a printer about which nothing is known but its resolution.
    #[must_use]
    pub const fn any(dpi: Dpi) -> Self {
        Self {
            dpi,
            head: super::bits::MAX_SIDE_DOTS,
            left: 0,
            dots: super::bits::MAX_SIDE_DOTS,
            offset: 0,
            roll_mm: None,
            gap_tenths: 30,
            plain: false,
        }
    }

    /// The columns of a picture that this sheet can print.
    ///
    /// # Errors
    /// [`Unprintable::TooWide`] when something black lies outside of them.
    pub(crate) fn fit<'a>(&self, image: &'a BitImage) -> Result<Cow<'a, BitImage>, Unprintable> {
        if self.left == 0 && image.width() <= self.dots {
            return Ok(Cow::Borrowed(image));
        }
        let cut = image.crop(DotRect {
            x: self.left,
            y: 0,
            width: self.dots.min(image.width().saturating_sub(self.left)),
            height: image.height(),
        });
        if cut.black_dots() == image.black_dots() {
            Ok(Cow::Owned(cut))
        } else {
            Err(Unprintable::TooWide {
                wanted: image.width(),
                dots: self.dots,
            })
        }
    }
}

/// Why a picture cannot be sent.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Unprintable {
    /// Under every shift some bytes would be taken for a real-time command.
    #[error("the picture contains printer commands under every shift of 0 to 7 dots")]
    RealTimeCommand,
    /// Something black lies where the head does not reach.
    #[error("the label of {wanted} dots is wider than the {dots} dots that this printer can print")]
    TooWide {
        /// Columns of the picture.
        wanted: usize,
        /// Columns that can be printed.
        dots: usize,
    },
    /// Longer than the language can say.
    #[error(
        "the label of {wanted} rows is longer than the {rows} rows that this printer can print"
    )]
    TooLong {
        /// Rows of the picture.
        wanted: usize,
        /// The most rows.
        rows: usize,
    },
}

/// The byte strings of one piece.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Job {
    /// Initialises the printer; prints nothing.
    pub setup: Vec<u8>,
    /// The picture.
    pub body: Vec<u8>,
    /// Finishes the label: prints it, or feeds and cuts what is printed.
    pub commit: Vec<u8>,
    /// Asks for the acknowledgement; empty where nothing has to be asked.
    pub ack: Vec<u8>,
    /// How many dots the picture was shifted to the right.
    pub shift: usize,
    /// Whether the printer holds the picture back until `commit`: before it, no ink.
    pub held: bool,
}

impl Job {
    /// All byte strings in order, as for a file.
    #[must_use]
    pub fn bytes(&self) -> Vec<u8> {
        [&self.setup, &self.body, &self.commit, &self.ack]
            .into_iter()
            .flatten()
            .copied()
            .collect()
    }
}

impl Language {
    /// All languages.
    pub const ALL: [Self; 7] = [
        Self::EscPos,
        Self::Zpl,
        Self::Epl,
        Self::Tspl,
        Self::BrotherQl,
        Self::Dymo,
        Self::Fgl,
    ];

    /// Encodes a picture; with a tag, a printer of tags is asked to send it back.
    ///
    /// Call it before the debit: a refusal then costs nothing.
    ///
    /// # Errors
    /// [`Unprintable`].
    pub fn job(
        self,
        image: &BitImage,
        sheet: &Sheet,
        pace: Pace,
        tag: Option<AckTag>,
    ) -> Result<Job, Unprintable> {
        let image = &*sheet.fit(image)?;
        match self {
            Self::EscPos => escpos::job_on(image, sheet, tag),
            Self::Zpl => Ok(zpl::job(image, sheet, pace)),
            Self::Epl => epl::job(image, sheet),
            Self::Tspl => Ok(tspl::job(image, sheet)),
            Self::BrotherQl => Ok(brother::job(image, sheet)),
            Self::Dymo => dymo::job(image, sheet),
            Self::Fgl => Ok(fgl::job(image)),
        }
    }

    /// The questions whose answers together say whether the printer is ready, in their order.
    #[must_use]
    pub const fn questions(self) -> &'static [&'static [u8]] {
        match self {
            Self::EscPos => &escpos::QUESTIONS,
            Self::Zpl => &[zpl::STATUS],
            Self::Epl => &[epl::REPORT, epl::STATUS],
            Self::Tspl => &[tspl::STATUS],
            Self::BrotherQl => &[brother::STATUS],
            Self::Dymo => &[dymo::STATUS],
            Self::Fgl => &[fgl::STATUS],
        }
    }

    /// The question whose answer tells what hinders a printer that leaves the others unanswered
    /// while something does.
    #[must_use]
    pub const fn last_question(self) -> Option<&'static [u8]> {
        match self {
            Self::Zpl => Some(zpl::ERRORS),
            Self::Epl => Some(epl::STATUS),
            Self::EscPos | Self::Tspl | Self::BrotherQl | Self::Dymo | Self::Fgl => None,
        }
    }

    /// The question for the number of labels printed so far.
    #[must_use]
    pub const fn odometer(self) -> Option<&'static [u8]> {
        match self {
            Self::Zpl => Some(zpl::ODOMETER),
            Self::EscPos | Self::Epl | Self::Tspl | Self::BrotherQl | Self::Dymo | Self::Fgl => {
                None
            }
        }
    }

    /// A question that may be asked while a label is printed, because it is answered at once and
    /// the ear of proofs understands the answer. The other printers complain by themselves, or are
    /// asked all the time anyway.
    #[must_use]
    pub const fn glance(self) -> Option<&'static [u8]> {
        match self {
            Self::EscPos => Some(escpos::GLANCE),
            Self::Epl => Some(epl::STATUS),
            Self::Zpl | Self::Tspl | Self::BrotherQl | Self::Dymo | Self::Fgl => None,
        }
    }

    /// Bytes that end any command of ours that an earlier line was cut off in, and that mean nothing
    /// between commands. Without them a printer would take the next label for the rest of an
    /// older one.
    #[must_use]
    pub const fn filler(self) -> &'static [u8] {
        match self {
            Self::EscPos => &escpos::FILLER,
            Self::Zpl => zpl::FILLER,
            Self::Epl | Self::Tspl => &bands::FILLER,
            Self::BrotherQl => &brother::CLEAR,
            Self::Dymo => &dymo::CLEAR,
            Self::Fgl => &fgl::FILLER,
        }
    }

    /// How questions of the language are heard.
    #[must_use]
    pub const fn hearing(self) -> Hearing {
        match self {
            Self::EscPos => Hearing::AtOnce,
            Self::Zpl | Self::Epl | Self::BrotherQl | Self::Dymo | Self::Fgl => Hearing::InOrder,
            Self::Tspl => Hearing::Untold,
        }
    }

    /// How often a printer must say that it is ready, one answer after the other, before one of them
    /// is sure to be an answer: some say so by themselves as well.
    #[must_use]
    pub const fn readies(self) -> usize {
        match self {
            Self::EscPos | Self::Zpl | Self::Epl | Self::Tspl | Self::BrotherQl | Self::Dymo => 1,
            // It is the byte that lets a line go on.
            Self::Fgl => 2,
        }
    }

    /// Checks what [`Self::job`] refuses. For ESC/POS that is a whole encoding, which is thrown away:
    /// what may be a command depends on where the bands begin, and that is worked out from all rows.
    ///
    /// # Errors
    /// [`Unprintable`].
    pub fn check(self, image: &BitImage, sheet: &Sheet) -> Result<(), Unprintable> {
        let image = &*sheet.fit(image)?;
        match self {
            Self::EscPos => escpos::job_on(image, sheet, None).map(drop),
            Self::Epl => epl::check(image),
            Self::Dymo => dymo::check(image).map(drop),
            Self::Zpl | Self::Tspl | Self::BrotherQl | Self::Fgl => Ok(()),
        }
    }

    /// Clears the printer's buffers, so that nothing is printed later by itself.
    #[must_use]
    pub const fn clearing(self) -> &'static [u8] {
        match self {
            Self::EscPos => &escpos::CLEAR,
            Self::Zpl => zpl::CLEAR,
            Self::Epl => epl::CLEAR,
            Self::Tspl => tspl::CLEAR,
            Self::BrotherQl => &brother::CLEAR,
            Self::Dymo => &dymo::CLEAR,
            Self::Fgl => fgl::CLEAR,
        }
    }

    /// Listens to the answer to one of the [`Self::questions`], or to what the printer says after
    /// a piece when `question` is none.
    #[must_use]
    pub fn ear(self, question: Option<usize>, roll_mm: Option<u8>) -> Box<dyn Ear> {
        match self {
            Self::EscPos => Box::new(escpos::PrinterEar::new(question)),
            Self::Zpl => Box::new(zpl::PrinterEar::default()),
            Self::Epl => Box::new(epl::PrinterEar::new(question)),
            Self::Tspl => Box::new(tspl::PrinterEar),
            Self::BrotherQl => Box::new(brother::PrinterEar::new(roll_mm)),
            Self::Dymo => Box::new(dymo::PrinterEar),
            Self::Fgl => Box::new(fgl::PrinterEar),
        }
    }
}

#[cfg(test)]
mod tests;
