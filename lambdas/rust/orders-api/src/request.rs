//! An event of API Gateway's HTTP API, payload format 2.0.

use std::{borrow::Cow, collections::BTreeMap};

use base64::{Engine as _, engine::general_purpose::STANDARD};
use serde::Deserialize;
use serde_json::Value;

/// The fields of an event that this function reads.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct HttpRequest<'a> {
    #[serde(borrow)]
    pub(crate) version: Cow<'a, str>,
    #[serde(borrow)]
    pub(crate) route_key: Cow<'a, str>,
    #[serde(default)]
    headers: Option<BTreeMap<String, Value>>,
    #[serde(borrow, default)]
    path_parameters: Option<PathParameters<'a>>,
    #[serde(borrow, default)]
    body: Option<Cow<'a, str>>,
    #[serde(default)]
    is_base64_encoded: Option<bool>,
    #[serde(borrow, default)]
    request_context: Option<RequestContext<'a>>,
}

#[derive(Debug, Deserialize)]
struct RequestContext<'a> {
    #[serde(borrow, default)]
    authorizer: Option<Authorizer<'a>>,
}

/// The caller's identity, as the route's authorization established it.
#[derive(Debug, Deserialize)]
struct Authorizer<'a> {
    #[serde(borrow, default)]
    iam: Option<Iam<'a>>,
    #[serde(borrow, default)]
    jwt: Option<Jwt<'a>>,
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
struct Iam<'a> {
    #[serde(borrow, default)]
    user_arn: Option<Cow<'a, str>>,
}

#[derive(Debug, Deserialize)]
struct Jwt<'a> {
    #[serde(borrow, default)]
    claims: Option<Claims<'a>>,
}

#[derive(Debug, Deserialize)]
struct Claims<'a> {
    #[serde(borrow, default)]
    sub: Option<Cow<'a, str>>,
}

#[derive(Debug, Deserialize)]
struct PathParameters<'a> {
    #[serde(borrow, default)]
    record_id: Option<Cow<'a, str>>,
}

/// A request's body.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Body<'a> {
    /// Absent, null or of length zero.
    Empty,
    /// Declared as base64, but it is not.
    NotBase64,
    /// A text with U+FFFD. An event is JSON, so this character stands for bytes of the client that are not UTF-8.
    NotUtf8,
    /// The bytes that the client sent.
    Bytes(Cow<'a, [u8]>),
}

impl HttpRequest<'_> {
    /// The id in the path, which API Gateway has percent-decoded.
    pub(crate) fn record_id(&self) -> Option<&str> {
        self.path_parameters.as_ref()?.record_id.as_deref()
    }

    /// The caller: an IAM principal's ARN or a token's subject; `None` where the API is open.
    pub(crate) fn caller(&self) -> Option<&str> {
        let authorizer = self.request_context.as_ref()?.authorizer.as_ref()?;
        let arn = authorizer.iam.as_ref().and_then(|iam| iam.user_arn.as_deref());
        let subject = || authorizer.jwt.as_ref()?.claims.as_ref()?.sub.as_deref();
        arn.or_else(subject).filter(|caller| !caller.is_empty())
    }

    /// Whether the content type is `application/json`, with any parameters. A body without a content type is not JSON.
    pub(crate) fn is_json(&self) -> bool {
        let media_type = self.header("content-type").and_then(|value| value.split(';').next());
        media_type.is_some_and(|media_type| media_type.trim().eq_ignore_ascii_case("application/json"))
    }

    /// The content encoding, if the body has another one than `identity`.
    pub(crate) fn content_encoding(&self) -> Option<&str> {
        let encoding = self.header("content-encoding")?.trim();
        (!encoding.is_empty() && !encoding.eq_ignore_ascii_case("identity")).then_some(encoding)
    }

    fn header(&self, name: &str) -> Option<&str> {
        // API Gateway writes names in lower case; a local gateway need not.
        let (_, value) = self.headers.as_ref()?.iter().find(|(other, _)| other.eq_ignore_ascii_case(name))?;
        value.as_str()
    }

    /// The decoded body.
    pub(crate) fn body(&self) -> Body<'_> {
        let Some(text) = self.body.as_deref().filter(|text| !text.is_empty()) else { return Body::Empty };
        if self.is_base64_encoded != Some(true) {
            let is_altered = text.contains(char::REPLACEMENT_CHARACTER);
            return if is_altered { Body::NotUtf8 } else { Body::Bytes(Cow::Borrowed(text.as_bytes())) };
        }
        match STANDARD.decode(text) {
            Ok(bytes) => Body::Bytes(Cow::Owned(bytes)),
            Err(_) => Body::NotBase64,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn request(members: &str) -> HttpRequest<'_> {
        serde_json::from_str(members).unwrap()
    }

    #[test]
    fn is_json_reads_the_content_type() {
        for (headers, expected) in [
            (r#"{"content-type":"application/json"}"#, true),
            (r#"{"Content-Type":"Application/JSON; charset=utf-8"}"#, true),
            (r#"{"content-type":"application/json , text/plain"}"#, false),
            (r#"{"content-type":"application/jsonp"}"#, false),
            (r#"{"content-type":"application/x-www-form-urlencoded"}"#, false),
            (r#"{"content-type":""}"#, false),
            (r"{}", false),
        ] {
            let event = format!(r#"{{"version":"2.0","routeKey":"POST /orders","headers":{headers}}}"#);
            assert_eq!(request(&event).is_json(), expected, "{headers}");
        }
    }

    #[test]
    fn caller_is_a_principal_or_a_subject() {
        for (context, expected) in [
            (
                r#"{"authorizer":{"iam":{"userArn":"arn:aws:iam::1:user/a","userId":"A"}}}"#,
                Some("arn:aws:iam::1:user/a"),
            ),
            (r#"{"authorizer":{"jwt":{"claims":{"sub":"abc","exp":"1"},"scopes":null}}}"#, Some("abc")),
            (r#"{"authorizer":{"jwt":{"claims":{}}}}"#, None),
            (r#"{"authorizer":{"iam":{"userArn":""}}}"#, None),
            (r#"{"authorizer":null,"http":{"method":"POST"}}"#, None),
            ("null", None),
        ] {
            let event = format!(r#"{{"version":"2.0","routeKey":"POST /orders","requestContext":{context}}}"#);
            assert_eq!(request(&event).caller(), expected, "{context}");
        }
        assert_eq!(request(r#"{"version":"2.0","routeKey":"POST /orders"}"#).caller(), None);
    }

    #[test]
    fn body_is_decoded() {
        for (body, expected) in [
            ("", Body::Empty),
            (r#","body":null"#, Body::Empty),
            (r#","body":"""#, Body::Empty),
            (r#","body":"","isBase64Encoded":true"#, Body::Empty),
            (r#","body":"[\"\u00e9\"]""#, Body::Bytes("[\"é\"]".as_bytes().into())),
            (r#","body":"WyLDqSJd","isBase64Encoded":true"#, Body::Bytes("[\"é\"]".as_bytes().into())),
            (r#","body":"/w==","isBase64Encoded":true"#, Body::Bytes(vec![0xff].into())),
            (r#","body":"[]","isBase64Encoded":true"#, Body::NotBase64),
        ] {
            let event = format!(r#"{{"version":"2.0","routeKey":"POST /orders"{body}}}"#);
            assert_eq!(request(&event).body(), expected, "{body}");
        }
    }
}
