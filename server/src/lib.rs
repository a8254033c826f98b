//! The data center: the only authority on money, keys and rates for a fleet of stations.
//!
//! Read in this order: [`center`] (what a data center is made of), [`db`] (how anything is
//! stored), [`ledger`] (money), [`mirror`] (what the vaults did), [`ca`] (keys and certificates),
//! [`access`] (how stations get in), [`monitor`] (what sees them),
//! [`services`] (what they can ask for), [`admin`] (the command line).

pub mod access;
pub mod admin;
pub mod approvals;
pub mod ca;
pub mod center;
pub mod clock;
pub mod config;
pub mod db;
pub mod epochs;
pub mod evidence;
pub mod folder;
pub mod ledger;
pub mod mirror;
pub mod monitor;
pub mod repository;
pub mod services;
pub mod stations;
pub mod witnesses;
