//! `ModelInferResponse`.

use longshore_engine::{Method, Output, OutputData};

use super::contents;
use crate::{contract::datatype, failure::Failure, protobuf::Writer, protocol::v2::raw};

/// What a reply begins with.
pub(super) struct Head<'h> {
    pub(super) model: &'h str,
    pub(super) version: &'h str,
    pub(super) id: &'h str,
}

/// What a reply says of a method's output beside its values.
pub(super) struct About {
    pub(super) name: &'static str,
    pub(super) content: Option<&'static str>,
}

/// Writes a reply behind `out`; its items are raw bytes when those of the request were.
pub(super) fn write(
    out: Vec<u8>,
    head: &Head<'_>,
    outputs: &[(Method, Output)],
    as_raw: bool,
    about: impl Fn(Method) -> About,
) -> Result<Vec<u8>, Failure> {
    let mut writer = Writer::after(out);
    writer.text(1, head.model);
    writer.text(2, head.version);
    writer.text(3, head.id);
    for (method, output) in outputs {
        let about = about(*method);
        raw::no_missing_text(about.name, &output.data)?;
        writer.message(5, |writer| tensor(writer, &about, output, as_raw));
    }
    if as_raw {
        for (_, output) in outputs {
            let data = &output.data;
            writer.sized(6, raw::size(data), |out| raw::write(out, data));
        }
    }
    Ok(writer.finish())
}

fn tensor(writer: &mut Writer, about: &About, output: &Output, as_raw: bool) {
    writer.text(1, about.name);
    let datatype = datatype(&output.data);
    writer.text(2, datatype.name());
    let shape = [Some(output.rows), output.columns];
    writer.integers(3, shape.into_iter().flatten().map(|size| size as i64));
    if let Some(content) = about.content {
        writer.message(4, |entry| {
            entry.text(1, "content_type");
            entry.message(2, |parameter| parameter.text(3, content));
        });
    }
    if !as_raw {
        writer.message(5, |writer| items(writer, contents::field(datatype), &output.data));
    }
}

fn items(writer: &mut Writer, field: u32, data: &OutputData) {
    match data {
        OutputData::F64(v) => writer.fixed(field, v.iter().map(|value| value.to_le_bytes())),
        OutputData::F32(v) => writer.fixed(field, v.iter().map(|value| value.to_le_bytes())),
        OutputData::I64(v) => writer.integers(field, v.iter().copied()),
        OutputData::I32(v) => writer.integers(field, v.iter().map(|&value| i64::from(value))),
        OutputData::Bool(v) => writer.fixed(field, v.iter().map(|&value| [u8::from(value)])),
        OutputData::Text(texts) => {
            texts.iter().for_each(|text| writer.bytes(field, text.unwrap_or_default().as_bytes()));
        }
    }
}
