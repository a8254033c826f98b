//! The durable home of the vault and of its pieces: the order of printing of `protocol.md` I.
//!
//! A piece is ordered, drafted (signed, drawn, read back), paid for in one commit, and only then
//! released to a printer. Before the commit a crash leaves nothing; after it the piece is paid for
//! and can be drawn again, bit for bit.

pub mod credentials;
pub mod draft;
pub mod inputs;
pub mod piece;
