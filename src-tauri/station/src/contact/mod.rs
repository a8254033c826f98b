//! Meeting the data center: links, enrolment, and the round of services over one contact.

pub mod enrol;
pub mod faults;
pub mod internet;
pub mod link;
mod meet;
pub mod round;
