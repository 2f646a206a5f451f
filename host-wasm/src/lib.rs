//! The core for JavaScript, as small as it can be.
//!
//! Nothing here reads a file or waits. A [`File`] knows a length and a name; [`File::start`] gives a
//! [`Task`], which says which bytes it needs and takes them, until it has a result: JSON, and bytes where
//! there are many numbers. No function of JavaScript is called, so the same module runs in browsers, in Node
//! and under wasmtime, where the tests hold it against the native host.
//!
//! There are four modules, each a feature of this crate and with some of the tasks; they share nothing but this code. The
//! first has no decoders but the two simplest; where that is not enough, one with all of them has the same tasks.
//!
//! All that is known about files is in the core; here answers are only put into words that JavaScript takes.
//! People use the package `faissil` in `npm/`, which drives the tasks and has the types.

#![no_std]

extern crate alloc;
// Where it is tested.
#[cfg(not(target_arch = "wasm32"))]
extern crate std;

mod failure;
mod ops;
mod shared;
mod task;
#[cfg(feature = "basics")]
mod verifier;

pub use task::Task;
#[cfg(feature = "basics")]
pub use verifier::Verifier;

use alloc::{rc::Rc, string::String};
use shared::Shared;
use wasm_bindgen::prelude::wasm_bindgen;

/// The standard library's own allocator, without the rest of the standard library.
#[cfg(target_arch = "wasm32")]
#[global_allocator]
static ALLOCATOR: dlmalloc::GlobalDlmalloc = dlmalloc::GlobalDlmalloc;

/// What never happens needs no words, which would be an eighth of the module.
#[cfg(target_arch = "wasm32")]
#[panic_handler]
fn panic(_: &core::panic::PanicInfo<'_>) -> ! {
    core::arch::wasm32::unreachable()
}

/// A file of which bytes can be asked for, and what is known of it so far.
#[wasm_bindgen]
#[derive(Debug)]
pub struct File(Rc<Shared>);

#[wasm_bindgen]
impl File {
    /// A file of `len` bytes; `name` is what reports call it. `side`: the length of the file with its on-disk lists, if
    /// that is there too.
    #[wasm_bindgen(constructor)]
    pub fn new(len: u64, name: String, side: Option<u64>) -> File {
        File(Rc::new(Shared::new(len, name, side)))
    }

    /// Begin a task. `params` are those that it takes: `name=value` each with a zero character between, lists with
    /// commas; the module `ops` says which there are.
    ///
    /// A task that is not known, or whose parameters make no sense, fails in its first step.
    pub fn start(&self, op: &str, params: &str) -> Task {
        ops::start(&self.0, op, params)
    }
}
