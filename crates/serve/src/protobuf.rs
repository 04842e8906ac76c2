//! Protocol Buffers on the wire: the few messages of gRPC are read from their bytes and written as bytes, without a generated
//! type between (protobuf.dev, "Encoding").

mod read;
mod write;

pub(crate) use read::{Field, Reader, Value, varints};
pub(crate) use write::Writer;
