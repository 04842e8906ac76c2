//! `longshore api-key`: a key, and the line that lets it in.

use std::{
    fs::OpenOptions,
    io::{Read, Seek, SeekFrom, Write},
    path::Path,
};

use anyhow::{Context, Result};
use longshore_daemon::server::auth;

use crate::cli::ApiKeyArgs;

/// Prints the key and its line, or appends the line to a file.
pub(crate) fn run(args: &ApiKeyArgs) -> Result<()> {
    let (key, line) = auth::make(&args.name)?;
    match &args.file {
        Some(file) => {
            append(file, &line)
                .with_context(|| format!("failed to append to `{}`", file.display()))?;
            super::print(&key);
        }
        None => super::print(&format!(
            "key   {key}\nline  {line}\n\nGive the key to its owner: it is not shown again. Add the line to the file of \
             `--api-keys`."
        )),
    }
    Ok(())
}

/// Appends `line` as a line of its own, even when the file's last line has no end.
fn append(file: &Path, line: &str) -> std::io::Result<()> {
    let mut file = OpenOptions::new().create(true).read(true).append(true).open(file)?;
    let mut last = [b'\n'];
    if file.seek(SeekFrom::End(0))? > 0 {
        file.seek(SeekFrom::End(-1))?;
        file.read_exact(&mut last)?;
    }
    let gap = if last == *b"\n" { "" } else { "\n" };
    // one write, so that the server never reads half of it
    file.write_all(format!("{gap}{line}\n").as_bytes())
}
