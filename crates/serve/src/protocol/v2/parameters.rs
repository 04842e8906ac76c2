//! The parameters of a request, an input or an output that mean something here.

use longshore_daemon::Code;

use super::content::Content;
use crate::{
    failure::Failure,
    json::{Number, Scalar, Scanner, twice, write},
    names::quoted,
};

/// What parameters say; those that are not known are for other servers.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Parameters {
    /// What the texts of a tensor stand for.
    pub(super) content: Option<Content>,
    /// How many bytes an input has behind the JSON.
    pub(super) size: Option<usize>,
    /// Whether an output is to be raw bytes: `binary_data` of one, `binary_data_output` of all.
    pub(super) binary: Option<bool>,
}

/// Writes the parameters of an output: its content type, and its bytes behind the JSON.
pub(super) fn write(out: &mut Vec<u8>, content: Option<&str>, size: Option<usize>) {
    out.extend_from_slice(b",\"parameters\":{");
    if let Some(content) = content {
        out.extend_from_slice(b"\"content_type\":");
        write::text(out, content);
    }
    if let Some(size) = size {
        if content.is_some() {
            out.push(b',');
        }
        out.extend_from_slice(b"\"binary_data_size\":");
        write::integer(out, size);
    }
    out.push(b'}');
}

/// Reads parameters; `null` is none.
pub(super) fn read(scanner: &mut Scanner<'_>) -> Result<Parameters, Failure> {
    let (mut parameters, mut first) = (Parameters::default(), true);
    if scanner.peek() == Some(b'n') {
        scanner.scalar()?;
        return Ok(parameters);
    }
    scanner.begin(b'{')?;
    while scanner.more(b'}', &mut first)? {
        let key = scanner.key()?;
        if !matches!(
            &*key,
            "content_type"
                | "binary_data_size"
                | "binary_data"
                | "binary_data_output"
                | "shared_memory_region"
                | "classification"
        ) {
            scanner.skip()?;
            continue;
        }
        if scanner.peek() == Some(b'n') {
            scanner.scalar()?;
            continue;
        }
        let again = match &*key {
            "content_type" => {
                let content = Content::named(&scanner.string()?)?;
                parameters.content.replace(content).is_some()
            }
            "binary_data_size" => parameters.size.replace(size(scanner)?).is_some(),
            "binary_data" | "binary_data_output" => {
                let Ok(Scalar::Bool(binary)) = scanner.scalar() else {
                    let key = quoted(&key);
                    return Err(Failure::invalid(format!("{key} is neither true nor false")));
                };
                parameters.binary.replace(binary).is_some()
            }
            _ => {
                let message = format!(
                    "`{key}` is not supported; tensors are sent and taken in the body, as JSON or \
                     as binary data"
                );
                return Err(Failure::new(Code::Unimplemented, message));
            }
        };
        if again {
            return Err(twice(&key));
        }
    }
    Ok(parameters)
}

fn size(scanner: &mut Scanner<'_>) -> Result<usize, Failure> {
    let size = match scanner.scalar() {
        Ok(Scalar::Number(Number::Int(size))) => usize::try_from(size).ok(),
        _ => None,
    };
    size.ok_or_else(|| Failure::invalid("`binary_data_size` is not a number of bytes"))
}
