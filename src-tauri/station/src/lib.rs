//! The whole station without a window.

pub mod api;
pub mod api_types;
pub mod contact;
pub mod crypto;
pub mod printing;
