//! Indexes behind a FAISSx server.
//!
//! FAISSx speaks MessagePack over ZeroMQ: one request, one reply. [`Client`] asks and waits with limits on time and size, and asks
//! again over a new connection where that does no harm; [`quirks`] is the table of what each version of the server does wrongly, which
//! decides what is never asked. What an index needs to be kept and put back stands in [`Client`]'s methods, one for each
//! action of the server that is used; how vectors and ids are had with them is planned by [`faissil_core::plan`] and carried out by
//! [`pull`](mod@crate::pull).
//!
//! `zmtp` is the wire, `message` what travels on it. Both are read as a stranger's bytes: nothing is allocated because a length says so.

mod actions;
mod address;
mod client;
mod message;
pub mod quirks;
mod trouble;
mod zmtp;

pub use actions::{Answers, Listed, Status};
pub use address::{Address, Login};
pub use client::{Client, Tally, Waiting};
pub use trouble::Trouble;
