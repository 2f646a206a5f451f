//! The corpus: every fixture as a case.
