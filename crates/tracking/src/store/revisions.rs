//! The revisions of MLflow's schemas, and the releases of MLflow that have them.

/// A state of a schema.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Revision {
    /// What MLflow calls it.
    pub id: &'static str,
    /// The first release that has it, of those that were looked at: all from 1.8 on.
    pub release: &'static str,
    /// What changes when a database comes to it.
    pub change: &'static str,
}

/// A chain of revisions, the oldest first.
pub type Chain = &'static [Revision];

/// Those of the schema of experiments and models.
pub const TRACKING: Chain = &[
    of("451aebb31d03", "1.1", "steps of metrics"),
    of("90e64c465722", "1.1", "users of runs become tags"),
    of("181f10493468", "1.1", "metrics that are no number"),
    of("df50e92ffc5e", "1.8", "tags of experiments"),
    of("7ac759974ad8", "1.8", "longer tags of runs"),
    of("89d4b8295536", "1.8", "the last value of each metric"),
    of("2b4d017a5e9b", "1.8", "registered models and versions"),
    of("cfd24bdc0731", "1.8", "runs that were killed"),
    of("0a8213491aaa", "1.8", "nothing but for MySQL"),
    of("728d730b5ebd", "1.10", "tags of registered models"),
    of("27a6a02d2cf1", "1.10", "tags of versions"),
    of("84291f40a231", "1.11", "links from versions to runs"),
    of("a8c4a736bde6", "1.14", "versions without a run"),
    of("39d1c3be5f05", "1.15", "checks of metrics"),
    of("c48cb773bb87", "1.20", "nothing but for MySQL"),
    of("bd07f7e963c5", "1.25", "indexes by run"),
    of("0c779009ac13", "1.28", "when runs were deleted"),
    of("cc1f77228345", "1.28", "longer parameters"),
    of("97727af70f4d", "1.29", "times of experiments"),
    of("3500859a5d39", "2.3", "aliases"),
    of("7f2a7d5fae7d", "2.4", "datasets"),
    of("2d6e25af4d3e", "2.8", "longer parameters"),
    of("acf3f17fdcc7", "2.8", "where versions are kept"),
    of("867495a8f9d4", "2.13", "traces"),
    of("5b0e9adcef9c", "2.14", "facts of traces go with them"),
    of("4465047574b1", "2.15", "nothing but for MySQL"),
    of("f5a4f2784254", "2.17", "longer tags of runs"),
    of("0584bdc529eb", "2.18", "datasets go with their experiment"),
    of("400f98739977", "3.0", "logged models"),
    of("6953534de441", "3.0", "steps of inputs"),
    of("bda7b8c39065", "3.2", "longer tags of versions"),
    of("cbc13b556ace", "3.2", "requests and previews of traces"),
    of("770bee3ae1dd", "3.2", "assessments"),
    of("a1b2c3d4e5f6", "3.3", "spans"),
    of("de4033877273", "3.3", "links between objects"),
    of("1a0cddfcaa16", "3.3", "webhooks"),
    of("534353b11cbc", "3.4", "scorers"),
    of("71994744cf8e", "3.4", "evaluation datasets"),
    of("3da73c924c2f", "3.5", "outputs in evaluation datasets"),
    of("bf29a5ff90ea", "3.5", "jobs"),
    of("1bd49d398cd23", "3.8", "secrets and endpoints"),
    of("b7c8d9e0f1a2", "3.9", "metrics of traces"),
    of("5d2d30f0abce", "3.9", "names of jobs"),
    of("c9d4e5f6a7b8", "3.9", "routing of endpoints"),
    of("2c33131f4dae", "3.9", "scorers that run by themselves"),
    of("d3e4f5a6b7c8", "3.9", "names of bindings"),
    of("d0e1f2a3b4c5", "3.10", "experiments of endpoints"),
    of("c8d9e0f1a2b3", "3.10", "metrics of spans"),
    of("1b5f0d9ad7c1", "3.10", "workspaces: everything is in `default`"),
    of("e1f2a3b4c5d6", "3.11", "budgets"),
    of("76601a5f987d", "3.11", "issues"),
    of("c3d6457b6d8a", "3.11", "details of jobs"),
    of("a5b4c3d2e1f0", "3.12", "an index of metrics"),
    of("ae8bbe7743c9", "3.12", "guardrails"),
    of("7d34483879f0", "3.12", "indexes of tags of models and versions"),
    of("da6fb0208061", "3.13", "archives of traces"),
    of("89d3d66ed43f", "3.14", "label schemas"),
    of("b7e4c1a90f23", "3.14", "review queues"),
    of("a8b9c0d1e2f3", "3.15", "MCP servers"),
    of("c1d2e3f4a5b6", "3.15", "an index of spans by time"),
    of("c3d9e7f1a2b4", "3.15", "targets of budgets"),
    of("6f8d9c3b2a1e", "3.15", "traces go with their experiment"),
    of("1971f2d9a75b", "3.16", "an index of traces by time"),
    of("17e22815139b", "3.16", "longer tags of experiments"),
    of("b7e2c1a4d9f3", "3.16", "who made a job"),
    of("75868b020152", "3.17", "names, tokens and costs of traces and spans become columns"),
    of("dc11669786a5", "3.17", "leases of jobs; jobs that wait are cancelled"),
];

/// Those of the schema of users.
pub const USERS: Chain = &[
    of("8606fa83a998", "2.5", "users and their permissions"),
    of("0965eb92f5f0", "3.7", "permissions of scorers"),
    of("a1b2c3d4e5f6", "3.9", "permissions of the gateway"),
    of("2ed73881770d", "3.10", "permissions in workspaces"),
    of("c3d4e5f6a7b8", "3.12", "roles"),
    of("e5f6a7b8c9d0", "3.13", "permissions become grants of a role of each user"),
    of("f1a2b3c4d5e6", "3.13", "grants of prompts are such"),
];

const fn of(id: &'static str, release: &'static str, change: &'static str) -> Revision {
    Revision { id, release, change }
}

/// The releases whose databases are at a revision, in words.
pub(crate) fn releases(chain: Chain, id: &str) -> String {
    let Some(at) = chain.iter().position(|it| it.id == id) else {
        return "an unknown MLflow".to_owned();
    };
    let release = chain.get(at).map_or("", |it| it.release);
    match chain.get(at + 1) {
        Some(next) if next.release != release => {
            format!("MLflow {release}, or later and before {}", next.release)
        }
        _ => format!("MLflow {release}"),
    }
}
