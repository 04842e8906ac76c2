//! `POST /v2/models/{m}/infer`: the Open Inference Protocol in JSON.

use longshore_engine::{Method, Output, OutputData};
use longshore_kserve::v2::Datatype;

pub(super) mod assemble;
pub(super) mod claim;
pub(super) mod content;
pub(super) mod raw;
pub(super) mod requested;
pub(super) mod tensor;

use super::{Query, bare, list};
use crate::{
    failure::Failure,
    frame::Bounds,
    json::{Scanner, twice, write},
    repository::Served,
};
use tensor::Tensor;

/// Reads a request.
pub(super) fn decode(
    scanner: &mut Scanner<'_>,
    served: &Served,
    bounds: &Bounds,
) -> Result<Query, Failure> {
    let (mut id, mut tensors, mut methods, mut content) = (None, None, None, None);
    let mut first = true;
    bare::open(scanner, EXAMPLE, |_, _| EXAMPLE.to_owned())?;
    while scanner.more(b'}', &mut first)? {
        let key = scanner.key()?;
        let again = match &*key {
            "id" => {
                if scanner.peek() == Some(b'n') {
                    scanner.scalar()?;
                    continue;
                }
                let text = scanner.string().map_err(|_| Failure::invalid("`id` is not a text"))?;
                id.replace(text.into_owned()).is_some()
            }
            "inputs" => tensors.replace(inputs(scanner, bounds)?).is_some(),
            "parameters" => {
                content = content::read(scanner)?;
                false
            }
            "outputs" => {
                if scanner.peek() == Some(b'n') {
                    scanner.scalar()?;
                    continue;
                }
                methods.replace(outputs(scanner, served)?).is_some()
            }
            _ => {
                scanner.skip()?;
                false
            }
        };
        if again {
            return Err(twice(&key));
        }
    }
    scanner.finish()?;
    let tensors =
        tensors.ok_or_else(|| Failure::invalid(format!("there is no `inputs`; send {EXAMPLE}")))?;
    let frame = assemble::frame(tensors, content, &served.schema, bounds)?;
    let table = served.schema.fit(frame)?;
    Ok(Query { table, methods: methods.unwrap_or_default(), id, raw: false })
}

const EXAMPLE: &str = "{\"inputs\": [{\"name\": …, \"shape\": [rows, columns], \"datatype\": \"FP64\", \
    \"data\": […]}]}";

fn inputs<'a>(scanner: &mut Scanner<'a>, bounds: &Bounds) -> Result<Vec<Tensor<'a>>, Failure> {
    let mut tensors: Vec<Tensor<'a>> = Vec::new();
    let mut first = true;
    scanner.begin(b'[')?;
    while scanner.more(b']', &mut first)? {
        let tensor = tensor::read(scanner, tensors.len(), bounds)?;
        tensors.push(tensor);
    }
    Ok(tensors)
}

/// The outputs asked for, as methods of the model.
fn outputs(scanner: &mut Scanner<'_>, served: &Served) -> Result<Vec<Method>, Failure> {
    let mut methods = Vec::new();
    let mut first = true;
    scanner.begin(b'[')?;
    while scanner.more(b']', &mut first)? {
        let mut name = None;
        let mut first = true;
        scanner.begin(b'{')?;
        while scanner.more(b'}', &mut first)? {
            let key = scanner.key()?;
            if &*key == "name" {
                if name.replace(scanner.string()?).is_some() {
                    return Err(twice(&key));
                }
            } else {
                scanner.skip()?;
            }
        }
        let name = name.ok_or_else(|| Failure::invalid("an output has no `name`"))?;
        requested::add(&name, served, &mut methods)?;
    }
    Ok(methods)
}

/// Runs the methods asked for and writes one tensor for each.
pub(super) fn answer(
    served: &Served,
    query: &Query,
    request_id: &[u8],
) -> Result<Vec<u8>, Failure> {
    let default = [served.method];
    let methods = if query.methods.is_empty() { &default[..] } else { &query.methods };
    let mut out = Vec::with_capacity(192 + query.table.rows * 20 * methods.len());
    out.extend_from_slice(served.v2_head());
    out.extend_from_slice(b",\"id\":");
    let id = query.id.as_deref().or_else(|| std::str::from_utf8(request_id).ok());
    write::text(&mut out, id.unwrap_or_default());
    out.extend_from_slice(b",\"outputs\":[");
    for (at, &method) in methods.iter().enumerate() {
        if at > 0 {
            out.push(b',');
        }
        let output = served.run(method, &query.table)?;
        output_tensor(&mut out, method, &output);
    }
    out.extend_from_slice(b"]}");
    Ok(out)
}

fn output_tensor(out: &mut Vec<u8>, method: Method, output: &Output) {
    out.extend_from_slice(b"{\"name\":\"");
    out.extend_from_slice(method.name().as_bytes());
    out.extend_from_slice(b"\",\"shape\":[");
    write::integer(out, output.rows);
    if let Some(columns) = output.columns {
        out.push(b',');
        write::integer(out, columns);
    }
    out.extend_from_slice(b"],\"datatype\":\"");
    out.extend_from_slice(datatype(&output.data).name().as_bytes());
    out.extend_from_slice(b"\",\"data\":");
    list(out, &output.data, 0, output.data.len());
    out.push(b'}');
}

/// The datatype of an answer's values.
pub(crate) fn datatype(data: &OutputData) -> Datatype {
    match data {
        OutputData::F64(_) => Datatype::Fp64,
        OutputData::F32(_) => Datatype::Fp32,
        OutputData::I64(_) => Datatype::Int64,
        OutputData::I32(_) => Datatype::Int32,
        OutputData::Bool(_) => Datatype::Bool,
        OutputData::Text(_) => Datatype::Bytes,
    }
}
