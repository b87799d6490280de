//! The commands of `cargo xtask`, one file each.

pub mod bench;
pub mod built;
pub mod down;
pub mod logs;
pub mod post;
pub mod run;
mod running;
pub mod simulate;
pub mod status;
pub mod test;
pub mod up;
pub mod watch;
