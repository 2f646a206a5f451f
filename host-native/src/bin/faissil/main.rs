//! The command `faissil`.

fn main() {}
