//! The whole station without a window.

pub mod api;
