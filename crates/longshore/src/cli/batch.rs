use std::path::PathBuf;

use clap::{Args, ValueEnum};

use super::{ReadingArgs, StorageArgs, value};

/// `longshore batch`.
#[derive(Args, Debug)]
pub(crate) struct BatchRunArgs {
    /// The model: a folder, a file, files with `+` between them, `example://NAME`, `s3://…`, `gs://…`,
    /// `hf://…`, `https://…`, `models:/…` or `runs:/…`
    #[arg(value_name = "PATH|URI")]
    pub(crate) model: String,

    /// Rows: a file, a folder, a pattern such as `'rows/*.csv'`, a location such as `s3://…`, or `-` for
    /// standard input; several are read in their order. Files may end in `.gz` or `.zst` behind the
    /// ending of their format
    #[arg(long, short, value_name = "FILE|FOLDER|PATTERN|URI", required = true, num_args = 1..)]
    pub(crate) input: Vec<String>,

    /// Where the answers go: a file, `s3://…`, or `-` for standard output. It is there when it is whole
    #[arg(long, short, value_name = "FILE|URI")]
    pub(crate) output: String,

    /// How the rows are written [default: by the ending of each file]
    #[arg(long, value_name = "FORMAT")]
    pub(crate) input_format: Option<RowFormat>,

    /// How the answers are written [default: by the ending of the output, CSV for `-`]
    #[arg(long, value_name = "FORMAT")]
    pub(crate) output_format: Option<RowFormat>,

    /// The methods to ask, with commas between them: `predict`, `predict_proba`, …
    /// [default: the model's default method]
    #[arg(long, short, value_name = "METHOD", value_delimiter = ',')]
    pub(crate) method: Vec<String>,

    /// Columns of the input to copy beside the answers, with commas between them
    #[arg(long, value_name = "COLUMN", value_delimiter = ',')]
    pub(crate) keep: Vec<String>,

    /// Copy every column of the input beside the answers
    #[arg(long, conflicts_with = "keep")]
    pub(crate) keep_all: bool,

    /// Where the rows go that have no answer, each with its number, counted from 0 in its file, and the
    /// reason [default: the output with `.rejects.csv` behind it]
    #[arg(long, value_name = "FILE")]
    pub(crate) rejects: Option<PathBuf>,

    /// End when more rows than this have no answer [default: when the first rows have none at all]
    #[arg(long, value_name = "COUNT")]
    pub(crate) max_rejects: Option<u64>,

    /// End at the first row that has no answer; the same as `--max-rejects 0`
    #[arg(long, conflicts_with = "max_rejects")]
    pub(crate) fail_fast: bool,

    /// Threads that compute; 0 is one a core
    #[arg(long, env = "LONGSHORE_THREADS", default_value_t = 0, value_name = "COUNT", value_parser = value::threads)]
    pub(crate) threads: usize,

    /// Begin anew, where an earlier run of another command, of other rows or of another model has left
    /// something to go on with
    #[arg(long)]
    pub(crate) restart: bool,

    /// Where answers for a storage elsewhere are written until they are whole, and what goes on is kept
    #[arg(long, env = "LONGSHORE_WORK_DIR", default_value = ".", value_name = "FOLDER")]
    pub(crate) work_dir: PathBuf,

    /// Largest row of CSV or of JSON
    #[arg(long, default_value = "16MiB", value_name = "SIZE", value_parser = value::some_size::<usize>)]
    pub(crate) max_row_bytes: usize,

    /// Limits on model files.
    #[command(flatten)]
    pub(crate) reading: ReadingArgs,

    /// Where models and rows that are elsewhere come from.
    #[command(flatten)]
    pub(crate) storage: StorageArgs,
}

/// How rows are written.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum RowFormat {
    /// Comma-separated values with a header.
    Csv,
    /// A JSON object or list in each line.
    Jsonl,
    /// Parquet.
    Parquet,
}
