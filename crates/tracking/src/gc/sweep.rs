//! A whole collection.

use std::collections::HashSet;

use futures_util::{StreamExt, stream};
use tokio::runtime::{Builder, Runtime};

use super::{
    Kind, Place, Size, Summary, Told, Wish, check, experiments,
    files::{Cleared, Files, Owner},
    jobs,
    keep::Keep,
    models, orphans, runs,
};
use crate::{
    Error,
    artifacts::ArtifactPath,
    clock::now,
    sql::marks,
    store::{Connection, Row, Store, Value},
};

/// Things that are collected together.
pub(super) const PAGE: usize = 100;

/// Things whose files are deleted at a time.
const TOGETHER: usize = 8;

/// Which things count.
#[derive(Clone, Debug)]
pub(super) struct Scope {
    /// Those in this workspace, else in all.
    workspace: Option<String>,
    /// Those that were deleted then or earlier, in milliseconds since 1970.
    pub(super) before: i64,
}

impl Scope {
    /// A condition on the experiments that count.
    pub(super) fn experiments(&self) -> &'static str {
        if self.workspace.is_some() { "experiments.workspace = ?" } else { "1 = 1" }
    }

    /// A condition on what is in an experiment that counts.
    pub(super) fn inside(&self, table: &str) -> String {
        let Self { workspace: Some(_), .. } = self else { return "1 = 1".to_owned() };
        format!(
            "{table}.experiment_id IN (SELECT experiment_id FROM experiments WHERE workspace = ?)"
        )
    }

    /// The values of these conditions.
    pub(super) fn values(&self) -> Vec<Value> {
        self.workspace.iter().map(Value::from).collect()
    }
}

/// Ids as values.
pub(super) fn values(ids: &[String]) -> Vec<Value> {
    ids.iter().map(Value::from).collect()
}

/// Which runs or logged models are collected.
#[derive(Clone, Debug)]
pub(super) enum Which {
    /// Those with these ids, which are checked.
    Named(Vec<String>),
    /// Those that are deleted.
    Deleted,
    /// All in an experiment that is claimed.
    Of(i64),
}

/// Claims things: those that are claimed.
type Claim = fn(&mut dyn Connection, &[Value]) -> Result<Vec<String>, Error>;

/// How a kind of things is kept.
pub(super) struct Table {
    pub(super) kind: Kind,
    pub(super) name: &'static str,
    /// The columns of the id and of the location of the files.
    pub(super) id: &'static str,
    pub(super) uri: &'static str,
    /// A condition on those that are deleted, with a mark for when at the latest, or claimed.
    pub(super) deleted: fn() -> String,
    pub(super) claim: Claim,
    /// Gives up claims.
    pub(super) release: fn(&mut dyn Connection, &[Value]) -> Result<(), Error>,
    /// Deletes some rows of things; false when there are more.
    pub(super) delete: fn(&mut dyn Connection, &[Value]) -> Result<bool, Error>,
}

/// A collection that is under way.
pub(super) struct Sweep<'a> {
    pub(super) store: Store,
    pub(super) files: Files,
    pub(super) wish: &'a Wish,
    pub(super) scope: Scope,
    pub(super) keep: Keep,
    pub(super) summary: Summary,
    runtime: Runtime,
    tell: &'a mut dyn FnMut(&Told),
    /// What was told of already, where nothing is deleted.
    seen: HashSet<String>,
}

/// Collects what is wished for. `tell` hears of each thing, once it is gone.
///
/// # Errors
/// A refusal, before anything goes, when something that is named cannot be collected; those of the database. What
/// alone cannot be collected is told and counted.
pub fn collect(place: &Place, wish: &Wish, tell: &mut dyn FnMut(&Told)) -> Result<Summary, Error> {
    let runtime = Builder::new_current_thread().enable_all().build();
    let runtime = runtime.map_err(|_| Error::Unavailable)?;
    let age = wish.older_than.as_ref().map_or(0, super::Age::millis);
    let scope = Scope { workspace: wish.workspace.clone(), before: now().saturating_sub(age) };
    let store = Store::open(place.store.clone())?;
    let (checked, asked) = (scope.clone(), wish.clone());
    store.read_now(move |on| check::named(on, &asked, &checked))?;
    let mut sweep = Sweep {
        store,
        files: Files::new(place, wish.dry_run),
        wish,
        scope,
        keep: Keep::new(place.workspaces),
        summary: Summary::default(),
        runtime,
        tell,
        seen: HashSet::new(),
    };
    let named = |ids: &Option<Vec<String>>| ids.clone().map_or(Which::Deleted, Which::Named);
    sweep.things(&runs::TABLE, &named(&wish.runs))?;
    sweep.things(&models::TABLE, &named(&wish.models))?;
    experiments::collect(&mut sweep)?;
    if wish.jobs || wish.job_ids.is_some() {
        jobs::collect(&mut sweep)?;
    }
    if wish.orphans {
        orphans::collect(&mut sweep)?;
    }
    Ok(sweep.summary)
}

