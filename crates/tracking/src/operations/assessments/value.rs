//! What an assessment says, as JSON: the form in which MLflow keeps it.

use longshore_mlflow::rest::{
    AnyValue, Assessment, AssessmentError, Expectation, Feedback, IssueReference, SerializedValue,
    dumps, print,
};
use serde_json::{Value as Any, json};

use crate::{Error, figures::standing};

/// The only form of a [`SerializedValue`].
const FORMAT: &str = "JSON_FORMAT";

/// Most characters of a stack trace that is told, and what stands for those before.
const STACK: (usize, &str) = (10_000, "[Stack trace is truncated]\n...\n");

/// Kinds of assessments.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Kind {
    Feedback,
    Expectation,
    Issue,
}

/// What an assessment says.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Said {
    pub(super) kind: Kind,
    /// JSON as Python writes it.
    pub(super) value: String,
    /// Why there is none, as JSON.
    pub(super) error: Option<String>,
}

impl Kind {
    pub(super) fn name(self) -> &'static str {
        match self {
            Self::Feedback => "feedback",
            Self::Expectation => "expectation",
            Self::Issue => "issue",
        }
    }

    pub(super) fn parse(name: &str) -> Result<Self, Error> {
        let all = [Self::Feedback, Self::Expectation, Self::Issue];
        let found = all.into_iter().find(|it| it.name() == name);
        found.ok_or_else(|| Error::Schema(format!("an assessment is a `{name}`")))
    }
}

impl Said {
    /// What an assessment says.
    ///
    /// # Errors
    /// [`Error::Refused`] in MLflow's words.
    pub(super) fn of(assessment: &Assessment) -> Result<Self, Error> {
        match (&assessment.feedback, &assessment.expectation, &assessment.issue) {
            (Some(feedback), None, None) => Ok(Self::feedback(feedback)),
            (None, Some(expectation), None) => Self::expectation(expectation),
            (None, None, Some(issue)) => Ok(Self::issue(issue)),
            (None, None, None) => Err(Error::invalid("Unknown assessment type: None")),
            _ => Err(Error::invalid(
                "Exactly one of `expectation`, `feedback`, or `issue` should be specified.",
            )),
        }
    }

    pub(super) fn feedback(feedback: &Feedback) -> Self {
        let value = feedback.value.clone().unwrap_or_default();
        let filled = |text: &Option<String>| text.clone().filter(|text| !text.is_empty());
        let error = feedback.error.as_ref().map(|error| {
            let AssessmentError { error_code, error_message, stack_trace } = error;
            let error = json!({
                "error_code": error_code.clone().unwrap_or_default(),
                "error_message": filled(error_message),
                "stack_trace": filled(stack_trace),
            });
            text(&error.to_string())
        });
        Self { kind: Kind::Feedback, value: text(&print(&value)), error }
    }

    /// # Errors
    /// [`Error::Refused`] in MLflow's words.
    pub(super) fn expectation(expectation: &Expectation) -> Result<Self, Error> {
        let value = match (&expectation.value, &expectation.serialized_value) {
            (Some(_), Some(_)) => {
                return Err(Error::invalid(
                    "an expectation has a `value` or a `serialized_value`, not both",
                ));
            }
            (value, None) => text(&print(&value.clone().unwrap_or_default())),
            (None, Some(SerializedValue { serialization_format, value })) => {
                let format = serialization_format.as_deref().unwrap_or_default();
                if format != FORMAT {
                    return Err(Error::invalid(format!(
                        "Unknown serialization format: {format}. Only JSON_FORMAT is supported."
                    )));
                }
                let value = value.as_deref().unwrap_or_default();
                dumps(value).ok_or_else(|| {
                    Error::invalid("the `serialized_value` of an expectation is not valid JSON")
                })?
            }
        };
        if value == "null" {
            return Err(Error::invalid("The `value` field must be specified."));
        }
        Ok(Self { kind: Kind::Expectation, value, error: None })
    }

    fn issue(issue: &IssueReference) -> Self {
        let name = issue.issue_name.as_deref().unwrap_or_default();
        let value = text(&json!({ "issue_name": name }).to_string());
        Self { kind: Kind::Issue, value, error: None }
    }

