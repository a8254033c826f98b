//! The whole station without a window.

pub mod api;
pub mod api_types;
pub mod batch;
pub mod bridge;
pub mod cli;
pub mod contact;
pub mod crypto;
mod doctor;
pub mod door;
pub mod folder;
pub mod messages;
pub mod owner;
pub mod places;
pub mod printing;
pub mod scale;
pub mod secrets;
pub mod services;
pub mod station;
pub mod store;
pub mod tuf;
pub mod users;
pub mod vault;
