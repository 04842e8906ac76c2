//! Label schemas: the questions of an experiment that people answer about its traces. An answer is an
//! assessment that has the question's name.

use super::{
    Done,
    call::calls,
    message::{messages, names},
};

names! {
    /// What an answer becomes.
    pub enum LabelSchemaType {
        /// Not said.
        Unspecified = ("LABEL_SCHEMA_TYPE_UNSPECIFIED", 0),
        /// How good something is.
        Feedback = ("FEEDBACK", 1),
        /// What it should have been.
        Expectation = ("EXPECTATION", 2),
    }
}

messages! {
    /// One of two answers.
    pub struct InputPassFail {
        /// What the good one is called.
        positive_label (default): String,
        /// What the other is called.
        negative_label (default): String,
    }

    /// One of several answers, or some of them.
    pub struct InputCategorical {
        /// The answers.
        options: Vec<String>,
        /// Whether there may be several.
        multi_select (default): bool,
    }

    /// A number.
    pub struct InputNumeric {
        /// The least.
        min_value: Option<f64>,
        /// The greatest.
        max_value: Option<f64>,
    }

    /// A text.
    pub struct InputText {
        /// Most characters.
        max_length: Option<i64>,
    }

    /// How an answer is given: in one of these ways.
    pub struct LabelSchemaInput {
        /// One of two.
        pass_fail: Option<InputPassFail>,
        /// One of several.
        categorical: Option<InputCategorical>,
        /// A number.
        numeric: Option<InputNumeric>,
        /// A text.
        text: Option<InputText>,
    }

    /// A question.
    pub struct LabelSchema {
        /// `ls-` and 32 hexadecimal digits.
        schema_id: String,
        /// The experiment it belongs to.
        experiment_id: String,
        /// What is asked, and the name of the assessments that answer it: one of its experiment.
        name: String,
        /// What an answer becomes.
        r#type: LabelSchemaType,
        /// More about the question.
        instruction: Option<String>,
        /// Whether an answer may have a comment.
        enable_comment: bool,
        /// How an answer is given.
        input: LabelSchemaInput,
        /// Who made it.
        created_by: Option<String>,
        /// Milliseconds since 1970.
        created_at: i64,
        /// Milliseconds since 1970.
        last_updated_at: i64,
        /// Whether it is the one that every experiment has, which stays as it is.
        is_default: bool,
    }

    /// Makes a question.
    pub struct CreateLabelSchema {
        /// The experiment, which must be active.
        experiment_id: String,
        /// What is asked.
        name: String,
        /// What an answer becomes.
        r#type (default): LabelSchemaType,
        /// How an answer is given.
        input (default): LabelSchemaInput,
        /// More about the question.
        instruction: Option<String>,
        /// Whether an answer may have a comment.
        enable_comment: Option<bool>,
    }

    /// Asks for a question by its id.
    pub struct GetLabelSchema {
        /// Its id.
        schema_id: String,
    }

    /// Asks for a question by what it asks.
    pub struct GetLabelSchemaByName {
        /// The experiment, which must be active.
        experiment_id: String,
        /// What it asks.
        name: String,
    }

    /// Asks for the questions of an experiment, the newest first.
    pub struct ListLabelSchemas {
        /// The experiment, which must be active.
        experiment_id: String,
        /// Most of a page; 100 when it is not said.
        max_results: Option<i32>,
        /// The page; the first when it is not said.
        page_token: Option<String>,
    }

    /// The answer to [`ListLabelSchemas`].
    pub struct ListLabelSchemasReply {
        /// The questions.
        label_schemas: Vec<LabelSchema>,
        /// The next page; empty on the last.
        next_page_token (default): String,
    }

    /// Changes a question: what is not said stays.
    pub struct UpdateLabelSchema {
        /// Its id.
        schema_id: String,
        /// What is asked.
        name: Option<String>,
        /// More about the question.
        instruction: Option<String>,
        /// Whether an answer may have a comment.
        enable_comment: Option<bool>,
        /// How an answer is given, in the same way as before.
        input: Option<LabelSchemaInput>,
    }

    /// Removes a question. One that is not there is removed already.
    pub struct DeleteLabelSchema {
        /// Its id.
        schema_id: String,
    }

    /// The answer to requests about one question.
    pub struct LabelSchemaReply {
        /// The question.
        label_schema: LabelSchema,
    }
}

impl LabelSchemaInput {
    /// The name of the one way that it holds; `None` when it holds none, or several.
    pub fn kind(&self) -> Option<&'static str> {
        match (&self.pass_fail, &self.categorical, &self.numeric, &self.text) {
            (Some(_), None, None, None) => Some("pass_fail"),
            (None, Some(_), None, None) => Some("categorical"),
            (None, None, Some(_), None) => Some("numeric"),
            (None, None, None, Some(_)) => Some("text"),
            _ => None,
        }
    }
}

calls! {
    CreateLabelSchema: Post "3.0/mlflow/label-schemas/create" -> LabelSchemaReply;
    GetLabelSchema: Get "3.0/mlflow/label-schemas/get" -> LabelSchemaReply;
    GetLabelSchemaByName: Get "3.0/mlflow/label-schemas/get-by-name" -> LabelSchemaReply;
    ListLabelSchemas: Get "3.0/mlflow/label-schemas/list" -> ListLabelSchemasReply;
    UpdateLabelSchema: Patch "3.0/mlflow/label-schemas/update" -> LabelSchemaReply;
    DeleteLabelSchema: Delete "3.0/mlflow/label-schemas/delete" -> Done;
}
