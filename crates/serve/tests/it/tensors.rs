//! V2 requests in JSON as the other protocols write the same tensors: typed or raw over gRPC, and
//! as bytes behind JSON.

use serde_json::{Value, json};

/// How the items of a message are written.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Items {
    /// In the list of their datatype.
    Typed,
    /// As bytes beside the tensors.
    Raw,
}

fn text(value: &Value) -> &str {
    value.as_str().unwrap()
}

fn tensors(body: &Value) -> &[Value] {
    body["inputs"].as_array().unwrap()
}

fn items(tensor: &Value) -> &[Value] {
    tensor["data"].as_array().unwrap()
}

/// A number of a tensor; NaN is what null is among numbers.
fn number(item: &Value) -> f64 {
    item.as_f64().unwrap_or(f64::NAN)
}

/// The items as bytes: little-endian, a text behind its length.
fn bytes(tensor: &Value) -> Vec<u8> {
    let item = |item: &Value| -> Vec<u8> {
        match text(&tensor["datatype"]) {
            "FP64" => number(item).to_le_bytes().to_vec(),
            "INT64" => item.as_i64().unwrap().to_le_bytes().to_vec(),
            "BYTES" => {
                let text = text(item).as_bytes();
                [&u32::try_from(text.len()).unwrap().to_le_bytes()[..], text].concat()
            }
            other => panic!("{other} is not in the table"),
        }
    };
    items(tensor).iter().flat_map(item).collect()
}

/// The `contents` of a tensor in the text format.
fn typed(tensor: &Value) -> String {
    let (list, item): (_, fn(&Value) -> String) = match text(&tensor["datatype"]) {
        "FP64" => ("fp64_contents", |item| format!("{:?}", number(item)).to_lowercase()),
        "INT64" => ("int64_contents", Value::to_string),
        "BYTES" => ("bytes_contents", Value::to_string),
        other => panic!("{other} is not in the table"),
    };
    let items: Vec<_> = items(tensor).iter().map(item).collect();
    format!("contents {{ {list}: [{}] }}", items.join(", "))
}

/// The request as a `ModelInferRequest` in the text format.
pub(crate) fn message(model: &str, body: &Value, form: Items) -> String {
    let parameters = body["parameters"].as_object().into_iter().flatten().map(|(name, value)| {
        format!("parameters {{ key: '{name}' value {{ string_param: {value} }} }}")
    });
    let inputs = tensors(body).iter().map(|tensor| {
        let (name, shape, datatype) = (&tensor["name"], &tensor["shape"], &tensor["datatype"]);
        let contents = if form == Items::Typed { typed(tensor) } else { String::new() };
        format!("inputs {{ name: {name} shape: {shape} datatype: {datatype} {contents} }}")
    });
    let raw = tensors(body).iter().filter(|_| form == Items::Raw).map(|tensor| {
        let escaped: Vec<_> = bytes(tensor).iter().map(|byte| format!("\\{byte:03o}")).collect();
        format!("raw_input_contents: '{}'", escaped.concat())
    });
    let model = [format!("model_name: '{model}'")];
    model.into_iter().chain(parameters).chain(inputs).chain(raw).collect::<Vec<_>>().join(" ")
}

/// The request with the items of every tensor behind the JSON, whose length comes first.
pub(crate) fn binary(body: &Value) -> (usize, Vec<u8>) {
    let (mut head, mut tail) = (body.clone(), Vec::new());
    for tensor in head["inputs"].as_array_mut().unwrap() {
        let items = bytes(tensor);
        tensor["parameters"] = json!({"binary_data_size": items.len()});
        tensor.as_object_mut().unwrap().remove("data");
        tail.extend(items);
    }
    let head = head.to_string();
    (head.len(), [head.into_bytes(), tail].concat())
}
