//! What a query asks, checked against the schema before anything is looked up.

use std::collections::{HashMap, HashSet};

use serde_json::{Map, Value};

use super::{
    arguments::{self, Variables},
    bounds::{self, Bounds},
    document::{Directive, Document, Field, Operation, Selection},
    parse::parse,
    schema::{Asks, Kind, Object, root},
};

/// Most bytes of a query.
const SIZE: usize = 64 << 10;

/// A field of the whole query.
#[derive(Debug)]
pub(super) struct Asked {
    /// Its name in the answer.
    pub(super) key: String,
    pub(super) asks: Asks,
    /// The message that is its argument.
    pub(super) input: Map<String, Value>,
    pub(super) answer: &'static Object,
    pub(super) fields: Vec<Wanted>,
}

/// A field of an answer.
#[derive(Debug)]
pub(super) struct Wanted {
    /// Its name in the answer.
    pub(super) key: String,
    /// Its name in the schema.
    pub(super) name: &'static str,
    /// What it holds; `None` is the name of the type.
    pub(super) kind: Option<Kind>,
    /// What is wanted of it, where it has fields.
    pub(super) fields: Vec<Wanted>,
}

/// What a query asks.
#[derive(Debug)]
pub(super) struct Plan {
    /// The name of the type of the whole answer.
    pub(super) name: &'static str,
    /// Where the name of the type is wanted.
    pub(super) names: Vec<String>,
    pub(super) asked: Vec<Asked>,
}

/// Reads a query.
///
/// # Errors
/// Words that say what is wrong with it.
pub(super) fn plan(
    query: &str,
    operation: Option<&str>,
    variables: &Map<String, Value>,
    bounds: Bounds,
) -> Result<Plan, String> {
    if query.len() > SIZE {
        return Err(format!("a query has at most {SIZE} bytes, and this one has {}", query.len()));
    }
    let document = parse(query)?;
    bounds::check(&document, bounds)?;
    let operation = chosen(&document, operation)?;
    let variables = arguments::variables(&operation.variables, variables)?;
    let planner = Planner { document: &document, variables };
    planner.whole(operation)
}

fn chosen<'a>(document: &'a Document, name: Option<&str>) -> Result<&'a Operation, String> {
    match (name, &*document.operations) {
        (None | Some(""), [only]) => Ok(only),
        (None | Some(""), _) => {
            Err("Must provide operation name if query contains multiple operations.".to_owned())
        }
        (Some(name), all) => {
            let found = all.iter().find(|it| it.name.as_deref() == Some(name));
            found.ok_or_else(|| format!("Unknown operation named '{name}'."))
        }
    }
}

/// The fields that have one name in the answer. All of them are the same field.
struct Group<'a> {
    first: &'a Field,
    selections: Vec<&'a [Selection]>,
}

struct Planner<'a> {
    document: &'a Document,
    variables: Variables,
}

impl<'a> Planner<'a> {
    fn whole(&self, operation: &'a Operation) -> Result<Plan, String> {
        let name = if operation.is_mutation { "Mutation" } else { "Query" };
        let mut plan = Plan { name, names: Vec::new(), asked: Vec::new() };
        for Group { first, selections } in self.groups(name, &[&operation.selections])? {
            if first.name == "__typename" {
                plan.names.push(first.key().to_owned());
                continue;
            }
            let root =
                root(operation.is_mutation, &first.name).ok_or_else(|| unknown(first, name))?;
            plan.asked.push(Asked {
                key: first.key().to_owned(),
                asks: root.asks,
                input: arguments::input(first, root.input, &self.variables)?,
                answer: root.answer,
                fields: self.fields(root.answer, first, &selections)?,
            });
        }
        Ok(plan)
    }

