//! An example or more of each command that does not bring its own. A test parses every line.

/// The examples of a command, by its words after `longshore`; nothing for one that has none.
pub(super) fn of(path: &str) -> String {
    let found = EXAMPLES.iter().find(|(command, _)| *command == path);
    let lines = found.map(|(_, lines)| *lines).unwrap_or_default();
    lines.iter().map(|line| format!("  {line}")).collect::<Vec<_>>().join("\n")
}

const EXAMPLES: &[(&str, &[&str])] = &[
    (
        "",
        &[
            "longshore demo",
            "longshore try churn.joblib",
            "longshore serve churn.joblib --port 8080",
            "longshore predict churn.joblib --input rows.csv",
        ],
    ),
    (
        "serve",
        &[
            "longshore serve churn.joblib",
            "longshore serve churn=models/v3.skops spam.joblib --host 0.0.0.0 --port 9000",
            "longshore serve churn.joblib --watch",
            "longshore serve models:/churn@champion --tracking-uri http://localhost:5000",
            "longshore serve s3://bucket/models/churn --max-body-bytes 16MiB --request-timeout 5s",
            "longshore serve --model-dir models --watch",
        ],
    ),
    (
        "try",
        &[
            "longshore try churn.joblib",
            "longshore try example://wine",
            "longshore try s3://bucket/models/churn --no-open",
        ],
    ),
    (
        "fetch",
        &[
            "longshore fetch s3://bucket/models/churn /mnt/models/churn",
            "longshore fetch models:/churn@champion ./churn --tracking-uri http://localhost:5000",
        ],
    ),
    (
        "predict",
        &[
            "longshore predict churn.joblib --input rows.csv",
            "longshore predict example://wine --input rows.jsonl --method predict_proba",
            "longshore predict churn.joblib --input - < rows.csv",
        ],
    ),
    (
        "batch",
        &[
            "longshore batch example://wine --input rows.csv --output answers.csv",
            "longshore batch models:/churn@champion --input 'rows/*.parquet' --output answers.parquet --keep customer",
            "longshore batch s3://models/churn --input s3://data/rows.parquet --output s3://data/answers.parquet",
            "longshore batch churn.joblib --input - --input-format csv --output - --method predict_proba < rows.csv",
        ],
    ),
    ("inspect", &["longshore inspect churn.joblib", "longshore inspect example://wine --json"]),
    (
        "verify",
        &[
            "longshore verify churn.joblib rows.npy answers.npy",
            "longshore verify churn.joblib rows.csv answers.json --method predict_proba --exact A",
        ],
    ),
    (
        "demo",
        &["longshore demo", "longshore demo --once", "longshore demo --host 0.0.0.0 --port 9000"],
    ),
    (
        "bench",
        &[
            "longshore bench http://localhost:8080",
            "longshore bench http://localhost:8080 --model churn --rate 500 --duration 1m",
            "longshore bench http://localhost:8080/health/ready --requests 1000 --json",
        ],
    ),
    (
        "smoke-test",
        &[
            "longshore smoke-test http://localhost:8080",
            "longshore smoke-test https://models.example.com --model churn --wait 2m --junit smoke.xml",
        ],
    ),
    ("api-key", &["longshore api-key ada", "longshore api-key ada --file keys.txt"]),
    ("ps", &["longshore ps", "longshore ps --server http://localhost:9000", "longshore ps --json"]),
    (
        "models",
        &[
            "longshore models",
            "longshore models --server https://models.example.com --json",
            "longshore models list --tracking-uri http://localhost:5000",
        ],
    ),
    ("models alias", &["longshore models alias set churn champion 3"]),
    ("models tag", &["longshore models tag set churn/3 checked=yes"]),
    ("experiments", &["longshore experiments list", "longshore experiments create churn"]),
    (
        "runs",
        &[
            "longshore runs list --experiment churn",
            "longshore runs compare calm-owl-2 nimble-fox-7",
        ],
    ),
    (
        "runs artifacts",
        &[
            "longshore runs artifacts list nimble-fox-7",
            "longshore runs artifacts download nimble-fox-7 --output ./files",
        ],
    ),
    (
        "tracking",
        &[
            "longshore tracking",
            "longshore tracking --port 5001 --backend-store-uri sqlite:///mlflow.db",
            "longshore tracking --host 0.0.0.0 --app-name basic-auth --backend-store-uri postgresql://mlflow@db/mlflow",
            "longshore tracking backup ./backups --keep 7",
        ],
    ),
    (
        "tracking backup",
        &["longshore tracking backup ./backup", "longshore tracking backup ./backups --keep 7"],
    ),
    (
        "tracking restore",
        &[
            "longshore tracking restore ./backup --check",
            "longshore tracking restore ./backups --newest",
        ],
    ),
    (
        "tracking export",
        &[
            "longshore tracking export --from http://mlflow:5000 --to ./moved",
            "longshore tracking export --from http://mlflow:5000 --to ./moved --experiment churn --no-traces",
        ],
    ),
    (
        "tracking import",
        &[
            "longshore tracking import --from ./moved --to http://localhost:5000",
            "longshore tracking import --from http://mlflow:5000 --to http://localhost:5000 --dry-run",
        ],
    ),
    ("tracking gc", &["longshore tracking gc --dry-run", "longshore tracking gc --older-than 30d"]),
    (
        "tracking migrate",
        &[
            "longshore tracking migrate --dry-run",
            "longshore tracking migrate --backend-store-uri sqlite:///mlflow.db",
        ],
    ),
    ("tracking users", &["longshore tracking users list", "longshore tracking users create ada"]),
    (
        "tracking users list",
        &[
            "longshore tracking users list",
            "longshore tracking users list --database sqlite:///basic_auth.db",
        ],
    ),
    ("tracking users get", &["longshore tracking users get ada"]),
    (
        "tracking users admin",
        &["longshore tracking users admin ada", "longshore tracking users admin ada --revoke"],
    ),
    ("tracking users delete", &["longshore tracking users delete ada"]),
    ("tracking users revoke", &["longshore tracking users revoke ada experiment 3"]),
    (
        "tracking roles",
        &["longshore tracking roles list", "longshore tracking roles create reviewers"],
    ),
    (
        "tracking roles list",
        &["longshore tracking roles list", "longshore tracking roles list --all-workspaces"],
    ),
    ("tracking roles get", &["longshore tracking roles get reviewers"]),
    ("tracking roles delete", &["longshore tracking roles delete reviewers"]),
    (
        "tracking roles grant",
        &["longshore tracking roles grant reviewers registered_model '*' READ"],
    ),
    ("tracking roles revoke", &["longshore tracking roles revoke reviewers registered_model '*'"]),
    ("tracking roles assign", &["longshore tracking roles assign reviewers ada"]),
    ("tracking roles unassign", &["longshore tracking roles unassign reviewers ada"]),
    (
        "tracking tokens",
        &["longshore tracking tokens create nightly --read-only", "longshore tracking tokens list"],
    ),
    (
        "tracking tokens list",
        &["longshore tracking tokens list", "longshore tracking tokens list --user ada"],
    ),
    ("tracking tokens revoke", &["longshore tracking tokens revoke nightly"]),
    (
        "operator",
        &[
            "longshore operator --image registry.example.com/longshore:1 --lease longshore-system/operator",
        ],
    ),
    (
        "gateway",
        &[
            "longshore gateway --host 0.0.0.0",
            "longshore gateway --routes routes.yaml --hold-timeout 2m",
        ],
    ),
    ("autoscaler", &["longshore autoscaler replay trace.json"]),
    ("autoscaler replay", &["longshore autoscaler replay trace.json"]),
    ("get", &["longshore get", "longshore get -A --output wide", "longshore get revisions churn"]),
    ("describe", &["longshore describe churn --namespace models"]),
    ("url", &["longshore url churn", "longshore url churn --curl"]),
    ("logs", &["longshore logs churn --follow", "longshore logs churn --revision 2 --tail 100"]),
    ("rollout", &["longshore rollout status churn", "longshore rollout promote churn"]),
    ("rollout status", &["longshore rollout status churn --timeout 5m"]),
    (
        "rollout promote",
        &["longshore rollout promote churn", "longshore rollout promote churn --canary v4"],
    ),
    ("rollout abort", &["longshore rollout abort churn"]),
    ("rollout history", &["longshore rollout history churn"]),
    ("apply", &["longshore apply -f churn.yaml", "longshore apply -f churn.yaml --dry-run"]),
    ("delete", &["longshore delete churn", "longshore delete -f churn.yaml --wait"]),
    ("batch", &["longshore batch churn.joblib --input rows.csv --output answers.csv"]),
    ("version", &["longshore version", "longshore version --json"]),
    (
        "completions",
        &["longshore completions bash > ~/.local/share/bash-completion/completions/longshore"],
    ),
    ("man", &["longshore man --dir ~/.local/share/man/man1"]),
];
