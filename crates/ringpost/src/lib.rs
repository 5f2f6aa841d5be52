//! The house: configuration, wiring, command line and admin interface of
//! Ringpost. Everything else lives in the rooms below it.

pub mod command;
pub mod config;
mod file_limit;
pub mod log;
pub mod serve;
mod service_ready;
mod state_folder;
pub mod test_caller;
mod view;
