//! `MLServer`'s content types: what the texts of a tensor stand for, and whether tensors are columns.

use base64::{Engine as _, engine::general_purpose::STANDARD};
use longshore_engine::{Column, TextColumn};

use super::tensor::{Tensor, Values};
use crate::{
    failure::Failure,
    frame::Builder,
    json::{Scalar, Scanner},
    names::quoted,
};

/// A content type, as `parameters.content_type` names it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::protocol) enum Content {
    /// `np`: a numpy array.
    Array,
    /// `pd`: the tensors are columns of a data frame.
    Frame,
    /// `str`: texts.
    Text,
    /// `base64`: bytes.
    Base64,
    /// `datetime`: moments in the form of ISO 8601.
    Datetime,
    /// `pd_json`: each text is a JSON value, as the pandas codec writes columns of mixed values.
    Json,
}

impl Content {
    const ALL: [(&str, Self); 6] = [
        ("np", Self::Array),
        ("pd", Self::Frame),
        ("str", Self::Text),
        ("base64", Self::Base64),
        ("datetime", Self::Datetime),
        ("pd_json", Self::Json),
    ];

    /// The content type of this name.
    pub(in crate::protocol) fn named(name: &str) -> Result<Self, Failure> {
        let known = Self::ALL.iter().find(|(known, _)| *known == name);
        known.map(|(_, content)| *content).ok_or_else(|| {
            let names = Self::ALL.map(|(name, _)| format!("`{name}`")).join(", ");
            Failure::invalid(format!(
                "the content type {} is not one of {names}; leave it out, the datatype says what a \
                 tensor holds",
                quoted(name)
            ))
        })
    }

    /// Its name.
    pub(in crate::protocol) fn name(self) -> &'static str {
        Self::ALL.iter().find(|(_, content)| *content == self).map_or("", |(name, _)| name)
    }
}

/// The values that a tensor stands for. `binary` leaves base64 to the signature's own type.
pub(super) fn decode(
    tensor: &mut Tensor<'_>,
    content: Option<Content>,
    binary: bool,
) -> Result<(), Failure> {
    // what the tensor itself says counts before what the request says of all
    let (content, own) = match tensor.content {
        Some(content) => (content, true),
        None => match content {
            Some(content) => (content, false),
            None => return Ok(()),
        },
    };
    let texts = match (&tensor.values, content) {
        (_, Content::Array | Content::Frame)
        | (Values::Text(_), Content::Text | Content::Datetime) => return Ok(()),
        // the signature's type decodes it
        (Values::Text(_), Content::Base64) if binary => return Ok(()),
        (Values::Text(texts), _) => texts,
        _ if !own => return Ok(()),
        _ => {
            return Err(Failure::invalid(format!(
                "input {} has the content type `{}`, which goes with the datatype BYTES",
                quoted(&tensor.name),
                content.name()
            )));
        }
    };
    tensor.values = match content {
        Content::Base64 => Values::Text(base64(&tensor.name, texts)?),
        _ => json(&tensor.name, texts)?,
    };
    Ok(())
}

fn base64(name: &str, texts: &TextColumn) -> Result<TextColumn, Failure> {
    let mut decoded = TextColumn::with_capacity(texts.len());
    for (at, text) in texts.iter().enumerate() {
        let Some(text) = text else {
            decoded.push(None);
            continue;
        };
        let bytes = STANDARD.decode(text).ok();
        let plain = bytes.and_then(|bytes| String::from_utf8(bytes).ok());
        let plain = plain.ok_or_else(|| {
            let name = quoted(name);
            Failure::invalid(format!("item {at} of input {name} is not base64 of UTF-8 text"))
        })?;
        decoded.push(Some(&plain));
    }
    Ok(decoded)
}

fn json(name: &str, texts: &TextColumn) -> Result<Values, Failure> {
    let mut column = Builder::default();
    for (at, text) in texts.iter().enumerate() {
        let value = match text {
            None => Ok(Scalar::Null),
            Some(text) => scalar(text),
        };
        column.push(value.map_err(|_| {
            let name = quoted(name);
            Failure::invalid(format!("item {at} of input {name} is not a single JSON value"))
        })?);
    }
    Ok(match column.finish() {
        Column::Text(texts) => Values::Text(texts),
        column => Values::Mixed(column),
    })
}

fn scalar(text: &str) -> Result<Scalar<'_>, Failure> {
    let mut scanner = Scanner::new(text.as_bytes(), 1)?;
    let value = scanner.scalar()?;
    scanner.finish()?;
    Ok(value)
}
