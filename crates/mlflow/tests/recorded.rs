//! What MLflow's client and server said to each other, read and printed again.
//!
//! `tests/golden/mlflow_rest.py` recorded it. Printed bodies must be equal to the last byte: the order of
//! fields, the form of numbers, what is present and what is not.

#![expect(clippy::expect_used, clippy::panic, reason = "a test fails loudly")]

use std::{collections::BTreeSet, fs, path::Path};

use longshore_mlflow::{
    Error,
    rest::{self, Call, Message, Refusal},
};
use serde::Deserialize;
use serde_json::{Map, Value, value::RawValue};

#[derive(Deserialize)]
struct Line {
    method: String,
    path: String,
    query: Vec<(String, String)>,
    request: Option<Box<RawValue>>,
    status: u16,
    reply: Box<RawValue>,
}

/// A request as a body and as a query.
type Printed = (String, Vec<(&'static str, String)>);

/// Reads a request and prints it.
type Again = fn(&Line, &[(&str, &str)]) -> Result<Printed, Error>;

/// A call of the table: its name, its methods, its path, and how its messages are read and printed.
struct Entry {
    name: &'static str,
    methods: Vec<&'static str>,
    path: String,
    request: Again,
    reply: fn(&str) -> String,
}

fn entry<C: Call>(name: &'static str) -> Entry {
    Entry {
        name,
        methods: C::METHODS.iter().map(|method| method.name()).collect(),
        path: format!("{}{}", rest::API, C::PATH),
        request: |line, path| {
            let query = line.query.iter().map(|(name, text)| (name.as_str(), text.as_str()));
            let request: C = line.request.as_ref().map_or_else(
                || rest::parse_query(query, path),
                |body| rest::parse_request(body.get().as_bytes(), path),
            )?;
            Ok((rest::print(&request), request.query()))
        },
        reply: print_again::<C::Reply>,
    }
}

fn print_again<T: Message>(text: &str) -> String {
    let message: T =
        rest::parse_reply(text.as_bytes()).unwrap_or_else(|error| panic!("{error}: {text}"));
    rest::print(&message)
}

macro_rules! table {
    ($($call:ident)*) => { vec![$( entry::<rest::$call>(stringify!($call)) ),*] };
}

fn table() -> Vec<Entry> {
    table![
        CreateExperiment GetExperiment GetExperimentByName SearchExperiments DeleteExperiment
        RestoreExperiment UpdateExperiment SetExperimentTag DeleteExperimentTag
        CreateRun UpdateRun DeleteRun RestoreRun GetRun SearchRuns LogParam SetTag DeleteTag LogBatch LogModel
        LogMetric GetMetricHistory GetMetricHistoryBulkInterval LogInputs LogOutputs
        ListArtifacts CreatePresignedUploadUrl CreatePresignedDownloadUrl ListProxiedArtifacts
        DeleteProxiedArtifact CreateMultipartUpload CompleteMultipartUpload AbortMultipartUpload
        GetPresignedDownloadUrl
        CreateLoggedModel FinalizeLoggedModel GetLoggedModel DeleteLoggedModel SearchLoggedModels
        SetLoggedModelTags DeleteLoggedModelTag LogLoggedModelParams ListLoggedModelArtifacts
        CreateRegisteredModel RenameRegisteredModel UpdateRegisteredModel DeleteRegisteredModel
        GetRegisteredModel SearchRegisteredModels GetLatestVersions SetRegisteredModelTag
        DeleteRegisteredModelTag SetRegisteredModelAlias DeleteRegisteredModelAlias GetModelVersionByAlias
        CreateModelVersion UpdateModelVersion TransitionModelVersionStage DeleteModelVersion GetModelVersion
        SearchModelVersions GetModelVersionDownloadUri SetModelVersionTag DeleteModelVersionTag
        GetServerInfo
    ]
}

/// The fields that an address names, when it is the call's. The last part may hold slashes.
fn fields<'l>(entry: &'l Entry, path: &'l str) -> Option<Vec<(&'l str, &'l str)>> {
    let mut rest = path;
    let mut found = Vec::new();
    let parts: Vec<_> = entry.path.split('/').collect();
    for (index, part) in parts.iter().enumerate() {
        let is_last = index + 1 == parts.len();
        let name = part.strip_prefix('{').and_then(|part| part.strip_suffix('}'));
        let (value, after) = match rest.split_once('/') {
            Some(split) if !(is_last && matches!(name, Some("path" | "folder"))) => split,
            _ => (rest, ""),
        };
        match name {
            Some("folder") => {}
            Some(name) => found.push((name, value)),
            None if *part == value => {}
            None => return None,
        }
        rest = after;
        if rest.is_empty() && !is_last {
            return None;
        }
    }
    rest.is_empty().then_some(found)
}

fn lines() -> Vec<Line> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/recorded/bodies");
    let mut lines = Vec::new();
    for file in fs::read_dir(folder).expect("the recorded bodies") {
        let text = fs::read_to_string(file.expect("an entry").path()).expect("UTF-8");
        lines.extend(text.lines().map(|line| serde_json::from_str::<Line>(line).expect("a line")));
    }
    lines
}

fn call<'t>(table: &'t [Entry], line: &Line) -> &'t Entry {
    // a literal path is nearer than one with fields
    let nearest = table
        .iter()
        .filter(|entry| {
            entry.methods.contains(&&*line.method) && fields(entry, &line.path).is_some()
        })
        .min_by_key(|entry| entry.path.matches('{').count());
    nearest.unwrap_or_else(|| panic!("no call for {} {}", line.method, line.path))
}

/// Whether a body has each field that the address has.
fn names_all(body: &str, path: &[(&str, &str)]) -> bool {
    let body: Map<String, Value> = serde_json::from_str(body).expect("JSON");
    path.iter().all(|(name, _)| body.contains_key(*name))
}

#[test]
fn every_body_prints_as_it_was() {
    let table = table();
    let mut seen = BTreeSet::new();
    for line in lines() {
        let told = format!("{} {}", line.method, line.path);
        if line.status != 200 {
            assert_eq!(print_again::<Refusal>(line.reply.get()), line.reply.get(), "{told}");
            continue;
        }
        let entry = call(&table, &line);
        seen.insert(entry.name);
        let path = fields(entry, &line.path).expect("its fields");
        let (body, query) =
            (entry.request)(&line, &path).unwrap_or_else(|error| panic!("{told}: {error}"));
        match &line.request {
            None => {
                let query: Vec<_> =
                    query.into_iter().map(|(name, text)| (name.to_owned(), text)).collect();
                assert_eq!(query, line.query, "{told}");
            }
            Some(sent) if names_all(sent.get(), &path) => assert_eq!(body, sent.get(), "{told}"),
            Some(sent) => {
                // the body leaves out what the address says
                let mut printed: Map<String, Value> = serde_json::from_str(&body).expect("JSON");
                printed.retain(|name, _| path.iter().all(|(field, _)| field != name));
                let sent: Map<String, Value> = serde_json::from_str(sent.get()).expect("JSON");
                assert_eq!(printed, sent, "{told}");
            }
        }
        assert_eq!((entry.reply)(line.reply.get()), line.reply.get(), "{told}");
    }
    let missing: Vec<_> =
        table.iter().filter(|entry| !seen.contains(entry.name)).map(|entry| entry.name).collect();
    assert_eq!(missing, Vec::<&str>::new(), "calls that no recording has");
}
