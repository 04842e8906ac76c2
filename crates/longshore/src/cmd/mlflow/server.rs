//! A tracking server, what is found at it by names and ids, and what it refuses in words of what was asked.

use anyhow::{Result, anyhow, bail};
use longshore_mlflow::rest::{
    self, Experiment, GetExperiment, GetExperimentByName, GetRun, Run, SearchExperiments,
    SearchRuns, ViewType,
};
use longshore_storage::{Config, Error, MlflowServer};

use super::{
    pages::pages,
    text::{clean, quoted},
};
use crate::{
    cli::{AskArgs, Which},
    cmd::{advice::Advised, near::nearest},
};

/// Names that are looked through for a near one.
const NAMES: usize = 1000;

/// Most runs of one name that an error lists.
const LISTED: usize = 5;

/// A tracking server.
pub(in crate::cmd) struct Server {
    client: MlflowServer,
    /// Its address as it was given.
    pub(super) uri: String,
    /// Whether answers are printed as JSON.
    pub(in crate::cmd) json: bool,
}

impl Server {
    /// Reads the address; nothing is asked yet.
    pub(in crate::cmd) fn open(args: &AskArgs) -> Result<Self> {
        let uri = args.tracking_uri.trim();
        let scheme = uri.split_once(':').map_or("", |(scheme, _)| scheme).to_ascii_lowercase();
        if !matches!(&*scheme, "http" | "https") {
            let is_database = scheme.starts_with("sqlite") || scheme.starts_with("postgres");
            let hint = if is_database {
                "serve it with `longshore tracking --backend-store-uri …`, and name that server"
            } else {
                "write `http://HOST:PORT` after `--tracking-uri` or in `MLFLOW_TRACKING_URI`"
            };
            // a location of a database may hold a password
            let shown =
                if uri.contains('@') { format!("`{scheme}:…`") } else { format!("`{uri}`") };
            bail!("{shown} is no tracking server's address: {hint}");
        }
        let config = Config { tracking_uri: Some(uri.to_owned()), ..Config::new("") };
        Ok(Self { client: MlflowServer::open(&config)?, uri: uri.to_owned(), json: args.json })
    }

    /// Its address, without credentials.
    pub(in crate::cmd) fn address(&self) -> String {
        self.client.address()
    }

    /// Asks; `what` says in errors what the request is about.
    pub(in crate::cmd) fn ask<C: rest::Call>(&self, call: &C, what: &str) -> Result<C::Reply> {
        self.client.ask(call, what).map_err(|error| self.explained(error))
    }

    /// Asks for what may not be there.
    pub(super) fn find<C: rest::Call>(&self, call: &C, what: &str) -> Result<Option<C::Reply>> {
        match self.client.ask(call, what) {
            Ok(reply) => Ok(Some(reply)),
            Err(Error::Missing { .. }) => Ok(None),
            Err(error) => Err(self.explained(error)),
        }
    }

    fn explained(&self, error: Error) -> anyhow::Error {
        let is_away = matches!(error, Error::Unavailable { .. });
        let error = anyhow::Error::from(error);
        if !is_away {
            return error;
        }
        error.context(Advised(format!(
            "the tracking server `{}` does not answer: is it the right one (`--tracking-uri`), and does it run (`longshore tracking`)?",
            self.address()
        )))
    }

    /// That something is not there, and what may be meant.
    pub(super) fn absent(
        &self,
        what: &str,
        name: &str,
        known: &[String],
        list: &str,
    ) -> anyhow::Error {
        let hint = match nearest(name, known) {
            Some(near) => format!("did you mean `{}`?", clean(near)),
            None if known.is_empty() => "there is none at all".to_owned(),
            None => format!("`{list}` lists what there is"),
        };
        anyhow!("there is no {what} `{name}` at {}: {hint}", self.address())
    }

