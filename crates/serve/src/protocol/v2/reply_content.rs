//! `MLServer`'s content types in replies. They are written only for a request that names a content
//! type itself, so that the replies to others stay as small as they are.

use std::borrow::Cow;

use base64::{Engine as _, engine::general_purpose::STANDARD};
use longshore_engine::{Method, Output, OutputData, TextColumn};

use super::content::Content;
use crate::{contract::datatype, failure::Failure};

/// What is said of each output.
pub(in crate::protocol) type Contents = Vec<(Method, Content)>;

/// What is to be said of the outputs of `methods`, of which `own` are asked for in a content type.
/// `asked` is true for a request that names a content type elsewhere.
pub(in crate::protocol) fn of(
    methods: &[Method],
    own: impl Iterator<Item = Option<Content>> + Clone,
    asked: bool,
) -> Contents {
    if !asked && own.clone().all(|own| own.is_none()) {
        return Vec::new();
    }
    let own = own.chain(std::iter::repeat(None));
    let each = methods.iter().zip(own).map(|(&method, own)| {
        let content = match own {
            Some(content @ (Content::Text | Content::Base64 | Content::Datetime)) => content,
            // frames are made of whole replies: their columns are arrays, as `MLServer` says
            Some(Content::Array | Content::Frame | Content::Json) | None => Content::Array,
        };
        (method, content)
    });
    each.collect()
}

/// What is said of the output of a method.
pub(in crate::protocol) fn name(contents: &Contents, method: Method) -> Option<&'static str> {
    contents.iter().find(|(other, _)| *other == method).map(|(_, content)| content.name())
}

/// The outputs in their content types.
pub(in crate::protocol) fn encode<'o>(
    contents: &Contents,
    outputs: &'o [(Method, Output)],
) -> Result<Cow<'o, [(Method, Output)]>, Failure> {
    let mut outputs = Cow::Borrowed(outputs);
    for (method, content) in contents.iter().filter(|(_, content)| *content != Content::Array) {
        let Some(at) = outputs.iter().position(|(other, _)| other == method) else { continue };
        let Some((_, output)) = outputs.get(at) else { continue };
        let OutputData::Text(texts) = &output.data else {
            return Err(Failure::invalid(format!(
                "the output `{method}` has the datatype {}, and the content type `{}` goes with BYTES; ask for `np`",
                datatype(&output.data),
                content.name()
            )));
        };
        if *content != Content::Base64 {
            continue;
        }
        let mut encoded = TextColumn::with_capacity(texts.len());
        for text in texts.iter() {
            encoded.push(text.map(|text| STANDARD.encode(text)).as_deref());
        }
        if let Some((_, output)) = outputs.to_mut().get_mut(at) {
            output.data = OutputData::Text(encoded);
        }
    }
    Ok(outputs)
}
