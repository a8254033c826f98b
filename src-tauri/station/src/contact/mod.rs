//! Meeting the data center: links, enrolment, and the monitor that serves every service in one
//! contact.

pub(crate) mod by_itself;
pub mod dialup;
pub mod enrol;
mod exchange;
pub mod failover;
pub mod faults;
mod http;
pub mod internet;
mod issuer;
pub mod link;
mod meet;
mod monitor;
mod owed;
pub(crate) mod reach;
pub mod round;
pub mod standing;
