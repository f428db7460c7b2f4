//! The program as a whole: every test starts it, talks to it over sockets, and ends it.
//!
//! One test program, so that it links once. `LUNETTE_LONG=1` adds the long versions of some tests. What a machine
//! cannot run prints `NOT RUN: what: why`.

#![forbid(unsafe_code)]
#![cfg(test)]

mod access;
mod control;
mod dialled;
mod fanout;
mod hostile;
mod idle;
mod joining;
mod keyframes;
mod lifecycle;
mod lifeline;
mod listening;
mod machine;
mod pointer;
mod rates;
mod requests;
mod subscribing;
mod support;
