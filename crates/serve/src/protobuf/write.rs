/// Writes a message field by field.
#[derive(Debug, Default)]
pub(crate) struct Writer {
    out: Vec<u8>,
}

impl Writer {
    /// Appends to what `out` holds already.
    pub(crate) fn after(out: Vec<u8>) -> Self {
        Self { out }
    }

    /// What was written.
    pub(crate) fn finish(self) -> Vec<u8> {
        self.out
    }

    /// A text; an empty one is the default of its field and is left out.
    pub(crate) fn text(&mut self, number: u32, text: &str) {
        if !text.is_empty() {
            self.bytes(number, text.as_bytes());
        }
    }

    /// Bytes, or an entry of a list, which is written even when it is empty.
    pub(crate) fn bytes(&mut self, number: u32, bytes: &[u8]) {
        self.length(number, bytes.len());
        self.out.extend_from_slice(bytes);
    }

    /// An integer; 0 is the default of its field and is left out.
    pub(crate) fn integer(&mut self, number: u32, value: i64) {
        if value != 0 {
            self.key(number, 0);
            self.varint(value as u64);
        }
    }

    /// A boolean; false is the default of its field and is left out.
    pub(crate) fn boolean(&mut self, number: u32, value: bool) {
        self.integer(number, i64::from(value));
    }

    /// A packed list of integers; an empty one is left out.
    pub(crate) fn integers(&mut self, number: u32, values: impl Iterator<Item = i64> + Clone) {
        let size = values.clone().map(|value| varint_size(value as u64)).sum();
        if size > 0 {
            self.length(number, size);
            values.for_each(|value| self.varint(value as u64));
        }
    }

    /// A packed list of values that take `N` bytes each; an empty one is left out.
    pub(crate) fn fixed<const N: usize>(
        &mut self,
        number: u32,
        values: impl ExactSizeIterator<Item = [u8; N]>,
    ) {
        if values.len() > 0 {
            self.length(number, values.len() * N);
            values.for_each(|value| self.out.extend_from_slice(&value));
        }
    }

    /// `size` bytes, which `write` appends.
    pub(crate) fn sized(&mut self, number: u32, size: usize, write: impl FnOnce(&mut Vec<u8>)) {
        self.length(number, size);
        let begun = self.out.len();
        write(&mut self.out);
        debug_assert_eq!(self.out.len() - begun, size);
    }

    /// A message. What `write` wrote moves once, by the bytes of its length.
    pub(crate) fn message(&mut self, number: u32, write: impl FnOnce(&mut Self)) {
        self.key(number, 2);
        let begun = self.out.len();
        write(self);
        let size = self.out.len() - begun;
        self.varint(size as u64);
        let width = varint_size(size as u64);
        if let Some(written) = self.out.get_mut(begun..) {
            written.rotate_right(width);
        }
    }

    /// The head of a field with `length` bytes.
    fn length(&mut self, number: u32, length: usize) {
        self.key(number, 2);
        self.varint(length as u64);
    }

    fn key(&mut self, number: u32, form: u64) {
        self.varint(u64::from(number) << 3 | form);
    }

    fn varint(&mut self, mut value: u64) {
        while value >= 0x80 {
            self.out.push(value as u8 | 0x80);
            value >>= 7;
        }
        self.out.push(value as u8);
    }
}

/// Bytes that an integer takes.
fn varint_size(value: u64) -> usize {
    (64 - (value | 1).leading_zeros() as usize).div_ceil(7)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn written(write: impl FnOnce(&mut Writer)) -> Vec<u8> {
        let mut writer = Writer::default();
        write(&mut writer);
        writer.finish()
    }

    #[test]
    fn fields_are_as_protobuf_has_them() {
        // from protobuf.dev's page on the encoding
        assert_eq!(written(|w| w.integer(1, 150)), [0x08, 0x96, 0x01]);
        assert_eq!(written(|w| w.text(2, "testing")), b"\x12\x07testing");
        assert_eq!(
            written(|w| w.message(3, |w| w.integer(1, 150))),
            [0x1a, 0x03, 0x08, 0x96, 0x01]
        );
        assert_eq!(
            written(|w| w.integers(6, [3, 270, 86942].into_iter())),
            [0x32, 0x06, 0x03, 0x8e, 0x02, 0x9e, 0xa7, 0x05]
        );
        let negative = [0x08, 0xfe, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0x01];
        assert_eq!(written(|w| w.integer(1, -2)), negative);
        assert_eq!(written(|w| w.fixed(1, [[1, 2]].into_iter())), [0x0a, 2, 1, 2]);
        assert!(written(|w| w.text(1, "")).is_empty());
        let long = "x".repeat(200);
        let message = written(|w| w.message(1, |w| w.text(1, &long)));
        assert_eq!(message[..6], [0x0a, 0xcb, 0x01, 0x0a, 0xc8, 0x01]);
        assert_eq!(message.len(), 206);
    }

    #[test]
    fn sizes_are_those_of_what_is_written() {
        for value in [0, 1, 127, 128, 16_383, 16_384, u64::from(u32::MAX), u64::MAX] {
            let mut writer = Writer::default();
            writer.varint(value);
            assert_eq!(writer.finish().len(), varint_size(value), "{value}");
        }
    }
}
