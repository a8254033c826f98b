//! Documents as they are made, signed and believed, and repositories that attack.

mod attacks;
mod documents;
mod pens;
mod press;
mod searches;
mod workflow;
