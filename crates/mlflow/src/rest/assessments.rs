use std::collections::BTreeMap;

use super::{
    AnyValue, Done, Timestamp,
    call::calls,
    message::{messages, names},
};

messages! {
    /// What somebody says of a trace, or of a span of it: feedback, what was expected, or an issue it shows.
    pub struct Assessment {
        /// Its id; the server's choice when it is not said.
        assessment_id: Option<String>,
        /// What is assessed, such as `correctness`.
        assessment_name: Option<String>,
        /// The trace.
        trace_id: Option<String>,
        /// The span, when it is about one of them.
        span_id: Option<String>,
        /// Who says it.
        source: Option<AssessmentSource>,
        /// When it was said first.
        create_time: Option<Timestamp>,
        /// When it was said last.
        last_update_time: Option<Timestamp>,
        /// How well the trace did. This, an expectation or an issue is there.
        feedback: Option<Feedback>,
        /// What the trace should have given.
        expectation: Option<Expectation>,
        /// Why.
        rationale: Option<String>,
        /// Not used any more: feedback holds its error.
        error: Option<AssessmentError>,
        /// What else is known.
        metadata: BTreeMap<String, String>,
        /// The assessment that this one stands for now.
        overrides: Option<String>,
        /// Whether none stands in its place.
        valid: Option<bool>,
        /// The issue that the trace shows.
        issue: Option<IssueReference>,
    }

    /// Who assesses.
    pub struct AssessmentSource {
        /// What kind of assessor it is.
        source_type: Option<AssessmentSourceType>,
        /// Its id, such as an address or the name of a model.
        source_id: Option<String>,
    }

    /// Why there is no feedback.
    pub struct AssessmentError {
        /// Its code.
        error_code: Option<String>,
        /// Its words.
        error_message: Option<String>,
        /// Where it happened.
        stack_trace: Option<String>,
    }

    /// How well a trace did.
    pub struct Feedback {
        /// A number, a text, a truth value, or a list or map of those.
        value: Option<AnyValue>,
        /// Why there is no value.
        error: Option<AssessmentError>,
    }

    /// What a trace should have given.
    pub struct Expectation {
        /// A number, a text or a truth value.
        value: Option<AnyValue>,
        /// Any other value.
        serialized_value: Option<SerializedValue>,
    }

    /// A value as a text.
    pub struct SerializedValue {
        /// `JSON_FORMAT`.
        serialization_format: Option<String>,
        /// The text.
        value: Option<String>,
    }

    /// An issue that a trace shows. Its id is the assessment's name.
    pub struct IssueReference {
        /// The issue's name.
        issue_name: Option<String>,
    }

    /// Adds an assessment to a trace.
    pub struct CreateAssessment {
        /// The trace.
        trace_id: String,
        /// The assessment.
        assessment: Assessment,
    }

    /// Asks for an assessment.
    pub struct GetAssessment {
        /// The trace.
        trace_id: String,
        /// Its id.
        assessment_id: String,
    }

    /// Changes an assessment.
    pub struct UpdateAssessment {
        /// The trace.
        trace_id: String,
        /// Its id.
        assessment_id: String,
        /// What it becomes.
        assessment: Assessment,
        /// What of it changes: names of fields in camel case, joined by commas.
        update_mask: String,
    }

    /// Deletes an assessment.
    pub struct DeleteAssessment {
        /// The trace.
        trace_id: String,
        /// Its id.
        assessment_id: String,
    }

    /// The answer to what makes, changes or asks for an assessment.
    pub struct AssessmentReply {
        /// The assessment.
        assessment: Assessment,
    }
}

names! {
    /// Kinds of assessors.
    pub enum AssessmentSourceType {
        /// It is not said.
        Unspecified = ("SOURCE_TYPE_UNSPECIFIED", 0),
        /// A person.
        Human = ("HUMAN", 1),
        /// A language model.
        LlmJudge = ("LLM_JUDGE", 2),
        /// A program.
        Code = ("CODE", 3),
    }
}

calls! {
    CreateAssessment: Post "3.0/mlflow/traces/{trace_id}/assessments" -> AssessmentReply;
    GetAssessment: Get "3.0/mlflow/traces/{trace_id}/assessments/{assessment_id}" -> AssessmentReply;
    UpdateAssessment: Patch "3.0/mlflow/traces/{trace_id}/assessments/{assessment_id}" -> AssessmentReply;
    DeleteAssessment: Delete "3.0/mlflow/traces/{trace_id}/assessments/{assessment_id}" -> Done;
}
