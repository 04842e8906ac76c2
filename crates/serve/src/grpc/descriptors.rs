//! What the services are, as `descriptor.proto` describes them, for clients that ask by reflection.

use crate::{failure::Failure, protobuf::Reader};

/// The files of `proto/`, compiled: a `FileDescriptorSet`. A test compares it with them;
/// `LONGSHORE_UPDATE_DESCRIPTORS=1 cargo test -p longshore-serve descriptors` writes it anew.
const SET: &[u8] = include_bytes!("descriptors.bin");

/// A file of `proto/`.
pub(super) struct File {
    pub(super) name: &'static str,
    /// The whole `FileDescriptorProto`.
    pub(super) bytes: &'static [u8],
}

/// All files.
pub(super) fn files() -> Result<Vec<File>, Failure> {
    let mut files = Vec::new();
    let mut set = Reader::new(SET, "FileDescriptorSet");
    while let Some(field) = set.next()? {
        let bytes = field.bytes()?;
        files.push(File { name: name(bytes)?, bytes });
    }
    Ok(files)
}

impl File {
    /// True when a service, a method, a message or an enumeration of that full name is in the file.
    pub(super) fn has(&self, symbol: &str) -> Result<bool, Failure> {
        let mut package = "";
        let mut file = self.reader();
        while let Some(field) = file.next()? {
            if field.number == 2 {
                package = field.text()?;
            }
        }
        let Some(rest) = symbol.strip_prefix(package).and_then(|rest| rest.strip_prefix('.'))
        else {
            return Ok(false);
        };
        let mut file = self.reader();
        while let Some(field) = file.next()? {
            let found = match field.number {
                4 => holds(field.bytes()?, rest, &[3, 4])?,
                5 => name(field.bytes()?)? == rest,
                6 => holds(field.bytes()?, rest, &[2])?,
                _ => false,
            };
            if found {
                return Ok(true);
            }
        }
        Ok(false)
    }

    /// The full names of its services.
    pub(super) fn services(&self) -> Result<Vec<String>, Failure> {
        let (mut package, mut services) = ("", Vec::new());
        let mut file = self.reader();
        while let Some(field) = file.next()? {
            match field.number {
                2 => package = field.text()?,
                6 => services.push(name(field.bytes()?)?),
                _ => {}
            }
        }
        Ok(services.into_iter().map(|service| format!("{package}.{service}")).collect())
    }

    fn reader(&self) -> Reader<'static> {
        Reader::new(self.bytes, "FileDescriptorProto")
    }
}

/// The name of a file, a message, an enumeration, a service or a method: field 1 of each.
fn name(descriptor: &'static [u8]) -> Result<&'static str, Failure> {
    let mut reader = Reader::new(descriptor, "descriptor");
    while let Some(field) = reader.next()? {
        if field.number == 1 {
            return field.text();
        }
    }
    Ok("")
}

/// True when `path` is the descriptor's name, or leads to one of its parts, which are in `fields`.
fn holds(descriptor: &'static [u8], path: &str, fields: &[u32]) -> Result<bool, Failure> {
    let Some(rest) = path.strip_prefix(name(descriptor)?) else { return Ok(false) };
    let Some(rest) = rest.strip_prefix('.') else { return Ok(rest.is_empty()) };
    let mut reader = Reader::new(descriptor, "descriptor");
    while let Some(field) = reader.next()? {
        if fields.contains(&field.number) && holds(field.bytes()?, rest, fields)? {
            return Ok(true);
        }
    }
    Ok(false)
}

#[cfg(test)]
mod tests {
    use std::path::Path;

    use super::*;

    #[test]
    fn the_descriptors_are_those_of_the_proto_files() {
        let crate_folder = Path::new(env!("CARGO_MANIFEST_DIR"));
        let files = [
            "inference.proto",
            "grpc/health/v1/health.proto",
            "grpc/reflection/v1/reflection.proto",
            "grpc/reflection/v1alpha/reflection.proto",
        ];
        let mut compiler = protox::Compiler::new([crate_folder.join("../../proto")]).unwrap();
        compiler.include_source_info(false).open_files(files).unwrap();
        let compiled = compiler.encode_file_descriptor_set();
        if std::env::var_os("LONGSHORE_UPDATE_DESCRIPTORS").is_some() {
            std::fs::write(crate_folder.join("src/grpc/descriptors.bin"), &compiled).unwrap();
            return;
        }
        assert!(compiled == SET, "they are stale: run with LONGSHORE_UPDATE_DESCRIPTORS=1");
        let found: Vec<_> = super::files().unwrap().iter().map(|file| file.name).collect();
        assert_eq!(found, files);
    }

    #[test]
    fn symbols_are_found_by_their_full_names() {
        let files = files().unwrap();
        let file = |symbol: &str| {
            files.iter().find(|file| file.has(symbol).unwrap()).map(|file| file.name)
        };
        for symbol in [
            "inference.GRPCInferenceService",
            "inference.GRPCInferenceService.ModelInfer",
            "inference.ModelInferRequest",
            "inference.ModelInferRequest.InferInputTensor",
        ] {
            assert_eq!(file(symbol), Some("inference.proto"), "{symbol}");
        }
        let health = Some("grpc/health/v1/health.proto");
        assert_eq!(file("grpc.health.v1.HealthCheckResponse.ServingStatus"), health);
        for symbol in [
            "",
            "inference",
            "inference.",
            "inference.Nothing",
            "ModelInferRequest",
            "inference.ModelInferRequest.name",
            "inference.GRPCInferenceServiceX",
        ] {
            assert_eq!(file(symbol), None, "{symbol}");
        }
    }
}
