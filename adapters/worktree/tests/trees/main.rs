//! Work trees as people and agents leave them, in real repositories.

mod checkpoints;
mod files;
mod lists;
mod publishing;
mod reviews;
mod support;
