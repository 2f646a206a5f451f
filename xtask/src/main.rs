//! Chores, one command each.

fn main() {}
