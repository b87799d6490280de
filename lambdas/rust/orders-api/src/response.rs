//! The API's responses in API Gateway's payload format 2.0.
//!
//! Errors are problems (RFC 9457) of media type `application/problem+json`. A 400 also has an `errorMessage`, the field of
//! the service that this one replaces. Amounts are written in core's canonical text, never through a float.

use gridbid_adapters::{HandlerError, orders::OrderItem};
use gridbid_core::{
    amount::Amount,
    submission::Submission,
    violation::{Code, Report},
};
use serde::{Serialize, Serializer, ser::Error as _};
use serde_json::value::RawValue;

use crate::store::{Conflict, StoreSummary};

/// Seconds after which a client may retry a request that the table was too busy for.
const RETRY_AFTER_SECONDS: &str = "1";
/// The number of ids in a sentence; the list next to it is complete.
const NAMED: usize = 5;
/// Maximum number of characters of a client's content encoding in a sentence.
const MAX_ENCODING: usize = 40;

/// A response.
#[derive(Debug)]
pub(crate) struct Response {
    status: u16,
    content: Content,
}

#[derive(Debug, Serialize)]
#[serde(untagged)]
enum Content {
    Stored {
        accepted: u32,
        stored: u32,
        unchanged: u32,
        expires_at: String,
    },
    Order {
        record_id: String,
        parameter_1: String,
        #[serde(serialize_with = "serialize_exact")]
        parameter_2: Amount,
        accepted_at: String,
        expires_at: String,
        #[serde(skip_serializing_if = "Option::is_none")]
        submitted_by: Option<String>,
        #[serde(skip_serializing_if = "Option::is_none")]
        submission: Option<SubmissionStatus>,
    },
    Problem(Problem),
}

#[derive(Debug, Serialize)]
struct SubmissionStatus {
    status: &'static str,
    #[serde(skip_serializing_if = "Option::is_none")]
    at: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    slot: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    reason: Option<String>,
}

impl From<Submission> for SubmissionStatus {
    fn from(submission: Submission) -> Self {
        let status = submission.status();
        let (at, slot, reason) = match submission {
            Submission::Pending => (None, None, None),
            Submission::Submitted { at, slot } => (Some(at), Some(slot), None),
            Submission::Refused { at, reason } => (Some(at), None, Some(reason)),
        };
        Self { status, at: at.map(|at| at.to_string()), slot: slot.map(|slot| slot.to_string()), reason }
    }
}

#[derive(Debug, Serialize)]
struct Problem {
    r#type: String,
    title: &'static str,
    status: u16,
    detail: String,
    #[serde(rename = "errorMessage", skip_serializing_if = "Option::is_none")]
    error_message: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    total: Option<u32>,
    #[serde(skip_serializing_if = "Option::is_none")]
    violations: Option<Vec<ListedViolation>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    conflicts: Option<Vec<Conflict>>,
}

#[derive(Debug, Serialize)]
struct ListedViolation {
    index: Option<u32>,
    field: String,
    code: &'static str,
    message: String,
}

/// A response in payload format 2.0.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct GatewayResponse {
    status_code: u16,
    headers: Headers,
    body: String,
    is_base64_encoded: bool,
}

#[derive(Serialize)]
#[serde(rename_all = "kebab-case")]
struct Headers {
    content_type: &'static str,
    #[serde(skip_serializing_if = "Option::is_none")]
    retry_after: Option<&'static str>,
}

impl Problem {
    fn new(status: u16, kind: &str, title: &'static str, detail: String) -> Self {
        Self {
            r#type: format!("urn:problem-type:gridbid:{kind}"),
            title,
            status,
            detail,
            error_message: None,
            total: None,
            violations: None,
            conflicts: None,
        }
    }

    /// A 400: the client can correct the request.
    fn bad_request(kind: &str, title: &'static str, detail: String) -> Self {
        Self { error_message: Some(detail.clone()), ..Self::new(400, kind, title, detail) }
    }
}

impl From<Problem> for Response {
    fn from(problem: Problem) -> Self {
        Self { status: problem.status, content: Content::Problem(problem) }
    }
}

impl Response {
    /// 201: every order of the request is stored.
    pub(crate) fn stored(StoreSummary { stored, unchanged, expires_at }: StoreSummary) -> Self {
        let expires_at = expires_at.to_string();
        Self { status: 201, content: Content::Stored { accepted: stored + unchanged, stored, unchanged, expires_at } }
    }

    /// 200: an order.
    pub(crate) fn order(OrderItem { stored, submitted_by, submission }: OrderItem) -> Self {
        let content = Content::Order {
            record_id: stored.order.record_id.as_str().to_owned(),
            parameter_1: stored.order.parameter_1.as_str().to_owned(),
            parameter_2: stored.order.parameter_2,
            accepted_at: stored.accepted_at.to_string(),
            expires_at: stored.expires_at.to_string(),
            submitted_by,
            submission: submission.map(SubmissionStatus::from),
        };
        Self { status: 200, content }
    }

