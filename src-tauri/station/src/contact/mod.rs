//! Meeting the data center: links, enrolment, and the monitor that serves every service in one
//! contact.

pub mod enrol;
mod exchange;
pub mod faults;
pub mod internet;
pub mod link;
mod meet;
mod monitor;
pub mod round;
pub mod standing;
