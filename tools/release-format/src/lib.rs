//! The documents that builds, releases and deployments exchange.
//!
//! - [`Manifest`] is `functions.json`: a build writes it next to its zips; Terraform and `gridbid release` read it.
//! - [`Release`] is `releases/<commit>.json` in the artifacts bucket: what one commit built, the [`Console`] included.
//! - [`DeployReport`] is what `gridbid deploy --json` prints: Terraform's changes and outputs, and the shifted aliases.
//!
//! The crate defines types, parsing and validation. It does no I/O and links no AWS SDK, so that the build tools and
//! `gridbid` can share it.
//!
//! ```
//! use gridbid_release_format::{Architecture, Function, Manifest, Profile};
//!
//! let zip = b"the bytes of a zip";
//! let function = Function::native(&"orders-api".parse()?, Architecture::Arm64, zip);
//! let functions = [("orders-api".parse()?, function)].into();
//! let json = Manifest { profile: Profile::Release, functions }.to_json()?;
//! let manifest = Manifest::from_json(json.as_bytes())?;
//! manifest.functions["orders-api"].verify(zip)?;
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```

mod console;
mod digest;
mod manifest;
mod name;
mod release;
mod report;
mod timestamp;

pub use console::{Console, ConsoleFile};
pub use digest::{InvalidSha256, Sha256};
pub use manifest::{Architecture, Function, InvalidArchitecture, Manifest, ManifestError, Profile, ZipMismatch};
pub use name::{ConsolePath, EnvironmentName, FunctionName, InvalidName, ReleaseId};
pub use release::Release;
pub use report::{Change, DeployReport, summarize};
pub use timestamp::{InvalidTimestamp, Timestamp};
