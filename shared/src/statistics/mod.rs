//! Statistics of pieces: how they are counted, and how the counts are held against the registers.
//!
//! The data center counts all its stations by these rules, and a station counts itself by the same
//! ones. The ascending register is the truth: the pieces a vault reports must add up to it, to the
//! mill, at every size of its journal that it has signed.

mod count;
mod dimension;
mod reconcile;
#[cfg(test)]
mod tests;

pub use count::{Chart, CountRefusal, Counting, GROUPS_MAX, Group, Series, Slice, Tally};
pub use dimension::{Dimension, DimensionError, dimensions};
pub use reconcile::{Difference, Mark, Reconciling, Walked};
