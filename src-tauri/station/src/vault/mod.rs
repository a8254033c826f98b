//! The durable home of the vault and of its pieces.

pub mod piece;
