//! `cargo xtask bench`: measurements that anyone can repeat, each of them beside what people use instead.
//!
//! A benchmark prints a comparison and never judges it: no timing makes a command fail. The figures in
//! `docs/benchmarks.md` are those that these commands printed. Called by `main`.

pub mod functions;
