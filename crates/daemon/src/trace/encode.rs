//! Spans as OTLP writes them: Protocol Buffers, field by field as in `opentelemetry/proto/trace/v1/trace.proto` and the
//! other files of opentelemetry-proto 1.x.

use std::time::{SystemTime, UNIX_EPOCH};

use super::{Record, Value};

/// A message that is being written.
#[derive(Debug, Default)]
struct Message(Vec<u8>);

/// How a field's bytes are laid out (the encoding of protocol buffers).
#[derive(Clone, Copy)]
enum Wire {
    Varint = 0,
    Fixed64 = 1,
    Bytes = 2,
    Fixed32 = 5,
}

impl Message {
    fn varint(&mut self, mut value: u64) {
        while value >= 0x80 {
            self.0.push(value as u8 | 0x80);
            value >>= 7;
        }
        self.0.push(value as u8);
    }

    fn key(&mut self, field: u32, wire: Wire) {
        self.varint(u64::from(field << 3 | wire as u32));
    }

    fn number(&mut self, field: u32, value: u64) {
        self.key(field, Wire::Varint);
        self.varint(value);
    }

    fn fixed64(&mut self, field: u32, value: u64) {
        self.key(field, Wire::Fixed64);
        self.0.extend_from_slice(&value.to_le_bytes());
    }

    fn fixed32(&mut self, field: u32, value: u32) {
        self.key(field, Wire::Fixed32);
        self.0.extend_from_slice(&value.to_le_bytes());
    }

    fn bytes(&mut self, field: u32, bytes: &[u8]) {
        self.key(field, Wire::Bytes);
        self.varint(bytes.len() as u64);
        self.0.extend_from_slice(bytes);
    }

    fn message(&mut self, field: u32, write: impl FnOnce(&mut Self)) {
        let mut inner = Self::default();
        write(&mut inner);
        self.bytes(field, &inner.0);
    }

    /// `KeyValue`, whose value is `AnyValue`.
    fn attribute(&mut self, field: u32, key: &str, value: &Value) {
        self.message(field, |pair| {
            pair.bytes(1, key.as_bytes());
            pair.message(2, |any| match value {
                Value::Text(text) => any.bytes(1, text.as_bytes()),
                Value::Integer(number) => any.number(3, *number as u64),
                Value::Float(number) => any.fixed64(4, number.to_bits()),
            });
        });
    }

    fn span(&mut self, field: u32, record: &Record) {
        /// `SPAN_KIND_SERVER`
        const SERVER: u64 = 2;
        /// `STATUS_CODE_ERROR`
        const ERROR: u64 = 2;
        /// The trace is sampled, and it is known whether the caller is another process: every caller is.
        const FLAGS: u32 = 0x001 | 0x100;
        const REMOTE: u32 = 0x200;
        self.message(field, |span| {
            let context = &record.context;
            span.bytes(1, &context.trace);
            span.bytes(2, &context.span);
            if !context.state.is_empty() {
                span.bytes(3, context.state.as_bytes());
            }
            if let Some(parent) = &context.parent {
                span.bytes(4, parent);
            }
            span.bytes(5, record.name.as_bytes());
            span.number(6, SERVER);
            span.fixed64(7, nanos(record.start));
            span.fixed64(8, nanos(record.start + record.took));
            for (key, value) in &record.attributes {
                span.attribute(9, key, value);
            }
            if let Some(failure) = &record.failure {
                span.message(15, |status| {
                    status.bytes(2, failure.as_bytes());
                    status.number(3, ERROR);
                });
            }
            span.fixed32(16, if context.parent.is_some() { FLAGS | REMOTE } else { FLAGS });
        });
    }
}

/// Nanoseconds since 1970.
fn nanos(time: SystemTime) -> u64 {
    let since = time.duration_since(UNIX_EPOCH).unwrap_or_default();
    u64::try_from(since.as_nanos()).unwrap_or(u64::MAX)
}

/// `ExportTraceServiceRequest` with `records` of a process that `resource` describes, made by this `version`.
pub(super) fn request(resource: &[(String, String)], version: &str, records: &[Record]) -> Vec<u8> {
    let mut request = Message::default();
    request.message(1, |of_process| {
        of_process.message(1, |described| {
            for (key, value) in resource {
                described.attribute(1, key, &Value::Text(value.clone()));
            }
        });
        of_process.message(2, |of_scope| {
            of_scope.message(1, |scope| {
                scope.bytes(1, b"longshore");
                scope.bytes(2, version.as_bytes());
            });
            for record in records {
                of_scope.span(2, record);
            }
        });
    });
    request.0
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::{super::context::Context, *};

    /// What `opentelemetry-proto` 1.45.2 for Python serializes: `encode/expected.py`.
    const EXPECTED: &str = include_str!("encode/expected.hex");

    #[test]
    fn a_span_is_written_as_the_real_library_writes_it() {
        let record = Record {
            context: Context {
                trace: std::array::from_fn(|at| at as u8 + 1),
                span: [0xa1; 8],
                parent: Some([0xb2; 8]),
                state: "vendor=1".into(),
            },
            name: "POST /v1/models/{model}:predict".into(),
            start: UNIX_EPOCH + Duration::new(1_700_000_000, 123_456_789),
            took: Duration::from_micros(1500),
            attributes: vec![
                ("longshore.model.name", "wine".into()),
                ("longshore.rows", 300_usize.into()),
                ("longshore.decode.seconds", Duration::from_millis(250).into()),
                ("negative", Value::Integer(-2)),
            ],
            failure: Some("the model failed on these rows".into()),
        };
        let resource = [("service.name".to_owned(), "wine-é".to_owned())];
        let written = request(&resource, "0.1.0", &[record]);
        let expected = EXPECTED.trim().as_bytes().chunks(2);
        let expected = expected.map(|pair| std::str::from_utf8(pair).unwrap());
        let expected = expected.map(|pair| u8::from_str_radix(pair, 16).unwrap());
        assert_eq!(written, expected.collect::<Vec<_>>());
    }
}
