//! Documents as they are made, signed and believed.

mod documents;
mod pens;
