//! What a modem is told and what it answers (Hayes, V.250), without a port.
//!
//! [`Dial`] brings a modem from silence to the first byte of data, or to a [`CallFailure`] that has
//! a name; [`PickUp`] waits for calls and takes one; [`HangUp`] ends a call on modems that obey the DTR line and on those that do not. Bytes
//! go in and are taken out, time is an argument, every wait has an end.

mod answer;
mod dial;
mod hang_up;
mod pick_up;
mod profile;
#[cfg(test)]
mod tests;

pub use answer::{Answer, Answers};
pub use dial::{CallFailure, Dial, Progress};
pub use hang_up::{HangUp, Parting};
pub use pick_up::{Incoming, PickUp};
pub use profile::{BadNumber, Number, Profile, Waits};
