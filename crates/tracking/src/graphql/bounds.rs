//! How much one query may ask. The bounds and their words are MLflow's.

use std::collections::HashSet;

use super::document::{Document, Field, Selection};

/// How deep fields may be nested.
const DEPTH: usize = 10;

/// Most fields, those of fragments counted where they are used.
const FIELDS: usize = 1000;

/// What an operator may allow more or less of.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Bounds {
    /// Most fields of a whole query.
    pub roots: usize,
    /// Most aliases in one place.
    pub aliases: usize,
}

impl Default for Bounds {
    fn default() -> Self {
        Self { roots: 10, aliases: 10 }
    }
}

/// Checks every operation of a query.
///
/// # Errors
/// Words that name the bound.
pub(super) fn check(document: &Document, bounds: Bounds) -> Result<(), String> {
    let mut counts = Counts::default();
    for operation in &document.operations {
        counts.level(document, &[&operation.selections], 1)?;
    }
    let Counts { roots, aliases, .. } = counts;
    if roots > bounds.roots {
        return Err(too_many("root fields", bounds.roots, roots));
    }
    if aliases > bounds.aliases {
        return Err(too_many("aliases", bounds.aliases, aliases));
    }
    Ok(())
}

fn too_many(what: &str, most: usize, got: usize) -> String {
    format!("GraphQL queries should have at most {most} {what}, got {got} {what}.")
}

#[derive(Default)]
struct Counts {
    roots: usize,
    fields: usize,
    /// The most in one place.
    aliases: usize,
}

impl Counts {
    fn level(
        &mut self,
        document: &Document,
        selections: &[&[Selection]],
        depth: usize,
    ) -> Result<(), String> {
        if depth > DEPTH {
            return Err(format!("Query exceeds maximum depth of {DEPTH}"));
        }
        let fields = fields(document, selections);
        self.aliases = self.aliases.max(fields.iter().filter(|it| it.alias.is_some()).count());
        for field in fields {
            self.roots += usize::from(depth == 1);
            self.fields += 1;
            if self.fields > FIELDS {
                return Err(format!("Query exceeds maximum total selections of {FIELDS}"));
            }
            if !field.selections.is_empty() {
                self.level(document, &[&field.selections], depth + 1)?;
            }
        }
        Ok(())
    }
}

/// The fields of a place, with those of its fragments. A fragment counts once in a place.
fn fields<'a>(document: &'a Document, selections: &[&'a [Selection]]) -> Vec<&'a Field> {
    let mut left = selections.to_vec();
    let mut passed = HashSet::new();
    let mut fields = Vec::new();
    while let Some(selections) = left.pop() {
        for selection in selections {
            match selection {
                Selection::Field(field) => fields.push(field),
                Selection::Inline { selections, .. } => left.push(selections),
                Selection::Spread { name, .. } => {
                    if passed.insert(name)
                        && let Some(fragment) = document.fragments.get(name)
                    {
                        left.push(&fragment.selections);
                    }
                }
            }
        }
    }
    fields
}
