//! What scales say, and when a weight may be believed.
//!
//! Everything here is pure: bytes and the time come in, readings and bytes to send come out. A
//! scale on USB sends reports ([`hid`]); one on a serial line is asked ([`talk`]), in MT-SICS
//! ([`sics`]) or in NCI's language ([`nci`]). Whatever it is, its readings go into a [`pan::Pan`],
//! which knows what has come to rest, for how long that is believed, and what a piece weighs. A
//! scale that is not there at all is played by [`practice::Practice`].

pub mod hid;
pub mod mass;
pub mod nci;
pub mod pan;
pub mod practice;
pub mod sics;
pub mod talk;
pub mod unit;

pub use mass::{Figure, Mass};
pub use unit::Unit;

/// Milliseconds of a clock that never goes back; which instant is 0 does not matter.
pub type Millis = u64;

/// One thing that a scale said about what lies on it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Reading {
    /// At rest, with what its display shows.
    Stable(Figure),
    /// In motion; some scales show a figure meanwhile.
    Moving(Option<Figure>),
    /// Less lies on it than when it was set to zero.
    UnderZero,
    /// More lies on it than it can weigh.
    OverLimit,
    /// It cannot weigh.
    Trouble(Trouble),
}

/// Why a scale cannot weigh.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Trouble {
    /// Something in it is broken.
    Broken,
    /// It has lost its calibration, or was moved to another place of the earth.
    NeedsCalibration,
    /// It must be emptied and set to zero.
    NeedsZero,
    /// It is doing something else, for example showing a menu.
    NotNow,
    /// It weighs in a unit that means several things, or that is not known here.
    ForeignUnit,
    /// What it said is not of the language it is believed to speak.
    NotUnderstood,
}

/// What is heard from a scale.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Heard {
    /// What lies on it.
    Reading(Reading),
    /// It has set itself to zero.
    Zeroed,
    /// It was asked to and has not.
    NotZeroed,
}

#[cfg(test)]
mod tests;
