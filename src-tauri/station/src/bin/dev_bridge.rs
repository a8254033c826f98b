//! A binary of the station.
fn main() {}
