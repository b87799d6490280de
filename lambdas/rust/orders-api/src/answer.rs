//! The answers of the API, as contract and as API Gateway want them.
//!
//! What went wrong is a problem (RFC 9457) of media type `application/problem+json`. Problems of a request that can be
//! mended also have the `errorMessage` of the service that this one follows. Amounts are written in core's canonical
//! text, never through a float.

use gridbid_adapters::HandlerError;
use gridbid_core::{
    amount::Amount,
    expiry::Instant,
    order::Order,
    stored::StoredOrder,
    violation::{Code, Report},
};
use serde::{Serialize, Serializer, ser::Error as _};
use serde_json::value::RawValue;

/// Seconds after which a client may send a request again that the table was too busy for.
const RETRY_AFTER_SECONDS: &str = "1";
/// How many ids a sentence names; the list beside it names all.
const NAMED: usize = 5;

/// One answer.
#[derive(Debug)]
pub(crate) struct Answer {
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
        #[serde(serialize_with = "exactly")]
        parameter_2: Amount,
        accepted_at: String,
        expires_at: String,
    },
    Problem(Problem),
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
    violations: Option<Vec<Listed>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    conflicts: Option<Vec<Conflict>>,
}

#[derive(Debug, Serialize)]
struct Listed {
    index: Option<u32>,
    field: String,
    code: &'static str,
    message: String,
}

#[derive(Debug, Serialize)]
struct Conflict {
    index: usize,
    record_id: String,
}

/// API Gateway's response, payload format 2.0.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Response {
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

impl Answer {
    /// 201: everything that was sent is there.
    pub(crate) fn stored(stored: u32, unchanged: u32, expires_at: Instant) -> Self {
        let accepted = stored.saturating_add(unchanged);
        let expires_at = expires_at.to_string();
        Self { status: 201, content: Content::Stored { accepted, stored, unchanged, expires_at } }
    }

    /// 200: an order.
    pub(crate) fn order(found: &StoredOrder) -> Self {
        let content = Content::Order {
            record_id: found.order.record_id.as_str().to_owned(),
            parameter_1: found.order.parameter_1.as_str().to_owned(),
            parameter_2: found.order.parameter_2,
            accepted_at: found.accepted_at.to_string(),
            expires_at: found.expires_at.to_string(),
        };
        Self { status: 200, content }
    }

    /// 400: there is nothing to read.
    pub(crate) fn empty_body() -> Self {
        Self::mendable("empty-body", "The request has no body", "Request body is empty".to_owned())
    }

    /// 400: the body is not what its transport says.
    pub(crate) fn not_base64() -> Self {
        Self::mendable("not-base64", "The request's body cannot be decoded", "Request body is not base64".to_owned())
    }

    /// 400, or 413 for a body that is too large: what core found.
    pub(crate) fn violations(report: &Report) -> Self {
        let first = report.violations.first();
        let sentence = first.map_or_else(String::new, |violation| violation.message.clone());
        if report.has(Code::BodyTooLarge) {
            return Self::problem(413, "body-too-large", "The request's body is too large", sentence);
        }
        let place = first.map_or("", |violation| violation.field.as_str());
        let more = match report.total.saturating_sub(1) {
            0 => String::new(),
            more => format!(" (and {more} more)"),
        };
        let detail = if place.is_empty() { format!("{sentence}{more}") } else { format!("{place}: {sentence}{more}") };
        let mut answer = Self::mendable("invalid-orders", "The orders are not valid", detail);
        if let Content::Problem(problem) = &mut answer.content {
            problem.total = Some(report.total);
            problem.violations = Some(
                report
                    .violations
                    .iter()
                    .map(|violation| Listed {
                        index: violation.index,
                        field: violation.field.clone(),
                        code: violation.code.as_str(),
                        message: violation.message.clone(),
                    })
                    .collect(),
            );
        }
        answer
    }

    /// 409: orders of these indexes are there already with other content.
    pub(crate) fn conflicts(orders: &[Order<'_>], indexes: &[usize]) -> Self {
        let conflicts: Vec<Conflict> = indexes
            .iter()
            .filter_map(|index| {
                let record_id = orders.get(*index)?.record_id.as_str().to_owned();
                Some(Conflict { index: *index, record_id })
            })
            .collect();
        let mut named: Vec<String> =
            conflicts.iter().take(NAMED).map(|conflict| format!("`{}`", conflict.record_id)).collect();
        if conflicts.len() > NAMED {
            named.push(format!("and {} more", conflicts.len() - NAMED));
        }
        let detail = format!("nothing is stored, because of {}", named.join(", "));
        let mut answer =
            Self::problem(409, "conflicting-orders", "Orders are there already with other content", detail);
        if let Content::Problem(problem) = &mut answer.content {
            problem.conflicts = Some(conflicts);
        }
        answer
    }

    /// 415: the body is not said to be JSON.
    pub(crate) fn unsupported_media_type() -> Self {
        let detail = "the content type must be `application/json`".to_owned();
        Self::problem(415, "unsupported-media-type", "The request's body is not said to be JSON", detail)
    }

    /// 404: no such order is there, or no longer.
    pub(crate) fn not_found() -> Self {
        let detail = "there is no such order, or it is older than 24 hours".to_owned();
        Self::problem(404, "no-such-order", "There is no such order", detail)
    }

    /// 503: the table throttles or is away.
    pub(crate) fn unavailable() -> Self {
        let detail = "the same request can safely be sent again".to_owned();
        Self::problem(503, "unavailable", "The orders cannot be reached right now", detail)
    }

    /// 500: the table refuses, which no client can mend.
    pub(crate) fn internal() -> Self {
        let detail = "the same request can safely be sent again once this is mended".to_owned();
        Self::problem(500, "internal", "Something is wrong on our side", detail)
    }

    fn mendable(kind: &str, title: &'static str, detail: String) -> Self {
        let mut answer = Self::problem(400, kind, title, detail.clone());
        if let Content::Problem(problem) = &mut answer.content {
            problem.error_message = Some(detail);
        }
        answer
    }

    fn problem(status: u16, kind: &str, title: &'static str, detail: String) -> Self {
        let problem = Problem {
            r#type: format!("urn:problem-type:gridbid:{kind}"),
            title,
            status,
            detail,
            error_message: None,
            total: None,
            violations: None,
            conflicts: None,
        };
        Self { status, content: Content::Problem(problem) }
    }

    /// The HTTP status.
    pub(crate) fn status(&self) -> u16 {
        self.status
    }

    /// API Gateway's response.
    ///
    /// # Errors
    /// None that can happen: strings and numbers are always JSON.
    pub(crate) fn into_json(self) -> Result<String, HandlerError> {
        let is_problem = matches!(self.content, Content::Problem(_));
        let response = Response {
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

/// Core's canonical text as a JSON number; any other way would round it.
fn exactly<S: Serializer>(amount: &Amount, serializer: S) -> Result<S::Ok, S::Error> {
    RawValue::from_string(amount.to_string()).map_err(S::Error::custom)?.serialize(serializer)
}
