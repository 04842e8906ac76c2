/// Texts in one buffer; each may be missing.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct TextColumn {
    buffer: String,
    /// Start and end of each text; `None` when it is missing.
    spans: Vec<Option<(u32, u32)>>,
}

impl TextColumn {
    /// An empty column with room for `texts` texts.
    pub fn with_capacity(texts: usize) -> Self {
        Self { buffer: String::new(), spans: Vec::with_capacity(texts) }
    }

    /// Appends a text, or a missing value. Texts beyond 4 GiB in all become missing: no request
    /// body is that large.
    pub fn push(&mut self, text: Option<&str>) {
        let span = text.and_then(|text| {
            let start = u32::try_from(self.buffer.len()).ok()?;
            let end = u32::try_from(self.buffer.len() + text.len()).ok()?;
            self.buffer.push_str(text);
            Some((start, end))
        });
        self.spans.push(span);
    }

    /// Adds all texts of `other`; `None`, and nothing changes, when they do not fit into 4 GiB together.
    pub(super) fn append(&mut self, other: &Self) -> Option<()> {
        let shift = u32::try_from(self.buffer.len()).ok()?;
        u32::try_from(self.buffer.len().checked_add(other.buffer.len())?).ok()?;
        self.buffer.push_str(&other.buffer);
        let moved = |(start, end): (u32, u32)| (start + shift, end + shift);
        self.spans.extend(other.spans.iter().map(|span| span.map(moved)));
        Some(())
    }

    /// Bytes of memory that the texts take, about.
    pub(crate) fn bytes(&self) -> usize {
        self.buffer.len() + self.spans.len() * 12
    }

    /// Number of texts, missing ones included.
    pub fn len(&self) -> usize {
        self.spans.len()
    }

    /// True when there is no text.
    pub fn is_empty(&self) -> bool {
        self.spans.is_empty()
    }

    /// The text at `row`; `None` when it is missing.
    pub fn get(&self, row: usize) -> Option<&str> {
        let (start, end) = (*self.spans.get(row)?)?;
        self.buffer.get(start as usize..end as usize)
    }

    /// All texts in order.
    pub fn iter(&self) -> impl ExactSizeIterator<Item = Option<&str>> {
        (0..self.len()).map(|row| self.get(row))
    }
}

impl<'a> FromIterator<Option<&'a str>> for TextColumn {
    fn from_iter<I: IntoIterator<Item = Option<&'a str>>>(texts: I) -> Self {
        let mut column = Self::default();
        for text in texts {
            column.push(text);
        }
        column
    }
}
