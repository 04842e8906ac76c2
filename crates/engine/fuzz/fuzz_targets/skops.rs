//! The schema of a skops file. It is put into a sound archive, with arrays for it to refer to.
#![no_main]

use std::io::{Cursor, Write};

use libfuzzer_sys::fuzz_target;
use longshore_engine::{Limits, read};
use zip::{CompressionMethod, ZipWriter, write::SimpleFileOptions};

const ARRAY: &[u8] =
    b"\x93NUMPY\x01\x00\x3b\x00{'descr': '<f8', 'fortran_order': False, 'shape': (2,)}   \n\
    \0\0\0\0\0\0\xf0\x3f\0\0\0\0\0\0\0\x40";

fuzz_target!(|schema: &[u8]| {
    for method in [CompressionMethod::Stored, CompressionMethod::Deflated] {
        let mut zip = ZipWriter::new(Cursor::new(Vec::new()));
        let options = SimpleFileOptions::default().compression_method(method);
        for (name, bytes) in [("schema.json", schema), ("a.npy", ARRAY), ("b.bin", b"bytes")] {
            zip.start_file(name, options).expect("a name that zip allows");
            zip.write_all(bytes).expect("memory to write to");
        }
        let bytes = zip.finish().expect("memory to write to").into_inner();
        let _ =
            read::document(bytes, &Limits::default()).map(|document| document.root().describe());
    }
});
