//! `POST /v2/models/{m}/infer`: the Open Inference Protocol in JSON, with binary tensors beside it.

use longshore_engine::{Method, Output};

pub(super) mod assemble;
mod binary;
pub(super) mod claim;
pub(super) mod content;
mod parameters;
pub(super) mod raw;
pub(super) mod reply_content;
pub(super) mod requested;
pub(super) mod tensor;

use super::{
    Body, Codec, Head, MediaType, Query, bare, choose, finite, head::JSON_LENGTH, kserve_failure,
    list,
};
use crate::{
    contract::{Contract, datatype},
    failure::Failure,
    frame::Bounds,
    json::{Scanner, twice, write},
    reply::Reply,
};
use binary::Items;
use parameters::Parameters;
use tensor::Tensor;

/// KServe's second protocol.
pub(super) struct V2;

impl Codec for V2 {
    fn keys(&self) -> &'static [&'static str] {
        &[]
    }

    fn accepts(&self, head: &Head<'_>) -> Result<MediaType, Failure> {
        match head.json_length()? {
            Some(json) => Ok(MediaType::Tensors { json }),
            None => head.only_json(head.media_type()?.as_deref()).map(|()| MediaType::Json),
        }
    }

    fn decode(&self, contract: &Contract, body: Body<'_>) -> Result<Query, Failure> {
        let bounds = body.bounds();
        let MediaType::Tensors { json } = body.media_type else {
            return decode(&mut body.scanner()?, contract, &bounds, Items::default());
        };
        let (json, items) = binary::cut(body.bytes, json)?;
        decode(&mut Scanner::new(json, body.limits.depth)?, contract, &bounds, items)
    }

    fn encode(
        &self,
        contract: &Contract,
        query: &Query,
        outputs: &[(Method, Output)],
        request_id: &[u8],
    ) -> Result<Reply, Failure> {
        let outputs = &*reply_content::encode(&query.contents, outputs)?;
        let raw = || outputs.iter().filter(|(method, _)| query.raw.contains(method));
        for (method, output) in raw() {
            raw::no_missing_text(query.output_name(*method), &output.data)?;
        }
        for (method, output) in outputs.iter().filter(|(method, _)| !query.raw.contains(method)) {
            finite::check(*method, output)?;
        }
        let mut out = encode(contract, query, outputs, request_id);
        if raw().next().is_none() {
            return Ok(Reply::json(out));
        }
        let json = out.len();
        raw().for_each(|(_, output)| raw::write(&mut out, &output.data));
        let mut reply = Reply::new("application/octet-stream", out);
        reply.headers.push((JSON_LENGTH.clone(), json.into()));
        Ok(reply)
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
    mut items: Items<'_>,
) -> Result<Query, Failure> {
    let (mut id, mut tensors, mut requested) = (None, None, None);
    let (mut method, mut parameters) = (None, None);
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
            "inputs" => tensors.replace(inputs(scanner, bounds, &mut items)?).is_some(),
            "parameters" => {
                method = asked(&mut scanner.clone(), contract)?;
                parameters.replace(parameters::read(scanner)?).is_some()
            }
            "outputs" => {
                if scanner.peek() == Some(b'n') {
                    scanner.scalar()?;
                    continue;
                }
                requested.replace(outputs(scanner, contract)?).is_some()
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
    items.finish()?;
    let tensors =
        tensors.ok_or_else(|| Failure::invalid(format!("there is no `inputs`; send {EXAMPLE}")))?;
    let Parameters { content, binary, .. } = parameters.unwrap_or_default();
    let says_content = content.is_some() || tensors.iter().any(|tensor| tensor.content.is_some());
    let frame = assemble::frame(tensors, content, &contract.schema, bounds)?;
    let table = contract.schema.fit(frame)?;
    let Requested { mut methods, forms, first } = requested.unwrap_or_default();
    choose(&mut methods, method, "`parameters`", "`outputs`")?;
    let binary = binary.unwrap_or(false);
    let mut raw = Query::answering(&methods, contract);
    let own = forms.iter().map(|form| form.content);
    let contents = reply_content::of(&raw, own, says_content);
    let mut forms = forms.into_iter();
    raw.retain(|_| forms.next().and_then(|form| form.binary).unwrap_or(binary));
    Ok(Query { methods, id, raw, contents, first, ..Query::of(table) })
}

const EXAMPLE: &str = "{\"inputs\": [{\"name\": …, \"shape\": [rows, columns], \"datatype\": \"FP64\", \
    \"data\": […]}]}";

/// Refuses another value than `expected`, which `what` stands for.
fn must_be(scanner: &mut Scanner<'_>, expected: &str, what: &str) -> Result<(), Failure> {
    let found = scanner.shape();
    if found == expected {
        return Ok(());
    }
    // what is no JSON is told as that
    scanner.clone().skip()?;
    Err(Failure::invalid(format!("{what} {found} where {expected} is expected; send {EXAMPLE}")))
}

fn inputs<'a>(
    scanner: &mut Scanner<'a>,
    bounds: &Bounds,
    items: &mut Items<'_>,
) -> Result<Vec<Tensor<'a>>, Failure> {
    let mut tensors: Vec<Tensor<'a>> = Vec::new();
    let mut first = true;
    must_be(scanner, "a list", "`inputs` is")?;
    scanner.begin(b'[')?;
    while scanner.more(b']', &mut first)? {
        must_be(scanner, "an object", "an item of `inputs` is")?;
        let tensor = tensor::read(scanner, tensors.len(), bounds, items)?;
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

/// The outputs asked for.
#[derive(Default)]
struct Requested {
    methods: Vec<Method>,
    /// What their parameters say.
    forms: Vec<Parameters>,
    /// The one that is called by KServe's name for the only output.
    first: Option<Method>,
}

/// Reads the outputs asked for, as methods of the model.
fn outputs(scanner: &mut Scanner<'_>, contract: &Contract) -> Result<Requested, Failure> {
    let mut requested = Requested::default();
    let mut first = true;
    scanner.begin(b'[')?;
    while scanner.more(b']', &mut first)? {
        let (mut name, mut parameters) = (None, None);
        let mut first = true;
        scanner.begin(b'{')?;
        while scanner.more(b'}', &mut first)? {
            let key = scanner.key()?;
            let again = match &*key {
                "name" => name.replace(scanner.string()?).is_some(),
                "parameters" => parameters.replace(parameters::read(scanner)?).is_some(),
                _ => {
                    scanner.skip()?;
                    false
                }
            };
            if again {
                return Err(twice(&key));
            }
        }
        let name = name.ok_or_else(|| Failure::invalid("an output has no `name`"))?;
        if requested::add(&name, contract, &mut requested.methods)? {
            requested.first = Some(contract.default);
        }
        requested.forms.push(parameters.unwrap_or_default());
    }
    Ok(requested)
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
        let content = reply_content::name(&query.contents, *method);
        let name = query.output_name(*method);
        output_tensor(&mut out, name, output, query.raw.contains(method), content);
    }
    out.extend_from_slice(b"]}");
    out
}

fn output_tensor(
    out: &mut Vec<u8>,
    name: &str,
    output: &Output,
    as_raw: bool,
    content: Option<&str>,
) {
    out.extend_from_slice(b"{\"name\":\"");
    out.extend_from_slice(name.as_bytes());
    out.extend_from_slice(b"\",\"shape\":[");
    write::integer(out, output.rows);
    if let Some(columns) = output.columns {
        out.push(b',');
        write::integer(out, columns);
    }
    out.extend_from_slice(b"],\"datatype\":\"");
    out.extend_from_slice(datatype(&output.data).name().as_bytes());
    out.push(b'"');
    let size = as_raw.then(|| raw::size(&output.data));
    if content.is_some() || size.is_some() {
        parameters::write(out, content, size);
    }
    if !as_raw {
        out.extend_from_slice(b",\"data\":");
        list(out, &output.data, 0, output.data.len());
    }
    out.push(b'}');
}
