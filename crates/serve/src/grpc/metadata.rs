//! The methods that answer from what is known of the models.

use longshore_kserve::v2;

use super::{health, method::Method, triton};
use crate::{
    failure::Failure,
    http::metadata,
    protobuf::{Reader, Writer},
    shared::Shared,
};

/// Answers every method that takes and gives one message, except inference; the reply is appended
/// to `out`.
pub(super) async fn answer(
    method: Method,
    message: &[u8],
    shared: &Shared,
    out: Vec<u8>,
) -> Result<Vec<u8>, Failure> {
    let models = &shared.models;
    let mut reply = Writer::after(out);
    match method {
        Method::ServerLive => reply.boolean(1, true),
        Method::ServerReady => reply.boolean(1, shared.probe.is_ready()),
        Method::ModelReady => {
            let (name, version) = model(message, "ModelReadyRequest")?;
            let up = !shared.drain.has_begun();
            reply.boolean(1, metadata::state(&models.current(), name, version, up)?.1);
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
            let model = metadata::model(models, name, version).await?;
            reply.text(1, &model.name);
            for version in &model.versions {
                reply.text(2, version);
            }
            reply.text(3, &model.platform);
            tensors(&mut reply, 4, &model.inputs);
            tensors(&mut reply, 5, &model.outputs);
        }
        Method::ModelConfig => {
            let (name, version) = model(message, "ModelConfigRequest")?;
            triton::config(&mut reply, &metadata::configuration(models, name, version).await?);
        }
        Method::ModelStatistics => {
            let (name, version) = named(message, "ModelStatisticsRequest")?;
            let counted = metadata::statistics(&models.current(), name, version)?;
            triton::statistics(&mut reply, &counted);
        }
        Method::RepositoryIndex => {
            let only_ready = flag(message, "RepositoryIndexRequest", 2)?;
            for entry in metadata::index(&models.current(), only_ready) {
                reply.message(1, |model| {
                    model.text(1, &entry.name);
                    model.text(2, &entry.version);
                    model.text(3, entry.state.name());
                    model.text(4, &entry.reason);
                });
            }
        }
        Method::RepositoryModelLoad => {
            let name = controlled(message, "RepositoryModelLoadRequest", &[])?;
            models.reload(name).await?;
            reply.text(1, name);
            reply.boolean(2, true);
        }
        Method::RepositoryModelUnload => {
            let name =
                controlled(message, "RepositoryModelUnloadRequest", metadata::UNLOAD_PARAMETERS)?;
            models.unload(name).await?;
            reply.text(1, name);
            reply.boolean(2, true);
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

/// The model and the version that a message names.
fn model<'m>(message: &'m [u8], what: &'static str) -> Result<(&'m str, Option<&'m str>), Failure> {
    let (name, version) = named(message, what)?;
    let name = name.ok_or_else(|| Failure::invalid("the request has no `name`"))?;
    Ok((name, version))
}

/// A model and a version, each where there is one.
type Named<'m> = (Option<&'m str>, Option<&'m str>);

/// The model and the version that a message may name in its fields 1 and 2.
fn named<'m>(message: &'m [u8], what: &'static str) -> Result<Named<'m>, Failure> {
    let (mut name, mut version) = ("", "");
    let mut reader = Reader::new(message, what);
    while let Some(field) = reader.next()? {
        match field.number {
            1 => name = field.text()?,
            2 => version = field.text()?,
            _ => {}
        }
    }
    let [name, version] = [name, version].map(|text| Some(text).filter(|text| !text.is_empty()));
    if name.is_none() && version.is_some() {
        return Err(Failure::invalid("the request has a `version` and no `name`"));
    }
    Ok((name, version))
}

/// The model that a message asks to load or unload: field 2, behind a repository's name, as Triton
/// has it, or field 1, as KServe has it. Parameters that are not `known` are refused.
fn controlled<'m>(
    message: &'m [u8],
    what: &'static str,
    known: &[&str],
) -> Result<&'m str, Failure> {
    let (mut first, mut second) = ("", "");
    let mut reader = Reader::new(message, what);
    while let Some(field) = reader.next()? {
        match field.number {
            1 => first = field.text()?,
            2 => second = field.text()?,
            3 => {
                let mut pair = Reader::new(field.bytes()?, what);
                while let Some(field) = pair.next()? {
                    if field.number == 1 {
                        metadata::taken(field.text()?, known)?;
                    }
                }
            }
            _ => {}
        }
    }
    match (first, second) {
        ("", "") => Err(Failure::invalid("the request has no `model_name`")),
        (name, "") | (_, name) => Ok(name),
    }
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
