//! The process of the simulators: its responses, the requests that it refuses, and its end.

#[cfg(test)]
mod auction;
#[cfg(test)]
mod console;
#[cfg(test)]
mod harness;
#[cfg(test)]
mod simulators;
