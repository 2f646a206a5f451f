//! How the vectors and ids of an index are had from wherever it is: decided first, as data.
//!
//! A source of an index (a file, a server, a program's memory) can do some things and not others, and what it can do
//! costs requests, bytes and memory. [`Facts`] says what is known of it, [`Policy`] what the caller accepts, and [`plan()`] makes
//! a [`Plan`]: for every run of rows the best [`Strategy`] that the source has, what takes over for rows on which
//! that fails, where the ids come from, what it costs at most, and what was turned down and why. A host only carries it out.
//!
//! Strategies stand in one table, best first ([`Strategy::ALL`]), and nothing further down gives a higher fidelity, so the first that
//! can be used is the best. One that a known fault of the source forbids is never used, not even to fall back on.
//! Rows that no strategy gives are refused; leaving them out or filling them in has to be asked for ([`Missing`]).

mod classes;
mod explain;
mod facts;
mod ids;
mod make;
mod strategy;

pub use classes::{ClassFacts, class_facts};
pub use facts::{Call, Can, Cost, Facts, Fault, IdFacts, Missing, Mode, Policy, Search, Stores};
pub use ids::{IdStep, IdStrategy};
pub use make::{Plan, Step, TurnedDown, plan};
pub use strategy::{Strategies, Strategy};
