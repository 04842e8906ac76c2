//! The routes of one model.

use longshore_daemon::percent;
use serde_json::{Value, json};

use super::{
    super::{
        columns::{self, Form},
        example,
        node::{Node, object},
    },
    Described, Facts, bodies,
    common::{Ids, answered, json_of},
    schema,
};

/// Most columns of a row that is described.
const MOST_COLUMNS: usize = 2000;

/// A model, ready to be described.
pub(super) struct Model {
    pub(super) name: String,
    pub(super) id: String,
    /// Its name in a path.
    segment: String,
    versions: Vec<String>,
    pub(super) methods: Vec<&'static str>,
    default: &'static str,
    about: String,
    row: Node,
    answer: Value,
    pub(super) params: Value,
    v1: Option<Node>,
    v2: Option<Node>,
    pub(super) invocations: Option<Node>,
    pub(super) csv: Option<Value>,
    pub(super) keys: bool,
}

impl Model {
    pub(super) fn of(described: &Described, ids: &mut Ids, facts: &Facts) -> Self {
        let served = &*described.latest;
        let form = Form::of(served);
        let (columns, count) = columns::of(served, MOST_COLUMNS);
        let whole = columns.len() == count;
        let found = whole.then(|| example::of(served, form, &columns, &facts.limits)).flatten();
        let row = found.filter(|example| example.works).map(|example| example.row);
        let row = row.as_ref();
        let methods: Vec<_> = served.contract.methods.iter().map(|method| method.name()).collect();
        let origin = served.model().origin.join(", ");
        let about = match (served.flavor(), origin.is_empty()) {
            (flavor, true) => format!("A model of the flavor {flavor}."),
            (flavor, false) => format!("A model of the flavor {flavor}, saved by {origin}."),
        };
        let invocations = row.and_then(|row| bodies::invocations(served, form, row, &facts.limits));
        Self {
            name: served.name.to_string(),
            id: ids.of(&served.name),
            segment: percent::encode_segment(&served.name),
            versions: described.versions.iter().map(|served| served.version.to_string()).collect(),
            default: served.contract.default.name(),
            about,
            row: schema::row(form, if whole { &columns } else { &[] }, count),
            answer: schema::answer(&served.outputs, served.model().predictor.classes()),
            params: schema::params(&served.contract.params, &methods),
            methods,
            v1: row.map(bodies::v1),
            v2: row.and_then(|row| bodies::v2(served, row, &facts.limits)),
            csv: row.filter(|_| form == Form::Named).and_then(bodies::csv),
            invocations,
            keys: facts.keys,
        }
    }

    pub(super) fn tag(&self) -> Node {
        json!({"name": self.name, "description": self.about}).into()
    }

    /// Its schemas: a row, and what answers a row.
    pub(super) fn schemas(&self) -> Vec<(String, Node)> {
        vec![
            (format!("{}_Row", self.id), self.row.clone()),
            (format!("{}_Answer", self.id), self.answer.clone().into()),
        ]
    }

    pub(super) fn row_schema(&self) -> Value {
        json!({"$ref": format!("#/components/schemas/{}_Row", self.id)})
    }

    /// The schema of `{"predictions": […]}`.
    pub(super) fn predictions(&self) -> Value {
        let answer = format!("#/components/schemas/{}_Answer", self.id);
        json!({
            "type": "object",
            "required": ["predictions"],
            "properties": {"predictions": {"type": "array", "items": {"$ref": answer}}},
        })
    }

    pub(super) fn paths(&self) -> Vec<(String, Node)> {
        let (segment, keys) = (&self.segment, self.keys);
        let v1 = format!("/v1/models/{segment}");
        let v2 = format!("/v2/models/{segment}");
        let mut paths = vec![
            (format!("{v1}:predict"), self.predict(false)),
            (format!("{v2}/infer"), self.infer(false)),
        ];
        if self.versions.len() > 1 {
            paths.push((format!("{v1}/versions/{{version}}:predict"), self.predict(true)));
            paths.push((format!("{v2}/versions/{{version}}/infer"), self.infer(true)));
        }
        let metadata = json!({"$ref": "#/components/schemas/ModelMetadata"});
        let readiness = json!({"$ref": "#/components/schemas/Readiness"});
        let any = json!({"type": "object"});
        let get = |id: &str, words: &str, schema: Value| -> Node {
            json!({"get": {
                "tags": [self.name],
                "operationId": format!("{id}_{}", self.id),
                "summary": words,
                "responses": answered(json_of(words, schema), false, keys),
            }})
            .into()
        };
        paths.extend([
            (v1, get("status", "Whether the model answers", readiness.clone())),
            (v2.clone(), get("metadata", "What the model takes and gives", metadata)),
            (
                format!("{v2}/ready"),
                get("ready", "Whether the model answers, as V2 says it", readiness),
            ),
            (
                format!("{v2}/config"),
                get("config", "The model's configuration, as Triton says it", any.clone()),
            ),
            (
                format!("{v2}/stats"),
                get("stats", "What the model has done since the server started", any),
            ),
        ]);
        paths
    }

    fn predict(&self, by_version: bool) -> Node {
        let body = object([(
            "application/json",
            with_example(
                json!({
                    "type": "object",
                    "required": ["instances"],
                    "properties": {"instances": {"type": "array", "minItems": 1, "items": self.row_schema()}},
                }),
                self.v1.as_ref(),
            ),
        )]);
        let mut parameters = vec![self.method()];
        parameters.extend(by_version.then(|| self.version()));
        self.post(
            "predict",
            "Ask the model (KServe V1)",
            by_version,
            &parameters,
            body,
            self.predictions(),
        )
    }

    fn infer(&self, by_version: bool) -> Node {
        let schema = json!({"$ref": "#/components/schemas/InferRequest"});
        let body = object([("application/json", with_example(schema, self.v2.as_ref()))]);
        let parameters: Vec<_> = by_version.then(|| self.version()).into_iter().collect();
        let reply = json!({"$ref": "#/components/schemas/InferReply"});
        self.post(
            "infer",
            "Ask the model (Open Inference Protocol V2)",
            by_version,
            &parameters,
            body,
            reply,
        )
    }

    fn post(
        &self,
        id: &str,
        words: &str,
        by_version: bool,
        parameters: &[Value],
        content: Node,
        reply: Value,
    ) -> Node {
        // no model's name makes one of these the other
        let suffix = if by_version { "Version" } else { "" };
        let body = object([("required", true.into()), ("content", content)]);
        object([(
            "post",
            object([
                ("tags", json!([self.name]).into()),
                ("operationId", format!("{id}{suffix}_{}", self.id).into()),
                ("summary", words.into()),
                ("parameters", json!(parameters).into()),
                ("requestBody", body),
                (
                    "responses",
                    answered(json_of("The answers, one a row.", reply), true, self.keys).into(),
                ),
            ]),
        )])
    }

    /// The parameter that chooses the method.
    fn method(&self) -> Value {
        json!({
            "name": "method",
            "in": "query",
            "description": format!("What is asked; `{}` when nothing is said.", self.default),
            "schema": {"type": "string", "enum": self.methods},
        })
    }

    fn version(&self) -> Value {
        json!({
            "name": "version",
            "in": "path",
            "required": true,
            "schema": {"type": "string", "enum": self.versions},
        })
    }
}

/// A body with an example, if there is one.
pub(super) fn with_example(schema: Value, example: Option<&Node>) -> Node {
    let mut members = vec![("schema".to_owned(), schema.into())];
    members.extend(example.map(|example| ("example".to_owned(), example.clone())));
    Node::Object(members)
}
