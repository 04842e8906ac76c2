//! `POST /v2/models/{m}/infer`: the Open Inference Protocol in JSON.

use longshore_engine::{Method, Output};

pub(super) mod assemble;
pub(super) mod claim;
pub(super) mod content;
pub(super) mod raw;
pub(super) mod requested;
pub(super) mod tensor;

use super::{Body, Codec, Head, MediaType, Query, bare, choose, kserve_failure, list};
use crate::{
    contract::{Contract, datatype},
    failure::Failure,
    frame::Bounds,
    json::{Scanner, twice, write},
    reply::Reply,
};
use tensor::Tensor;

/// KServe's second protocol.
pub(super) struct V2;

impl Codec for V2 {
    fn keys(&self) -> &'static [&'static str] {
        &[]
    }

    fn accepts(&self, head: &Head<'_>) -> Result<MediaType, Failure> {
        head.only_json().map(|()| MediaType::Json)
    }

    fn decode(&self, contract: &Contract, body: Body<'_>) -> Result<Query, Failure> {
        decode(&mut body.scanner()?, contract, &body.bounds())
    }

    fn encode(
        &self,
        contract: &Contract,
        query: &Query,
        outputs: &[(Method, Output)],
        request_id: &[u8],
    ) -> Result<Reply, Failure> {
        Ok(Reply::json(encode(contract, query, outputs, request_id)))
    }

    fn refuse(&self, failure: &Failure) -> Reply {
        kserve_failure(failure)
    }
}

/// Reads a request.
fn decode(
    scanner: &mut Scanner<'_>,
    contract: &Contract,
    bounds: &Bounds,
) -> Result<Query, Failure> {
    let (mut id, mut tensors, mut methods) = (None, None, None);
    let (mut method, mut content, mut parameters) = (None, None, false);
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
                method = asked(&mut scanner.clone(), contract)?;
                content = content::read(scanner)?;
                std::mem::replace(&mut parameters, true)
            }
            "outputs" => {
                if scanner.peek() == Some(b'n') {
                    scanner.scalar()?;
                    continue;
                }
                methods.replace(outputs(scanner, contract)?).is_some()
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
    let frame = assemble::frame(tensors, content, &contract.schema, bounds)?;
    let table = contract.schema.fit(frame)?;
    let mut methods = methods.unwrap_or_default();
    choose(&mut methods, method, "`parameters`", "`outputs`")?;
    Ok(Query { table, methods, id, raw: false })
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

/// The method that the parameters of a request name; the others are for other servers.
fn asked(scanner: &mut Scanner<'_>, contract: &Contract) -> Result<Option<Method>, Failure> {
    if scanner.peek() != Some(b'{') {
        return Ok(None);
    }
    let (mut found, mut first) = (None, true);
    scanner.begin(b'{')?;
    while scanner.more(b'}', &mut first)? {
        if &*scanner.key()? != "method" {
            scanner.skip()?;
            continue;
        }
        let wrong = |_| Failure::invalid("`method` in `parameters` is not the name of a method");
        let method = contract.method(&scanner.string().map_err(wrong)?)?;
        if found.replace(method).is_some() {
            return Err(twice("method"));
        }
    }
    Ok(found)
}

/// The outputs asked for, as methods of the model.
fn outputs(scanner: &mut Scanner<'_>, contract: &Contract) -> Result<Vec<Method>, Failure> {
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
        requested::add(&name, contract, &mut methods)?;
    }
    Ok(methods)
}

/// One tensor for each output.
fn encode(
    contract: &Contract,
    query: &Query,
    outputs: &[(Method, Output)],
    request_id: &[u8],
) -> Vec<u8> {
    let values: usize = outputs.iter().map(|(_, output)| output.data.len()).sum();
    let mut out = Vec::with_capacity(256 + values * 20);
    out.extend_from_slice(b"{\"model_name\":");
    write::text(&mut out, &contract.name);
    out.extend_from_slice(b",\"model_version\":");
    write::text(&mut out, &contract.version);
    out.extend_from_slice(b",\"id\":");
    let id = query.id.as_deref().or_else(|| std::str::from_utf8(request_id).ok());
    write::text(&mut out, id.unwrap_or_default());
    out.extend_from_slice(b",\"outputs\":[");
    for (at, (method, output)) in outputs.iter().enumerate() {
        if at > 0 {
            out.push(b',');
        }
        output_tensor(&mut out, *method, output);
    }
    out.extend_from_slice(b"]}");
    out
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
