use super::analyzer::{Analyzer, Scratch};
use crate::{
    ColumnUse, Csr, Data, Error, Inputs, Scalar, Table, attributes, estimator::Transform,
    read::Cursor, sklearn::normalizer::Norm,
};

/// Where terms go that have no vocabulary: to the column of their hash.
#[derive(Debug)]
pub(in crate::sklearn) struct Hashed {
    pub(in crate::sklearn) columns: u32,
    /// True when half of the terms count as negative.
    signed: bool,
}

impl Hashed {
    /// `n_features` and `alternate_sign` of an estimator.
    pub(in crate::sklearn) fn read(c: Cursor<'_>) -> Result<Self, Error> {
        let columns = c.attr("n_features").and_then(Cursor::as_i64).unwrap_or(1 << 20);
        let columns = u32::try_from(columns).ok().filter(|&n| n > 0 && n < 1 << 31);
        Ok(Self {
            columns: columns.ok_or_else(|| {
                Error::attribute(c.class_name(), "n_features", "is not between 1 and 2^31 − 1")
            })?,
            signed: attributes::flag(c, "alternate_sign", true),
        })
    }

    /// Column and sign of a term.
    pub(in crate::sklearn) fn place(&self, term: &str) -> (u32, f64) {
        let hash = murmur3(term.as_bytes()) as i32;
        let sign = if self.signed && hash < 0 { -1.0 } else { 1.0 };
        // the smallest integer has no magnitude; its column is worked out in two steps
        let column = match hash.checked_abs() {
            Some(magnitude) => magnitude as u32 % self.columns,
            None => (i32::MAX as u32 - (self.columns - 1)) % self.columns,
        };
        (column, sign)
    }
}

/// `HashingVectorizer`: a term's column is its hash; no vocabulary is kept.
#[derive(Debug)]
pub(crate) struct HashingVectorizer {
    analyzer: Analyzer,
    hashed: Hashed,
    binary: bool,
    norm: Option<Norm>,
    scalar: Scalar,
    is_narrow: bool,
}

impl HashingVectorizer {
    pub(crate) fn build(c: Cursor<'_>) -> Result<Self, Error> {
        let norm = match attributes::text(c, "norm") {
            None => c.attr("norm").is_none().then_some(Norm::L2),
            Some(name) => Norm::from_name(name),
        };
        let scalar = match attributes::scalar(c, "dtype").unwrap_or_default() {
            Scalar::F32 => Scalar::F32,
            // rows of one length are floats
            _ if norm.is_some() => Scalar::F64,
            counts => counts,
        };
        Ok(Self {
            analyzer: Analyzer::read(c)?,
            hashed: Hashed::read(c)?,
            // a sum is true whatever it is of
            binary: attributes::flag(c, "binary", false) || scalar == Scalar::Bool,
            is_narrow: norm.is_none() && attributes::is_narrow(c, "dtype"),
            norm,
            scalar,
        })
    }
}

/// `MurmurHash3` for 32 bits with seed 0, by its published algorithm.
fn murmur3(bytes: &[u8]) -> u32 {
    let scramble =
        |block: u32| block.wrapping_mul(0xcc9e_2d51).rotate_left(15).wrapping_mul(0x1b87_3593);
    let (blocks, rest) = bytes.as_chunks::<4>();
    let mut hash = 0u32;
    for &block in blocks {
        hash ^= scramble(u32::from_le_bytes(block));
        hash = hash.rotate_left(13).wrapping_mul(5).wrapping_add(0xe654_6b64);
    }
    let mut last = [0; 4];
    last.iter_mut().zip(rest).for_each(|(to, from)| *to = *from);
    hash ^= scramble(u32::from_le_bytes(last));
    hash ^= bytes.len() as u32;
    hash = (hash ^ (hash >> 16)).wrapping_mul(0x85eb_ca6b);
    hash = (hash ^ (hash >> 13)).wrapping_mul(0xc2b2_ae35);
    hash ^ (hash >> 16)
}

impl Transform for HashingVectorizer {
    fn inputs(&self) -> Inputs {
        Inputs { documents: true, ..Inputs::default() }
    }

    fn outputs(&self, _columns: usize) -> usize {
        self.hashed.columns as usize
    }

    fn source(&self, _output: usize, _columns: usize) -> Option<usize> {
        Some(0)
    }

    fn uses(&self, columns: usize, _after: Option<&[ColumnUse]>) -> Option<Vec<ColumnUse>> {
        Some(vec![ColumnUse::Text; columns])
    }

    fn is_narrow(&self, _rows: bool) -> bool {
        self.is_narrow
    }

    fn transform(&self, input: Table) -> Result<Table, Error> {
        self.transform_ref(&input)
    }

    fn transform_ref(&self, input: &Table) -> Result<Table, Error> {
        let texts = super::documents(input)?;
        let mut out = Csr::with_capacity(self.hashed.columns as usize, input.rows, 16 * input.rows);
        out.scalar = self.scalar;
        let mut scratch = Scratch::default();
        let mut terms: Vec<(u32, f64)> = Vec::new();
        for row in 0..input.rows {
            terms.clear();
            let document = super::document(&texts, row)?;
            self.analyzer.each(document, &mut scratch, |term| terms.push(self.hashed.place(term)));
            terms.sort_by_key(|&(column, _)| column);
            let from = out.values.len();
            for same in terms.chunk_by(|a, b| a.0 == b.0) {
                if let Some(&(column, _)) = same.first() {
                    let sum = same.iter().map(|&(_, sign)| sign).sum();
                    out.indices.push(column);
                    out.values.push(if self.binary { 1.0 } else { sum });
                }
            }
            if let (Some(norm), Some(values)) = (self.norm, out.values.get_mut(from..)) {
                norm.apply_sparse(values);
            }
            out.end_row();
        }
        out.round();
        Ok(Table { rows: input.rows, names: None, data: Data::Sparse(out) })
    }
}

#[cfg(test)]
mod tests {
    use super::murmur3;

    #[test]
    fn hashes_are_the_published_ones() {
        assert_eq!(murmur3(b""), 0);
        assert_eq!(murmur3(b"test"), 0xba6b_d213);
        assert_eq!(murmur3(b"Hello, world!"), 0xc036_3e43);
    }
}
