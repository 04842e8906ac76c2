//! gRPC calls over an HTTP/2 connection of the test's own, with messages that the official language describes: an independent
//! implementation of Protocol Buffers reads and writes them.

use std::{net::SocketAddr, path::Path, time::Duration};

use bytes::Bytes;
use h2::client::{ResponseFuture, SendRequest};
use hyper::{HeaderMap, Request};
use prost_reflect::{DescriptorPool, DynamicMessage, Value, prost::Message};
use tokio::{net::TcpStream, runtime::Runtime, time::timeout};

const INFERENCE: &str = "inference.GRPCInferenceService";

/// The messages of `proto/`.
pub(crate) struct Messages(DescriptorPool);

impl Messages {
    pub(crate) fn new() -> Self {
        let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../proto");
        let files = ["inference.proto", "grpc/health/v1/health.proto"];
        let set = protox::compile(files, [folder]).unwrap();
        Self(DescriptorPool::from_file_descriptor_set(set).unwrap())
    }

    /// The bytes of a message that is written in the text format.
    pub(crate) fn write(&self, name: &str, text: &str) -> Vec<u8> {
        let kind = self.0.get_message_by_name(name).unwrap();
        DynamicMessage::parse_text_format(kind, text).unwrap().encode_to_vec()
    }

    /// A message in the text format.
    pub(crate) fn read(&self, name: &str, bytes: &[u8]) -> String {
        self.message(name, bytes).to_text_format()
    }

    fn message(&self, name: &str, bytes: &[u8]) -> DynamicMessage {
        let kind = self.0.get_message_by_name(name).unwrap();
        let message = DynamicMessage::decode(kind, bytes).unwrap();
        assert_eq!(message.unknown_fields().count(), 0, "{message:?}");
        message
    }
}

/// A connection to a server.
pub(crate) struct Caller {
    runtime: Runtime,
    sender: SendRequest<Bytes>,
    messages: Messages,
}

/// How a call ended, and what came before.
#[derive(Debug)]
pub(crate) struct Ended {
    pub(crate) status: u16,
    pub(crate) message: String,
    /// The headers before the reply; all there are when there is none.
    pub(crate) headers: HeaderMap,
    pub(crate) body: Vec<u8>,
}

/// A message behind its prefix.
pub(crate) fn framed(message: &[u8]) -> Vec<u8> {
    let length = u32::try_from(message.len()).unwrap();
    [&[0][..], &length.to_be_bytes(), message].concat()
}

impl Caller {
    pub(crate) fn new(address: SocketAddr) -> Self {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
        let sender = runtime.block_on(async {
            let socket = TcpStream::connect(address).await.unwrap();
            let (sender, connection) = h2::client::handshake(socket).await.unwrap();
            tokio::spawn(connection);
            sender.ready().await.unwrap()
        });
        Self { runtime, sender, messages: Messages::new() }
    }

    /// A call of the inference service, its messages in the text format: the reply, or the status
    /// and its words.
    pub(crate) fn infer(&self, method: &str, request: &str) -> Result<String, (u16, String)> {
        self.call(INFERENCE, method, request, method)
    }

    /// The same for any service whose messages are named after `base`.
    pub(crate) fn call(
        &self,
        service: &str,
        method: &str,
        request: &str,
        base: &str,
    ) -> Result<String, (u16, String)> {
        let package = service.rsplit_once('.').unwrap().0;
        let request = self.messages.write(&format!("{package}.{base}Request"), request);
        let ended = self.send(&format!("/{service}/{method}"), &[], framed(&request));
        if ended.status != 0 {
            assert!(ended.body.is_empty());
            return Err((ended.status, ended.message));
        }
        let (prefix, reply) = ended.body.split_first_chunk::<5>().unwrap();
        assert_eq!(*prefix, framed(reply)[..5], "one plain message");
        Ok(self.messages.read(&format!("{package}.{base}Response"), reply))
    }

    /// `ModelInfer` of a model whose only output is FP64: its numbers, typed or raw as the request.
    pub(crate) fn numbers(&self, request: &str) -> Result<Vec<f64>, (u16, String)> {
        let ended = self.send_infer(&[], self.request(request));
        if ended.status != 0 {
            return Err((ended.status, ended.message));
        }
        let reply = self.messages.message("inference.ModelInferResponse", &ended.body[5..]);
        let raw = reply.get_field_by_name("raw_output_contents").unwrap();
        if let [Value::Bytes(raw)] = raw.as_list().unwrap() {
            let (numbers, rest) = raw.as_chunks();
            assert!(rest.is_empty(), "{raw:?}");
            return Ok(numbers.iter().map(|bytes| f64::from_le_bytes(*bytes)).collect());
        }
        let outputs = reply.get_field_by_name("outputs").unwrap();
        let [Value::Message(output)] = outputs.as_list().unwrap() else { panic!("{reply:?}") };
        let contents = output.get_field_by_name("contents").unwrap();
        let contents = contents.as_message().unwrap();
        let numbers = contents.get_field_by_name("fp64_contents").unwrap();
        Ok(numbers.as_list().unwrap().iter().map(|number| number.as_f64().unwrap()).collect())
    }

    /// The bytes of a `ModelInferRequest` behind their prefix.
    pub(crate) fn request(&self, text: &str) -> Vec<u8> {
        framed(&self.messages.write("inference.ModelInferRequest", text))
    }

    /// `ModelInfer` with these headers and bytes.
    pub(crate) fn send_infer(&self, headers: &[(&str, &str)], body: Vec<u8>) -> Ended {
        self.send(&format!("/{INFERENCE}/ModelInfer"), headers, body)
    }

    /// A call with these headers and bytes.
    pub(crate) fn send(&self, path: &str, headers: &[(&str, &str)], body: Vec<u8>) -> Ended {
        let (response, mut stream) = self.begin(path, headers);
        stream.send_data(body.into(), true).unwrap();
        self.end(response)
    }

    /// Begins a call, whose bytes are still to be sent.
    pub(crate) fn begin(
        &self,
        path: &str,
        headers: &[(&str, &str)],
    ) -> (ResponseFuture, h2::SendStream<Bytes>) {
        let mut request = Request::post(format!("http://x{path}"))
            .header("content-type", "application/grpc")
            .header("te", "trailers");
        for (name, value) in headers {
            request = request.header(*name, *value);
        }
        let mut sender = self.sender.clone();
        sender.send_request(request.body(()).unwrap(), false).unwrap()
    }

    /// Waits for the end of a call.
    pub(crate) fn end(&self, response: ResponseFuture) -> Ended {
        let wait = async {
            let response = response.await.unwrap();
            assert_eq!(response.status(), 200);
            let (head, mut stream) = response.into_parts();
            let mut body = Vec::new();
            while let Some(data) = stream.data().await {
                let data = data.unwrap();
                stream.flow_control().release_capacity(data.len()).unwrap();
                body.extend_from_slice(&data);
            }
            let trailers = stream.trailers().await.unwrap();
            let last = trailers.as_ref().unwrap_or(&head.headers);
            let text = |name| last.get(name).map(|value| value.to_str().unwrap().to_owned());
            let status = text("grpc-status").unwrap().parse().unwrap();
            let message = text("grpc-message").unwrap_or_default();
            Ended { status, message, headers: head.headers, body }
        };
        self.runtime.block_on(async { timeout(Duration::from_secs(20), wait).await.unwrap() })
    }

    /// Lets the connection do its part for a while.
    pub(crate) fn pause(&self, time: Duration) {
        self.runtime.block_on(async { tokio::time::sleep(time).await });
    }
}
