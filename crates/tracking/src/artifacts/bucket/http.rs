//! How `object_store` sends its requests: by the HTTP client that this project has already.

use std::{error::Error as StdError, future::Future, pin::Pin, time::Duration};

use http_body_util::BodyExt;
use hyper_rustls::{HttpsConnector, HttpsConnectorBuilder};
use hyper_util::{
    client::legacy::{Client, connect::HttpConnector as Connector},
    rt::TokioExecutor,
};
use object_store::{
    ClientOptions,
    client::{
        HttpClient, HttpConnector, HttpError, HttpErrorKind, HttpRequest, HttpRequestBody,
        HttpResponse, HttpResponseBody, HttpService,
    },
};
use tokio_rustls::rustls::crypto::ring;

/// How long a connection may take to be made.
const CONNECT: Duration = Duration::from_secs(10);

/// How long the storage may take to begin an answer.
const ANSWER: Duration = Duration::from_mins(2);

/// Makes clients for `object_store`. It names the provider in what goes wrong.
#[derive(Debug)]
pub(super) struct Hyper(pub(super) &'static str);

#[derive(Debug)]
struct Service(Client<HttpsConnector<Connector>, HttpRequestBody>);

/// What the trait of `object_store` answers with.
type Answering<'a> = Pin<Box<dyn Future<Output = Result<HttpResponse, HttpError>> + Send + 'a>>;

impl HttpConnector for Hyper {
    fn connect(&self, _: &ClientOptions) -> object_store::Result<HttpClient> {
        let mut tcp = Connector::new();
        tcp.enforce_http(false);
        tcp.set_nodelay(true);
        tcp.set_connect_timeout(Some(CONNECT));
        let tls = HttpsConnectorBuilder::new()
            .with_provider_and_native_roots(ring::default_provider())
            .map_err(|source| object_store::Error::Generic {
                store: self.0,
                source: Box::new(source),
            })?;
        let connector = tls.https_or_http().enable_http1().wrap_connector(tcp);
        let client = Client::builder(TokioExecutor::new()).build(connector);
        Ok(HttpClient::new(Service(client)))
    }
}

impl HttpService for Service {
    fn call<'life0, 'async_trait>(&'life0 self, request: HttpRequest) -> Answering<'async_trait>
    where
        'life0: 'async_trait,
        Self: 'async_trait,
    {
        Box::pin(async move {
            let answer = tokio::time::timeout(ANSWER, self.0.request(request)).await;
            let answer = answer.map_err(|late| HttpError::new(HttpErrorKind::Timeout, late))?;
            let answer = answer.map_err(|error| {
                let kind = if error.is_connect() { HttpErrorKind::Connect } else { kind(&error) };
                HttpError::new(kind, error)
            })?;
            Ok(answer.map(|body| {
                HttpResponseBody::new(body.map_err(|error| HttpError::new(kind(&error), error)))
            }))
        })
    }
}

/// Whether a connection broke, so that what changes nothing may be sent again.
fn kind(error: &(dyn StdError + 'static)) -> HttpErrorKind {
    let mut source = Some(error);
    while let Some(error) = source {
        let hyper = error.downcast_ref::<hyper::Error>();
        if hyper.is_some_and(|it| it.is_closed() || it.is_incomplete_message() || it.is_canceled())
            || error.is::<std::io::Error>()
        {
            return HttpErrorKind::Interrupted;
        }
        source = error.source();
    }
    HttpErrorKind::Unknown
}
