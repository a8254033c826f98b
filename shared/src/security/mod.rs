//! Keeping secrets at rest and proving who is who.
//!
//! Nothing here reads a clock or makes a random number: nonces and secrets come in as arguments,
//! because a cloned machine would otherwise repeat them unseen.

pub mod enrolment_code;
pub mod seal;
