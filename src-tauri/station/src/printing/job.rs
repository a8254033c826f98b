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

use std::time::{Duration, Instant};

use super::escpos::{AckTag, Job};
use super::port::{Port, PortFault, WriteFault};
use super::status::{Hindrance, QUESTIONS, Question};

/// How long a printer may take to answer a status question; it answers at once, even off line.
pub const STATUS_WAIT: Duration = Duration::from_millis(700);

/// How long the bytes of a piece may stand still: a printer holds them back while it prints, but
/// for longer only when paper or a person is missing.
pub const STALL: Duration = Duration::from_secs(30);

/// How long a printer may take from the last byte to the acknowledgement: its buffer may hold a
/// whole label, at the slowest 50 mm a second.
pub const ACK_WAIT: Duration = Duration::from_secs(30);

/// Bytes of noise in front of a status answer that are skipped.
const MAX_NOISE: usize = 256;

/// Bytes listened to in all while waiting for an acknowledgement.
const MAX_ACK_BYTES: usize = 4_096;

/// `DLE ENQ 2`: recover and clear the buffers, so that nothing is printed later by itself.
const CLEAR_BUFFERS: [u8; 3] = [0x10, 0x05, 2];

/// The limits on time; the constants of this module unless a test is in a hurry.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Patience {
    /// See [`STATUS_WAIT`].
    pub status: Duration,
    /// See [`STALL`].
    pub stall: Duration,
    /// See [`ACK_WAIT`].
    pub ack: Duration,
}

impl Default for Patience {
    fn default() -> Self {
        Self {
            status: STATUS_WAIT,
            stall: STALL,
            ack: ACK_WAIT,
        }
    }
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
    /// Provably no ink: not one byte of the picture left.
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
}

/// Sends one piece. `tag` is the one the job was made with; `None` for a printer that does not
/// acknowledge: its pieces always end in [`Doubt::NeverAcknowledges`] or worse.
pub fn send(
    port: &mut dyn Port,
    job: &Job,
    tag: Option<AckTag>,
    milestones: &mut dyn Milestones,
    patience: Patience,
) -> Outcome {
    if let Err(unready) = preflight(port, tag.is_some(), patience) {
        return Outcome::Refused(unready);
    }
    send_unasked(port, job, tag, milestones, patience)
}

/// [`send`] to a printer that never answered on this line: to ask it again before each piece would
/// only wait each time.
pub fn send_unasked(
    port: &mut dyn Port,
    job: &Job,
    tag: Option<AckTag>,
    milestones: &mut dyn Milestones,
    patience: Patience,
) -> Outcome {
    if milestones.sending().is_err() {
        return Outcome::Refused(Unready::NotJournalled);
    }
    if let Err(outcome) = send_picture(port, job, patience) {
        return outcome;
    }
    match finish(port, job, tag, milestones, patience) {
        Ok(()) => Outcome::Printed,
        // It is most likely still printing.
        Err(Doubt::NeverAcknowledges) => Outcome::Unknown(Doubt::NeverAcknowledges),
        Err(doubt) => {
            clear_buffers(port, patience);
            Outcome::Unknown(doubt)
        }
    }
}

/// Whatever is left in the printer must not come out when somebody loads paper. That the printer
/// may be gone for this, too, changes nothing about the outcome.
fn clear_buffers(port: &mut dyn Port, patience: Patience) {
    drop(port.write(&CLEAR_BUFFERS, patience.status));
}

/// Asks all status questions; a printer that is known not to acknowledge may stay silent. [`send`]
/// asks again; ask before the debit, so that a refusal costs nothing. Answers whether the printer
/// has answered.
///
/// # Errors
/// [`Unready`] with what the printer lacks.
pub fn preflight(
    port: &mut dyn Port,
    must_answer: bool,
    patience: Patience,
) -> Result<bool, Unready> {
    drain(port).map_err(|_| Unready::Silent)?;
    for question in QUESTIONS {
        match ask(port, question, patience) {
            Some(Ok(())) => {}
            Some(Err(hindrance)) => return Err(Unready::Hindered(hindrance)),
            None if must_answer => return Err(Unready::Silent),
            None => return Ok(false),
        }
    }
    Ok(true)
}

