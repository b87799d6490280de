//! What is read of an event of API Gateway's HTTP API, payload format 2.0.

use std::{borrow::Cow, collections::BTreeMap};

use base64::{Engine as _, engine::general_purpose::STANDARD};
use serde::Deserialize;

/// A request as API Gateway hands it on.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct HttpRequest<'a> {
    #[serde(borrow)]
    pub(crate) version: Cow<'a, str>,
    #[serde(borrow)]
    pub(crate) route_key: Cow<'a, str>,
    #[serde(default)]
    headers: BTreeMap<String, String>,
    #[serde(borrow, default)]
    path_parameters: Option<PathParameters<'a>>,
    #[serde(borrow, default)]
    body: Option<Cow<'a, str>>,
    #[serde(default)]
    is_base64_encoded: bool,
}

#[derive(Debug, Deserialize)]
struct PathParameters<'a> {
    #[serde(borrow, default)]
    record_id: Option<Cow<'a, str>>,
}

/// A request's body.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Body<'a> {
    /// There is none, or none of any length.
    Empty,
    /// API Gateway says that it is base64, and it is not.
    NotBase64,
    /// What the client sent.
    Bytes(Cow<'a, [u8]>),
}

impl HttpRequest<'_> {
    /// The id in the path, which API Gateway has decoded.
    pub(crate) fn record_id(&self) -> Option<&str> {
        self.path_parameters.as_ref()?.record_id.as_deref()
    }

    /// Whether the content type is `application/json`, whatever its parameters. A body without one is not taken for
    /// JSON: who does not say what it sends may send anything, such as a form.
    pub(crate) fn is_json(&self) -> bool {
        // API Gateway writes names in lower case; whatever else plays it need not.
        let given = self.headers.iter().find(|(name, _)| name.eq_ignore_ascii_case("content-type"));
        let media_type = given.and_then(|(_, value)| value.split(';').next());
        media_type.is_some_and(|media_type| media_type.trim().eq_ignore_ascii_case("application/json"))
    }

    /// The body, decoded.
    pub(crate) fn body(&self) -> Body<'_> {
        let Some(text) = self.body.as_deref().filter(|text| !text.is_empty()) else { return Body::Empty };
        if !self.is_base64_encoded {
            return Body::Bytes(Cow::Borrowed(text.as_bytes()));
        }
        STANDARD.decode(text).map_or(Body::NotBase64, |bytes| Body::Bytes(Cow::Owned(bytes)))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn request(members: &str) -> HttpRequest<'_> {
        serde_json::from_str(members).unwrap()
    }

    #[test]
    fn json_is_told_by_its_content_type() {
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
    fn bodies_are_decoded() {
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
