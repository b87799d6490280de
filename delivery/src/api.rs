//! The HTTP API as its users call it: signed with SigV4, or with a token where a JWT issuer guards it.
//!
//! An open API ignores the signature. On the local cloud many APIs share a port and the host name selects one.

use std::future::Future;
use std::time::{Duration, SystemTime};

use aws_credential_types::Credentials;
use aws_sigv4::http_request::{SignableBody, SignableRequest, SigningSettings, sign};
use aws_sigv4::sign::v4;
use aws_smithy_runtime_api::client::identity::Identity;
use http_body_util::{BodyExt as _, Full, Limited};
use hyper::{Method, Request, body::Bytes, header};
use hyper_rustls::HttpsConnectorBuilder;
use hyper_util::{client::legacy::Client, rt::TokioExecutor};
use rustls::crypto::ring;
use tokio::sync::OnceCell;

use crate::cloud::aws::Account;
use crate::failure::{Failure, error_chain};
use crate::history::Addresses;
use crate::token::TokenSource;

/// Time limit of a call: longer than the API's own.
const TIMEOUT: Duration = Duration::from_secs(40);
/// Size limit of a body: Lambda's limit for a response.
const MAX_BODY_BYTES: usize = 6 * 1024 * 1024;

/// A response of any status.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Response {
    /// The HTTP status.
    pub(crate) status: u16,
    /// The body.
    pub(crate) body: String,
}

/// The API.
pub(crate) trait Api {
    /// Calls a route. The error says why there is no response; the smoke test then repeats the call.
    fn call(&self, method: &Method, path: &str, body: &str) -> impl Future<Output = Result<Response, Failure>>;
}

/// The API over HTTP.
pub(crate) struct HttpApi {
    account: Account,
    url: String,
    /// The host name, if it is not the URL's.
    host: Option<String>,
    token: Option<TokenSource>,
    /// The token, once there is one.
    minted: OnceCell<String>,
}

impl HttpApi {
    /// The API of an environment, called with the account's credentials or with a token.
    pub(crate) fn new(account: &Account, addresses: &Addresses, token: Option<TokenSource>) -> Self {
        let url = account.endpoint().unwrap_or(&addresses.api_endpoint).trim_end_matches('/').to_owned();
        let host = account.endpoint().map(|_| {
            let port = url.rsplit_once(':').filter(|(_, port)| port.bytes().all(|digit| digit.is_ascii_digit()));
            let port = port.map(|(_, port)| format!(":{port}")).unwrap_or_default();
            format!("{}.execute-api.localhost{port}", addresses.api_id)
        });
        Self { account: account.clone(), url, host, token, minted: OnceCell::new() }
    }

    async fn request(&self, method: &Method, path: &str, body: &str) -> Result<Request<Full<Bytes>>, Failure> {
        let url = format!("{}{path}", self.url);
        let mut headers: Vec<(String, String)> = self.host.iter().map(|host| ("host".into(), host.clone())).collect();
        if !body.is_empty() {
            headers.push((header::CONTENT_TYPE.to_string(), "application/json".to_owned()));
        }
        match &self.token {
            Some(source) => {
                let token = self.minted.get_or_try_init(|| source.token()).await?;
                headers.push((header::AUTHORIZATION.to_string(), format!("Bearer {token}")));
            }
            None => {
                let credentials = self.account.credentials().await?;
                let signature = signature(self.account.region(), credentials, method, &url, &headers, body);
                headers.extend(signature.map_err(|error| Failure::new(format!("cannot sign the request: {error}")))?);
            }
        }
        let request = Request::builder().method(method).uri(&url);
        let request = headers.iter().fold(request, |request, (name, value)| request.header(name, value));
        let request = request.body(Full::new(Bytes::from(body.to_owned())));
        request.map_err(|error| Failure::from_error("cannot make the request", &error))
    }
}

/// Sends a request over HTTP or HTTPS.
///
/// # Errors
/// When there is no response in time.
pub(crate) async fn send(request: Request<Full<Bytes>>) -> Result<Response, Failure> {
    let late = |_| Err(Failure::new(format!("no response within {} s", TIMEOUT.as_secs())));
    tokio::time::timeout(TIMEOUT, exchange(request)).await.unwrap_or_else(late)
}

