//! The token for an API that a JWT issuer guards: given, or minted with OAuth 2.0 client credentials.
//!
//! A token is minted when the smoke test needs it, because one from before the canaries may have expired.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use form_urlencoded::{Serializer, byte_serialize};
use http_body_util::Full;
use hyper::{Method, Request, body::Bytes, header};
use serde::Deserialize;

use crate::api::{self, Response};
use crate::failure::{Failure, error_chain};

/// Where the token comes from.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum TokenSource {
    /// `GRIDBID_SMOKE_TOKEN` has it.
    Given(String),
    /// The issuer mints it.
    ClientCredentials(ClientCredentials),
}

/// A client of the issuer, and what it asks for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct ClientCredentials {
    /// The issuer's token endpoint.
    pub(crate) url: String,
    /// The client's id.
    pub(crate) id: String,
    /// The client's secret.
    pub(crate) secret: String,
    /// The scope, for issuers that need one.
    pub(crate) scope: Option<String>,
    /// The audience, for issuers that need one.
    pub(crate) audience: Option<String>,
}

/// A successful response of a token endpoint (RFC 6749, section 5.1).
#[derive(Deserialize)]
struct Minted {
    access_token: String,
}

impl TokenSource {
    /// Reads the source from the variables `GRIDBID_SMOKE_…`; `None` without a token, for an API that takes signatures.
    ///
    /// # Errors
    /// When the client credentials are incomplete.
    pub(crate) fn from_variables(variable: impl Fn(&str) -> Option<String>) -> Result<Option<Self>, Failure> {
        if let Some(token) = variable("GRIDBID_SMOKE_TOKEN") {
            return Ok(Some(Self::Given(token)));
        }
        let names = ["GRIDBID_SMOKE_TOKEN_URL", "GRIDBID_SMOKE_CLIENT_ID", "GRIDBID_SMOKE_CLIENT_SECRET"];
        let [url, id, secret] = match names.map(&variable) {
            [None, None, None] => return Ok(None),
            [Some(url), Some(id), Some(secret)] => [url, id, secret],
            _ => {
                let message =
                    format!("the smoke test's client credentials are incomplete: expected {}", names.join(", "));
                return Err(Failure::new(message).with_hint("set all three, or GRIDBID_SMOKE_TOKEN"));
            }
        };
        let (scope, audience) = (variable("GRIDBID_SMOKE_SCOPE"), variable("GRIDBID_SMOKE_AUDIENCE"));
        Ok(Some(Self::ClientCredentials(ClientCredentials { url, id, secret, scope, audience })))
    }

    /// A valid token.
    ///
    /// # Errors
    /// When the issuer refuses, or cannot be reached.
    pub(crate) async fn token(&self) -> Result<String, Failure> {
        match self {
            Self::Given(token) => Ok(token.clone()),
            Self::ClientCredentials(client) => client.mint().await,
        }
    }
}

impl ClientCredentials {
    async fn mint(&self) -> Result<String, Failure> {
        let failed = |what: &str| {
            let message = format!("cannot mint a token for the smoke test: POST {} {what}", self.url);
            Failure::new(message)
                .with_hint("check GRIDBID_SMOKE_TOKEN_URL, _CLIENT_ID, _CLIENT_SECRET, _SCOPE and _AUDIENCE")
        };
        let request = self.request().map_err(|error| failed(&format!("is not a request: {}", error_chain(&error))))?;
        let Response { status, body } =
            api::send(request).await.map_err(|error| failed(&format!("failed: {error}")))?;
        if status != 200 {
            return Err(failed(&format!("was answered with {status}: {}", body.trim())));
        }
        // The body is left out of the message: it may hold a token.
        let minted: Result<Minted, _> = serde_json::from_str(&body);
        minted.map(|minted| minted.access_token).map_err(|_| failed("was answered without an `access_token`"))
    }

