//! Names that only an attack needs: what runs code, opens files or reaches out when called.

/// Modules none of whose functions belong in a model.
const MODULES: &[&str] = &[
    "_frozen_importlib",
    "_frozen_importlib_external",
    "_imp",
    "_io",
    "_osx_support",
    "_pickle",
    "_posixsubprocess",
    "_pyrepl",
    "_socket",
    "_thread",
    "_winapi",
    "_xxsubinterpreters",
    "aiohttp",
    "antigravity",
    "asyncio",
    "bdb",
    "bz2",
    "cProfile",
    "cffi",
    "code",
    "codeop",
    "commands",
    "concurrent",
    "ctypes",
    "dbm",
    "distutils",
    "doctest",
    "ensurepip",
    "fabric",
    "fcntl",
    "fileinput",
    "ftplib",
    "gc",
    "glob",
    "gzip",
    "http",
    "httplib",
    "httpx",
    "idlelib",
    "imaplib",
    "imp",
    "importlib",
    "invoke",
    "linecache",
    "lzma",
    "mailbox",
    "marshal",
    "mmap",
    "msvcrt",
    "multiprocessing",
    "nntplib",
    "nt",
    "ntpath",
    "os",
    "paramiko",
    "pdb",
    "pexpect",
    "pip",
    "pkgutil",
    "platform",
    "plumbum",
    "popen2",
    "poplib",
    "posix",
    "posixpath",
    "profile",
    "pty",
    "py_compile",
    "pydoc",
    "requests",
    "resource",
    "runpy",
    "select",
    "setuptools",
    "sh",
    "shelve",
    "shutil",
    "signal",
    "site",
    "smtplib",
    "socket",
    "socketserver",
    "sqlite3",
    "ssl",
    "subprocess",
    "sys",
    "sysconfig",
    "tarfile",
    "telnetlib",
    "tempfile",
    "threading",
    "timeit",
    "tkinter",
    "trace",
    "tty",
    "turtle",
    "urllib",
    "urllib2",
    "urllib3",
    "venv",
    "webbrowser",
    "winreg",
    "wsgiref",
    "xmlrpc",
    "zipfile",
    "zipimport",
];

/// Single names in modules that are harmless otherwise.
const NAMES: &[(&str, &[&str])] = &[
    (
        "builtins",
        &[
            "__build_class__",
            "__import__",
            "apply",
            "breakpoint",
            "compile",
            "delattr",
            "eval",
            "exec",
            "execfile",
            "exit",
            "file",
            "getattr",
            "globals",
            "help",
            "input",
            "locals",
            "open",
            "quit",
            "raw_input",
            "reload",
            "setattr",
            "vars",
        ],
    ),
    ("cloudpickle", &["load", "loads"]),
    ("codecs", &["open"]),
    (
        "dill",
        &[
            "_eval_repr",
            "_get_attr",
            "_import_module",
            "load",
            "load_module",
            "load_session",
            "loads",
        ],
    ),
    ("functools", &["reduce"]),
    ("io", &["FileIO", "open", "open_code"]),
    ("joblib", &["load"]),
    ("logging", &["FileHandler"]),
    (
        "numpy",
        &["fromfile", "fromregex", "genfromtxt", "load", "loadtxt", "memmap", "save", "savetxt"],
    ),
    ("operator", &["attrgetter", "methodcaller"]),
    ("pandas", &["eval", "read_pickle"]),
    ("pickle", &["Unpickler", "_Unpickler", "load", "loads"]),
    ("torch", &["load"]),
    ("types", &["ModuleType"]),
];

/// Submodules of harmless packages: no name in one of these, or in what is below it, belongs in a
/// model.
const SUBMODULES: &[&str] = &[
    "logging.config",
    "numpy.ctypeslib",
    "numpy.distutils",
    "numpy.f2py",
    "numpy.testing",
    "torch.hub",
    "torch.jit",
];

/// True when no model needs the name and calling it would run code, open a file or a connection.
pub(crate) fn runs_code(module: &str, name: &str) -> bool {
    let package = module.split('.').next().unwrap_or(module);
    if MODULES.binary_search(&package).is_ok() {
        return true;
    }
    if SUBMODULES.iter().any(|sub| {
        module.strip_prefix(sub).is_some_and(|rest| rest.is_empty() || rest.starts_with('.'))
    }) {
        return true;
    }
    // a name `a.b` reaches through attributes: judge its first part and its last part
    let (first, last) = (name.split('.').next(), name.rsplit('.').next());
    let named = NAMES.iter().find(|(owner, _)| *owner == package).is_some_and(|(_, names)| {
        first.is_some_and(|n| names.contains(&n)) || last.is_some_and(|n| names.contains(&n))
    });
    let through = name.rsplit_once('.').is_some_and(|(owners, _)| {
        owners.split('.').any(|owner| MODULES.binary_search(&owner).is_ok())
    });
    named || through
}

#[cfg(test)]
mod tests {
    use super::{MODULES, runs_code};

    #[test]
    fn the_list_can_be_searched() {
        assert!(MODULES.is_sorted());
    }

    #[test]
    fn known_gadgets_are_found() {
        for (module, name) in [
            ("os", "system"),
            ("posix", "system"),
            ("nt", "system"),
            ("subprocess", "Popen"),
            ("builtins", "eval"),
            ("builtins", "getattr"),
            ("builtins", "getattr.__call__"),
            ("importlib", "import_module"),
            ("importlib.machinery", "SourceFileLoader"),
            ("numpy.testing._private.utils", "runstring"),
            ("pickle", "loads"),
            ("sys", "modules"),
            ("joblib.numpy_pickle", "load"),
            ("sklearn.utils", "os.system"),
        ] {
            assert!(runs_code(module, name), "{module}.{name}");
        }
    }

    #[test]
    fn what_models_refer_to_is_not() {
        for (module, name) in [
            ("builtins", "set"),
            ("numpy.core.multiarray", "_reconstruct"),
            ("sklearn.pipeline", "Pipeline"),
            ("joblib.numpy_pickle", "NumpyArrayWrapper"),
            ("cloudpickle.cloudpickle", "_make_function"),
            ("types", "CodeType"),
            ("functools", "partial"),
            ("osmnx", "graph"),
            ("numpy.random._pickle", "__randomstate_ctor"),
        ] {
            assert!(!runs_code(module, name), "{module}.{name}");
        }
    }
}
