//! The HTTP API as its users call it: signed with SigV4, or with a token where a JWT issuer guards it.
//!
//! A signature does no harm where the API is open. On the local cloud the API is one of many behind one port and is told
//! from others by its host name. Signing is AWS's own crate, TLS is rustls with ring. Called by `smoke`.

use std::future::Future;
use std::time::{Duration, SystemTime};

use aws_sigv4::{
    http_request::{SignableBody, SignableRequest, SigningSettings, sign},
    sign::v4,
};
use aws_smithy_runtime_api::client::identity::Identity;
use http_body_util::{BodyExt as _, Full, Limited};
use hyper::{Method, Request, body::Bytes, header};
use hyper_rustls::HttpsConnectorBuilder;
use hyper_util::{client::legacy::Client, rt::TokioExecutor};
use rustls::crypto::ring;

use crate::cloud::aws::Account;
use crate::history::Addresses;

/// An answer must come within this time, longer than any function may take.
const LIMIT: Duration = Duration::from_secs(40);
/// An answer has no more bytes than Lambda can give.
const ANSWER_BYTES: usize = 6 * 1024 * 1024;

/// An answer of any status.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct ApiAnswer {
    /// The HTTP status.
    pub(crate) status: u16,
    /// The body.
    pub(crate) body: String,
}

/// The API.
pub(crate) trait Api {
    /// Calls a route; the error says why there is no answer at all.
    fn call(&self, method: &Method, path: &str, body: &str) -> impl Future<Output = Result<ApiAnswer, String>>;
}

/// The API at its address.
pub(crate) struct HttpApi {
    base: String,
    /// The host name to ask for, when it is not that of the address.
    host: Option<String>,
    region: String,
    identity: Identity,
    token: Option<String>,
}

impl HttpApi {
    /// The API of an environment, called with an account's keys or with a token.
    pub(crate) fn new(account: &Account, addresses: &Addresses, token: Option<String>) -> Self {
        let (base, host) = match &account.endpoint {
            Some(endpoint) => {
                let base = endpoint.trim_end_matches('/').to_owned();
                let port = base.rsplit_once(':').map(|(_, port)| port.to_owned()).unwrap_or_default();
                (base, Some(format!("{}.execute-api.localhost:{port}", addresses.api_id)))
            }
            None => (addresses.api_endpoint.trim_end_matches('/').to_owned(), None),
        };
        let identity = Identity::from(account.credentials.clone());
        Self { base, host, region: account.region.clone(), identity, token }
    }

    fn request(&self, method: &Method, path: &str, body: &str) -> Result<Request<Full<Bytes>>, String> {
        let address = format!("{}{path}", self.base);
        let mut headers: Vec<(String, String)> = self.host.iter().map(|host| ("host".into(), host.clone())).collect();
        if !body.is_empty() {
            headers.push((header::CONTENT_TYPE.as_str().to_owned(), "application/json".to_owned()));
        }
        match &self.token {
            Some(token) => headers.push((header::AUTHORIZATION.as_str().to_owned(), format!("Bearer {token}"))),
            None => headers.extend(self.signature(method, &address, &headers, body)?),
        }
        let request = Request::builder().method(method).uri(&address);
        let request = headers.iter().fold(request, |request, (name, value)| request.header(name, value));
        request.body(Full::new(Bytes::from(body.to_owned()))).map_err(|error| error.to_string())
    }

    /// The headers that sign a request.
    fn signature(
        &self,
        method: &Method,
        address: &str,
        headers: &[(String, String)],
        body: &str,
    ) -> Result<Vec<(String, String)>, String> {
        let parameters = v4::SigningParams::builder()
            .identity(&self.identity)
            .region(&self.region)
            .name("execute-api")
            .time(SystemTime::now())
            .settings(SigningSettings::default())
            .build()
            .map_err(|error| error.to_string())?
            .into();
        let headers = headers.iter().map(|(name, value)| (name.as_str(), value.as_str()));
        let request = SignableRequest::new(method.as_str(), address, headers, SignableBody::Bytes(body.as_bytes()))
            .map_err(|error| error.to_string())?;
        let (instructions, _signature) = sign(request, &parameters).map_err(|error| error.to_string())?.into_parts();
        let (signed, _query) = instructions.into_parts();
        Ok(signed.iter().map(|header| (header.name().to_owned(), header.value().to_owned())).collect())
    }

