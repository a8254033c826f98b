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

use std::time::Duration;

use super::escpos::AckTag;
use super::language::{Acknowledgement, Job, Language};
use super::port::{Port, WriteFault};
use super::status::Hindrance;

mod asking;

use asking::Standing;

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
}

impl Default for Patience {
    fn default() -> Self {
        Self {
            status: STATUS_WAIT,
            stall: STALL,
            ack: ACK_WAIT,
            busy: BUSY_WAIT,
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

    /// The tag of a piece, for a printer that sends tags back.
    #[must_use]
    pub fn tag(&self, counter: u32) -> Option<AckTag> {
        (self.proof == Acknowledgement::Tag).then(|| AckTag::for_counter(counter))
    }
}

/// A printer on its line.
pub struct Wire<'a> {
    /// The line.
    pub port: &'a mut dyn Port,
    /// How the printer is spoken with.
    pub manners: Manners,
    /// The limits on time.
    pub patience: Patience,
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
    /// The printer does not answer at all.
    #[error("the printer does not answer")]
    Silent,
    /// It does not count its labels, by which a printed one would be known.
    #[error("the printer does not count its labels")]
    Uncounted,
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
}

/// Sends one piece. `tag` is the one the job was made with. A piece of a printer that never
/// acknowledges always ends in [`Doubt::NeverAcknowledges`] or worse.
pub fn send(
    wire: &mut Wire<'_>,
    job: &Job,
    tag: Option<AckTag>,
    milestones: &mut dyn Milestones,
) -> Outcome {
    match wire.standing() {
        Ok(standing) => send_after(wire, job, tag, standing, milestones),
        Err(unready) => Outcome::Refused(unready),
    }
}

/// [`send`] to a printer that never answered on this line: to ask it again before each piece would
/// only wait each time.
pub fn send_unasked(wire: &mut Wire<'_>, job: &Job, milestones: &mut dyn Milestones) -> Outcome {
    send_after(wire, job, None, Standing::default(), milestones)
}

/// Asks whether the printer is ready; one that is known not to acknowledge may stay silent.
/// [`send`] asks again; ask before the debit, so that a refusal costs nothing. Answers whether the
/// printer has answered.
///
/// # Errors
/// [`Unready`] with what the printer lacks.
pub fn preflight(wire: &mut Wire<'_>) -> Result<bool, Unready> {
    wire.standing().map(|standing| standing.answers)
}

fn send_after(
    wire: &mut Wire<'_>,
    job: &Job,
    tag: Option<AckTag>,
    standing: Standing,
    milestones: &mut dyn Milestones,
) -> Outcome {
    if milestones.sending().is_err() {
        return Outcome::Refused(Unready::NotJournalled);
    }
    let ended = send_picture(wire, job)
        .and_then(|()| finish(wire, job, milestones))
        .and_then(|journalled| {
            wire.await_proof(tag, standing).map_err(Outcome::Unknown)?;
            journalled.map_err(|NotJournalled| Outcome::Unknown(Doubt::NotJournalled))
        });
    match ended {
        Ok(()) => Outcome::Printed,
        // It is most likely still printing.
        Err(Outcome::Unknown(Doubt::NeverAcknowledges)) => {
            Outcome::Unknown(Doubt::NeverAcknowledges)
        }
        Err(Outcome::NotPrinted(NoInk::LineFailed)) => Outcome::NotPrinted(NoInk::LineFailed),
        Err(outcome) => {
            wire.clear_buffers();
            outcome
        }
    }
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
