//! The auction's results: the platform's document as a whole, and the decision on each order in it.
//!
//! An order of a result is an object with its status, `accepted` or `rejected`, under `order` (as in the platform's
//! documentation) or `status` (as in its code); other members are kept. Accepted orders are stored as canonical JSON
//! (RFC 8785), with numbers in [`Amount`](crate::amount::Amount)'s canonical text.
//!
//! The results are checked before they enter the state machine. A malformed order fails alone: a marker takes its place. Step
//! Functions carries numbers as doubles, so results with a number of more than 15 significant digits travel by reference.
//!
//! ```
//! use gridbid_core::outcome::{Outcome, PlatformResults, ResultsLimits, decide, parse_results};
//!
//! let results = parse_results(br#"{"results": false}"#, &ResultsLimits::default()).unwrap();
//! assert_eq!(results, PlatformResults::NotReady);
//!
//! let Ok(Outcome::Accepted(accepted)) = decide(br#"{"order": "accepted", "power": 2.10}"#) else { panic!() };
//! assert_eq!(accepted.canonical, r#"{"order":"accepted","power":2.1}"#);
//! assert_eq!(decide(br#"{"order": "pending"}"#).unwrap_err().code(), "unknown_status");
//! ```

mod answer;
mod canonical;
mod decision;
mod malformed;
mod report;
mod results;

pub use answer::{Answer, Batch, BatchLimits, Manifest, ManifestBatch, ManifestError, orders_json};
pub use decision::{Accepted, Outcome, Rejected, canonicalize, decide};
pub use malformed::MalformedOrder;
pub(crate) use report::write_lists;
pub use report::{BatchDecision, BatchReport, ReportError, ReportLine, decide_batch};
pub use results::{
    PlatformResults, ResultOrder, ResultOrders, ResultsError, ResultsLimits, parse_results, scan_results,
};
