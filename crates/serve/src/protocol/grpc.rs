//! `ModelInfer` of gRPC: the Open Inference Protocol in Protocol Buffers.

use longshore_engine::{Method, Output};

mod contents;
pub(crate) mod message;
mod reply;
mod request;
pub(crate) mod status;

pub(crate) use request::Target;

use super::{
    Body, Codec, Head, MediaType, Query, choose,
    v2::{assemble, content::Content, reply_content, requested},
};
use crate::{contract::Contract, failure::Failure, frame::Bounds, reply::Reply};
use request::{Request, Requested, content_type, no_shared_memory};

/// The second protocol as messages.
pub(super) struct Grpc;

impl Codec for Grpc {
    fn keys(&self) -> &'static [&'static str] {
        &[]
    }

    fn accepts(&self, _: &Head<'_>) -> Result<MediaType, Failure> {
        Ok(MediaType::Protobuf)
    }

    fn decode(&self, contract: &Contract, body: Body<'_>) -> Result<Query, Failure> {
        decode(body.bytes, contract, &body.bounds())
    }

    /// Writes a `ModelInferResponse` behind its prefix.
    fn encode(
        &self,
        contract: &Contract,
        query: &Query,
        outputs: &[(Method, Output)],
        request_id: &[u8],
    ) -> Result<Reply, Failure> {
        let id = query.id.as_deref().or_else(|| std::str::from_utf8(request_id).ok());
        let id = id.unwrap_or_default();
        let head = reply::Head { model: &contract.name, version: &contract.version, id };
        let values = outputs.iter().map(|(_, output)| 64 + output.data.len() * 8);
        let out = message::begin(128 + values.sum::<usize>());
        let outputs = reply_content::encode(&query.contents, outputs)?;
        let about = |method| reply::About {
            name: query.output_name(method),
            content: reply_content::name(&query.contents, method),
        };
        let out = reply::write(out, &head, &outputs, !query.raw.is_empty(), about)?;
        Ok(Reply::new(CONTENT_TYPE, message::seal(out, false)?))
    }

    /// The status stands in the headers: a call that failed has no message.
    fn refuse(&self, failure: &Failure) -> Reply {
        let mut reply = Reply::new(CONTENT_TYPE, "");
        let headers = status::failed(failure).into_iter();
        reply.headers.extend(headers.filter_map(|(name, value)| Some((name?, value))));
        reply
    }
}

/// The content type of a call.
pub(crate) const CONTENT_TYPE: &str = "application/grpc";

/// Reads a `ModelInferRequest` against what the model takes.
fn decode(message: &[u8], contract: &Contract, bounds: &Bounds) -> Result<Query, Failure> {
    let mut request = Request::read(message)?;
    let id = Some(request.id).filter(|id| !id.is_empty()).map(str::to_owned);
    let raw = request.is_raw();
    let requested = std::mem::take(&mut request.outputs);
    let (mut methods, own, first) = methods(&requested, contract)?;
    let mut asked = request.parameters.iter().filter(|parameter| parameter.name == "method");
    if let Some(parameter) = asked.next() {
        let name = parameter.text.ok_or_else(|| {
            Failure::invalid("`method` in `parameters` is not the name of a method")
        })?;
        choose(&mut methods, Some(contract.method(name)?), "`parameters`", "`outputs`")?;
    }
    let content = content_type(&request.parameters)?;
    let tensors = request.tensors(bounds)?;
    let says_content = content.is_some() || tensors.iter().any(|tensor| tensor.content.is_some());
    let frame = assemble::frame(tensors, content, &contract.schema, bounds)?;
    let table = contract.schema.fit(frame)?;
    let default = [contract.default];
    let answering = if methods.is_empty() { &default[..] } else { &methods };
    let contents = reply_content::of(answering, own.into_iter(), says_content);
    let raw = if raw { answering.to_vec() } else { Vec::new() };
    Ok(Query { methods, id, raw, contents, first, ..Query::of(table) })
}

/// The outputs asked for as methods of the model, in which content types, and the one that is called
/// by KServe's name for the only output.
type Asked = (Vec<Method>, Vec<Option<Content>>, Option<Method>);

fn methods(requested: &[Requested<'_>], contract: &Contract) -> Result<Asked, Failure> {
    let mut methods = Vec::with_capacity(requested.len());
    let mut contents = Vec::with_capacity(requested.len());
    let mut first = None;
    for Requested { name, parameters } in requested {
        no_shared_memory("output", name, parameters)?;
        if parameters.iter().any(|parameter| parameter.name == "classification") {
            let message = format!(
                "the output `{name}` is asked for as a classification, which is not supported; ask for `predict` or `predict_proba`"
            );
            return Err(Failure::new(longshore_daemon::Code::Unimplemented, message));
        }
        if requested::add(name, contract, &mut methods)? {
            first = Some(contract.default);
        }
        contents.push(content_type(parameters)?);
    }
    Ok((methods, contents, first))
}
