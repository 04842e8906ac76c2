//! `longshore tracking migrate`.

use std::{env, time::Instant};

use anyhow::{Context, Result, bail};
use longshore_tracking::{
    migrate::{Database, Plan, Schema, TRACKING, USERS, Verdict},
    store::Location,
    users,
};

use super::database::written;
use crate::{cli::MigrateArgs, cmd::print};

/// Brings the databases of a server forward, or says what that would change.
pub(crate) fn run(args: &MigrateArgs) -> Result<()> {
    let beside = args.database.backend_store_uri_file.as_deref();
    bring("the database", &written(&args.database), &TRACKING, args)?;
    if args.app_name.is_none() {
        return Ok(());
    }
    let config = users::Config::read(args.auth_config.as_deref(), |name| env::var(name).ok())?;
    let config = match beside {
        Some(file) => config.kept_in(file.into()),
        None => config,
    };
    bring("the database of users", &config.database(), &USERS, args)
}

fn bring(
    what: &str,
    location: &Location,
    schema: &'static Schema,
    args: &MigrateArgs,
) -> Result<()> {
    let mut database = Database::open(location, schema)?;
    let name = database.file().map_or_else(|| what.to_owned(), |it| format!("`{}`", it.display()));
    let plan = database.plan().with_context(|| format!("{name} was not changed"))?;
    let at = match plan.revision {
        Some(id) => format!("{name} is at revision `{id}` of {}", plan.releases),
        None => format!("{name} is of {}", plan.releases),
    };
    let Some(last) = plan.steps.last() else {
        print(&format!("{at}: there is nothing to do"));
        return told(what, &database.verify(&plan)?);
    };
    let (rows, count) = (plan.rows.values().sum::<i64>(), plan.steps.len());
    print(&format!(
        "{at}, with {rows} rows; {count} steps bring it to `{}` of MLflow 3.17",
        last.id
    ));
    if args.dry_run {
        for step in plan.steps {
            print(&format!("  {:13}  {:4}  {}", step.id, step.release, step.change));
        }
    }
    in_use(&plan, args)?;
    if args.dry_run {
        print("nothing was changed");
        return Ok(());
    }
    database.lock()?;
    keep(&mut database, &plan, args)?;
    while let Some(step) = {
        let begun = Instant::now();
        let step = database.step().with_context(|| {
            format!("{name} stays where it is; mend what is wrong, then the same command goes on")
        })?;
        step.inspect(|it| {
            let seconds = begun.elapsed().as_secs_f64();
            print(&format!("  {:13}  {:4}  {} ({seconds:.1} s)", it.id, it.release, it.change));
        })
    } {
        tracing::debug!(revision = step.id, "a step is on disk");
    }
    told(what, &database.verify(&plan)?)
}

/// Refuses a database that others have open: a server of an older release would meet a schema that it does not know.
fn in_use(plan: &Plan, args: &MigrateArgs) -> Result<()> {
    if plan.others.is_empty() {
        return Ok(());
    }
    let others = plan.others.join(", ");
    if args.dry_run || args.force {
        print(&format!("in use by {others}"));
        return Ok(());
    }
    bail!(
        "it is in use by {others}; stop the server first, or go on with `--force` where that is none"
    );
}

/// Has a copy to go back to, or says how to have one.
fn keep(database: &mut Database, plan: &Plan, args: &MigrateArgs) -> Result<()> {
    if database.file().is_none() {
        print("to be able to go back, have a backup of it (`pg_dump`)");
    } else if !args.without_copy
        && let Some(copy) = database
            .copy(plan)
            .context("no copy could be kept; `--without-copy` goes on without one")?
    {
        print(&format!("`{}` is a copy of it as it was", copy.display()));
    }
    Ok(())
}

/// Says how a database came out.
fn told(what: &str, verdict: &Verdict) -> Result<()> {
    let list =
        |all: &[String]| all.iter().map(|it| format!("\n  {it}")).collect::<Vec<_>>().concat();
    if !verdict.lost.is_empty() {
        bail!("{what} does not have the rows that it should have:{}", list(&verdict.lost));
    }
    if !verdict.missing.is_empty() {
        bail!(
            "{what} has its rows, and differs from a new one of MLflow 3.17, as it did before. A new one has:{}\nIt has:{}",
            list(&verdict.missing),
            list(&verdict.other)
        );
    }
    if !verdict.other.is_empty() {
        print(&format!("{what} has what a new one has not:{}", list(&verdict.other)));
    }
    let (rows, tables) = (verdict.rows.values().sum::<i64>(), verdict.rows.len());
    print(&format!(
        "{what} has all of its rows ({rows} in {tables} tables), and the schema of MLflow 3.17"
    ));
    Ok(())
}
