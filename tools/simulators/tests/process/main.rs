//! The process of the simulators: its responses, the requests that it refuses, and its end.

#[cfg(test)]
mod simulators;
