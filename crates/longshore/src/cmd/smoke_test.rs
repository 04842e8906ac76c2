//! `longshore smoke-test`: a few requests that show whether a deployment serves.

mod check;
mod probe;
mod report;

use std::{
    fs,
    time::{Duration, Instant},
};

use anyhow::{Context, Result, bail};

use self::{check::Verdict, probe::Probe, report::Report};
use crate::{
    cli::SmokeTestArgs,
    client::{Access, Target},
    question::{Question, source},
};

/// Models that are asked when none is named; more are left out, so that the number of requests has a bound.
const MOST_MODELS: usize = 8;

/// How long to wait before asking again whether the server is ready.
const PAUSE: Duration = Duration::from_millis(100);

/// Asks, prints a line for each thing asked, and fails when one does not hold.
pub(crate) fn run(args: &SmokeTestArgs) -> Result<()> {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    let (report, unreached) = runtime.block_on(test(args))?;
    runtime.shutdown_background();
    if args.json {
        super::print(&report.json());
    }
    if let Some(file) = &args.junit {
        fs::write(file, report.junit())
            .with_context(|| format!("failed to write `{}`", file.display()))?;
    }
    if let Some(reason) = unreached {
        bail!("`{}` could not be asked: {reason}", args.url);
    }
    match report.failed() {
        0 => Ok(()),
        failed => bail!("{failed} of {} checks failed at `{}`", report.len(), args.url),
    }
}

/// Makes the checks. When nothing listens at the address, it makes only the first one, and says why
/// no connection came about.
async fn test(args: &SmokeTestArgs) -> Result<(Report, Option<String>)> {
    let access = Access::of(&args.question)?;
    let target = Target::parse(&args.url, &access)?;
    let metrics = match &args.metrics_url {
        Some(url) => Some(Target::parse(url, &access)?),
        None => None,
    };
    let given = source::given(&args.question)?;
    let probe = Probe::new(target, Duration::from_secs_f64(args.timeout));
    let mut report = Report::new(&args.url, args.json);
    if args.wait > 0.0 {
        wait(&probe, Duration::from_secs_f64(args.wait)).await;
    }

    let mut live = check::answers(&probe, check::LIVE).await;
    if let Some(reason) = live.unreached.take() {
        report.note("live", live);
        return Ok((report, Some(reason)));
    }
    report.add("live", live);
    report.add("ready", check::answers(&probe, check::READY).await);
    let (verdict, ours) = check::server(&probe).await;
    report.add("server metadata", verdict);
    let models = match &args.question.model {
        Some(model) => vec![model.clone()],
        None => match source::models(&probe.target).await {
            Ok(models) => models,
            Err(error) => {
                report.add("models", Verdict::failed(format!("{error:#}")));
                return Ok((report, None));
            }
        },
    };
    if models.is_empty() {
        report.add("models", Verdict::failed("the server has no model".into()));
    }
    for model in models.iter().take(MOST_MODELS) {
        let checks = Model { probe: &probe, name: model, ours };
        checks.run(given.as_ref(), &mut report).await;
    }
    report.add("metrics", check::metrics(&probe, metrics, ours).await);
    Ok((report, None))
}

/// Waits until the server is ready, or the time is over: the checks then tell what is missing.
async fn wait(probe: &Probe, most: Duration) {
    let end = Instant::now() + most;
    while Instant::now() < end && !check::answers(probe, check::READY).await.is_pass() {
        tokio::time::sleep(PAUSE).await;
    }
}

/// One model of the server.
struct Model<'a> {
    probe: &'a Probe,
    name: &'a str,
    /// Whether the server is one of Longshore's, which has every protocol.
    ours: bool,
}

impl Model<'_> {
    async fn run(&self, given: Option<&bytes::Bytes>, report: &mut Report) {
        let mut add = |what: &str, verdict: Verdict| {
            let passed = verdict.is_pass();
            report.add(&format!("{} {what}", self.name), verdict);
            passed
        };
        let (verdict, metadata) = check::metadata(self.probe, self.name, self.ours).await;
        add("metadata", verdict);
        let path = format!("/v2/models/{}/ready", self.name);
        add("ready", self.optional(check::get(self.probe, &path).await));
        let inputs = metadata.map(|metadata| metadata.inputs).unwrap_or_default();
        let question = match Question::about(&inputs, given) {
            Ok(question) => question,
            Err(error) => {
                add("prediction", Verdict::failed(format!("{error:#}")));
                return;
            }
        };
        let made_up = given.is_none();
        let mut answered = false;
        let path = format!("/v1/models/{}:predict", self.name);
        let verdict = check::predictions(self.probe, &path, &question.v1, question.rows).await;
        answered |= add("v1 predict", self.hinted(verdict, made_up));
        let path = format!("/v2/models/{}/infer", self.name);
        let verdict = match &question.v2 {
            Some(body) => check::infer(self.probe, &path, body, question.rows).await,
            None => Verdict::skipped("the server does not say what the model takes".into()),
        };
        answered |= add("v2 infer", self.hinted(verdict, made_up));
        // a server of one model, such as MLflow's, takes no notice of the query
        let path = format!("/invocations?model={}", self.name);
        let verdict =
            check::predictions(self.probe, &path, &question.invocations, question.rows).await;
        answered |= add("invocations", self.hinted(verdict, made_up));
        if !answered {
            add("prediction", Verdict::failed("no protocol gave a prediction".into()));
        }
        add("bad input", check::bad_input(self.probe, self.name).await);
    }

    /// The verdict on what other servers may lack, but Longshore's may not.
    fn optional(&self, verdict: Verdict) -> Verdict {
        if self.ours { verdict.strict() } else { verdict }
    }

    /// A model may refuse a made-up value, such as a category that it has never seen.
    fn hinted(&self, verdict: Verdict, made_up: bool) -> Verdict {
        let verdict = self.optional(verdict);
        if made_up {
            verdict.hint("; give a row that the model takes with `--body FILE`")
        } else {
            verdict
        }
    }
}
