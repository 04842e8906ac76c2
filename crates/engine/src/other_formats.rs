//! What files are that no flavor reads: files of other tools, and accidents of copying and
//! downloading.

use std::path::Path;

use crate::read::{Format, sniff, zip_names};

mod described;
mod magic;
mod text;

use described::{Described, Holds};
pub(crate) use magic::is_old_torch;

/// Tells what `bytes` are. `libraries` names those whose models are read. Both ends of a long file
/// are enough.
pub(crate) fn describe(bytes: &[u8], libraries: &str) -> Described {
    if bytes.is_empty() {
        return Described::new(
            "empty",
            "copy or save it again, and look whether the disk was full",
        );
    }
    if sniff(bytes) == Format::Zip {
        return zip(bytes, libraries);
    }
    if let Some((what, kind)) = magic::find(bytes) {
        return Described::new(what, kind.next(libraries));
    }
    if sniff(bytes).is_compressed() {
        return Described::new(
            format!("{} in another compressed file", sniff(bytes)),
            "decompress it once",
        );
    }
    text::describe(bytes, libraries).unwrap_or_else(|| {
        let first: Vec<_> = bytes.iter().take(8).map(|byte| format!("{byte:02x}")).collect();
        Described::new(
            format!("of no format that is known (its first bytes are `{}`)", first.join(" ")),
            format!(
                "if it is encrypted or packed, unpack it first; models of {libraries} are read"
            ),
        )
    })
}

/// Archives are told by the names inside.
fn zip(bytes: &[u8], libraries: &str) -> Described {
    let names = zip_names(bytes).unwrap_or_default();
    let has = |name: &str| names.contains(&name);
    let inside = |end: &str| names.iter().any(|name| name.ends_with(end));
    let (what, holds) = if inside("/data.pkl") || has("data.pkl") {
        ("a PyTorch file", Holds::Model)
    } else if has("model.weights.h5") || has("config.json") && has("metadata.json") {
        ("a Keras model (`.keras`)", Holds::Model)
    } else if has("model.ini") {
        ("an H2O model (MOJO)", Holds::Model)
    } else if !names.is_empty() && names.iter().all(|name| has_ending(name, "npy")) {
        ("a file of numpy arrays (`.npz`)", Holds::Data)
    } else if has("[Content_Types].xml") {
        ("an Office document", Holds::Data)
    } else if inside("MLmodel") {
        ("a zip archive of an MLflow model folder", Holds::Files)
    } else {
        ("a zip archive that skops did not write", Holds::Files)
    };
    Described::new(what, holds.next(libraries))
}

fn has_ending(name: &str, ending: &str) -> bool {
    Path::new(name).extension().is_some_and(|found| found == ending)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::describe;

    proptest! {
        #[test]
        fn every_file_is_something(
            mut bytes in prop::sample::select(vec![
                &b"PK\x03\x04"[..], b"\x08\x07\x12", b"<", b"{", b"a,b\n1,2\n", b"\xff\xff\xff\xff", b"",
            ]).prop_map(<[u8]>::to_vec),
            rest in prop::collection::vec(any::<u8>(), 0..200),
            index in prop::option::of(any::<[u8; 22]>()),
        ) {
            bytes.extend(rest);
            if let Some(index) = index {
                bytes.extend(b"PK\x01\x02");
                bytes.extend(index);
                bytes.extend(b"PK\x05\x06");
                bytes.extend(index);
            }
            let described = describe(&bytes, "scikit-learn");
            prop_assert!(!described.what.is_empty() && !described.next.is_empty());
        }
    }
}