    /// The fields that are wanted of a field's type.
    fn fields(
        &self,
        object: &'static Object,
        of: &Field,
        selections: &[&'a [Selection]],
    ) -> Result<Vec<Wanted>, String> {
        if selections.is_empty() {
            let Object { name, .. } = object;
            return Err(format!(
                "Field '{}' of type '{name}' must have a selection of subfields. Did you mean '{} {{ ... }}'?",
                of.name, of.name
            ));
        }
        let groups = self.groups(object.name, selections)?.into_iter();
        groups.map(|group| self.wanted(object, &group)).collect()
    }

    fn wanted(&self, object: &'static Object, group: &Group<'a>) -> Result<Wanted, String> {
        let Group { first, selections } = group;
        let known = object.fields.iter().find(|(name, _)| *name == first.name);
        let (name, kind) = match known {
            Some((name, kind)) => (*name, Some(*kind)),
            None if first.name == "__typename" => ("__typename", None),
            None => return Err(unknown(first, object.name)),
        };
        if let Some((argument, _)) = first.arguments.first() {
            let Object { name: of, .. } = object;
            return Err(format!("Unknown argument '{argument}' on field '{of}.{name}'."));
        }
        let fields = match kind.and_then(Kind::object) {
            Some(inner) => self.fields(inner, first, selections)?,
            None if selections.is_empty() => Vec::new(),
            None => {
                return Err(format!(
                    "Field '{name}' must not have a selection since it has no subfields."
                ));
            }
        };
        Ok(Wanted { key: first.key().to_owned(), name, kind, fields })
    }

    /// The fields of a type that are selected, in the order of the answer.
    fn groups(&self, on: &str, selections: &[&'a [Selection]]) -> Result<Vec<Group<'a>>, String> {
        let mut groups: Vec<Group<'a>> = Vec::new();
        let mut places: HashMap<&str, usize> = HashMap::new();
        let mut passed = HashSet::new();
        for selections in selections {
            let mut fields = Vec::new();
            self.collect(on, selections, &mut passed, &mut fields)?;
            for field in fields {
                let place = *places.entry(field.key()).or_insert(groups.len());
                if place == groups.len() {
                    groups.push(Group { first: field, selections: Vec::new() });
                }
                let Some(group) = groups.get_mut(place) else { continue };
                let first = group.first;
                if first.name != field.name || first.arguments != field.arguments {
                    return Err(format!(
                        "Fields '{}' conflict because they are not the same. Use different aliases on the fields to fetch both.",
                        field.key()
                    ));
                }
                if !field.selections.is_empty() {
                    group.selections.push(&field.selections);
                }
            }
        }
        Ok(groups)
    }

    fn collect(
        &self,
        on: &str,
        selections: &'a [Selection],
        passed: &mut HashSet<&'a str>,
        fields: &mut Vec<&'a Field>,
    ) -> Result<(), String> {
        for selection in selections {
            match selection {
                Selection::Field(field) => {
                    if self.is_in(&field.directives)? {
                        fields.push(field);
                    }
                }
                Selection::Inline { on: condition, directives, selections } => {
                    fits(condition.as_deref(), on)?;
                    if self.is_in(directives)? {
                        self.collect(on, selections, passed, fields)?;
                    }
                }
                Selection::Spread { name, directives } => {
                    let fragment = self.document.fragments.get(name);
                    let fragment = fragment.ok_or_else(|| format!("Unknown fragment '{name}'."))?;
                    fits(Some(&fragment.on), on)?;
                    if self.is_in(directives)? && passed.insert(name) {
                        self.collect(on, &fragment.selections, passed, fields)?;
                    }
                }
            }
        }
        Ok(())
    }

    /// Whether what has the directives is asked for.
    fn is_in(&self, directives: &[Directive]) -> Result<bool, String> {
        let mut is_in = true;
        for Directive { name, arguments } in directives {
            let wanted = match name.as_str() {
                "include" => true,
                "skip" => false,
                other => return Err(format!("Unknown directive '@{other}'.")),
            };
            let [(argument, literal)] = &**arguments else { return Err(needs_if(name)) };
            let value = self.variables.value(literal)?;
            match value.as_ref().and_then(Value::as_bool) {
                Some(value) if argument == "if" => is_in &= value == wanted,
                _ => return Err(needs_if(name)),
            }
        }
        Ok(is_in)
    }
}

fn needs_if(directive: &str) -> String {
    format!("Directive '@{directive}' takes one argument, 'if', of type 'Boolean!'.")
}

fn unknown(field: &Field, on: &str) -> String {
    format!("Cannot query field '{}' on type '{on}'.", field.name)
}

/// Checks the type that a fragment is for.
fn fits(condition: Option<&str>, on: &str) -> Result<(), String> {
    match condition {
        Some(condition) if condition != on => {
            Err(format!("A fragment on '{condition}' cannot be spread where the type is '{on}'."))
        }
        _ => Ok(()),
    }
}
