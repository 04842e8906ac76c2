use super::read;
use crate::{
    Limits,
    read::{Cursor, Document, Kind},
};

fn load(bytes: &[u8]) -> Document {
    read(bytes.to_vec(), &Limits::default()).unwrap()
}

fn fault(bytes: &[u8]) -> String {
    read(bytes.to_vec(), &Limits::default()).unwrap_err().to_string()
}

/// A value as Python would print it; what refers to itself is cut off.
fn show(value: Cursor<'_>, depth: usize) -> String {
    if depth > 6 {
        return "…".into();
    }
    let list = |items: &[crate::read::Id]| {
        items.iter().map(|id| show(value.go(*id), depth + 1)).collect::<Vec<_>>().join(", ")
    };
    let pairs = |pairs: &[(crate::read::Id, crate::read::Id)]| {
        let each = pairs.iter().map(|(k, v)| {
            format!("{}: {}", show(value.go(*k), depth + 1), show(value.go(*v), depth + 1))
        });
        each.collect::<Vec<_>>().join(", ")
    };
    match value.kind() {
        Kind::None => "None".into(),
        Kind::Bool(v) => format!("{v}"),
        Kind::Int(v) => format!("{v}"),
        Kind::BigInt(v) => format!("big {v:?}"),
        Kind::Float(v) => format!("{v:?}"),
        Kind::Text(v) => format!("{v:?}"),
        Kind::Bytes(v) => format!("b{v:?}"),
        Kind::List(v) => format!("[{}]", list(v)),
        Kind::Tuple(v) => format!("({})", list(v)),
        Kind::Set(v) => format!("set({})", list(v)),
        Kind::Dict(v) => format!("{{{}}}", pairs(v)),
        Kind::Global(module, name) => format!("{module}.{name}"),
        Kind::Object(v) => {
            let state = v.state.map(|state| format!("<-{}", show(value.go(state), depth + 1)));
            let items = (!v.items.is_empty()).then(|| format!("+[{}]", list(&v.items)));
            let set = (!v.pairs.is_empty()).then(|| format!("+{{{}}}", pairs(&v.pairs)));
            let extra: String = [state, items, set].into_iter().flatten().collect();
            format!("{}({}){extra}", show(value.go(v.class), depth + 1), list(&v.args))
        }
        Kind::Array(v) => match v.objects() {
            Some(ids) => format!("array{:?}[{}]", v.shape, list(ids)),
            None => match v.f64s(value.document()) {
                Ok(items) => format!("array{:?}{items:?}", v.shape),
                Err(_) => format!("array{:?}{:?}", v.shape, v.raw(value.document())),
            },
        },
        Kind::Dtype(v) => format!("dtype {:?}{}", v.kind, v.size),
    }
}

#[track_caller]
fn check(bytes: &[u8], expected: &str) {
    let document = load(bytes);
    assert_eq!(show(document.root(), 0), expected);
}

#[test]
fn scalars_of_every_opcode() {
    check(b"N.", "None");
    check(b"\x88.", "true");
    check(b"\x89.", "false");
    check(b"I01\n.", "true");
    check(b"I00\n.", "false");
    check(b"I-12\n.", "-12");
    check(b"K\xff.", "255");
    check(b"M\x01\x02.", "513");
    check(b"J\xfe\xff\xff\xff.", "-2");
    check(b"L12345678901L\n.", "12345678901");
    check(b"L-5\n.", "-5");
    check(b"\x8a\x01\xff.", "-1");
    check(b"\x8a\x00.", "0");
    check(b"\x8b\x02\0\0\0\x00\x01.", "256");
    check(b"\x8a\x09\0\0\0\0\0\0\0\0\x01.", "big [0, 0, 0, 0, 0, 0, 0, 0, 1]");
    check(b"L18446744073709551616\n.", "big [0, 0, 0, 0, 0, 0, 0, 0, 1, 0, 0, 0, 0]");
    check(b"F1.5\n.", "1.5");
    check(b"Finf\n.", "inf");
    check(b"G\xbf\xf0\0\0\0\0\0\0.", "-1.0");
}

#[test]
fn texts_and_bytes_of_every_opcode() {
    check(b"S'a\\n\\x41'\np0\n.", "\"a\\nA\"");
    check(b"S\"it's\"\n.", "\"it's\"");
    check(b"S'\\xff'\n.", "b[255]");
    check(b"U\x02hi.", "\"hi\"");
    check(b"T\x02\0\0\0h\xff.", "b[104, 255]");
    check(b"Vcaf\xe9 \\u20ac\n.", "\"café €\"");
    check(b"Vplain\n.", "\"plain\"");
    check("X\u{3}\0\0\0€.".as_bytes(), "\"€\"");
    check(b"\x8c\x00.", "\"\"");
    check(b"\x8d\x01\0\0\0\0\0\0\0z.", "\"z\"");
    check(b"C\x01\xfe.", "b[254]");
    check(b"B\x01\0\0\0\xfe.", "b[254]");
    check(b"\x8e\x01\0\0\0\0\0\0\0\xfe.", "b[254]");
    check(b"\x96\x01\0\0\0\0\0\0\0\xfe.", "b[254]");
    // a lone surrogate, as `surrogatepass` writes it
    check(b"\x8c\x05a\xed\xa0\x80b.", "\"a\u{fffd}b\"");
}

