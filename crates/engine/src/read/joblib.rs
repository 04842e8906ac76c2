//! joblib's arrays: they stand in the middle of the pickle, behind the `BUILD` of a placeholder.
//!
//! Format: `joblib/numpy_pickle.py`, `NumpyArrayWrapper.write_array`.

use super::{Cursor, DtypeKind, Id, Node, numpy, pickle::Machine};
use crate::Error;

/// True for the placeholder of an array.
pub(crate) fn is_wrapper(object: Cursor<'_>) -> bool {
    object.class().is_some_and(|(module, name)| {
        module.ends_with("numpy_pickle") && name.ends_with("ArrayWrapper")
            || module.ends_with("numpy_pickle_compat")
    })
}

/// Reads the array that follows a placeholder; the machine stands where the placeholder ends.
pub(crate) fn read(machine: &mut Machine, wrapper: Id, at: usize) -> Result<Id, Error> {
    let cursor = machine.out.cursor(wrapper);
    if cursor.class_name() != "NumpyArrayWrapper" {
        return Err(Error::Unsupported {
            what: format!("joblib's `{}`", cursor.class_name()),
            reason: "joblib before 0.10 kept arrays in files beside the model".into(),
            hint:
                "Load the model with the joblib that wrote it and dump it with joblib 0.10 or later"
                    .into(),
        });
    }
    let dtype = cursor.attr("dtype").and_then(Cursor::shared_dtype);
    let dtype = dtype.ok_or_else(|| machine.out.wrong(at, "a joblib array has no dtype"))?;
    let shape = cursor.attr("shape").and_then(numpy::shape);
    let shape = shape.ok_or_else(|| machine.out.wrong(at, "a joblib array has no shape"))?;
    let fortran = cursor.attr("order").and_then(Cursor::as_str) == Some("F");
    let aligned = cursor.attr("numpy_array_alignment_bytes").and_then(Cursor::as_i64).is_some();
    if dtype.has_objects() {
        return inner(machine);
    }
    if aligned {
        let [padding] = machine.array()?;
        machine.take(usize::from(padding))?;
    }
    let len = numpy::bytes_of(&machine.out, &dtype, &shape, at)?;
    let (start, _) = machine.take(len)?;
    let data = (start as u64, len as u64, false);
    let array = numpy::raw(&machine.out, dtype, shape, fortran, data, at)?;
    machine.out.node(Node::Array(Box::new(array)), at)
}

/// An array of objects, which joblib writes as a pickle of its own.
fn inner(machine: &mut Machine) -> Result<Id, Error> {
    machine.inner = true;
    let id = machine.run()?;
    machine.inner = false;
    Ok(id)
}

impl super::Dtype {
    /// True when an item, or a field of an item, is a Python object.
    pub(crate) fn has_objects(&self) -> bool {
        self.kind == DtypeKind::Object || self.objects
    }
}
