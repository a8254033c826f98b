//! The data center: the only authority on money, keys and rates for a fleet of stations.
//!
//! Read in this order: [`db`] (how anything is stored), [`ledger`] (money), [`ca`] (keys and
//! certificates).

pub mod ca;
pub mod clock;
pub mod db;
pub mod folder;
pub mod ledger;
