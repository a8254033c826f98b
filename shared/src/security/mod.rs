//! How messages, rows and codes are protected. Keys and random bytes come in as arguments.

pub mod approval;
pub mod dial_in;
pub mod enrolment_code;
pub mod envelope;
mod level;
pub mod seal;
pub mod signed;
#[cfg(test)]
pub(crate) mod test_keys;
#[cfg(test)]
pub(crate) mod test_vectors;

pub use level::Level;