    /// 400: the request has no body.
    pub(crate) fn empty_body() -> Self {
        Problem::bad_request("empty-body", "The request has no body", "Request body is empty".to_owned()).into()
    }

    /// 400: the event declares base64, but the body is not.
    pub(crate) fn not_base64() -> Self {
        let detail = "Request body is not base64".to_owned();
        Problem::bad_request("not-base64", "The request's body cannot be decoded", detail).into()
    }

    /// 400: the gateway has replaced bytes of the body that are not UTF-8.
    pub(crate) fn not_utf8() -> Self {
        let detail = "Request body is not UTF-8: it has U+FFFD in place of other bytes (write \\ufffd if you mean that character)";
        Problem::bad_request("not-utf8", "The request's body cannot be decoded", detail.to_owned()).into()
    }

    /// 400, or 413 for a body that is too large: the violations that core found.
    pub(crate) fn violations(report: Report) -> Self {
        let Some(first) = report.violations.first() else {
            debug_assert!(false, "core lists at least one violation of an invalid request");
            return Self::internal();
        };
        if report.has(Code::BodyTooLarge) {
            let detail = first.message.clone();
            return Problem::new(413, "body-too-large", "The request's body is too large", detail).into();
        }
        let mut detail = first.message.clone();
        if !first.field.is_empty() {
            detail = format!("{}: {detail}", first.field);
        }
        if report.total > 1 {
            detail = format!("{detail} (and {} more)", report.total - 1);
        }
        let listed = report.violations.into_iter().map(|violation| ListedViolation {
            index: violation.index,
            field: violation.field,
            code: violation.code.as_str(),
            message: violation.message,
        });
        let problem = Problem::bad_request("invalid-orders", "The orders are not valid", detail);
        Problem { total: Some(report.total), violations: Some(listed.collect()), ..problem }.into()
    }

    /// 409: live orders with other content exist.
    pub(crate) fn conflicts(conflicts: Vec<Conflict>) -> Self {
        let mut named: Vec<String> =
            conflicts.iter().take(NAMED).map(|conflict| format!("`{}`", conflict.record_id)).collect();
        if conflicts.len() > NAMED {
            named.push(format!("and {} more", conflicts.len() - NAMED));
        }
        let detail = format!("nothing is stored, because of {}", named.join(", "));
        let problem = Problem::new(409, "conflicting-orders", "Orders are there already with other content", detail);
        Problem { conflicts: Some(conflicts), ..problem }.into()
    }

    /// 415: the content type is not JSON.
    pub(crate) fn unsupported_media_type() -> Self {
        let detail = "the content type must be `application/json`".to_owned();
        Problem::new(415, "unsupported-media-type", "The request's body is not said to be JSON", detail).into()
    }

    /// 415: the body is encoded, for example compressed.
    pub(crate) fn unsupported_content_encoding(encoding: &str) -> Self {
        let encoding: String = encoding.chars().take(MAX_ENCODING).collect();
        let detail = format!("the content encoding must be `identity`, not `{encoding}`");
        let title = "The request's content encoding is not supported";
        Problem::new(415, "unsupported-content-encoding", title, detail).into()
    }

    /// 404: the order does not exist or has expired.
    pub(crate) fn not_found() -> Self {
        let detail = "there is no such order, or it is older than 24 hours".to_owned();
        Problem::new(404, "no-such-order", "There is no such order", detail).into()
    }

    /// 503: the table throttles or is unreachable.
    pub(crate) fn unavailable() -> Self {
        let detail = "the same request can safely be sent again".to_owned();
        Problem::new(503, "unavailable", "The orders cannot be reached right now", detail).into()
    }

    /// 500: a failure that the client cannot correct.
    pub(crate) fn internal() -> Self {
        let detail = "the same request can safely be sent again once the problem is fixed".to_owned();
        Problem::new(500, "internal", "Something is wrong on our side", detail).into()
    }

    /// The HTTP status.
    pub(crate) fn status(&self) -> u16 {
        self.status
    }

    /// Serializes the response for API Gateway.
    ///
    /// # Errors
    /// Never in practice: strings and numbers always serialize.
    pub(crate) fn into_json(self) -> Result<String, HandlerError> {
        let is_problem = matches!(self.content, Content::Problem(_));
        let response = GatewayResponse {
            status_code: self.status,
            headers: Headers {
                content_type: if is_problem { "application/problem+json" } else { "application/json" },
                retry_after: (self.status == 503).then_some(RETRY_AFTER_SECONDS),
            },
            body: serde_json::to_string(&self.content).map_err(HandlerError::contract_broken)?,
            is_base64_encoded: false,
        };
        serde_json::to_string(&response).map_err(HandlerError::contract_broken)
    }
}

/// Writes core's canonical text as a JSON number; serde's number types would round it.
fn serialize_exact<S: Serializer>(amount: &Amount, serializer: S) -> Result<S::Ok, S::Error> {
    RawValue::from_string(amount.to_string()).map_err(S::Error::custom)?.serialize(serializer)
}