#[test]
fn containers_of_every_opcode() {
    check(b").", "()");
    check(b"K\x01\x85.", "(1)");
    check(b"K\x01K\x02\x86.", "(1, 2)");
    check(b"K\x01K\x02K\x03\x87.", "(1, 2, 3)");
    check(b"(K\x01K\x02t.", "(1, 2)");
    check(b"(t.", "()");
    check(b"(K\x01l.", "[1]");
    check(b"]K\x01a.", "[1]");
    check(b"](K\x01K\x02e.", "[1, 2]");
    check(b"(K\x01Nd.", "{1: None}");
    check(b"}K\x01Ns.", "{1: None}");
    check(b"}(K\x01NK\x02Nu.", "{1: None, 2: None}");
    check(b"\x8f(K\x01\x90.", "set(1)");
    check(b"(K\x01\x91.", "set(1)");
}

#[test]
fn the_stack_and_the_memo_work() {
    check(b"K\x01K\x020.", "1");
    check(b"K\x01(K\x02K\x031.", "1");
    check(b"K\x01(0.", "1");
    check(b"K\x012\x86.", "(1, 1)");
    check(b"]\x94h\x00\x86.", "([], [])");
    check(b"K\x05p7\n0g7\n.", "5");
    check(b"K\x05r\xff\xff\xff\xff0j\xff\xff\xff\xff.", "5");
    check(b"\x80\x04\x95\x03\0\0\0\0\0\0\0K\x05.", "5");
    // a list that holds itself, and a tuple that holds a list that holds the tuple
    check(b"]\x94h\x00a.", "[[[[[[[…]]]]]]]");
}

#[test]
fn calls_are_recorded_and_not_made() {
    check(b"cmine\nThing\n(K\x01tR.", "mine.Thing(1)");
    check(b"\x8c\x04mine\x8c\x05Thing\x93)\x81}\x8c\x01aK\x01sb.", "mine.Thing()<-{\"a\": 1}");
    check(b"cmine\nThing\n)}\x8c\x01kNs\x92.", "mine.Thing({\"k\": None})");
    check(b"cmine\nList\n)\x81K\x01a(K\x02e}b.", "mine.List()<-{}+[1, 2]");
    check(b"cmine\nDict\n)\x81K\x01Ns.", "mine.Dict()+{1: None}");
    check(b"ccopy_reg\n_reconstructor\n(cmine\nThing\nc__builtin__\nobject\nNtR.", "mine.Thing()");
    let pair = b"ccopy_reg\n_reconstructor\n(cmine\nPair\nc__builtin__\ntuple\n(I1\nI2\nttR.";
    check(pair, "mine.Pair(1, 2)");
    check(b"ccopyreg\n__newobj__\n(cmine\nThing\nK\x01tR.", "mine.Thing(1)");
}

#[test]
fn plain_values_are_made() {
    check(b"c__builtin__\nset\n(]K\x01atR.", "set(1)");
    check(b"cbuiltins\nfrozenset\n)R.", "set()");
    check(b"cbuiltins\nlist\n(K\x01K\x02\x86tR.", "[1, 2]");
    check(b"ccollections\nOrderedDict\n)RK\x01Ns.", "{1: None}");
    check(b"ccollections\nOrderedDict\n(]](K\x01NeatR.", "{1: None}");
    check(b"ccollections\ndefaultdict\n(cbuiltins\nlist\ntRK\x01Ns.", "{1: None}");
    check(b"csklearn.utils._bunch\nBunch\n)\x81\x8c\x01aK\x01s.", "{\"a\": 1}");
    check(b"c_codecs\nencode\n(X\x02\0\0\0\xc3\xbfX\x06\0\0\0latin1tR.", "b[255]");
    check(b"c_codecs\nencode\n(X\x01\0\0\0aX\x06\0\0\0latin1tR.", "b[97]");
    check(b"c__builtin__\nbytes\n)R.", "b[]");
    check(b"cbuiltins\nbytearray\n(C\x01atR.", "b[97]");
}

