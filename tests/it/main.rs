//! One binary for every whole-system test.
//!
//! Each module is declared `#[cfg(test)]`, which tells the lints that it is test code throughout.

#[cfg(test)]
mod funds;
#[cfg(test)]
mod tidy;
