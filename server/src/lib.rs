//! The data center.
