//! The methods that answer from what is known of the models.

use longshore_kserve::v2;

use super::{health, method::Method};
use crate::{
    failure::Failure,
    http::metadata,
    protobuf::{Reader, Writer},
    server::Shared,
};

/// Answers every method that takes and gives one message, but inference; the reply is written
/// behind `out`.
pub(super) fn answer(
    method: Method,
    message: &[u8],
    shared: &Shared,
    out: Vec<u8>,
) -> Result<Vec<u8>, Failure> {
    let models = shared.models.current();
    let mut reply = Writer::after(out);
    match method {
        Method::ServerLive => reply.boolean(1, true),
        Method::ServerReady => reply.boolean(1, shared.probe.is_ready()),
        Method::ModelReady => {
            let (name, version) = model(message, "ModelReadyRequest")?;
            let up = !shared.drain.has_begun();
            reply.boolean(1, metadata::state(&models, name, version, up)?.1);
        }
        Method::ServerMetadata => {
            let v2::Server { name, version, extensions } = metadata::server();
            reply.text(1, &name);
            reply.text(2, &version);
            for extension in &extensions {
                reply.text(3, extension);
            }
        }
        Method::ModelMetadata => {
            let (name, version) = model(message, "ModelMetadataRequest")?;
            let model = metadata::model(&models, name, version)?;
            reply.text(1, &model.name);
            for version in &model.versions {
                reply.text(2, version);
            }
            reply.text(3, &model.platform);
            tensors(&mut reply, 4, &model.inputs);
            tensors(&mut reply, 5, &model.outputs);
        }
        Method::RepositoryIndex => {
            let only_ready = flag(message, "RepositoryIndexRequest", 2)?;
            for entry in metadata::index(&models, only_ready) {
                reply.message(1, |model| {
                    model.text(1, &entry.name);
                    model.text(2, &entry.version);
                    model.text(3, &entry.state);
                    model.text(4, &entry.reason);
                });
            }
        }
        Method::HealthCheck => health::check(message, shared, &mut reply)?,
        Method::Infer | Method::HealthWatch | Method::Reflection => {
            return Err(Failure::internal(
                "the call was not answered",
                "not a call of one message",
            ));
        }
    }
    Ok(reply.finish())
}

/// The model and the version that a message names in its fields 1 and 2.
fn model<'m>(message: &'m [u8], what: &'static str) -> Result<(&'m str, Option<&'m str>), Failure> {
    let (mut name, mut version) = ("", "");
    let mut reader = Reader::new(message, what);
    while let Some(field) = reader.next()? {
        match field.number {
            1 => name = field.text()?,
            2 => version = field.text()?,
            _ => {}
        }
    }
    if name.is_empty() {
        return Err(Failure::invalid("the request has no `name`"));
    }
    Ok((name, Some(version).filter(|version| !version.is_empty())))
}

/// A boolean field.
fn flag(message: &[u8], what: &'static str, number: u32) -> Result<bool, Failure> {
    let mut flag = false;
    let mut reader = Reader::new(message, what);
    while let Some(field) = reader.next()? {
        if field.number == number {
            flag = field.varint()? != 0;
        }
    }
    Ok(flag)
}

fn tensors(reply: &mut Writer, number: u32, tensors: &[v2::TensorInfo]) {
    for tensor in tensors {
        reply.message(number, |writer| {
            writer.text(1, &tensor.name);
            writer.text(2, tensor.datatype.name());
            writer.integers(3, tensor.shape.iter().copied());
        });
    }
}
