//! Scales as this computer reaches them.

use std::time::Duration;

use shared::scale::{Heard, Millis};

use super::{line, usb};
use crate::api::ScaleSetup;

/// A scale that cannot be reached, or not any more.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{0}")]
pub struct Gone(pub String);

/// A scale that is open.
pub trait Instrument {
    /// Waits for what it says, at most for `wait`; `now` is for questions that are due.
    ///
    /// # Errors
    /// [`Gone`] when it was pulled out.
    fn listen(&mut self, wait: Duration, now: Millis, heard: &mut Vec<Heard>) -> Result<(), Gone>;

    /// Lets it set itself to zero; whether it can be told to.
    fn zero(&mut self) -> bool;
}

/// A scale, or a port for one, as a person chooses among them.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Found {
    /// What it calls itself.
    pub title: String,
    /// How it is reached.
    pub setup: ScaleSetup,
}

/// The scales of a computer.
pub trait Instruments: Send + Sync {
    /// Looks for them.
    fn find(&self) -> Vec<Found>;

    /// Opens one. The instrument stays on the thread that has opened it.
    ///
    /// # Errors
    /// [`Gone`] with the reason.
    fn open(&self, setup: &ScaleSetup) -> Result<Box<dyn Instrument>, Gone>;
}

/// The scales of this computer.
#[derive(Clone, Copy, Debug)]
pub struct ScalesHere;

impl Instruments for ScalesHere {
    fn find(&self) -> Vec<Found> {
        let mut found = usb::find();
        found.extend(line::find());
        found
    }

    fn open(&self, setup: &ScaleSetup) -> Result<Box<dyn Instrument>, Gone> {
        match setup {
            ScaleSetup::Usb {
                vendor,
                product,
                serial,
            } => usb::open((*vendor, *product), serial.as_deref()),
            ScaleSetup::Serial {
                path,
                language,
                baud,
                frame,
            } => line::open(path, language, *baud, frame),
            ScaleSetup::Practice => Err(Gone("nobody opens the practice scale".to_owned())),
        }
    }
}
