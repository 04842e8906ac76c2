//! `ModelInferRequest`, read in place: names and items stay where they are in the message.

use std::borrow::Cow;

use longshore_engine::quantity;
use longshore_kserve::v2::Datatype;

use super::contents;
use crate::{
    failure::Failure,
    frame::Bounds,
    protobuf::{Field, Reader},
    protocol::v2::{claim::Claim, content::Content, raw, tensor::Tensor},
};

const MESSAGE: &str = "ModelInferRequest";

/// Which model a request is for; looked for before anything else is read.
pub(crate) struct Target<'a> {
    pub(crate) model: &'a str,
    /// Empty for the newest.
    pub(crate) version: &'a str,
}

impl<'a> Target<'a> {
    pub(crate) fn read(message: &'a [u8]) -> Result<Self, Failure> {
        let mut target = Self { model: "", version: "" };
        let mut reader = Reader::new(message, MESSAGE);
        while let Some(field) = reader.next()? {
            match field.number {
                1 => target.model = field.text()?,
                2 => target.version = field.text()?,
                _ => {}
            }
        }
        if target.model.is_empty() {
            return Err(Failure::invalid("the request has no `model_name`"));
        }
        Ok(target)
    }
}

/// A request without its target.
#[derive(Debug, Default)]
pub(super) struct Request<'a> {
    pub(super) id: &'a str,
    pub(super) parameters: Vec<Parameter<'a>>,
    pub(super) outputs: Vec<Requested<'a>>,
    inputs: Vec<Input<'a>>,
    raw: Vec<&'a [u8]>,
}

/// An output that is asked for.
#[derive(Debug, Default)]
pub(super) struct Requested<'a> {
    pub(super) name: &'a str,
    pub(super) parameters: Vec<Parameter<'a>>,
}

/// A parameter of a request, an input or an output.
#[derive(Clone, Copy, Debug)]
pub(super) struct Parameter<'a> {
    pub(super) name: &'a str,
    /// Its value when it is a text; other values are not looked at.
    pub(super) text: Option<&'a str>,
}

#[derive(Debug, Default)]
struct Input<'a> {
    name: &'a str,
    datatype: &'a str,
    shape: Vec<i64>,
    parameters: Vec<Parameter<'a>>,
    /// The parts of its contents: one, unless a client wrote them in several.
    contents: Vec<&'a [u8]>,
}

impl<'a> Request<'a> {
    pub(super) fn read(message: &'a [u8]) -> Result<Self, Failure> {
        let mut request = Self::default();
        let mut reader = Reader::new(message, MESSAGE);
        while let Some(field) = reader.next()? {
            match field.number {
                3 => request.id = field.text()?,
                4 => request.parameters.push(parameter(field)?),
                5 => request.inputs.push(input(field)?),
                6 => request.outputs.push(output(field)?),
                7 => request.raw.push(field.bytes()?),
                _ => {}
            }
        }
        Ok(request)
    }

    /// True when the items are raw bytes: the reply is then written the same way.
    pub(super) fn is_raw(&self) -> bool {
        !self.raw.is_empty()
    }

    /// The inputs with their items.
    pub(super) fn tensors(self, bounds: &Bounds) -> Result<Vec<Tensor<'a>>, Failure> {
        if self.is_raw() && self.raw.len() != self.inputs.len() {
            return Err(Failure::invalid(format!(
                "{} came with {} `raw_input_contents`; send one for each input, or `contents` in all of them",
                quantity(self.inputs.len(), "input"),
                self.raw.len()
            )));
        }
        let mut raw = self.raw.into_iter();
        let each = self.inputs.into_iter().enumerate();
        each.map(|(at, input)| input.tensor(at, raw.next(), bounds)).collect()
    }
}