    fn request(&self) -> Result<Request<Full<Bytes>>, hyper::http::Error> {
        let encode = |text: &str| byte_serialize(text.as_bytes()).collect::<String>();
        let basic = STANDARD.encode(format!("{}:{}", encode(&self.id), encode(&self.secret)));
        let mut form = Serializer::new(String::new());
        form.append_pair("grant_type", "client_credentials");
        for (name, value) in [("scope", &self.scope), ("audience", &self.audience)] {
            if let Some(value) = value {
                form.append_pair(name, value);
            }
        }
        Request::builder()
            .method(Method::POST)
            .uri(&self.url)
            .header(header::AUTHORIZATION, format!("Basic {basic}"))
            .header(header::CONTENT_TYPE, "application/x-www-form-urlencoded")
            .header(header::ACCEPT, "application/json")
            .body(Full::new(Bytes::from(form.finish())))
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
    use tokio::net::TcpListener;

    use super::*;

    fn source(variables: &[(&str, &str)]) -> Result<Option<TokenSource>, Failure> {
        let variables: BTreeMap<&str, &str> = variables.iter().copied().collect();
        TokenSource::from_variables(|name| variables.get(name).map(|value| (*value).to_owned()))
    }

    /// An issuer that answers one request; returns its address and the request.
    async fn issuer(status: &str, body: &str) -> (String, impl Future<Output = String>) {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let url = format!("http://{}/oauth2/token", listener.local_addr().unwrap());
        let response = format!("HTTP/1.1 {status}\r\nContent-Length: {}\r\n\r\n{body}", body.len());
        let serve = async move {
            let (mut client, _) = listener.accept().await.unwrap();
            let mut request = vec![0; 4096];
            let mut length = 0;
            while !String::from_utf8_lossy(&request[..length]).contains("grant_type") {
                length += client.read(&mut request[length..]).await.unwrap();
            }
            client.write_all(response.as_bytes()).await.unwrap();
            String::from_utf8_lossy(&request[..length]).into_owned()
        };
        (url, serve)
    }

    fn client(url: &str) -> TokenSource {
        let audience = ("GRIDBID_SMOKE_AUDIENCE", "https://orders");
        let names = [("GRIDBID_SMOKE_TOKEN_URL", url), ("GRIDBID_SMOKE_CLIENT_ID", "id"), audience];
        source(&[&names[..], &[("GRIDBID_SMOKE_CLIENT_SECRET", "a:b&c")]].concat()).unwrap().unwrap()
    }

    #[test]
    fn token_of_the_variable_takes_precedence_and_incomplete_credentials_are_refused() {
        assert_eq!(source(&[]).unwrap(), None);
        let both = [("GRIDBID_SMOKE_TOKEN", "jwt"), ("GRIDBID_SMOKE_TOKEN_URL", "https://issuer/token")];
        assert_eq!(source(&both).unwrap(), Some(TokenSource::Given("jwt".to_owned())));
        let refused = source(&both[1..]).unwrap_err().report();
        assert!(refused.contains("expected GRIDBID_SMOKE_TOKEN_URL, GRIDBID_SMOKE_CLIENT_ID"), "{refused}");
    }

    #[tokio::test]
    async fn issuer_mints_the_token_for_the_client_and_its_audience() {
        let (url, serve) = issuer("200 OK", r#"{"access_token":"minted","expires_in":300}"#).await;
        let source = client(&url);
        let (token, request) = tokio::join!(source.token(), serve);
        assert_eq!(token.unwrap(), "minted");
        // `id:a%3Ab%26c`, as RFC 6749 encodes a secret.
        assert!(request.contains("authorization: Basic aWQ6YSUzQWIlMjZj\r\n"), "{request}");
        assert!(request.ends_with("grant_type=client_credentials&audience=https%3A%2F%2Forders"), "{request}");
    }

    #[tokio::test]
    async fn refused_client_is_reported_and_a_token_is_not_printed() {
        let (url, serve) = issuer("401 Unauthorized", r#"{"error":"invalid_client"}"#).await;
        let source = client(&url);
        let refused = tokio::join!(source.token(), serve).0.unwrap_err().report();
        assert!(refused.contains("was answered with 401") && refused.contains("invalid_client"), "{refused}");
        assert!(!refused.contains("a:b&c"), "{refused}");
        let (url, serve) = issuer("200 OK", r#"{"id_token":"not this one"}"#).await;
        let source = client(&url);
        let refused = tokio::join!(source.token(), serve).0.unwrap_err().report();
        assert!(refused.contains("without an `access_token`") && !refused.contains("not this one"), "{refused}");
    }
}