    /// The experiment of this name or id.
    pub(super) fn experiment(&self, text: &str) -> Result<Experiment> {
        let (name, id) = match text.split_once(':') {
            Some(("id", id)) => (None, Some(id)),
            Some(("name", name)) => (Some(name), None),
            _ => (Some(text), Some(text).filter(|id| id.bytes().all(|it| it.is_ascii_digit()))),
        };
        let what = format!("the experiment `{text}`");
        let named = match name {
            Some(name) => {
                self.find(&GetExperimentByName { experiment_name: name.to_owned() }, &what)?
            }
            None => None,
        };
        let numbered = match id {
            Some(id) => self.find(&GetExperiment { experiment_id: id.to_owned() }, &what)?,
            None => None,
        };
        match (named.map(|it| it.experiment), numbered.map(|it| it.experiment)) {
            (Some(named), Some(numbered)) if named.experiment_id != numbered.experiment_id => {
                bail!(
                    "`{text}` is the name of one experiment and the id of another: write `name:{text}` or `id:{text}`"
                )
            }
            (Some(found), _) | (None, Some(found)) => Ok(found),
            (None, None) => {
                let known = self.experiments(ViewType::All, NAMES)?;
                let names: Vec<_> = known.into_iter().filter_map(|it| it.name).collect();
                Err(self.absent("experiment", text, &names, "longshore experiments list"))
            }
        }
    }

    /// At most `most` experiments; all when it is 0.
    pub(super) fn experiments(&self, which: ViewType, most: usize) -> Result<Vec<Experiment>> {
        let found = pages(most, |token, count| {
            let call = SearchExperiments {
                max_results: Some(count),
                page_token: token,
                view_type: Some(which),
                ..SearchExperiments::default()
            };
            let reply = self.ask(&call, "the experiments")?;
            Ok((reply.experiments, reply.next_page_token))
        })?;
        Ok(found.items)
    }

    /// The ids of experiments given by names or ids; of all when none is given.
    pub(super) fn experiment_ids(&self, given: &[impl AsRef<str>]) -> Result<Vec<String>> {
        let id = |it: Experiment| it.experiment_id;
        if given.is_empty() {
            return Ok(self.experiments(ViewType::All, 0)?.into_iter().map(id).collect());
        }
        given.iter().map(|text| self.experiment(text.as_ref()).map(id)).collect()
    }

    /// The run of this id, or of this name in the experiment, or in any.
    pub(super) fn run(&self, text: &str, experiment: Option<&str>) -> Result<Run> {
        if is_run_id(text) {
            let call = GetRun { run_id: text.to_owned(), ..GetRun::default() };
            return match self.find(&call, &format!("the run `{text}`"))? {
                Some(found) => Ok(found.run),
                None => bail!(
                    "there is no run `{text}` at {}: `longshore runs list` lists what there is",
                    self.address()
                ),
            };
        }
        let named = SearchRuns {
            experiment_ids: self.experiment_ids(experiment.as_slice())?,
            run_view_type: Some(ViewType::All),
            filter: Some(format!("attributes.run_name = {}", quoted(text)?)),
            max_results: Some(LISTED as i32 + 1),
            ..SearchRuns::default()
        };
        let mut runs = self.ask(&named, &format!("runs with the name `{text}`"))?.runs;
        match runs.len() {
            0 => {
                let latest = SearchRuns { filter: None, max_results: Some(NAMES as i32), ..named };
                let runs = self.ask(&latest, "the runs")?.runs;
                let names: Vec<_> = runs.into_iter().filter_map(|it| it.info.run_name).collect();
                Err(self.absent("run", text, &names, "longshore runs list"))
            }
            1 => Ok(runs.remove(0)),
            _ => {
                let ids = runs.iter().take(LISTED).map(|run| format!("`{}`", run.info.run_id));
                let ids = ids.collect::<Vec<_>>().join(", ");
                let more = if runs.len() > LISTED { " and more" } else { "" };
                bail!("several runs have the name `{text}`: name one by its id, {ids}{more}")
            }
        }
    }
}

/// How the API calls them.
pub(super) fn view(which: Which) -> ViewType {
    match which {
        Which::Active => ViewType::ActiveOnly,
        Which::Deleted => ViewType::DeletedOnly,
        Which::All => ViewType::All,
    }
}

/// Whether a text is the id of a run, and no name.
fn is_run_id(text: &str) -> bool {
    text.len() == 32 && text.bytes().all(|it| it.is_ascii_hexdigit())
}