    async fn exchange(&self, request: Request<Full<Bytes>>) -> Result<ApiAnswer, String> {
        let connector = HttpsConnectorBuilder::new()
            .with_provider_and_native_roots(ring::default_provider())
            .map_err(|error| error.to_string())?
            .https_or_http()
            .enable_http1()
            .build();
        // A connection of its own for each call: what was kept over a pause may be dead.
        let client: Client<_, Full<Bytes>> =
            Client::builder(TokioExecutor::new()).pool_max_idle_per_host(0).build(connector);
        let answer = client.request(request).await.map_err(|error| error.to_string())?;
        let status = answer.status().as_u16();
        let body = Limited::new(answer.into_body(), ANSWER_BYTES).collect().await.map_err(|error| error.to_string())?;
        Ok(ApiAnswer { status, body: String::from_utf8_lossy(&body.to_bytes()).into_owned() })
    }
}

impl Api for HttpApi {
    async fn call(&self, method: &Method, path: &str, body: &str) -> Result<ApiAnswer, String> {
        let request = self.request(method, path, body)?;
        let seconds = LIMIT.as_secs();
        let late = |_| Err(format!("no answer within {seconds} s"));
        tokio::time::timeout(LIMIT, self.exchange(request)).await.unwrap_or_else(late)
    }
}

#[cfg(test)]
mod tests {
    use aws_credential_types::Credentials;

    use super::*;

    fn api(endpoint: Option<&str>, token: Option<&str>) -> HttpApi {
        let account = Account {
            region: "eu-west-1".to_owned(),
            credentials: Credentials::new("AKID", "hush", Some("session".to_owned()), None, "test"),
            endpoint: endpoint.map(str::to_owned),
        };
        let addresses = Addresses {
            api_id: "abc".to_owned(),
            api_endpoint: "https://abc.execute-api.eu-west-1.amazonaws.com/".to_owned(),
            topic_arn: String::new(),
            undeliverable_queue_url: String::new(),
            notify_slack_failed_queue_url: String::new(),
        };
        HttpApi::new(&account, &addresses, token.map(str::to_owned))
    }

    fn header(request: &Request<Full<Bytes>>, name: &str) -> String {
        request.headers().get(name).map(|value| value.to_str().unwrap().to_owned()).unwrap_or_default()
    }

    #[test]
    fn a_call_is_signed_for_the_api_and_carries_the_session() {
        let request = api(None, None).request(&Method::POST, "/orders", "[]").unwrap();
        assert_eq!(request.uri(), "https://abc.execute-api.eu-west-1.amazonaws.com/orders");
        let authorization = header(&request, "authorization");
        assert!(authorization.starts_with("AWS4-HMAC-SHA256 Credential=AKID/"), "{authorization}");
        assert!(authorization.contains("/eu-west-1/execute-api/aws4_request"), "{authorization}");
        assert_eq!(header(&request, "x-amz-security-token"), "session");
    }

    #[test]
    fn a_token_takes_the_signatures_place() {
        let request = api(None, Some("jwt")).request(&Method::GET, "/orders/a", "").unwrap();
        assert_eq!(header(&request, "authorization"), "Bearer jwt");
        assert_eq!(header(&request, "content-type"), "");
    }

    #[test]
    fn on_the_local_cloud_the_host_name_says_which_api() {
        let request = api(Some("http://127.0.0.1:4566"), None).request(&Method::GET, "/orders/a", "").unwrap();
        assert_eq!(request.uri(), "http://127.0.0.1:4566/orders/a");
        assert_eq!(header(&request, "host"), "abc.execute-api.localhost:4566");
    }
}
