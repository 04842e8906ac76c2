//! What is told of a run is what was written last, whoever wrote it.

use longshore_mlflow::rest::{CreateRun, GetRun, RunTag, SearchRuns, SetTag, print};
use serde_json::Value as Any;

use crate::{
    Caller, Error, Settings,
    operation::{Context, Operation},
    store::{Connection, Store, tests::database},
};

/// A point in time, in milliseconds since 1970.
const NOW: i64 = 1_700_000_000_000;

fn with<T>(work: impl FnOnce(&Context<'_>) -> T) -> T {
    let (caller, settings) = (Caller::anyone("default"), Settings::default());
    work(&Context { caller: &caller, settings: &settings, now: NOW, namesake: None })
}

/// The body of an answer, as the server sends it.
fn body<O: Operation>(on: &mut dyn Connection, request: &O) -> Result<String, Error> {
    with(|context| match request.body(on, context)? {
        Some(body) => Ok(body),
        None => Ok(print(&request.answer(on, context)?)),
    })
}

async fn write<O: Operation>(store: &Store, request: O) -> String {
    let touched = request.touches();
    store.write_what(touched, move |on| body(on, &request)).await.unwrap()
}

async fn new_run(store: &Store) -> String {
    let request = CreateRun { experiment_id: Some("0".to_owned()), ..CreateRun::default() };
    let body: Any = serde_json::from_str(&write(store, request).await).unwrap();
    body["run"]["info"]["run_id"].as_str().unwrap().to_owned()
}

async fn set(store: &Store, run: &str, key: &str, value: &str) {
    let (run_id, key, value) = (run.to_owned(), key.to_owned(), value.to_owned());
    write(store, SetTag { run_id, key, value, run_uuid: None }).await;
}

/// The tag of a run in the body of an answer.
fn tag(run: &Any, key: &str) -> String {
    let tags = run["data"]["tags"].as_array().unwrap();
    let found = tags.iter().find(|it| it["key"] == key);
    found.map_or_else(String::new, |it| it["value"].as_str().unwrap().to_owned())
}

async fn get(store: &Store, run: &str) -> Any {
    let request = GetRun { run_id: run.to_owned(), run_uuid: None };
    let body = store.read(move |on| body(on, &request)).await.unwrap();
    serde_json::from_str::<Any>(&body).unwrap()["run"].take()
}

async fn search(store: &Store) -> Vec<Any> {
    let request = SearchRuns { experiment_ids: vec!["0".to_owned()], ..SearchRuns::default() };
    let body = store.read(move |on| body(on, &request)).await.unwrap();
    let mut body: Any = serde_json::from_str(&body).unwrap();
    body["runs"].as_array_mut().map(std::mem::take).unwrap_or_default()
}

/// Whether the JSON of a run need not be made anew.
async fn is_kept(store: &Store, run: &str) -> bool {
    let run = run.to_owned();
    store.read(move |on| Ok(on.kept(&run).is_some())).await.unwrap()
}

fn open(folder: &tempfile::TempDir) -> (Store, String) {
    let uri = database::new(folder.path());
    let store = Store::open(&uri).unwrap();
    store.seed("mlflow-artifacts:/0").unwrap();
    (store, uri)
}

#[tokio::test]
async fn a_body_is_what_the_answer_prints() {
    let folder = tempfile::tempdir().unwrap();
    let (store, _) = open(&folder);
    assert_eq!(search(&store).await, [Any::Null; 0]);
    for tags in [vec![], vec![RunTag { key: "é\"".to_owned(), value: "\n".to_owned() }]] {
        write(&store, CreateRun { experiment_id: Some("0".into()), tags, ..CreateRun::default() })
            .await;
    }
    for max_results in [Some(1), Some(2), None] {
        let experiment_ids = vec!["0".to_owned()];
        let request = SearchRuns { experiment_ids, max_results, ..SearchRuns::default() };
        for _ in 0..2 {
            let request = request.clone();
            let texts = store.read(move |on| {
                let answer = with(|context| request.answer(on, context))?;
                let run_id = answer.runs[0].info.run_id.clone();
                let one = GetRun { run_id, run_uuid: None };
                let answers = [print(&answer), print(&with(|context| one.answer(on, context))?)];
                Ok((answers, [body(on, &request)?, body(on, &one)?]))
            });
            let (answers, bodies) = texts.await.unwrap();
            assert_eq!(answers, bodies);
        }
    }
    let absent = GetRun { run_id: "0".repeat(32), run_uuid: None };
    let error = store.read(move |on| body(on, &absent)).await.unwrap_err();
    assert!(error.to_string().contains("not found"), "{error}");
}

#[tokio::test]
async fn a_write_is_seen_by_the_next_read() {
    let folder = tempfile::tempdir().unwrap();
    let (store, uri) = open(&folder);
    let (run, other) = (new_run(&store).await, new_run(&store).await);
    for turn in 0..3 {
        let text = turn.to_string();
        set(&store, &run, "own", &text).await;
        assert_eq!(tag(&get(&store, &run).await, "own"), text);
        assert!(search(&store).await.iter().any(|it| tag(it, "own") == text));
        assert_eq!(is_kept(&store, &run).await, uri.starts_with("sqlite"));
        // past the server, as another process does
        database::run(&uri, &format!("UPDATE tags SET value = 'their {turn}' WHERE key = 'own'"));
        assert_eq!(tag(&get(&store, &run).await, "own"), format!("their {turn}"));
        assert!(search(&store).await.iter().any(|it| tag(it, "own") == format!("their {turn}")));
        // and right before the server's own
        database::run(&uri, &format!("UPDATE tags SET value = 'last {turn}' WHERE key = 'own'"));
        set(&store, &other, "other", &text).await;
        assert_eq!(tag(&get(&store, &run).await, "own"), format!("last {turn}"));
        assert_eq!(tag(&get(&store, &other).await, "other"), text);
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn no_read_is_behind_a_write_that_was_acknowledged() {
    const TURNS: usize = 150;
    let folder = tempfile::tempdir().unwrap();
    let (store, uri) = open(&folder);
    let runs = [new_run(&store).await, new_run(&store).await];
    for run in &runs {
        set(&store, run, "own", "0").await;
        set(&store, run, "their", "0").await;
    }
    let mut tasks = Vec::new();
    // each task writes a tag of its own, and finds what it wrote
    for (index, run) in runs.iter().cloned().enumerate() {
        let store = store.clone();
        tasks.push(tokio::spawn(async move {
            for turn in 1..=TURNS {
                set(&store, &run, "own", &turn.to_string()).await;
                assert_eq!(tag(&get(&store, &run).await, "own"), turn.to_string(), "run {index}");
            }
        }));
    }
    // so does another process, on the first run
    let (other, run) = (store.clone(), runs[0].clone());
    tasks.push(tokio::spawn(async move {
        for turn in 1..=TURNS / 5 {
            let sql = format!("UPDATE tags SET value = '{turn}' WHERE key = 'their'");
            tokio::task::block_in_place(|| database::run(&uri, &sql));
            assert_eq!(tag(&get(&other, &run).await, "their"), turn.to_string());
        }
    }));
    // whoever else reads never goes back
    for run in runs.iter().cycle().take(4) {
        let (store, run) = (store.clone(), run.clone());
        tasks.push(tokio::spawn(async move {
            let mut last = (0, 0);
            for _ in 0..TURNS {
                let found = get(&store, &run).await;
                let now = ["own", "their"].map(|it| tag(&found, it).parse::<usize>().unwrap());
                assert!(now[0] >= last.0 && now[1] >= last.1, "{now:?} after {last:?}");
                last = (now[0], now[1]);
            }
        }));
    }
    for task in tasks {
        task.await.unwrap();
    }
}