/// Drops what an earlier piece may have left in the line.
fn drain(port: &mut dyn Port) -> Result<(), PortFault> {
    let mut buffer = [0; MAX_NOISE];
    for _ in 0..MAX_ACK_BYTES / MAX_NOISE {
        if port.read(&mut buffer, Duration::ZERO)? == 0 {
            break;
        }
    }
    Ok(())
}

/// One status question; `None` when no answer comes.
fn ask(
    port: &mut dyn Port,
    question: Question,
    patience: Patience,
) -> Option<Result<(), Hindrance>> {
    port.write(&question.bytes(), patience.status).ok()?;
    let started = Instant::now();
    let mut byte = [0];
    for _ in 0..MAX_NOISE {
        let wait = patience.status.checked_sub(started.elapsed())?;
        if port.read(&mut byte, wait).ok()? == 0 {
            return None;
        }
        if let Some(meaning) = question.read(byte[0]) {
            return Some(meaning);
        }
    }
    None
}

/// Setup and picture. As long as no byte of the picture left, there is provably no ink.
fn send_picture(port: &mut dyn Port, job: &Job, patience: Patience) -> Result<(), Outcome> {
    port.write(&job.setup, patience.stall)
        .map_err(|_| Outcome::NotPrinted(NoInk::LineFailed))?;
    port.write(&job.body, patience.stall).map_err(|fault| {
        if fault.sent == 0 {
            return Outcome::NotPrinted(NoInk::LineFailed);
        }
        let doubt = stalled(port, &fault, patience);
        clear_buffers(port, patience);
        Outcome::Unknown(doubt)
    })
}

/// Why bytes stopped flowing, if the printer can still tell.
fn stalled(port: &mut dyn Port, fault: &WriteFault, patience: Patience) -> Doubt {
    let timed_out = matches!(
        fault.source.kind(),
        std::io::ErrorKind::TimedOut | std::io::ErrorKind::WouldBlock
    );
    match timed_out.then(|| hindrance(port, patience)).flatten() {
        Some(hindrance) => Doubt::Hindered(hindrance),
        None => Doubt::LineFailed,
    }
}

/// The first thing the printer complains about.
fn hindrance(port: &mut dyn Port, patience: Patience) -> Option<Hindrance> {
    QUESTIONS
        .into_iter()
        .find_map(|question| ask(port, question, patience)?.err())
}

/// The cut, the request for the acknowledgement, and the wait for it.
fn finish(
    port: &mut dyn Port,
    job: &Job,
    tag: Option<AckTag>,
    milestones: &mut dyn Milestones,
    patience: Patience,
) -> Result<(), Doubt> {
    milestones
        .terminating()
        .map_err(|NotJournalled| Doubt::NotJournalled)?;
    for part in [&job.commit, &job.ack] {
        port.write(part, patience.stall)
            .map_err(|fault| stalled(port, &fault, patience))?;
    }
    let journalled = milestones.sent();
    match tag {
        None => Err(Doubt::NeverAcknowledges),
        Some(tag) => await_ack(port, tag, patience),
    }?;
    journalled.map_err(|NotJournalled| Doubt::NotJournalled)
}

/// Listens for the answer with this very tag; answers to older tags and noise are passed over.
fn await_ack(port: &mut dyn Port, tag: AckTag, patience: Patience) -> Result<(), Doubt> {
    let answer = tag.answer();
    let started = Instant::now();
    let mut heard = Vec::new();
    let mut buffer = [0; 64];
    while heard.len() < MAX_ACK_BYTES {
        let Some(wait) = patience.ack.checked_sub(started.elapsed()) else {
            break;
        };
        match port.read(&mut buffer, wait) {
            Ok(0) => break,
            Ok(count) => heard.extend_from_slice(&buffer[..count]),
            Err(_) => return Err(Doubt::LineFailed),
        }
        if heard.windows(answer.len()).any(|window| window == answer) {
            return Ok(());
        }
    }
    Err(hindrance(port, patience).map_or(Doubt::NoAnswer, Doubt::Hindered))
}

#[cfg(test)]
mod tests;
