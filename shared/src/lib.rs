//! What a station and its data center agree on.
//!
//! `shared` is sans-I/O: time, randomness, signing and verifying come in as arguments.

pub mod call;
pub mod checkpoint;
pub mod clock;
pub mod gs1;
pub mod ids;
pub mod imb;
pub mod indicium;
pub mod item_id;
pub mod merkle;
pub mod modem;
pub mod money;
pub mod monitor;
pub mod package_id;
pub mod plain;
pub mod ppp;
pub mod rates;
pub mod rule_pack;
pub mod scale;
pub mod security;
pub mod services;
pub mod software;
pub mod statistics;
pub mod tuf;
pub mod vault;
pub mod wire;