async fn exchange(request: Request<Full<Bytes>>) -> Result<Response, Failure> {
    let connector = HttpsConnectorBuilder::new()
        .with_provider_and_native_roots(ring::default_provider())
        .map_err(|error| Failure::from_error("cannot read the root certificates", &error))?
        .https_or_http()
        .enable_http1()
        .build();
    // A new connection for each call: a pooled one may have been closed during a pause.
    let client: Client<_, Full<Bytes>> =
        Client::builder(TokioExecutor::new()).pool_max_idle_per_host(0).build(connector);
    let response = client.request(request).await.map_err(|error| Failure::new(error_chain(&error)))?;
    let status = response.status().as_u16();
    let body = Limited::new(response.into_body(), MAX_BODY_BYTES).collect().await;
    let body = body.map_err(|error| Failure::new(error_chain(&*error)))?;
    Ok(Response { status, body: String::from_utf8_lossy(&body.to_bytes()).into_owned() })
}

/// The headers that sign a request.
fn signature(
    region: &str,
    credentials: Credentials,
    method: &Method,
    url: &str,
    headers: &[(String, String)],
    body: &str,
) -> Result<Vec<(String, String)>, Box<dyn std::error::Error + Send + Sync>> {
    let identity = Identity::from(credentials);
    let parameters = v4::SigningParams::builder()
        .identity(&identity)
        .region(region)
        .name("execute-api")
        .time(SystemTime::now())
        .settings(SigningSettings::default())
        .build()?
        .into();
    let headers = headers.iter().map(|(name, value)| (name.as_str(), value.as_str()));
    let request = SignableRequest::new(method.as_str(), url, headers, SignableBody::Bytes(body.as_bytes()))?;
    let (signed, _query) = sign(request, &parameters)?.into_parts().0.into_parts();
    Ok(signed.iter().map(|header| (header.name().to_owned(), header.value().to_owned())).collect())
}

impl Api for HttpApi {
    async fn call(&self, method: &Method, path: &str, body: &str) -> Result<Response, Failure> {
        send(self.request(method, path, body).await?).await
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::{account, addresses};

    async fn request(endpoint: Option<&str>, token: Option<&str>, method: Method, body: &str) -> Request<Full<Bytes>> {
        let api =
            HttpApi::new(&account(endpoint), &addresses(), token.map(|token| TokenSource::Given(token.to_owned())));
        api.request(&method, "/orders", body).await.unwrap()
    }

    fn header<'r>(request: &'r Request<Full<Bytes>>, name: &str) -> Option<&'r str> {
        request.headers().get(name).map(|value| value.to_str().unwrap())
    }

    #[tokio::test]
    async fn request_is_signed_for_the_api_and_carries_the_session() {
        let request = request(None, None, Method::POST, "[]").await;
        assert_eq!(request.uri(), "https://abc.execute-api.eu-west-1.amazonaws.com/orders");
        let authorization = header(&request, "authorization").unwrap();
        assert!(authorization.starts_with("AWS4-HMAC-SHA256 Credential=AKID/"), "{authorization}");
        assert!(authorization.contains("/eu-west-1/execute-api/aws4_request"), "{authorization}");
        assert_eq!(header(&request, "x-amz-security-token"), Some("session"));
    }

    #[tokio::test]
    async fn token_replaces_the_signature() {
        let request = request(None, Some("jwt"), Method::GET, "").await;
        assert_eq!(header(&request, "authorization"), Some("Bearer jwt"));
        assert_eq!(header(&request, "content-type"), None);
    }

    #[tokio::test]
    async fn host_name_selects_the_api_on_the_local_cloud() {
        let request = request(Some("http://127.0.0.1:4566"), None, Method::GET, "").await;
        assert_eq!(request.uri(), "http://127.0.0.1:4566/orders");
        assert_eq!(header(&request, "host"), Some("abc.execute-api.localhost:4566"));
    }
}
