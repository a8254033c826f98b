//! Meeting the data center: links, enrolment, and the round of services over one contact.

pub mod internet;
pub mod link;
