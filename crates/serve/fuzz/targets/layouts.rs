//! Folders of models, as `--model-dir` and the command line read them.
#![no_main]

use std::{path::Path, sync::LazyLock};

use libfuzzer_sys::fuzz_target;
use longshore_engine::Source;
use longshore_serve_fuzz::{Target, tree::Tree};
use longshore_storage::{Fingerprint, ModelDir, is_name, stem};

static TREE: LazyLock<Tree> = LazyLock::new(Tree::new);
static TARGET: LazyLock<Target> = LazyLock::new(Target::new);

fuzz_target!(|data: &[u8]| {
    let root = TREE.plant(data);
    let folder = ModelDir::new(root);
    let is_one = folder.is_one_model().expect("a folder that can be read");
    if let Ok(seen) = Fingerprint::of(&[root]) {
        assert_eq!(Fingerprint::of(&[root]).expect("the same again"), seen);
    }
    for name in folder.names().expect("a folder that can be read") {
        assert!(is_name(&name) && name.starts_with(stem(&name)));
        serve(&name, &folder.model(&name).expect("the folder that was listed"));
    }
    if is_one {
        serve("model", root);
    }
});

fn serve(name: &str, folder: &Path) {
    let source = Source::open(folder).expect("a folder that was listed");
    TARGET.load(name, source);
}