#[test]
fn numpy_numbers_are_plain_ones() {
    let start = b"cnumpy.core.multiarray\nscalar\n\x94cnumpy\ndtype\nU\x02i8\x85R\x94".to_vec();
    let number = b"C\x08\x07\0\0\0\0\0\0\0";
    // called at once, through a memo entry of every kind, and through a tuple that is kept
    for (memo, more) in [
        (&b""[..], &b""[..]),
        (b"\x94", b""),
        (b"q\x02", b""),
        (b"r\xff\xff\xff\xff", b""),
        (b"\x94\x940h\x02", b""),
        (b"", b"\x94h\x02\x860h\x02"),
    ] {
        let bytes = [&start, &number[..], b"\x86", memo, b"R", more, b"."].concat();
        check(&bytes, "7");
    }
    // what was used up is not there any more
    let bytes = [&start, &number[..], b"\x86\x94R0h\x02."].concat();
    assert!(fault(&bytes).contains("memo entry 2"));
    // a length that does not fit the type
    let bytes = [&start, &b"C\x01\x07\x86R."[..]].concat();
    assert!(fault(&bytes).contains("1 bytes"));
}

#[test]
fn hostile_names_are_refused_even_when_not_called() {
    for bytes in [
        &b"cos\nsystem\n."[..],
        b"cposix\nsystem\n(S'ls'\ntR.",
        b"\x80\x04\x8c\x08builtins\x8c\x04eval\x93.",
        b"c__builtin__\ngetattr\n.",
        b"(S'ls'\nios\nsystem\n.",
    ] {
        assert!(fault(bytes).contains("hostile"), "{bytes:?}");
    }
}

#[test]
fn methods_of_plain_types_are_names() {
    check(b"c__builtin__\ngetattr\n(c__builtin__\nunicode\nVsplit\ntR.", "builtins.str.split");
    // once more from the memo
    let twice = b"c__builtin__\ngetattr\nq\0(c__builtin__\nunicode\nVsplit\ntR0h\0(c__builtin__\nstr\nVlower\ntR.";
    check(twice, "builtins.str.lower");
    for bytes in [
        &b"c__builtin__\ngetattr\n(c__builtin__\nunicode\nV__class__\ntR."[..],
        b"c__builtin__\ngetattr\n(cnumpy\narray\nVdump\ntR.",
        b"c__builtin__\ngetattr\nq\0(c__builtin__\nunicode\nVsplit\ntR0h\0.",
        b"c__builtin__\ngetattr\n2(c__builtin__\nunicode\nVsplit\ntR0.",
        b"c__builtin__\ngetattr\n0N.",
    ] {
        assert!(fault(bytes).contains("hostile"), "{bytes:?}");
    }
}

#[test]
fn methods_of_distributions_are_kept_but_not_called() {
    let method =
        b"c__builtin__\ngetattr\n(cscipy.stats._discrete_distns\nrandint_gen\n)RV_entropy\ntR";
    let kept = [&method[..], b"."].concat();
    check(&kept, "builtins.getattr(scipy.stats._discrete_distns.randint_gen(), \"_entropy\")");
    for bytes in [
        [&method[..], b")R."].concat(),
        [&method[..], b"(K\x01tR."].concat(),
        b"c__builtin__\ngetattr\n(cscipy.stats._discrete_distns\nrandint_gen\n)RV__class__\ntR."
            .to_vec(),
        b"c__builtin__\ngetattr\n(cmine\nThing\n)RVrun\ntR.".to_vec(),
    ] {
        assert!(fault(&bytes).contains("hostile"), "{bytes:?}");
    }
}

#[test]
fn words_of_dill_are_understood() {
    check(b"cdill._dill\n_load_type\n(Vbytearray\ntR(C\x02hitR.", "b[104, 105]");
    check(b"cdill._dill\n_load_type\n(VCodeType\ntR.", "types.CodeType");
    let reconstruct = "cdill._dill\n_get_attr\n(cdill._dill\n_import_module\n(Vnumpy.core._multiarray_umath\ntRV_reconstruct\ntR";
    check(format!("{reconstruct}.").as_bytes(), "numpy.core._multiarray_umath._reconstruct");
    let array = |function: &str| {
        let (dtype, arguments) =
            ("cnumpy\ndtype\n(Vu1\nI0\nI1\ntR", "(cnumpy\nndarray\n(I0\ntC\x01bt");
        format!(
            "cdill._dill\n_create_array\n({function}{arguments}(I1\n(I2\nt{dtype}I00\nC\x02\x07\x08tNtR."
        )
    };
    for function in ["cnumpy.core.multiarray\n_reconstruct\n", reconstruct] {
        let document = load(array(function).as_bytes());
        assert!(matches!(document.root().kind(), Kind::Array(_)), "{}", show(document.root(), 0));
    }
    // no array, but nothing that runs either
    let document = load(array("cmine\nthing\n").as_bytes());
    assert!(matches!(document.root().kind(), Kind::Object(_)));
    for bytes in [
        &b"cdill._dill\n_import_module\n(Vos\ntR."[..],
        b"cdill._dill\n_get_attr\n(cdill._dill\n_import_module\n(Vos\ntRVsystem\ntR.",
        b"cdill._dill\n_get_attr\n(cdill._dill\n_import_module\n(Vbuiltins\ntRVeval\ntR.",
        b"cdill._dill\n_get_attr\n(cnumpy\narray\nVdump\ntR.",
        b"cdill._dill\n_load_type\n(Veval\ntR.",
        b"cdill._dill\n_import_module\n.",
        b"cdill._dill\n_import_module\n(Vsklearn.utils.os\ntR.",
        b"cdill._dill\n_get_attr\n0N.",
    ] {
        assert!(fault(bytes).contains("hostile"), "{bytes:?}");
    }
}

