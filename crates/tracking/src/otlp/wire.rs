//! The binary form of Protocol Buffers, as far as spans need it.

use super::Wrong;

/// What a field holds.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) enum Field<'b> {
    /// An integer of variable length.
    Varint(u64),
    /// Eight bytes.
    Fixed64(u64),
    /// Bytes, a text or a message.
    Bytes(&'b [u8]),
    /// Of another type, which no field of ours has.
    Other,
}

impl<'b> Field<'b> {
    pub(super) fn bytes(self) -> Result<&'b [u8], Wrong> {
        match self {
            Self::Bytes(bytes) => Ok(bytes),
            _ => Err(Wrong::Form),
        }
    }

    pub(super) fn text(self) -> Result<String, Wrong> {
        let text = std::str::from_utf8(self.bytes()?).map_err(|_| Wrong::Form)?;
        Ok(text.to_owned())
    }

    pub(super) fn varint(self) -> Result<u64, Wrong> {
        match self {
            Self::Varint(number) => Ok(number),
            _ => Err(Wrong::Form),
        }
    }

    pub(super) fn fixed64(self) -> Result<u64, Wrong> {
        match self {
            Self::Fixed64(number) => Ok(number),
            _ => Err(Wrong::Form),
        }
    }
}

/// The fields of a message, in their order.
pub(super) struct Fields<'b>(&'b [u8]);

impl<'b> Fields<'b> {
    pub(super) fn of(bytes: &'b [u8]) -> Self {
        Self(bytes)
    }

    /// The number and the value of the next field.
    ///
    /// # Errors
    /// [`Wrong::Form`].
    pub(super) fn next(&mut self) -> Result<Option<(u64, Field<'b>)>, Wrong> {
        if self.0.is_empty() {
            return Ok(None);
        }
        let key = self.varint()?;
        let field = match key & 7 {
            0 => Field::Varint(self.varint()?),
            1 => {
                let bytes = self.take(8)?.try_into().map_err(|_| Wrong::Form)?;
                Field::Fixed64(u64::from_le_bytes(bytes))
            }
            2 => {
                let length = self.varint()?.try_into().map_err(|_| Wrong::Form)?;
                Field::Bytes(self.take(length)?)
            }
            5 => {
                self.take(4)?;
                Field::Other
            }
            _ => return Err(Wrong::Form),
        };
        if key >> 3 == 0 { Err(Wrong::Form) } else { Ok(Some((key >> 3, field))) }
    }

    fn take(&mut self, count: usize) -> Result<&'b [u8], Wrong> {
        let (taken, left) = self.0.split_at_checked(count).ok_or(Wrong::Form)?;
        self.0 = left;
        Ok(taken)
    }

    fn varint(&mut self) -> Result<u64, Wrong> {
        let mut number = 0;
        for shift in (0..64).step_by(7) {
            let (byte, left) = self.0.split_first().ok_or(Wrong::Form)?;
            self.0 = left;
            number |= u64::from(byte & 0x7f) << shift;
            if byte & 0x80 == 0 {
                return Ok(number);
            }
        }
        Err(Wrong::Form)
    }
}

#[cfg(test)]
mod tests {
    use super::{Field, Fields, Wrong};

    #[test]
    fn fields_are_read_in_their_order() {
        let mut fields = Fields::of(&[0x08, 0x96, 0x01, 0x12, 0x02, b'o', b'k', 0x1d, 1, 2, 3, 4]);
        assert_eq!(fields.next(), Ok(Some((1, Field::Varint(150)))));
        assert_eq!(fields.next(), Ok(Some((2, Field::Bytes(b"ok")))));
        assert_eq!(fields.next(), Ok(Some((3, Field::Other))));
        assert_eq!(fields.next(), Ok(None));
    }

    #[test]
    fn what_is_cut_or_too_long_is_wrong() {
        for bytes in
            [&[0x08][..], &[0x12, 0x05, b'x'], &[0x09, 1], &[0x0b], &[0x00, 1], &[0x88; 12]]
        {
            let mut fields = Fields::of(bytes);
            let mut last = fields.next();
            while let Ok(Some(_)) = last {
                last = fields.next();
            }
            assert_eq!(last, Err(Wrong::Form), "{bytes:?}");
        }
        assert_eq!(Fields::of(&[0x12, 0xff, 0xff, 0xff, 0xff, 0x7f]).next(), Err(Wrong::Form));
    }
}
