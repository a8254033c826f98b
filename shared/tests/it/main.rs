//! The layouts of `protocol.md`, held against vectors that another program made from the written
//! layouts alone (`shared/vectors/make_vectors.py`).

#[cfg(test)]
mod fuzzed;
#[cfg(test)]
mod messages;
#[cfg(test)]
mod vectors;
