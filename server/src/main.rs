//! `pennyblack-server`.
fn main() {}
