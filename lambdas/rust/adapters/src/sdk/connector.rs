//! The SDK's HTTP connector: HTTP/1.1 over pooled connections, with or without TLS as the endpoint requires.
//!
//! The services that functions call speak HTTP/1.1 only. The SDK's own connector adds HTTP/2 and proxies, and reads the
//! system's certificates again for every new timeout; this one is built once. A connection on which a service reported an
//! outage is not reused. All timeouts except connecting are the SDK's.

use std::{error::Error, io, time::Duration};

use aws_smithy_runtime_api::client::{
    connection::{CaptureSmithyConnection, ConnectionMetadata},
    http::{HttpConnector, HttpConnectorFuture, SharedHttpClient, SharedHttpConnector, http_client_fn},
    orchestrator::{HttpRequest, HttpResponse},
    result::ConnectorError,
};
use aws_smithy_types::body::SdkBody;
use hyper_rustls::HttpsConnector;
use hyper_util::{
    client::legacy::{
        self, Client,
        connect::{CaptureConnection, HttpConnector as Tcp, capture_connection},
    },
    rt::{TokioExecutor, TokioTimer},
};

use crate::{account::Account, tls};

/// The timeout of connecting; services are in the same region.
const CONNECT: Duration = Duration::from_millis(1_500);
/// How long an idle connection is pooled. AWS closes idle connections after a few minutes.
const IDLE: Duration = Duration::from_secs(90);

/// Sends the SDK's requests, or fails each with the error that prevented TLS.
#[derive(Clone, Debug)]
struct Connector(Result<Client<HttpsConnector<Tcp>, SdkBody>, rustls::Error>);

/// Creates a client for one service of this account.
pub(crate) fn http_client(account: &Account) -> SharedHttpClient {
    let connector = SharedHttpConnector::new(Connector::new(account));
    http_client_fn(move |_, _| connector.clone())
}

impl Connector {
    fn new(account: &Account) -> Self {
        let mut tcp = tls::tcp();
        tcp.set_connect_timeout(Some(CONNECT));
        let mut builder = Client::builder(TokioExecutor::new());
        builder.pool_timer(TokioTimer::new()).pool_idle_timeout(IDLE);
        let is_plain = account.endpoint.as_deref().is_some_and(|endpoint| endpoint.starts_with("http://"));
        Self(tls::connector(tcp, !is_plain).map(|connector| builder.build(connector)))
    }
}

impl HttpConnector for Connector {
    fn call(&self, request: HttpRequest) -> HttpConnectorFuture {
        let client = match &self.0 {
            Ok(client) => client,
            Err(error) => return HttpConnectorFuture::ready(Err(ConnectorError::user(error.clone().into()))),
        };
        let mut request = match request.try_into_http1x() {
            Ok(request) => request,
            Err(error) => return HttpConnectorFuture::ready(Err(ConnectorError::user(error.into()))),
        };
        let connection = capture_connection(&mut request);
        if let Some(capture) = request.extensions().get::<CaptureSmithyConnection>() {
            capture.set_connection_retriever(move || metadata(&connection));
        }
        let sent = client.request(request);
        HttpConnectorFuture::new(async move {
            let response = sent.await.map_err(classify)?;
            HttpResponse::try_from(response.map(SdkBody::from_body_1_x))
                .map_err(|error| ConnectorError::other(error.into(), None))
        })
    }
}

/// Lets the SDK discard the connection of a request.
fn metadata(connection: &CaptureConnection) -> Option<ConnectionMetadata> {
    let connection = connection.clone();
    connection.connection_metadata().as_ref()?;
    let poison = move || {
        if let Some(connected) = connection.connection_metadata().as_ref() {
            connected.poison();
        }
    };
    Some(ConnectionMetadata::builder().proxied(false).poison_fn(poison).build())
}

/// Classifies an error; everything except an invalid request is transient.
fn classify(error: legacy::Error) -> ConnectorError {
    if find_cause::<io::Error>(&error).is_some_and(|cause| cause.kind() == io::ErrorKind::TimedOut) {
        ConnectorError::timeout(error.into())
    } else if find_cause::<hyper::Error>(&error).is_some_and(hyper::Error::is_user) {
        ConnectorError::user(error.into())
    } else {
        ConnectorError::io(error.into())
    }
}

fn find_cause<'a, E: Error + 'static>(error: &'a (dyn Error + 'static)) -> Option<&'a E> {
    let mut causes = std::iter::successors(Some(error), |cause| (*cause).source());
    causes.find_map(|cause| cause.downcast_ref())
}
