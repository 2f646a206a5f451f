//! Memory of the current thread, counted.
//!
//! A test program that wants to count says
//! `#[global_allocator] static MEMORY: Counting = Counting;` and asks [`peak`].

#![allow(unsafe_code)] // an allocator cannot be had without it; it hands everything on to the system's

use std::alloc::{GlobalAlloc, Layout, System};
use std::cell::Cell;

/// The system's allocator, with an account for each thread.
pub struct Counting;

thread_local! {
    static HELD: Cell<i64> = const { Cell::new(0) };
    static MOST: Cell<i64> = const { Cell::new(0) };
}

/// What `run` gives, and how many bytes it held at most beyond what was held before.
pub fn peak<T>(run: impl FnOnce() -> T) -> (T, u64) {
    let before = HELD.get();
    MOST.set(before);
    let out = run();
    (out, u64::try_from(MOST.get() - before).unwrap_or(0))
}

fn add(bytes: usize) {
    // A thread that ends frees after its accounts are gone.
    let _ = HELD.try_with(|held| {
        held.set(held.get() + bytes as i64);
        let _ = MOST.try_with(|most| most.set(most.get().max(held.get())));
    });
}

fn take(bytes: usize) {
    let _ = HELD.try_with(|held| held.set(held.get() - bytes as i64));
}

// SAFETY: every call is handed on unchanged to `System`, whose contract is the same; counting allocates nothing.
unsafe impl GlobalAlloc for Counting {
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        add(layout.size());
        unsafe { System.alloc(layout) }
    }

    unsafe fn alloc_zeroed(&self, layout: Layout) -> *mut u8 {
        add(layout.size());
        unsafe { System.alloc_zeroed(layout) }
    }

    unsafe fn dealloc(&self, at: *mut u8, layout: Layout) {
        take(layout.size());
        unsafe { System.dealloc(at, layout) }
    }

    unsafe fn realloc(&self, at: *mut u8, layout: Layout, size: usize) -> *mut u8 {
        add(size);
        let moved = unsafe { System.realloc(at, layout, size) };
        take(layout.size());
        moved
    }
}
