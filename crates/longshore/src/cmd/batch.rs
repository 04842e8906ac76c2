//! `longshore batch`: all rows of files, through a model, into a file.
//!
//! ```text
//! input ─► source: blocks of rows ─► answer: one thread a core ─► output, rejects: in order
//!             one thread                                            journal: what is on the disk
//! ```
//!
//! A bounded number of blocks is under way, whatever the size of the files.

use std::{
    fmt, io,
    path::{Path, PathBuf},
    sync::Arc,
    thread,
    time::Instant,
};

use anyhow::{Context, Result, anyhow, bail};
use longshore_engine::Method;
use longshore_serve::bulk::Scorer;
use longshore_storage::Location;

use crate::{
    cli::{BatchRunArgs, RowFormat},
    models, storage,
};

mod answer;
mod encode;
mod input;
mod interrupt;
mod journal;
mod layout;
mod output;
mod parquet;
mod progress;
mod run;
mod source;
mod state;
mod text;

use answer::Asked;
use input::{InputFile, Inputs};
use journal::{Done, Journal, Task};
use output::{Output, Rejects};
use progress::{Progress, grouped};
use run::Run;
use source::{Keep, Source};

/// An end that has an exit code of its own.
#[derive(Debug)]
pub(crate) enum Ended {
    /// Some rows have no answer.
    Partly {
        /// How many of how many.
        rejected: u64,
        /// All rows.
        rows: u64,
        /// Where they are.
        rejects: String,
    },
    /// A signal ended it.
    Interrupted {
        /// Rows that are done.
        rows: u64,
        /// What goes on.
        command: Option<String>,
    },
}

impl Ended {
    /// The exit code.
    pub(crate) fn code(&self) -> u8 {
        match self {
            Self::Partly { .. } => 3,
            Self::Interrupted { .. } => 130,
        }
    }
}

impl fmt::Display for Ended {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Partly { rejected, rows, rejects } => write!(
                f,
                "{} of {} rows have no answer: `{}` has each with its reason",
                grouped(*rejected),
                grouped(*rows),
                rejects
            ),
            Self::Interrupted { rows, command: Some(command) } => {
                write!(f, "interrupted after {} rows; this goes on: {command}", grouped(*rows))
            }
            Self::Interrupted { rows, command: None } => {
                write!(f, "interrupted after {} rows", grouped(*rows))
            }
        }
    }
}

impl std::error::Error for Ended {}

/// Where the answers go.
enum Target {
    Standard,
    File(PathBuf),
    /// Put there once it is whole on this machine.
    Remote {
        location: Location,
        file: PathBuf,
    },
}

impl Target {
    /// The file of this machine that the answers go to.
    fn file(&self) -> Option<&Path> {
        match self {
            Self::Standard => None,
            Self::File(file) | Self::Remote { file, .. } => Some(file),
        }
    }
}

/// Answers every row; who reads the answers of a pipe may have enough before.
pub(crate) fn run(args: &BatchRunArgs) -> Result<()> {
    let is_closed = |error: &anyhow::Error| {
        error.chain().filter_map(|cause| cause.downcast_ref::<io::Error>()).any(|error| {
            // such as `longshore batch … --output - | head`
            error.kind() == io::ErrorKind::BrokenPipe
        })
    };
    match answer_all(args) {
        Err(error) if args.output == "-" && is_closed(&error) => Ok(()),
        ended => ended,
    }
}

