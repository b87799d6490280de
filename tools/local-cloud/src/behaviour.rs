//! How a local cloud behaves towards its functions.

/// How a local cloud behaves towards its functions.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Behaviour {
    /// Functions reach S3 through the simulator that fails on request.
    pub s3_faults: bool,
    /// A failed asynchronous invocation is repeated after this many milliseconds, and again after twice as many.
    pub retry_after_millis: u32,
}

/// The user's local cloud: no faults, and Lambda's retries on a shorter scale.
pub const INTERACTIVE: Behaviour = Behaviour { s3_faults: false, retry_after_millis: 1000 };
/// The local clouds of tests.
pub const FOR_TESTS: Behaviour = Behaviour { s3_faults: true, retry_after_millis: 100 };
