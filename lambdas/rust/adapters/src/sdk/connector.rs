//! The SDK's way to the network: HTTP/1.1 over kept connections, in plain text or with TLS as the address asks.
//!
//! The services that functions call speak HTTP/1.1 only, and everything is trusted and set up once, at the start: the SDK's
//! own connector brings HTTP/2 and proxies, and reads the system's certificates again for every new time limit. A
//! connection that a service answered an outage on is not used again. Time limits but for connecting are the SDK's.

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

/// The longest that connecting may take; services answer within the region.
const CONNECT: Duration = Duration::from_millis(1_500);
/// AWS closes idle connections after some minutes at the latest; before that a kept one is likely alive.
const KEPT_FOR: Duration = Duration::from_secs(90);

/// Sends the SDK's requests. Without a client TLS cannot be set up: every request says so.
#[derive(Clone, Debug)]
struct Connector(Option<Client<HttpsConnector<Tcp>, SdkBody>>);

/// A client for one service of this account.
pub(crate) fn http_client(account: &Account) -> SharedHttpClient {
    let connector = SharedHttpConnector::new(Connector::of(account));
    http_client_fn(move |_, _| connector.clone())
}

impl Connector {
    fn of(account: &Account) -> Self {
        let mut tcp = tls::tcp();
        tcp.set_connect_timeout(Some(CONNECT));
        let mut builder = Client::builder(TokioExecutor::new());
        builder.pool_timer(TokioTimer::new()).pool_idle_timeout(KEPT_FOR);
        let is_plain = account.endpoint.as_deref().is_some_and(|address| address.starts_with("http://"));
        Self(tls::over(tcp, !is_plain).ok().map(|connector| builder.build(connector)))
    }
}

impl HttpConnector for Connector {
    fn call(&self, request: HttpRequest) -> HttpConnectorFuture {
        let Self(Some(client)) = self else {
            return HttpConnectorFuture::ready(Err(ConnectorError::user("no TLS".into())));
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
            let answer = sent.await.map_err(failure)?;
            HttpResponse::try_from(answer.map(SdkBody::from_body_1_x))
                .map_err(|error| ConnectorError::other(error.into(), None))
        })
    }
}

/// Lets the SDK give up the connection that a request went over.
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

/// What broke. Whatever is no mistake in the request itself passes by itself.
fn failure(error: legacy::Error) -> ConnectorError {
    if source::<io::Error>(&error).is_some_and(|cause| cause.kind() == io::ErrorKind::TimedOut) {
        ConnectorError::timeout(error.into())
    } else if source::<hyper::Error>(&error).is_some_and(hyper::Error::is_user) {
        ConnectorError::user(error.into())
    } else {
        ConnectorError::io(error.into())
    }
}

fn source<'a, E: Error + 'static>(error: &'a (dyn Error + 'static)) -> Option<&'a E> {
    let mut causes = std::iter::successors(Some(error), |cause| (*cause).source());
    causes.find_map(|cause| cause.downcast_ref())
}
