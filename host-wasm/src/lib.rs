//! The core for JavaScript, as small as it can be.
//!
//! Nothing here reads a file or waits. A [`File`] knows a length and a name; [`File::start`] gives a
//! [`Task`], which says which bytes it needs and takes them, until it has a result: JSON, and bytes where
//! there are many numbers. No function of JavaScript is called, so the same module runs in browsers, in Node
//! and under wasmtime, where the tests hold it against the native host.
//!
//! People use the package `faissil` in `npm/`, which drives the tasks and has the types.

mod failure;
mod ops;
mod task;

pub use task::Task;

use wasm_bindgen::prelude::wasm_bindgen;

/// A file of which bytes can be asked for, and what is known of it so far.
#[wasm_bindgen]
#[derive(Debug)]
pub struct File {
    len: u64,
    name: String,
}

#[wasm_bindgen]
impl File {
    /// A file of `len` bytes; `name` is what reports call it.
    #[wasm_bindgen(constructor)]
    pub fn new(len: u64, name: String) -> File {
        File { len, name }
    }

    /// Begin a task. `params` is a JSON object, as the package's `ops.ts` has it.
    ///
    /// A task that is not known, or whose parameters make no sense, fails in its first step.
    pub fn start(&self, op: &str, params: &str) -> Task {
        Task::new(ops::start(self, op, params))
    }
}