impl<'a> Input<'a> {
    fn tensor(
        self,
        at: usize,
        bytes: Option<&[u8]>,
        bounds: &Bounds,
    ) -> Result<Tensor<'a>, Failure> {
        let Self { name, datatype, shape, parameters, contents } = self;
        if name.is_empty() {
            return Err(Failure::invalid(format!("input {at} has no `name`")));
        }
        no_shared_memory("input", name, &parameters)?;
        let datatype = read_datatype(name, datatype)?;
        let shape = read_shape(name, &shape)?;
        bounds.check_rows(shape.first().copied().unwrap_or(0))?;
        let content = content_type(&parameters)?;
        let claim = Claim { name, shape: &shape, datatype };
        let values = match bytes {
            Some(_) if !contents.is_empty() => {
                return Err(Failure::invalid(format!(
                    "input `{name}` has `contents` beside `raw_input_contents`; send its items in one of them"
                )));
            }
            Some(bytes) => raw::read(&claim, bytes)?,
            None => contents::read(&claim, &contents)?,
        };
        Ok(Tensor { name: Cow::Borrowed(name), shape, content, values })
    }
}

/// `MLServer`'s content type among the parameters of a request or of an input.
pub(super) fn content_type(parameters: &[Parameter<'_>]) -> Result<Option<Content>, Failure> {
    let found = parameters.iter().find(|parameter| parameter.name == "content_type");
    found.and_then(|parameter| parameter.text).map(Content::named).transpose()
}

fn read_datatype(input: &str, name: &str) -> Result<Datatype, Failure> {
    name.parse().map_err(|()| {
        let known: Vec<_> = Datatype::ALL.iter().map(|d| d.name()).collect();
        Failure::invalid(format!(
            "`{name}`, the datatype of input `{input}`, is none; there are {}",
            known.join(", ")
        ))
    })
}

fn read_shape(input: &str, shape: &[i64]) -> Result<Vec<usize>, Failure> {
    let sizes: Result<_, _> = shape.iter().map(|&size| usize::try_from(size)).collect();
    sizes.map_err(|_| {
        Failure::invalid(format!("the shape {shape:?} of input `{input}` holds a negative size"))
    })
}

/// Refuses a tensor whose items lie in memory that the client has registered.
pub(super) fn no_shared_memory(
    kind: &str,
    name: &str,
    parameters: &[Parameter<'_>],
) -> Result<(), Failure> {
    if parameters.iter().all(|parameter| parameter.name != "shared_memory_region") {
        return Ok(());
    }
    let message = format!(
        "the {kind} `{name}` is in shared memory, which is not supported; send and take items in the messages"
    );
    Err(Failure::new(longshore_daemon::Code::Unimplemented, message))
}

fn input(field: Field<'_>) -> Result<Input<'_>, Failure> {
    let mut input = Input::default();
    let mut reader = field.message("InferInputTensor")?;
    while let Some(field) = reader.next()? {
        match field.number {
            1 => input.name = field.text()?,
            2 => input.datatype = field.text()?,
            3 => field.integers(&mut input.shape)?,
            4 => input.parameters.push(parameter(field)?),
            5 => input.contents.push(field.bytes()?),
            _ => {}
        }
    }
    Ok(input)
}

fn output(field: Field<'_>) -> Result<Requested<'_>, Failure> {
    let mut output = Requested::default();
    let mut reader = field.message("InferRequestedOutputTensor")?;
    while let Some(field) = reader.next()? {
        match field.number {
            1 => output.name = field.text()?,
            2 => output.parameters.push(parameter(field)?),
            _ => {}
        }
    }
    Ok(output)
}

/// An entry of a map from names to `InferParameter`.
fn parameter(field: Field<'_>) -> Result<Parameter<'_>, Failure> {
    let mut parameter = Parameter { name: "", text: None };
    let mut entry = field.message("parameters")?;
    while let Some(field) = entry.next()? {
        match field.number {
            1 => parameter.name = field.text()?,
            2 => {
                let mut value = field.message("InferParameter")?;
                while let Some(choice) = value.next()? {
                    parameter.text = if choice.number == 3 { Some(choice.text()?) } else { None };
                }
            }
            _ => {}
        }
    }
    Ok(parameter)
}