impl Sweep<'_> {
    /// Collects runs or logged models: whether all could be.
    pub(super) fn things(&mut self, table: &'static Table, which: &Which) -> Result<bool, Error> {
        let parts = match which {
            Which::Named(ids) => ids.chunks(PAGE).map(|it| Which::Named(it.to_vec())).collect(),
            which => vec![which.clone()],
        };
        let mut all = true;
        for part in parts {
            let mut last = String::new();
            loop {
                let page = self.page(table, &part, &last)?;
                let Some(end) = page.last() else { break };
                last.clone_from(&end.id);
                all &= self.remove(table, &part, page)?;
            }
        }
        Ok(all)
    }

    fn page(&self, table: &'static Table, which: &Which, last: &str) -> Result<Vec<Owner>, Error> {
        let Table { name, id, uri, .. } = table;
        let (wanted, given) = match which {
            Which::Named(ids) => (format!("{name}.{id} IN ({})", marks(ids.len())), values(ids)),
            Which::Deleted => ((table.deleted)(), vec![self.scope.before.into()]),
            Which::Of(experiment) => {
                (format!("{name}.experiment_id = ?"), vec![(*experiment).into()])
            }
        };
        let sql = format!(
            "SELECT {name}.{id}, {name}.{uri}, e.workspace FROM {name} LEFT JOIN experiments e ON e.experiment_id = {name}.experiment_id WHERE {wanted} AND {} AND {name}.{id} > ? ORDER BY {name}.{id} LIMIT {PAGE}",
            self.scope.inside(name)
        );
        let given = [given, self.scope.values(), vec![last.into()]].concat();
        self.store.read_now(move |on| owners(on.query(&sql, &given)?))
    }

    /// Collects a page of things: whether all could be.
    fn remove(
        &mut self,
        table: &'static Table,
        which: &Which,
        mut page: Vec<Owner>,
    ) -> Result<bool, Error> {
        if self.wish.dry_run {
            page.retain(|owner| self.seen.insert(owner.id.clone()));
        } else if !matches!(which, Which::Of(_)) {
            let ids = ids(&page);
            let claimed = self.store.write_now(move |on| (table.claim)(on, &ids))?;
            // what was restored or collected meanwhile is none of ours any more
            page.retain(|owner| claimed.contains(&owner.id));
        }
        let cleared = self.clear(&page)?;
        let (mut gone, mut left) = (Vec::new(), Vec::new());
        for (owner, cleared) in page.into_iter().zip(cleared) {
            match cleared {
                Ok(cleared) => gone.push((owner, cleared)),
                Err(error) => left.push((owner, error)),
            }
        }
        if !self.wish.dry_run {
            let ids: Vec<_> = gone.iter().map(|(owner, _)| Value::from(&owner.id)).collect();
            self.delete(table, &ids)?;
            let ids: Vec<_> = left.iter().map(|(owner, _)| Value::from(&owner.id)).collect();
            if !ids.is_empty() && !matches!(which, Which::Of(_)) {
                self.store.write_now(move |on| (table.release)(on, &ids))?;
            }
        }
        let all = left.is_empty();
        for (owner, cleared) in gone {
            self.gone(table.kind, owner.id, cleared);
        }
        for (owner, error) in left {
            self.left(table.kind, owner.id, &error);
        }
        Ok(all)
    }

    /// Deletes the rows of things, in transactions that are small.
    fn delete(&self, table: &'static Table, all: &[Value]) -> Result<(), Error> {
        let mut done = all.is_empty();
        while !done {
            let ids = all.to_vec();
            done = self.store.write_now(move |on| (table.delete)(on, &ids))?;
        }
        Ok(())
    }

    /// Deletes the files of owners, or only measures them.
    pub(super) fn clear(&mut self, owners: &[Owner]) -> Result<Vec<Result<Cleared, Error>>, Error> {
        if self.wish.without_artifacts {
            return Ok(owners.iter().map(|_| Ok(Cleared::default())).collect());
        }
        let keep = self.keep.clone();
        self.keep = self.store.read_now(move |on| keep.clone().refreshed(on))?;
        let (files, keep) = (&self.files, &self.keep);
        let work = stream::iter(owners).map(|owner| files.clear(owner, keep));
        Ok(self.runtime.block_on(work.buffered(TOGETHER).collect()))
    }

    /// Deletes the files of a folder behind the artifact proxy, or only measures them.
    pub(super) fn clear_folder(&self, folder: &ArtifactPath) -> Result<Cleared, Error> {
        self.runtime.block_on(self.files.clear_folder(folder, &self.keep))
    }

    /// Runs work that waits for files.
    pub(super) fn wait<T>(&self, work: impl Future<Output = T>) -> T {
        self.runtime.block_on(work)
    }

    /// Tells that something is gone, or would be.
    pub(super) fn gone(&mut self, kind: Kind, id: String, Cleared { size, stays }: Cleared) {
        *self.count(kind) += 1;
        self.summary.size += size;
        (self.tell)(&Told { kind, id, size, stays, failure: None });
    }

    /// Tells that something could not be collected.
    pub(super) fn left(&mut self, kind: Kind, id: String, error: &Error) {
        self.summary.failures += 1;
        let (size, failure) = (Size::default(), Some(error.to_string()));
        (self.tell)(&Told { kind, id, size, stays: Vec::new(), failure });
    }

    fn count(&mut self, kind: Kind) -> &mut u64 {
        match kind {
            Kind::Run => &mut self.summary.runs,
            Kind::LoggedModel => &mut self.summary.models,
            Kind::Experiment => &mut self.summary.experiments,
            Kind::Job => &mut self.summary.jobs,
            Kind::Orphan => &mut self.summary.orphans,
        }
    }
}

fn ids(owners: &[Owner]) -> Vec<Value> {
    owners.iter().map(|owner| Value::from(&owner.id)).collect()
}

/// Owners of rows of an id, a location and a workspace.
fn owners(rows: Vec<Row>) -> Result<Vec<Owner>, Error> {
    let owner = |mut row: Row| {
        let workspace = row.take::<Option<String>>(2)?.unwrap_or_else(|| "default".to_owned());
        Ok(Owner { id: row.take(0)?, uri: row.take(1)?, workspace })
    };
    rows.into_iter().map(owner).collect()
}