    /// Says it in an assessment.
    ///
    /// # Errors
    /// [`Error::Schema`] for what is not JSON.
    pub(super) fn tell(&self, assessment: &mut Assessment) -> Result<(), Error> {
        let value = parse(&self.value)?;
        match self.kind {
            Kind::Feedback => {
                let error = self.error.as_deref().map(error).transpose()?;
                assessment.feedback = Some(Feedback { value: Some(value), error });
            }
            Kind::Expectation => {
                let is_one = matches!(value.0, Any::Bool(_) | Any::Number(_) | Any::String(_));
                assessment.expectation = Some(if is_one {
                    Expectation { value: Some(value), serialized_value: None }
                } else {
                    let serialized_value = Some(SerializedValue {
                        serialization_format: Some(FORMAT.to_owned()),
                        value: Some(self.value.clone()),
                    });
                    Expectation { value: None, serialized_value }
                });
            }
            Kind::Issue => {
                let name = value.0.get("issue_name").and_then(Any::as_str);
                assessment.issue = Some(IssueReference { issue_name: name.map(Into::into) });
            }
        }
        Ok(())
    }

    /// The number that stands for it in statistics, and whether it is one itself.
    pub(super) fn aggregate(&self) -> (Option<f64>, bool) {
        parse(&self.value).map_or((None, false), |it| standing(&it.0))
    }
}

/// JSON as Python writes it.
fn text(json: &str) -> String {
    dumps(json).unwrap_or_else(|| json.to_owned())
}

/// # Errors
/// [`Error::Schema`] for what is not JSON.
pub(super) fn parse(text: &str) -> Result<AnyValue, Error> {
    let wrong = |error| Error::Schema(format!("an assessment is kept in another form: {error}"));
    AnyValue::parse(text).map_err(wrong)
}

fn error(text: &str) -> Result<AssessmentError, Error> {
    let AnyValue(kept) = parse(text)?;
    let field = |name: &str| kept.get(name).and_then(Any::as_str).map(ToOwned::to_owned);
    Ok(AssessmentError {
        error_code: field("error_code"),
        error_message: field("error_message").filter(|it| !it.is_empty()),
        stack_trace: field("stack_trace").filter(|it| !it.is_empty()).map(shortened),
    })
}

fn shortened(stack: String) -> String {
    let (most, prefix) = STACK;
    let count = stack.chars().count();
    if count <= most {
        return stack;
    }
    let rest = stack.chars().skip(count - most + prefix.chars().count());
    prefix.chars().chain(rest).collect()
}

#[cfg(test)]
mod tests {
    use longshore_mlflow::rest::{AnyValue, Assessment, Feedback};
    use serde_json::json;

    use super::{Said, shortened};

    fn feedback(value: serde_json::Value) -> Said {
        Said::feedback(&Feedback { value: Some(AnyValue(value)), error: None })
    }

    #[test]
    fn a_value_has_a_number_for_statistics() {
        // assessment_aggregate() of MLflow 3.17
        let cases = [
            (json!(true), (Some(1.0), false)),
            (json!(false), (Some(0.0), false)),
            (json!(3), (Some(3.0), true)),
            (json!(" Yes "), (Some(1.0), false)),
            (json!("no"), (Some(0.0), false)),
            (json!("maybe"), (None, false)),
            (json!(null), (None, false)),
            (json!([1]), (None, false)),
        ];
        for (value, wanted) in cases {
            assert_eq!(feedback(value.clone()).aggregate(), wanted, "{value}");
        }
    }

    #[test]
    fn feedback_is_kept_as_python_writes_it() {
        assert_eq!(feedback(json!({"a": [1, "é"]})).value, r#"{"a": [1.0, "\u00e9"]}"#);
    }

    #[test]
    fn an_assessment_says_one_thing() {
        let none = Assessment::default();
        assert_eq!(Said::of(&none).unwrap_err().to_string(), "Unknown assessment type: None");
        let both = Assessment {
            feedback: Some(Feedback::default()),
            expectation: Some(longshore_mlflow::rest::Expectation::default()),
            ..none
        };
        assert!(Said::of(&both).unwrap_err().to_string().starts_with("Exactly one of"));
    }

    #[test]
    fn a_long_stack_keeps_its_end() {
        let long = shortened("x".repeat(10_000) + "é");
        assert!(long.starts_with("[Stack trace is truncated]\n...\nx") && long.ends_with('é'));
        assert_eq!(long.chars().count(), 10_000);
        assert_eq!(shortened("x".to_owned()), "x");
    }
}