fn answer_all(args: &BatchRunArgs) -> Result<()> {
    let (target, format) = target(args)?;
    let named = models::Named::parse(&args.model)?;
    let (local, lease) = storage::bring(named, &args.storage)?;
    let model_state = match &lease {
        Some(fetched) => fetched.revision().to_string(),
        None => state::of(&local.source)?,
    };
    let scorer = Arc::new(Scorer::load(local.serve(None), &models::limits(args.reading))?);
    let methods = methods(&scorer, &args.method)?;
    let inputs = input::find(args)?;
    let files: Arc<[InputFile]> = inputs.files.clone().into();
    let keep = if args.keep_all { Keep::All } else { Keep::Named(args.keep.clone()) };
    let keep: Arc<[_]> = source::kept(&keep, &files, args.max_row_bytes)?.into();
    let rejects = rejects(args, &target);
    input::check_outputs(&files, [target.file(), Some(rejects.as_path())].into_iter().flatten())?;
    let task = Task {
        version: env!("CARGO_PKG_VERSION").into(),
        model: args.model.clone(),
        model_state,
        files: files.iter().map(|file| file.state.clone()).collect(),
        methods: methods.iter().map(ToString::to_string).collect(),
        keep: keep.to_vec(),
        input_format: format!("{:?}", args.input_format),
        output_format: format!("{format:?}"),
        rejects: rejects.display().to_string(),
    };
    let (mut journal, done) = open_journal(&target, &inputs, &task, args.restart)?;
    if let Some(done) = &done {
        let rows = grouped(done.answered + done.rejected);
        say(&format!("going on after the {rows} rows that an earlier run has done"));
    }
    let path = target.file();
    let mut run = Run {
        output: Output::open(path, format, done.as_ref())?,
        rejects: Rejects::open(&rejects, done.as_ref())?,
        journal: journal.as_mut(),
        progress: Progress::new(done.as_ref().map_or(0, |done| done.answered + done.rejected)),
        kept: done.as_ref().map_or(0, |done| done.answered + done.rejected),
        done: Done { groups: Vec::new(), ..done.unwrap_or_default() },
        files: files.clone(),
        counts: files.iter().map(source::row_count).collect(),
        written: Instant::now(),
        most: match (args.fail_fast, args.max_rejects) {
            (true, _) => Some(0),
            (false, None) if path.is_none() && args.rejects.is_none() => Some(0),
            (false, most) => most,
        },
    };
    let asked = Asked { scorer: scorer.clone(), methods, keep: keep.clone(), format };
    let source = Source::new(files, scorer, keep, args.max_row_bytes, run.done.at);
    let stop = interrupt::watch()?;
    let threads = match args.threads {
        0 => thread::available_parallelism().map_or(1, usize::from),
        threads => threads,
    };
    let ended = run.all(source, &asked, threads, &stop);
    run.progress.close();
    let rows = run.done.answered + run.done.rejected;
    match &ended {
        Err(_) if rows == 0 => run.forget(path),
        Err(_) if run.kept > 0 => {
            let kept = grouped(run.kept);
            say(&format!("{kept} rows are done: the same command goes on after them"));
        }
        _ => {}
    }
    if !ended? {
        run.keep()?;
        let command = run.journal.is_some().then(command);
        return Err(Ended::Interrupted { rows, command }.into());
    }
    run.finish(&asked)?;
    let shown = publish(args, &target, &rejects, run.done.rejected > 0)?;
    let (done, progress) = (run.done.clone(), run.progress);
    if let Some(journal) = journal {
        journal.remove()?;
    }
    let rows = done.answered + done.rejected;
    say(&format!(
        "{} {} answered in {:.1} s, {} a second",
        grouped(done.answered),
        if done.answered == 1 { "row" } else { "rows" },
        progress.seconds(),
        grouped(progress.rate(rows) as u64)
    ));
    if rows == 0 {
        say(
            "the input has no rows: in CSV, the first line names the columns and the rows follow it",
        );
    }
    if done.rejected > 0 {
        return Err(Ended::Partly { rejected: done.rejected, rows, rejects: shown }.into());
    }
    Ok(())
}

/// A line for whoever started it.
fn say(line: &str) {
    use std::io::Write;
    let _ = writeln!(std::io::stderr().lock(), "{line}");
}

/// The command that was given, as a shell takes it.
fn command() -> String {
    let plain = |word: &str| {
        !word.is_empty()
            && word
                .bytes()
                .all(|byte| byte.is_ascii_alphanumeric() || b"-_./:=@,+%".contains(&byte))
    };
    let word = |word: String| {
        if plain(&word) { word } else { format!("'{}'", word.replace('\'', r"'\''")) }
    };
    let again = |arg: &String| arg != "--restart";
    std::env::args().filter(again).map(word).collect::<Vec<_>>().join(" ")
}

