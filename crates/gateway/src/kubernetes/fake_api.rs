//! An API server for tests: it lists and watches what it is given, on a socket.

use std::{
    collections::BTreeMap,
    convert::Infallible,
    sync::{Arc, Mutex, MutexGuard},
};

use bytes::Bytes;
use futures_util::stream;
use http_body_util::{BodyExt, StreamBody, combinators::BoxBody};
use hyper::{
    Method, Request, Response, StatusCode,
    body::{Frame, Incoming},
    service::service_fn,
};
use hyper_util::rt::TokioIo;
use kube::Client;
use serde_json::{Value, json};
use tokio::{net::TcpListener, sync::mpsc::UnboundedSender};

/// What answers requests that are no lists: the method, the path with its query, and the body.
type Other = dyn Fn(&Method, &str, Value) -> (u16, Value) + Send + Sync;

#[derive(Clone)]
pub(crate) struct FakeApi(Arc<Mutex<State>>);

struct State {
    version: u64,
    /// By plural name and then by name.
    objects: BTreeMap<String, BTreeMap<String, Value>>,
    watches: Vec<(String, UnboundedSender<Value>)>,
    /// All events, with their versions and kinds.
    events: Vec<(u64, String, Value)>,
    away: bool,
    other: Arc<Other>,
    requests: Vec<String>,
}

impl FakeApi {
    /// Starts it, and gives a client of it.
    pub(crate) async fn start(
        other: impl Fn(&Method, &str, Value) -> (u16, Value) + Send + Sync + 'static,
    ) -> (Self, Client) {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let uri = format!("http://{}", listener.local_addr().unwrap()).parse().unwrap();
        let this = Self(Arc::new(Mutex::new(State {
            version: 1,
            objects: BTreeMap::new(),
            watches: Vec::new(),
            events: Vec::new(),
            away: false,
            other: Arc::new(other),
            requests: Vec::new(),
        })));
        let serving = this.clone();
        tokio::spawn(async move {
            loop {
                let (socket, _) = listener.accept().await.unwrap();
                let serving = serving.clone();
                let service = service_fn(move |request| serving.clone().answer(request));
                let connection = hyper::server::conn::http1::Builder::new();
                tokio::spawn(connection.serve_connection(TokioIo::new(socket), service));
            }
        });
        (this, Client::try_from(kube::Config::new(uri)).unwrap())
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.0.lock().unwrap()
    }

    /// Makes or changes an object of the namespace `ml`.
    pub(crate) fn put(&self, kind: &str, name: &str, object: Value) {
        self.change(kind, name, Some(object));
    }

    pub(crate) fn delete(&self, kind: &str, name: &str) {
        self.change(kind, name, None);
    }

    fn change(&self, kind: &str, name: &str, object: Option<Value>) {
        let mut state = self.state();
        state.version += 1;
        let version = state.version;
        let objects = state.objects.entry(kind.to_owned()).or_default();
        let (event, object) = match object {
            Some(mut object) => {
                object["metadata"]["namespace"] = "ml".into();
                object["metadata"]["name"] = name.into();
                object["metadata"]["resourceVersion"] = version.to_string().into();
                objects.insert(name.to_owned(), object.clone());
                ("MODIFIED", object)
            }
            None => ("DELETED", objects.remove(name).unwrap()),
        };
        let event = json!({ "type": event, "object": object });
        state.events.push((version, kind.to_owned(), event.clone()));
        state.watches.retain(|(plural, watch)| plural != kind || watch.send(event.clone()).is_ok());
    }

    /// Answers nothing any more, or answers again; what was watched has to be listed anew.
    pub(crate) fn set_away(&self, away: bool) {
        let mut state = self.state();
        state.away = away;
        let gone = json!({ "type": "ERROR", "object": {
            "kind": "Status", "status": "Failure", "code": 410, "reason": "Expired", "message": "too old",
        }});
        for (_, watch) in std::mem::take(&mut state.watches) {
            let _ = watch.send(gone.clone());
        }
    }

    /// The requests so far that are no lists, as `METHOD PATH?QUERY`.
    pub(crate) fn requests(&self) -> Vec<String> {
        self.state().requests.clone()
    }

    async fn answer(
        self,
        request: Request<Incoming>,
    ) -> Result<Response<BoxBody<Bytes, Infallible>>, Infallible> {
        let (head, body) = request.into_parts();
        let bytes = body.collect().await.unwrap().to_bytes();
        let path = head.uri.path_and_query().unwrap().to_string();
        let plural = head.uri.path().rsplit('/').next().unwrap_or_default().to_owned();
        let query = head.uri.query().unwrap_or_default();
        let mut state = self.state();
        if state.away {
            return Ok(json_reply(503, &failure(503, "away")));
        }
        if !matches!(&*plural, "inferenceservices" | "services" | "endpointslices") {
            state.requests.push(format!("{} {path}", head.method));
            let other = state.other.clone();
            drop(state);
            let sent = serde_json::from_slice(&bytes).unwrap_or_default();
            let (status, value) = other(&head.method, &path, sent);
            return Ok(json_reply(status, &value));
        }
        if query.contains("watch=true") {
            let (sender, receiver) = tokio::sync::mpsc::unbounded_channel();
            // what has changed since the list that the watch follows
            let since = query.split('&').find_map(|pair| pair.strip_prefix("resourceVersion="));
            let since: u64 = since.unwrap().parse().unwrap();
            for (version, kind, event) in &state.events {
                if *version > since && *kind == plural {
                    sender.send(event.clone()).unwrap();
                }
            }
            state.watches.push((plural, sender));
            let events = stream::unfold(receiver, |mut receiver| async move {
                let event: Value = receiver.recv().await?;
                Some((Ok::<_, Infallible>(Frame::data(format!("{event}\n").into())), receiver))
            });
            return Ok(Response::new(BodyExt::boxed(StreamBody::new(events))));
        }
        let items: Vec<_> = state.objects.entry(plural).or_default().values().cloned().collect();
        let version = state.version.to_string();
        let list = json!({ "metadata": { "resourceVersion": version }, "items": items });
        Ok(json_reply(200, &list))
    }
}

/// What the API server answers in place of an object.
pub(crate) fn failure(code: u16, message: &str) -> Value {
    json!({ "kind": "Status", "status": "Failure", "code": code, "reason": "", "message": message })
}

fn json_reply(status: u16, value: &Value) -> Response<BoxBody<Bytes, Infallible>> {
    let body = http_body_util::Full::new(Bytes::from(value.to_string())).boxed();
    let mut response = Response::new(body);
    *response.status_mut() = StatusCode::from_u16(status).unwrap();
    response
}
