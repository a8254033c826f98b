//! The station's executables as a clerk, a developer and a judge meet them.
//!
//! That they are tested here also has cargo build them whenever it builds the tests of the workspace,
//! so that tests of other packages never start one of yesterday.

#[cfg(test)]
mod executables;
