//! Keeps FAISS indexes.
