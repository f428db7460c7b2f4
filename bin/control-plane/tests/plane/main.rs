//! The control plane in front of a hydra that is the tests' own: its API, who may use it, and what becomes of it when
//! something dies.

#![expect(clippy::unwrap_used, reason = "a test")]

mod access;
mod api;
mod browsers;
mod dialled;
mod document;
mod gateway;
mod hydra;
mod loss;
mod plane;
