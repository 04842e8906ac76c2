//! `ModelInfer` of gRPC: the Open Inference Protocol in Protocol Buffers.

use longshore_engine::{Method, Output};

mod contents;
pub(crate) mod message;
mod reply;
mod request;

pub(crate) use request::Target;

use super::{
    Query,
    v2::{assemble, requested},
};
use crate::{failure::Failure, frame::Bounds, repository::Served};
use reply::Head;
use request::{Request, Requested, content_type, no_shared_memory};

/// Reads a `ModelInferRequest` against what the model takes.
pub(crate) fn decode(message: &[u8], served: &Served, bounds: &Bounds) -> Result<Query, Failure> {
    let mut request = Request::read(message)?;
    let id = Some(request.id).filter(|id| !id.is_empty()).map(str::to_owned);
    let raw = request.is_raw();
    let requested = std::mem::take(&mut request.outputs);
    let methods = methods(&requested, served)?;
    let content = content_type(&request.parameters)?;
    let tensors = request.tensors(bounds)?;
    let frame = assemble::frame(tensors, content, &served.schema, bounds)?;
    let table = served.schema.fit(frame)?;
    Ok(Query { table, methods, id, raw })
}

/// The outputs asked for, as methods of the model.
fn methods(requested: &[Requested<'_>], served: &Served) -> Result<Vec<Method>, Failure> {
    let mut methods = Vec::with_capacity(requested.len());
    for Requested { name, parameters } in requested {
        no_shared_memory("output", name, parameters)?;
        if parameters.iter().any(|parameter| parameter.name == "classification") {
            let message = format!(
                "the output `{name}` is asked for as a classification, which is not supported; ask for `predict` or `predict_proba`"
            );
            return Err(Failure::new(longshore_daemon::Code::Unimplemented, message));
        }
        requested::add(name, served, &mut methods)?;
    }
    Ok(methods)
}

/// Runs the methods asked for and writes a `ModelInferResponse` behind its prefix.
pub(crate) fn answer(
    served: &Served,
    query: &Query,
    request_id: &[u8],
) -> Result<Vec<u8>, Failure> {
    let default = [served.method];
    let methods = if query.methods.is_empty() { &default[..] } else { &query.methods };
    let run = |&method: &Method| Ok((method, served.run(method, &query.table)?));
    let outputs: Vec<(Method, Output)> = methods.iter().map(run).collect::<Result<_, Failure>>()?;
    let id = query.id.as_deref().or_else(|| std::str::from_utf8(request_id).ok());
    let head = Head { model: &served.name, version: &served.version, id: id.unwrap_or_default() };
    let room = 128 + outputs.iter().map(|(_, output)| 64 + output.data.len() * 8).sum::<usize>();
    let out = reply::write(message::begin(room), &head, &outputs, query.raw)?;
    message::seal(out, false)
}
