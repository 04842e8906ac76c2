//! Writes files of CatBoost: tables before what they name, since offsets point forward.

/// A column of numbers, written when its turn comes; gives back where its table stands.
type Column = Box<dyn Fn(&mut Writer) -> usize>;

/// A buffer under way.
#[derive(Default)]
pub(crate) struct Writer {
    bytes: Vec<u8>,
    columns: Vec<Column>,
    /// How often the one column is named.
    repeated: Option<usize>,
}

impl Writer {
    /// A model of so many columns, each with so many borders: 0, 1, 2 …
    pub(crate) fn floats(columns: usize, borders: usize) -> Self {
        let column = move |at: usize| -> Column {
            Box::new(move |writer| {
                let borders: Vec<f32> = (0..borders).map(|border| border as f32).collect();
                writer.float(at as i32, at as i32, &borders)
            })
        };
        Self::lists((0..columns).map(column).collect())
    }

    /// A model of these columns.
    pub(crate) fn lists(columns: Vec<Column>) -> Self {
        Self { columns, ..Self::default() }
    }

    /// Has the list of columns name one column many times.
    pub(crate) fn repeat(&mut self, times: usize) {
        self.columns = vec![Box::new(|writer| writer.float(0, 0, &[0.5]))];
        self.repeated = Some(times);
    }

    fn number(&mut self, number: u32) {
        self.bytes.extend(number.to_le_bytes());
    }

    /// A table of fields of eight bytes; gives back where it stands.
    fn table(&mut self, fields: usize) -> usize {
        let vtable = self.bytes.len();
        self.bytes.extend((4 + fields as u16 * 2).to_le_bytes());
        self.bytes.extend((4 + fields as u16 * 8).to_le_bytes());
        for field in 0..fields {
            self.bytes.extend((4 + field as u16 * 8).to_le_bytes());
        }
        let table = self.bytes.len();
        self.number((table - vtable) as u32);
        self.bytes.resize(self.bytes.len() + fields * 8, 0);
        table
    }

    fn set(&mut self, table: usize, field: usize, value: i32) {
        let at = table + 4 + field * 8;
        self.bytes[at..at + 4].copy_from_slice(&value.to_le_bytes());
    }

    fn name(&mut self, at: usize, target: usize) {
        let offset = (target - at) as u32;
        self.bytes[at..at + 4].copy_from_slice(&offset.to_le_bytes());
    }

    fn list(&mut self, table: usize, field: usize, count: usize, items: &[u8]) {
        self.name(table + 4 + field * 8, self.bytes.len());
        self.number(count as u32);
        self.bytes.extend(items);
    }

    fn numbers<const N: usize>(&mut self, table: usize, field: usize, items: &[[u8; N]]) {
        self.list(table, field, items.len(), items.as_flattened());
    }

    /// A column of numbers.
    pub(crate) fn float(&mut self, index: i32, place: i32, borders: &[f32]) -> usize {
        let table = self.table(4);
        self.set(table, 0, 0);
        self.set(table, 1, index);
        self.set(table, 2, place);
        let borders: Vec<_> = borders.iter().map(|border| border.to_le_bytes()).collect();
        self.numbers(table, 3, &borders);
        table
    }
}

/// The file of a model: scores a row, and each tree's levels with its splits.
pub(crate) fn model(mut writer: Writer, outputs: i32, trees: &[(i32, Vec<i32>)]) -> Vec<u8> {
    let columns = std::mem::take(&mut writer.columns);
    writer.number(4);
    // the table would begin where its list of fields does
    let core = writer.table(2);
    writer.name(0, core);
    let version = b"FlabuffersModel_v1";
    writer.list(core, 0, version.len(), version);
    let table = writer.table(10);
    writer.name(core + 4 + 8, table);
    writer.set(table, 0, outputs);
    let splits: Vec<_> = trees.iter().flat_map(|tree| &tree.1).map(|s| s.to_le_bytes()).collect();
    writer.numbers(table, 1, &splits);
    let sizes: Vec<_> = trees.iter().map(|tree| tree.0.to_le_bytes()).collect();
    writer.numbers(table, 2, &sizes);
    let leaves: usize = trees.iter().map(|tree| 1 << tree.0.min(20)).sum();
    let values: Vec<_> = (0..leaves).map(|leaf| (leaf as f64).to_le_bytes()).collect();
    writer.numbers(table, 8, &values);
    writer.numbers(table, 9, &values);
    // lists that are not written must be absent
    let vtable = table - 4 - 20;
    for field in [3, 4, 6, 7] {
        writer.bytes[vtable + 4 + field * 2..vtable + 6 + field * 2].fill(0);
    }
    let count = writer.repeated.unwrap_or(columns.len());
    let at = writer.bytes.len();
    writer.list(table, 5, count, &vec![0; count * 4]);
    let places: Vec<usize> = columns.iter().map(|column| column(&mut writer)).collect();
    for item in 0..count {
        let place = places[item.min(places.len() - 1)];
        writer.name(at + 4 + item * 4, place);
    }
    let mut file = b"CBM1".to_vec();
    file.extend((writer.bytes.len() as u32).to_le_bytes());
    file.extend(writer.bytes);
    file
}
