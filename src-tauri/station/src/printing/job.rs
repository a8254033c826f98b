//! One piece on its way to paper.
//!
//! There is no transaction with a printer; what can be had is "at most once, with honest
//! knowledge". Bytes are never sent twice and never resumed: whatever ends in doubt is
//! [`Outcome::Unknown`], and a person answers. The caller journals each milestone *before* the
//! bytes that follow it, so that after a crash the journal never says less than the paper shows:
//!
//! | crash after | journal says | paper may show |
//! |---|---|---|
//! | pre-flight | prepared | nothing |
//! | `sending` | sending | nothing, a part, or all of it uncut |
//! | `terminating` | sending | all of it |
//! | `sent` | sent | all of it |
//!
//! Before a piece the printer is asked whether it is ready and brought into step: an earlier line
//! may have been cut off in the middle of a command, and the printer would take the next label
//! for the rest of that one. Nothing old is ever resumed.

use std::time::Duration;

use super::escpos::AckTag;
use super::language::{Acknowledgement, Job, Language};
use super::port::{Port, WriteFault};
use super::status::Hindrance;

mod asking;
mod proving;

pub use asking::Standing;

/// How long a printer may take to answer a status question; it answers at once, even off line.
pub const STATUS_WAIT: Duration = Duration::from_millis(700);

/// How long the bytes of a piece may stand still: a printer holds them back while it prints, but
/// for longer only when paper or a person is missing.
pub const STALL: Duration = Duration::from_secs(30);

/// How long a printer may take from the last byte to the acknowledgement: its buffer may hold a
/// whole label, at the slowest 50 mm a second.
pub const ACK_WAIT: Duration = Duration::from_secs(30);

/// How long a printer may go on with what somebody else printed before it counts as hindered.
pub const BUSY_WAIT: Duration = Duration::from_secs(5);

/// How much longer it may take for each kilobyte of the piece: a fast line may end in a slow one
/// of 9,600 bits a second.
pub const KILOBYTE_WAIT: Duration = Duration::from_millis(1_070);

/// The limits on time; the constants of this module unless a test is in a hurry.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Patience {
    /// See [`STATUS_WAIT`].
    pub status: Duration,
    /// See [`STALL`].
    pub stall: Duration,
    /// See [`ACK_WAIT`].
    pub ack: Duration,
    /// See [`BUSY_WAIT`].
    pub busy: Duration,
    /// See [`KILOBYTE_WAIT`].
    pub kilobyte: Duration,
}

impl Patience {
    const USUAL: Self = Self {
        status: STATUS_WAIT,
        stall: STALL,
        ack: ACK_WAIT,
        busy: BUSY_WAIT,
        kilobyte: KILOBYTE_WAIT,
    };
}

impl Default for Patience {
    fn default() -> Self {
        if cfg!(debug_assertions) {
            haste::made(Self::USUAL)
        } else {
            Self::USUAL
        }
    }
}

/// Long waits made short in debug builds that are told to: a soak prints hundreds of labels on printers
/// that never speak again.
mod haste {
    use super::Patience;

    /// This environment variable holds the number by which they are divided.
    const VARIABLE: &str = "PENNYBLACK_PRINTER_HASTE";

    pub(super) fn made(usual: Patience) -> Patience {
        let told = std::env::var(VARIABLE).ok();
        let times = told.and_then(|text| text.parse().ok()).unwrap_or(1_u32);
        let times = times.max(1);
        Patience {
            status: usual.status,
            stall: usual.stall / times,
            ack: usual.ack / times,
            busy: usual.busy / times,
            kilobyte: usual.kilobyte / times,
        }
    }
}

/// How one printer is spoken with.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Manners {
    /// Its language.
    pub language: Language,
    /// What proves that a piece is on paper.
    pub proof: Acknowledgement,
    /// The width in millimetres that it must measure of its roll, if it does.
    pub roll_mm: Option<u8>,
}

impl Manners {
    /// Whether the printer has to answer questions: one that proves anything does.
    #[must_use]
    pub fn must_answer(&self) -> bool {
        self.proof != Acknowledgement::None
    }

    /// The tag of this number, for a printer that sends tags back.
    #[must_use]
    pub fn tag(&self, number: u32) -> Option<AckTag> {
        (self.proof == Acknowledgement::Tag).then(|| AckTag::numbered(number))
    }
}

/// What a line may hold of earlier ones.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Step {
    /// The printer and this program are in step: a piece or an answer on this very line has shown it,
    /// or, where nothing is heard of the printer, what ends every command of ours went over it.
    Kept,
    /// The line is new, or something went wrong on it.
    Unsure,
}

/// A printer on its line.
pub struct Wire<'a> {
    /// The line.
    pub port: &'a mut dyn Port,
    /// How the printer is spoken with.
    pub manners: Manners,
    /// The limits on time.
    pub patience: Patience,
    /// Whether the printer may still be in the middle of something.
    pub step: Step,
    /// Whether a label is refused while the paper is nearly at its end.
    pub near_end_refuses: bool,
}

