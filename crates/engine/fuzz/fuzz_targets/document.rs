//! Pickles and joblib files, and every question that can be asked of what they hold.
#![no_main]

use libfuzzer_sys::fuzz_target;
use longshore_engine::{
    Limits,
    read::{self, Cursor, Document, Kind},
};

fuzz_target!(|bytes: &[u8]| {
    let Ok(document) = read::document(bytes.to_vec(), &Limits::default()) else { return };
    let _ = document.globals();
    // a walk that is bounded, as every consumer's must be
    let mut left = 2000;
    let mut open = vec![document.root()];
    while let Some(value) = open.pop() {
        left -= 1;
        if left == 0 {
            break;
        }
        ask(&document, value);
        match value.kind() {
            Kind::Object(object) => {
                open.push(value.go(object.class));
                open.extend(object.args.iter().chain(&object.items).map(|id| value.go(*id)));
                open.extend(object.pairs.iter().flat_map(|(k, v)| [value.go(*k), value.go(*v)]));
                open.extend(object.state.map(|id| value.go(id)));
            }
            Kind::Dict(pairs) => {
                open.extend(pairs.iter().flat_map(|(k, v)| [value.go(*k), value.go(*v)]));
            }
            _ => open.extend(value.items().unwrap_or_default().iter().map(|id| value.go(*id))),
        }
    }
});

fn ask(document: &Document, value: Cursor<'_>) {
    let _ = value.describe();
    let _ = (value.class(), value.class_name(), value.carried_class(), value.code());
    let _ = (value.as_i64(), value.as_f64(), value.as_bool(), value.as_str());
    let _ = (value.attr("steps"), value.require("coef_"), value.pairs());
    let Some(array) = value.as_array() else { return };
    let _ = (array.f64s(document), array.f32s(document), array.i64s(document));
    let _ = (array.bools(document), array.texts(document));
    for (name, _, _) in &array.dtype.fields {
        if let Some(field) = array.field(document, name) {
            let _ = (field.f64s(), field.i64s());
        }
    }
}
