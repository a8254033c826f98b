//! Two engines on a line of virtual time, and engines against scripted peers.

mod agreeing;
mod line;
mod peers;
mod streams;
