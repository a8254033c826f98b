//! Rate editions: published prices with their effective instant.
//!
//! Imported by an admin, looked through, and published as targets of the signed repository
//! ([`crate::services::repository`] serves them).
//! Level L0: signatures and hashes are all that stations trust, so any line may carry them.
//! It never publishes another content under a name that was published, nor without a signature of the
//! role `rates`.
//! Its table: `edition`.
//! Its tests: `tests.rs` beside this file, and `tests/it/rates.rs` over a whole contact.

pub mod publish;
pub mod rehearsal;
pub mod store;
#[cfg(test)]
mod tests;
