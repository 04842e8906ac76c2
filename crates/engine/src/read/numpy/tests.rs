//! Arrays as numpy itself pickles them.

use crate::{
    Limits,
    read::{Document, document},
};

fn load(bytes: &[u8]) -> Document {
    document(bytes.to_vec(), &Limits::default()).unwrap()
}

fn fault(bytes: &[u8]) -> String {
    document(bytes.to_vec(), &Limits::default()).unwrap_err().to_string()
}

/// `numpy.dtype(code)` with its state.
fn dtype(code: &str, order: u8) -> Vec<u8> {
    let mut bytes = b"cnumpy\ndtype\n(U".to_vec();
    bytes.push(code.len() as u8);
    bytes.extend(code.as_bytes());
    bytes.extend(b"I00\nI01\ntR(K\x03U\x01");
    bytes.push(order);
    bytes.extend(b"NNNJ\xff\xff\xff\xffJ\xff\xff\xff\xffK\0tb");
    bytes
}

/// An array by `_reconstruct`, with its state.
fn array(dtype: &[u8], shape: &[u8], fortran: bool, data: &[u8]) -> Vec<u8> {
    let mut bytes =
        b"\x80\x02cnumpy.core.multiarray\n_reconstruct\n(cnumpy\nndarray\nK\0\x85U\x01btR(K\x01"
            .to_vec();
    bytes.push(b'(');
    for dimension in shape {
        bytes.extend([b'K', *dimension]);
    }
    bytes.push(b't');
    bytes.extend(dtype);
    bytes.push(if fortran { 0x88 } else { 0x89 });
    bytes.extend(data);
    bytes.extend(b"tb.");
    bytes
}

fn raw(bytes: &[u8]) -> Vec<u8> {
    [&[b'U', bytes.len() as u8], bytes].concat()
}

#[test]
fn arrays_of_every_order_are_read_row_by_row() {
    let of = |order, fortran, data: &[u8]| {
        let document = load(&array(&dtype("i2", order), &[2, 2], fortran, &raw(data)));
        document.root().as_array().unwrap().i64s(&document).unwrap()
    };
    assert_eq!(of(b'<', false, &[1, 0, 2, 0, 3, 0, 4, 0]), [1, 2, 3, 4]);
    assert_eq!(of(b'<', true, &[1, 0, 2, 0, 3, 0, 4, 0]), [1, 3, 2, 4]);
    assert_eq!(of(b'>', false, &[0, 1, 0, 2, 0, 3, 0xff, 0xff]), [1, 2, 3, -1]);
}

#[test]
fn arrays_without_dimensions_or_items_are_read() {
    let document = load(&array(&dtype("i2", b'<'), &[], false, &raw(&[7, 0])));
    assert_eq!(document.root().as_i64(), Some(7));
    let document = load(&array(&dtype("i2", b'<'), &[3, 0], false, &raw(&[])));
    assert!(document.root().as_array().unwrap().is_empty());
}

#[test]
fn arrays_with_moved_axes_are_put_in_order() {
    // numpy.arange(24, dtype="i1").reshape(2, 3, 4).transpose(1, 0, 2), by numpy 2.5
    let document = load(
        b"\x80\x05\x95\x87\x00\x00\x00\x00\x00\x00\x00\x8c\x13numpy._core.numeric\x8c\x0b_frombuffer\
          \x93(\x96\x18\x00\x00\x00\x00\x00\x00\x00\x00\x01\x02\x03\x04\x05\x06\x07\x08\t\n\x0b\x0c\r\
          \x0e\x0f\x10\x11\x12\x13\x14\x15\x16\x17\x8c\x05numpy\x8c\x05dtype\x93\x8c\x02i1\x89\x88\x87R\
          (K\x03\x8c\x01|NNNJ\xff\xff\xff\xffJ\xff\xff\xff\xffK\x00tbK\x02K\x03K\x04\x87\x8c\x01KK\x01\
          K\x00K\x02\x87tR.",
    );
    let array = document.root().as_array().unwrap();
    assert_eq!(array.shape, [3, 2, 4]);
    let expected =
        [0, 1, 2, 3, 12, 13, 14, 15, 4, 5, 6, 7, 16, 17, 18, 19, 8, 9, 10, 11, 20, 21, 22, 23];
    assert_eq!(array.i64s(&document).unwrap(), expected);
}

