#![allow(clippy::all)]
#[test]
fn zz() {
    let dir = std::env::var("ZZ_DIR").unwrap();
    let mut all: Vec<_> = std::fs::read_dir(dir).unwrap().map(|e| e.unwrap().path()).collect();
    all.sort();
    for path in all {
        let Ok(source) = longshore_engine::Source::open(&path) else { continue };
        match longshore_engine::inspect(&source, &longshore_engine::Limits::default()) {
            Ok(it) => match it.outcome {
                Ok(_) => println!("OK {}", path.display()),
                Err(error) => println!("NO {} {error}", path.display()),
            },
            Err(error) => println!("ERR {} {error}", path.display()),
        }
    }
}