fn target(args: &BatchRunArgs) -> Result<(Target, RowFormat)> {
    if args.output == "-" {
        let format = args.output_format.unwrap_or(RowFormat::Csv);
        return Ok((Target::Standard, format));
    }
    let (format, packing) = input::by_ending(&args.output);
    let Some(format) = args.output_format.or(format) else {
        bail!(
            "the ending of `{}` does not tell how answers are to be written: say it with \
             `--output-format csv`, `jsonl` or `parquet`",
            args.output
        );
    };
    if packing != input::Packing::Plain {
        bail!(
            "`{}` would be compressed, which is not done: write Parquet, or CSV as it is",
            args.output
        );
    }
    match args.output.parse::<Location>()? {
        Location::Local(path) => {
            let folder = path.parent().filter(|folder| !folder.as_os_str().is_empty());
            let folder = folder.unwrap_or(Path::new("."));
            if !folder.is_dir() {
                bail!(
                    "the folder `{}` of the output is not there: make it first",
                    folder.display()
                );
            }
            if path.is_dir() {
                bail!("`{}` is a folder: name a file for the answers", path.display());
            }
            Ok((Target::File(path), format))
        }
        location @ Location::S3 { .. } => {
            let name = args.output.rsplit('/').next().filter(|name| !name.is_empty());
            let name =
                name.context("name an object for the answers, as in `s3://BUCKET/answers.csv`")?;
            if !args.work_dir.is_dir() {
                bail!(
                    "the folder `{}` of `--work-dir` is not there: make it first",
                    args.work_dir.display()
                );
            }
            Ok((Target::Remote { location, file: args.work_dir.join(name) }, format))
        }
        _ => bail!(
            "answers are written to files of this machine and to `s3://`, not to `{}`",
            args.output
        ),
    }
}

fn rejects(args: &BatchRunArgs, target: &Target) -> PathBuf {
    match (&args.rejects, target) {
        (Some(path), _) => path.clone(),
        (None, Target::Standard) => "rejects.csv".into(),
        (None, Target::File(path) | Target::Remote { file: path, .. }) => {
            let mut name = path.as_os_str().to_owned();
            name.push(".rejects.csv");
            name.into()
        }
    }
}

/// Gives the files that are whole their names, here or elsewhere; the name of the rejects.
fn publish(
    args: &BatchRunArgs,
    target: &Target,
    rejects: &Path,
    is_partly: bool,
) -> Result<String> {
    let shown = rejects.display().to_string();
    match target {
        Target::Standard => Ok(shown),
        Target::File(file) => output::publish(file).map(|()| shown),
        Target::Remote { location, file } => {
            let storage = storage::open(&args.storage, true)?;
            let partial = output::partial(file);
            let put = |location: &Location, file: &Path| {
                storage.put(location, file).with_context(|| {
                    say(&format!(
                        "all rows are answered, in `{}`: the same command goes on by sending them",
                        partial.display()
                    ));
                    format!("failed to write `{location}`")
                })
            };
            let beside = format!("{location}.rejects.csv");
            let moved = args.rejects.is_none() && is_partly;
            if moved {
                put(&beside.parse()?, rejects)?;
                let _ = std::fs::remove_file(rejects);
            }
            put(location, &partial)?;
            let _ = std::fs::remove_file(partial);
            Ok(if moved { beside } else { shown })
        }
    }
}

fn methods(scorer: &Scorer, names: &[String]) -> Result<Vec<Method>> {
    if names.is_empty() {
        return Ok(vec![scorer.default_method()]);
    }
    let mut methods = Vec::new();
    for name in names {
        let method = scorer.method(name).map_err(|fault| anyhow!(fault.message))?;
        if methods.contains(&method) {
            bail!("the method `{method}` is asked twice");
        }
        methods.push(method);
    }
    Ok(methods)
}

/// The journal beside the output, where the run can be gone on with.
fn open_journal(
    target: &Target,
    inputs: &Inputs,
    task: &Task,
    restart: bool,
) -> Result<(Option<Journal>, Option<Done>)> {
    let Some(path) = target.file() else { return Ok((None, None)) };
    if inputs.are_piped() {
        return Ok((None, None));
    }
    let mut name = path.as_os_str().to_owned();
    name.push(".journal");
    let (journal, done) = Journal::open(Path::new(&name), task, restart)?;
    Ok((Some(journal), done))
}