#[test]
fn objects_are_row_by_row_whatever_the_flag_says() {
    // numpy.array([["a", "bc"], ["é", ""]], dtype=object, order="F"), by numpy 2.5
    let document = load(
        b"\x80\x04\x95\x86\x00\x00\x00\x00\x00\x00\x00\x8c\x16numpy._core.multiarray\x8c\x0c_reconstruct\
          \x93\x8c\x05numpy\x94\x8c\x07ndarray\x93K\x00\x85C\x01b\x87R(K\x01K\x02K\x02\x86h\x00\x8c\x05\
          dtype\x93\x8c\x02O8\x89\x88\x87R(K\x03\x8c\x01|NNNJ\xff\xff\xff\xffJ\xff\xff\xff\xffK?tb\x88]\
          (\x8c\x01a\x8c\x02bc\x8c\x02\xc3\xa9\x8c\x00etb.",
    );
    let array = document.root().as_array().unwrap();
    assert_eq!(array.texts(&document).unwrap(), ["a", "bc", "é", ""]);
}

#[test]
fn a_long_text_shared_by_many_items_is_not_copied_without_bound() {
    let mut bytes = array(&dtype("O8", b'|'), &[], false, b"");
    // 40,000 references to a text of 4,000 bytes
    let state = b"](V".to_vec();
    let at = bytes.len() - 3;
    let mut list = state;
    list.extend([b'x'; 4000]);
    list.extend(b"\nr\xff\0\0\0");
    for _ in 1..40_000 {
        list.extend(b"j\xff\0\0\0");
    }
    list.push(b'e');
    bytes.splice(at..at, list);
    let shape = bytes.windows(2).position(|w| w == b"(t").unwrap();
    bytes.splice(shape + 1..=shape, b"M\x40\x9c".iter().copied());
    let document = load(&bytes);
    let array = document.root().as_array().unwrap();
    assert_eq!(array.len(), 40_000);
    assert!(array.texts(&document).unwrap_err().to_string().contains("texts within the file"));
}

#[test]
fn an_array_may_hold_itself() {
    let mut bytes = array(&dtype("O8", b'|'), &[1], false, b"](h\x01e");
    let at = bytes.windows(4).position(|w| w == b"btR(").unwrap() + 3;
    bytes.splice(at..at, b"q\x01".iter().copied());
    let document = load(&bytes);
    assert_eq!(document.root().as_f64(), None);
    assert_eq!(document.root().as_i64(), None);
    assert!(document.root().as_array().unwrap().f64s(&document).is_err());
}

#[test]
fn lies_are_errors() {
    let two = dtype("i2", b'<');
    for (bytes, words) in [
        (array(&two, &[2], false, &raw(&[1, 0])), "stored in 2 bytes"),
        (array(&two, &[255; 8], false, &raw(&[])), "too large"),
        (array(&two, &[1; 65], false, &raw(&[])), "no shape"),
        (array(b"N", &[1], false, &raw(&[])), "no dtype"),
        (array(&two, &[1], false, b"]"), "the data of an array is a list"),
        (array(&dtype("O8", b'|'), &[2], false, b"]"), "holds 0 objects"),
        (array(&dtype("O8", b'|'), &[1], false, &raw(&[0; 8])), "raw bytes"),
        (array(&dtype("U0", b'<'), &[255, 255, 255], false, &raw(&[])), "too large"),
    ] {
        let message = fault(&bytes);
        assert!(message.contains(words), "{message}");
    }
}
