//! What review queues must keep to.

use std::collections::HashSet;

use crate::{
    Error,
    rest::{ReviewQueueType, ReviewStatus},
    text::repr,
};

/// Longest name of a queue and of a user, in characters.
const NAME: usize = 250;

/// Longest id of a question, in characters.
const SCHEMA_ID: usize = 36;

/// Longest id of a trace, in characters.
const ITEM_ID: usize = 50;

/// Most users of a queue.
const USERS: usize = 10;

/// The name of the only user of a server without users.
const RESERVED: &str = "default";

/// A queue that is about to be made.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NewQueue {
    /// Its name.
    pub name: String,
    /// The name that the database has for its type.
    pub kind: &'static str,
    /// Who reviews.
    pub users: Vec<String>,
    /// The ids of its questions.
    pub schema_ids: Vec<String>,
}

impl NewQueue {
    /// A queue with a name, of a type.
    ///
    /// # Errors
    /// [`Error::Rule`].
    pub fn of(
        name: &str,
        kind: ReviewQueueType,
        users: &[String],
        schema_ids: &[String],
    ) -> Result<Self, Error> {
        let (users, schema_ids) = (self::users(users)?, self::schema_ids(schema_ids)?);
        match kind {
            ReviewQueueType::Unspecified => Err(Error::rule(
                "`queue_type` must be one of USER or CUSTOM; got proto enum value 0.",
            )),
            ReviewQueueType::Custom => {
                Ok(Self { name: self::name(name)?, kind: "custom", users, schema_ids })
            }
            ReviewQueueType::User => Self::of_user(name, &users, &schema_ids),
        }
    }

    fn of_user(name: &str, users: &[String], schema_ids: &[String]) -> Result<Self, Error> {
        let name = user(name);
        filled("name", &name, NAME)?;
        if !users.is_empty() && users != [name.as_str()] {
            return Err(Error::rule(format!(
                "A user queue must have exactly one assigned user equal to its name; got name={} and users={}.",
                repr(&name),
                list(users)
            )));
        }
        if !schema_ids.is_empty() {
            return Err(Error::rule(
                "A user queue cannot have explicitly-attached schemas; it resolves to all of the experiment's label schemas.",
            ));
        }
        Ok(Self { users: vec![name.clone()], name, kind: "user", schema_ids: Vec::new() })
    }
}

/// A user as queues name one: in lower case, without spaces around the name.
pub fn user(name: &str) -> String {
    name.trim().to_lowercase()
}

/// Who reviews, each once.
///
/// # Errors
/// [`Error::Rule`].
pub fn users(names: &[String]) -> Result<Vec<String>, Error> {
    let users = each("user", names.iter().map(|it| user(it)), NAME)?;
    if users.len() > USERS {
        return Err(Error::rule(format!(
            "A review queue can have at most {USERS} assigned users; got {}.",
            users.len()
        )));
    }
    Ok(users)
}

/// The ids of questions, each once.
///
/// # Errors
/// [`Error::Rule`].
pub fn schema_ids(ids: &[String]) -> Result<Vec<String>, Error> {
    each("schema_id", ids.iter().map(|it| it.trim().to_owned()), SCHEMA_ID)
}

/// The ids of traces, each once.
///
/// # Errors
/// [`Error::Rule`], also when there are none.
pub fn item_ids(ids: &[String]) -> Result<Vec<String>, Error> {
    if ids.is_empty() {
        return Err(Error::rule("`item_ids` must be a non-empty list; got []."));
    }
    each("item_id", ids.iter().map(|it| it.trim().to_owned()), ITEM_ID)
}

/// The name of a queue that is no user's.
///
/// # Errors
/// [`Error::Rule`].
pub fn name(name: &str) -> Result<String, Error> {
    let name = name.trim();
    filled("name", name, NAME)?;
    if name.to_lowercase() == RESERVED {
        return Err(Error::rule(format!(
            "`{name}` is a reserved queue name and cannot be used for a custom queue."
        )));
    }
    Ok(name.to_owned())
}

/// The refusal of a name that a user of the server has.
pub fn namesake(user: &str, is_new: bool) -> Error {
    let does = if is_new { "use a username as its name" } else { "be renamed to a username" };
    Error::rule(format!(
        "'{user}' is a registered user. A custom review queue cannot {does}; assign that user to a queue instead."
    ))
}

/// Who is to have made a queue.
///
/// # Errors
/// [`Error::Rule`].
pub fn owner(name: &str) -> Result<&str, Error> {
    let name = name.trim();
    filled("new_owner", name, NAME)?;
    Ok(name)
}

/// The name that the database has for how far an item is.
///
/// # Errors
/// [`Error::Rule`] when it was not said.
pub fn status(status: ReviewStatus) -> Result<&'static str, Error> {
    match status {
        ReviewStatus::Pending => Ok("pending"),
        ReviewStatus::Complete => Ok("complete"),
        ReviewStatus::Declined => Ok("declined"),
        ReviewStatus::Unspecified => Err(Error::rule(
            "`status` must be one of PENDING, COMPLETE, or DECLINED; got proto enum value 0.",
        )),
    }
}

/// Who made an item so: somebody, unless it is pending.
///
/// # Errors
/// [`Error::Rule`].
pub fn completed_by(status: &str, by: Option<&str>) -> Result<Option<String>, Error> {
    let by = by.map(user);
    match (&by, status) {
        (Some(_), "pending") => {
            return Err(Error::rule(
                "`completed_by` must not be set when reopening an item to `pending`.",
            ));
        }
        (None, "pending") => {}
        (by, status) if by.as_ref().is_none_or(String::is_empty) => {
            return Err(Error::rule(format!(
                "`completed_by` is required when setting status to `{status}`."
            )));
        }
        _ => {}
    }
    let count = by.as_ref().map_or(0, |it| it.chars().count());
    if count > NAME {
        return Err(Error::rule(format!(
            "`completed_by` must be at most {NAME} characters; got {count}."
        )));
    }
    Ok(by)
}

/// A list of texts as Python's `repr` shows it.
pub fn list(texts: &[String]) -> String {
    let texts: Vec<_> = texts.iter().map(|it| repr(it)).collect();
    format!("[{}]", texts.join(", "))
}

/// Texts that are neither empty nor too long, each once, in their order.
fn each(
    field: &str,
    texts: impl Iterator<Item = String>,
    limit: usize,
) -> Result<Vec<String>, Error> {
    let (mut once, mut seen) = (Vec::new(), HashSet::new());
    for text in texts {
        filled(field, &text, limit)?;
        if seen.insert(text.clone()) {
            once.push(text);
        }
    }
    Ok(once)
}

fn filled(field: &str, text: &str, limit: usize) -> Result<(), Error> {
    if text.is_empty() {
        return Err(Error::rule(format!("`{field}` must be a non-empty string; got ''.")));
    }
    let count = text.chars().count();
    if count > limit {
        return Err(Error::rule(format!(
            "`{field}` must be at most {limit} characters; got {count}."
        )));
    }
    Ok(())
}