#[test]
fn what_is_not_in_the_file_is_refused_by_name() {
    for (bytes, words) in [
        (&b"Pabc\n."[..], "PERSID"),
        (b"K\x01Q.", "BINPERSID"),
        (b"\x82\x01.", "EXT1"),
        (b"\x84\x01\0\0\0.", "EXT4"),
        (b"(imine\nThing\n.", "INST"),
        (b"(cmine\nThing\no.", "OBJ"),
        (b"\x97.", "NEXT_BUFFER"),
        (b"\x98.", "READONLY_BUFFER"),
    ] {
        let message = fault(bytes);
        assert!(message.contains(words) && message.contains("not supported"), "{message}");
    }
}

#[test]
fn faults_name_their_place() {
    for (bytes, place, words) in [
        (&b""[..], "byte 0", "ends"),
        (b"K", "byte 1", "ends"),
        (b"X\xff\xff\xff\xffabc", "byte 8", "ends"),
        (b"\x8e\xff\xff\xff\xff\xff\xff\xff\xffabc", "byte 12", "ends"),
        (b"cos", "byte 3", "ends"),
        (b".", "byte 0", "needs more values"),
        (b"NNt.", "byte 2", "needs more values"),
        (b"(0R.", "byte 2", "needs more values"),
        (b"Na.", "byte 1", "needs more values"),
        (b"NNa.", "byte 2", "added to `None`"),
        (b"NNNs.", "byte 3", "set on `None`"),
        (b"}(Nu.", "byte 3", "no value"),
        (b"h\x05.", "byte 0", "memo entry 5"),
        (b"\x80\x09N.", "byte 0", "protocol 9"),
        (b"\xffN.", "byte 0", "0xff"),
        (b"N.N.", "byte 2", "2 more bytes"),
        (b"\x80\x04N.\x80\x04N.", "byte 4", "another pickle"),
        (b"cmine\nThing\nNR.", "byte 13", "not a tuple"),
        (b"NNb.", "byte 2", "state is set on `None`"),
        (b"\x8c\x02\xff\xff.", "byte 0", "UTF-8"),
        (b"Iabc\n.", "byte 0", "number"),
        (b"S'abc\n.", "byte 0", "quotes"),
        (b"\x8b\xff\xff\xff\xff.", "byte 0", "negative"),
        (b"NN\x93.", "byte 2", "not texts"),
    ] {
        let message = fault(bytes);
        assert!(message.contains(place) && message.contains(words), "{bytes:?}: {message}");
    }
}

#[test]
fn memory_is_bounded_by_the_file() {
    // one byte each: an empty list, None on the stack, a memo entry, a mark, a copy of the top
    for opcode in [b']', b'N', b'\x94', b'(', b'2', b'}', b'\x8f'] {
        let mut bytes = vec![opcode; 40_000_000];
        bytes[0] = b'N';
        assert!(fault(&bytes).contains("memory"), "{:?}", char::from(opcode));
    }
    // copies of one large list
    let mut bytes = b"cbuiltins\nlist\n\x940](".to_vec();
    bytes.extend(vec![b'N'; 100_000]);
    bytes.extend(b"e\x940");
    for _ in 0..10_000 {
        bytes.extend(b"h\x00h\x01\x85R");
    }
    assert!(fault(&bytes).contains("memory"));
}

#[test]
fn nesting_and_sharing_take_no_stack_and_no_time() {
    let mut bytes = vec![b']'; 300_000];
    bytes.extend(vec![b'a'; 299_999]);
    bytes.push(b'.');
    drop(load(&bytes));
    // a pair of a pair of a pair: 2^1000 leaves when followed
    let mut bytes = b"N\x85".to_vec();
    for _ in 0..1000 {
        bytes.extend(b"2\x86");
    }
    bytes.push(b'.');
    drop(load(&bytes));
}
