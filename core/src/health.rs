//! How an index is doing: what slows searches down, what they miss, what no index should hold.
//!
//! [`plan`] looks at an outline alone and says which parts can be looked at and how many bytes each will read; the host
//! asks first, if bytes are dear. [`Planned::examine`] is then a [`Reading`](crate::Reading) that comes to what was found:
//! measures, each with its definition, threshold and source ([`about`](MEASURES)), and the figures behind them. Large
//! indexes are sampled, with numbers that can be drawn again ([`Options`]); what was looked at is said ([`Coverage`]).
//! [`health`] puts the parts together, [`page`] is the same for people. [`examine`] does all of it for an opened file.
//!
//! Vectors are looked at as they are handed out ([`crate::vectors`]): exact, or decoded from their codes, which is said.
//! Codes are also counted as they stand, where they are numbers of something. A part holds at most 48 MiB, and the
//! codebooks to decode with. To stop, a host stops calling.
//!
//! [`map_plan`] and [`Mapping`] draw the index: its vectors, or a sample of them, in two dimensions; [`draw`] does it for an opened
//! file.

mod about;
mod asked;
mod codes;
mod cost;
mod detail;
mod graph;
mod ids;
mod lists;
mod map;
mod norms;
mod page;
mod plan;
mod report;
mod rows;
mod sample;
mod scalar;
mod section;

pub use about::{About, MEASURES, Measure, State};
pub use asked::{Examined, Looked, draw, examine, planned};
pub use detail::*;
pub use map::{Map, MapPlan, Mapping, Stage, map_plan};
pub use page::page;
pub use plan::plan;
pub use report::{Health, Plan, PlannedPart, health, report_plan};
pub use sample::{Coverage, Drawn, Options, Tag};
pub use section::{Examine, Found, Part, Planned, Section};