/// A milestone could not be made durable.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("the journal did not take the step")]
pub struct NotJournalled;

/// Where the caller journals, durably, before the bytes go.
pub trait Milestones {
    /// The first byte is about to leave.
    ///
    /// # Errors
    /// [`NotJournalled`]: nothing is sent then.
    fn sending(&mut self) -> Result<(), NotJournalled>;

    /// The picture has left; the cut is about to.
    ///
    /// # Errors
    /// [`NotJournalled`]: the cut is not sent then.
    fn terminating(&mut self) -> Result<(), NotJournalled>;

    /// All bytes have left; the answer is awaited.
    ///
    /// # Errors
    /// [`NotJournalled`]: the answer is still awaited, so that what is known gets told.
    fn sent(&mut self) -> Result<(), NotJournalled>;
}

/// The milestones of what is worth nothing: they leave no trace.
#[derive(Clone, Copy, Debug, Default)]
pub struct Traceless;

impl Milestones for Traceless {
    fn sending(&mut self) -> Result<(), NotJournalled> {
        Ok(())
    }

    fn terminating(&mut self) -> Result<(), NotJournalled> {
        Ok(())
    }

    fn sent(&mut self) -> Result<(), NotJournalled> {
        Ok(())
    }
}

/// How it ended.
#[derive(Debug, PartialEq, Eq)]
pub enum Outcome {
    /// The printer acknowledged this very piece.
    Printed,
    /// Provably no ink: not one byte of the picture left, or the end without which this printer
    /// prints nothing.
    NotPrinted(NoInk),
    /// Nobody knows; a person has to look.
    Unknown(Doubt),
    /// Refused before anything was sent or journalled.
    Refused(Unready),
}

/// Why nothing was started.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Unready {
    /// The printer says what it lacks.
    #[error("{0}")]
    Hindered(Hindrance),
    /// The printer does not answer at all, or nothing that a printer of this model would.
    #[error("the printer does not answer: it is off, or it is no printer of this model")]
    Silent,
    /// It does not count its labels, by which a printed one would be known.
    #[error("the printer does not count its labels, so it cannot prove that one is printed")]
    Uncounted,
    /// It sends no tag back, by which a printed label would be known.
    #[error("the printer does not acknowledge, so it cannot prove that a label is printed")]
    Untagged,
    /// It stays silent in the middle of something that was cut off before.
    #[error("the printer is still in the middle of an earlier label; switch it off and on")]
    OutOfStep,
    /// The journal did not take the first milestone.
    #[error("the journal did not take the step")]
    NotJournalled,
}

/// Why it is sure that there is no ink.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum NoInk {
    /// The line failed before the first byte of the picture.
    #[error("the line to the printer failed before the picture")]
    LineFailed,
    /// The printer holds a picture back until its end, and the end never left.
    #[error("the label was never finished")]
    Unfinished,
    /// The printer refused the job.
    #[error("the printer refused the job")]
    Declined,
    /// The printer was at something else all the time, and took no job.
    #[error("the printer is still at something else")]
    Busy,
    /// The printer ended the job without having begun it.
    #[error("the printer ended the job before it began to print it")]
    NeverBegun,
}

/// Why nobody knows.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Doubt {
    /// The line failed after a part of the picture had left.
    #[error("the line to the printer failed in the middle")]
    LineFailed,
    /// The journal did not take a later milestone.
    #[error("the journal did not take the step")]
    NotJournalled,
    /// The printer stopped and says why.
    #[error("the printer stopped: {0}")]
    Hindered(Hindrance),
    /// No acknowledgement came in time.
    #[error("the printer did not answer")]
    NoAnswer,
    /// This printer never acknowledges.
    #[error("this printer cannot say whether it printed")]
    NeverAcknowledges,
    /// The odometer has moved by more than this label.
    #[error("the printer counted more labels than this one")]
    Miscounted,
    /// The printer says that it is done, and has counted nothing.
    #[error("the printer counted no label")]
    Uncounted,
    /// Somebody cancelled the job while it was printed.
    #[error("the job was cancelled at the printer")]
    Canceled,
    /// The printer gave the job up while it printed it.
    #[error("the printer gave the job up")]
    Aborted,
    /// The printer does not know the job, or not any more.
    #[error("the printer knows nothing of its job any more")]
    Forgotten,
}

impl Doubt {
    /// Whether the printer has said all that it will ever say about the piece. After other doubts one
    /// that keeps a record of its jobs may be asked again later.
    #[must_use]
    pub const fn is_last_word(self) -> bool {
        match self {
            Self::NeverAcknowledges
            | Self::Miscounted
            | Self::Uncounted
            | Self::Canceled
            | Self::Aborted
            | Self::Forgotten => true,
            Self::LineFailed | Self::NotJournalled | Self::Hindered(_) | Self::NoAnswer => false,
        }
    }
}

