//! MD5 by RFC 1321, as a way to spread values over columns: it protects nothing.

/// How far each of the four steps of a round turns.
const TURNS: [[u32; 4]; 4] = [[7, 12, 17, 22], [5, 9, 14, 20], [4, 11, 16, 23], [6, 10, 15, 21]];

/// The digest of `bytes`.
pub(super) fn md5(bytes: &[u8]) -> [u8; 16] {
    let mut state = [0x6745_2301_u32, 0xefcd_ab89, 0x98ba_dcfe, 0x1032_5476];
    let (blocks, rest) = bytes.as_chunks::<64>();
    for block in blocks {
        mix(&mut state, block);
    }
    // the rest, one bit, zeros, and the length in bits
    let mut last = [0; 128];
    let size = if rest.len() < 56 { 64 } else { 128 };
    let length = (bytes.len() as u64).wrapping_mul(8).to_le_bytes();
    let end = last.iter_mut().skip(size - 8).zip(length);
    end.for_each(|(to, from)| *to = from);
    last.iter_mut().zip(rest.iter().chain(&[0x80])).for_each(|(to, from)| *to = *from);
    for block in last.as_chunks::<64>().0.iter().take(size / 64) {
        mix(&mut state, block);
    }
    let mut out = [0; 16];
    for (to, word) in out.as_chunks_mut::<4>().0.iter_mut().zip(state) {
        *to = word.to_le_bytes();
    }
    out
}

fn mix(state: &mut [u32; 4], block: &[u8; 64]) {
    let mut words = [0; 16];
    for (word, bytes) in words.iter_mut().zip(block.as_chunks::<4>().0) {
        *word = u32::from_le_bytes(*bytes);
    }
    let [mut a, mut b, mut c, mut d] = *state;
    for (round, turns) in TURNS.iter().enumerate() {
        for step in 0..16 {
            let nth = round * 16 + step;
            let (mixed, word) = match round {
                0 => ((b & c) | (!b & d), step),
                1 => ((d & b) | (!d & c), (5 * step + 1) % 16),
                2 => (b ^ c ^ d, (3 * step + 5) % 16),
                _ => (c ^ (b | !d), (7 * step) % 16),
            };
            // the whole part of 2³² times a sine
            let constant = ((nth as f64 + 1.0).sin().abs() * 4_294_967_296.0) as u32;
            let word = words.get(word).copied().unwrap_or_default();
            let sum = a.wrapping_add(mixed).wrapping_add(constant).wrapping_add(word);
            let turn = turns.get(step % 4).copied().unwrap_or_default();
            (a, d, c, b) = (d, c, b, b.wrapping_add(sum.rotate_left(turn)));
        }
    }
    for (word, more) in state.iter_mut().zip([a, b, c, d]) {
        *word = word.wrapping_add(more);
    }
}

#[cfg(test)]
mod tests {
    use super::md5;

    fn hex(text: &str) -> String {
        md5(text.as_bytes()).iter().fold(String::new(), |hex, byte| hex + &format!("{byte:02x}"))
    }

    #[test]
    fn digests_are_those_of_the_rfc() {
        assert_eq!(hex(""), "d41d8cd98f00b204e9800998ecf8427e");
        assert_eq!(hex("abc"), "900150983cd24fb0d6963f7d28e17f72");
        assert_eq!(hex("message digest"), "f96b697d7cb7938d525a2f31aaf161d0");
        let long =
            "12345678901234567890123456789012345678901234567890123456789012345678901234567890";
        assert_eq!(hex(long), "57edf4a22be3c955ac49da2e2107b67a");
        // lengths about the end of a block
        assert_eq!(hex(&"a".repeat(55)), "ef1772b6dff9a122358552954ad0df65");
        assert_eq!(hex(&"a".repeat(56)), "3b0c8ac703f828b04c6c197006d17218");
        assert_eq!(hex(&"a".repeat(64)), "014842d480b571495a4a0363793f7367");
    }
}