/// Asks whether the printer is ready, brings it into step, and sends one piece. `tag` is the one
/// the job was made with. A piece of a printer that never acknowledges always ends in
/// [`Doubt::NeverAcknowledges`] or worse.
pub fn send(
    wire: &mut Wire<'_>,
    job: &Job,
    tag: Option<AckTag>,
    milestones: &mut dyn Milestones,
) -> Outcome {
    match preflight(wire) {
        Ok(standing) => send_ready(wire, job, tag, standing, milestones),
        Err(unready) => Outcome::Refused(unready),
    }
}

/// Asks whether the printer is ready and brings it into step. One that is known not to acknowledge
/// may stay silent: whatever a held label was cut off in is ended all the same (of ESC/POS, Brother QL
/// and DYMO a label that was cut off is unknown anyway), but nobody has heard that it is ready. Ask
/// before the debit, so that a refusal costs nothing, and again before the piece.
///
/// # Errors
/// [`Unready`] with what the printer lacks.
pub fn preflight(wire: &mut Wire<'_>) -> Result<Standing, Unready> {
    let standing = wire.standing()?;
    wire.step = Step::Kept;
    Ok(standing)
}

/// [`send`] to a printer that was found ready just now, or of which it is known that it never
/// answers ([`Standing::default`]).
pub fn send_ready(
    wire: &mut Wire<'_>,
    job: &Job,
    tag: Option<AckTag>,
    standing: Standing,
    milestones: &mut dyn Milestones,
) -> Outcome {
    if milestones.sending().is_err() {
        return Outcome::Refused(Unready::NotJournalled);
    }
    let patience = wire.patience.ack + wire.patience.kilobyte * kilobytes(job);
    let ended = send_picture(wire, job)
        .and_then(|()| finish(wire, job, milestones))
        .and_then(|journalled| {
            wire.await_proof(tag, standing, patience)
                .map_err(Outcome::Unknown)?;
            journalled.map_err(|NotJournalled| Outcome::Unknown(Doubt::NotJournalled))
        });
    match ended {
        Ok(()) => Outcome::Printed,
        // It is most likely still printing.
        Err(Outcome::Unknown(Doubt::NeverAcknowledges)) => {
            Outcome::Unknown(Doubt::NeverAcknowledges)
        }
        Err(outcome) => {
            wire.step = Step::Unsure;
            if outcome != Outcome::NotPrinted(NoInk::LineFailed) {
                wire.clear_buffers();
            }
            outcome
        }
    }
}

/// Whole kilobytes of a piece.
fn kilobytes(job: &Job) -> u32 {
    let bytes = [&job.setup, &job.body, &job.commit, &job.ack].map(Vec::len);
    u32::try_from(bytes.iter().sum::<usize>() >> 10).unwrap_or(u32::MAX)
}

/// Setup and picture. As long as no byte of the picture left, there is provably no ink; nor is
/// there where the printer waits for the end.
fn send_picture(wire: &mut Wire<'_>, job: &Job) -> Result<(), Outcome> {
    let stall = wire.patience.stall;
    wire.port
        .write(&job.setup, stall)
        .map_err(|_| Outcome::NotPrinted(NoInk::LineFailed))?;
    wire.port.write(&job.body, stall).map_err(|fault| {
        if fault.sent == 0 {
            Outcome::NotPrinted(NoInk::LineFailed)
        } else if job.held {
            Outcome::NotPrinted(NoInk::Unfinished)
        } else {
            Outcome::Unknown(stalled(wire, &fault))
        }
    })
}

/// The end of the label and the request for the acknowledgement. Answers whether the last
/// milestone was journalled: what is known is told anyway.
fn finish(
    wire: &mut Wire<'_>,
    job: &Job,
    milestones: &mut dyn Milestones,
) -> Result<Result<(), NotJournalled>, Outcome> {
    let unfinished = |doubt| {
        if job.held {
            Outcome::NotPrinted(NoInk::Unfinished)
        } else {
            Outcome::Unknown(doubt)
        }
    };
    milestones
        .terminating()
        .map_err(|NotJournalled| unfinished(Doubt::NotJournalled))?;
    let stall = wire.patience.stall;
    wire.port.write(&job.commit, stall).map_err(|fault| {
        let doubt = stalled(wire, &fault);
        if fault.sent == 0 {
            unfinished(doubt)
        } else {
            Outcome::Unknown(doubt)
        }
    })?;
    wire.port
        .write(&job.ack, stall)
        .map_err(|fault| Outcome::Unknown(stalled(wire, &fault)))?;
    Ok(milestones.sent())
}

/// Why bytes stopped flowing, if the printer can still tell.
fn stalled(wire: &mut Wire<'_>, fault: &WriteFault) -> Doubt {
    let timed_out = matches!(
        fault.source.kind(),
        std::io::ErrorKind::TimedOut | std::io::ErrorKind::WouldBlock
    );
    match timed_out.then(|| wire.hindrance()).flatten() {
        Some(hindrance) => Doubt::Hindered(hindrance),
        None => Doubt::LineFailed,
    }
}

#[cfg(test)]
mod tests;
