//! What compares, and how it is written in SQL.

use super::operand::Operand;
use crate::{
    sql::marks,
    store::{Dialect, Value},
};

/// What compares.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Operator {
    Less,
    LessOrEqual,
    Greater,
    GreaterOrEqual,
    Equal,
    NotEqual,
    Like,
    ILike,
    RLike,
    In,
    NotIn,
    IsNull,
    IsNotNull,
}

/// Those for numbers.
pub(super) const NUMERIC: &[Operator] = &[
    Operator::Less,
    Operator::LessOrEqual,
    Operator::Greater,
    Operator::GreaterOrEqual,
    Operator::Equal,
    Operator::NotEqual,
];

/// Those for texts.
pub(super) const TEXT: &[Operator] =
    &[Operator::Equal, Operator::NotEqual, Operator::Like, Operator::ILike];

/// Those for texts that can be compared with a list.
pub(super) const LISTED: &[Operator] = &[
    Operator::Equal,
    Operator::NotEqual,
    Operator::Like,
    Operator::ILike,
    Operator::In,
    Operator::NotIn,
];

/// Those for texts that can only be compared with a list that they must be in.
pub(super) const AMONG: &[Operator] =
    &[Operator::Equal, Operator::NotEqual, Operator::Like, Operator::ILike, Operator::In];

/// Those for texts that may be missing.
pub(super) const OPTIONAL: &[Operator] = &[
    Operator::Equal,
    Operator::NotEqual,
    Operator::Like,
    Operator::ILike,
    Operator::IsNull,
    Operator::IsNotNull,
];

/// Those for texts that regular expressions match too.
pub(super) const MATCHED: &[Operator] = &[
    Operator::Equal,
    Operator::NotEqual,
    Operator::In,
    Operator::NotIn,
    Operator::Like,
    Operator::ILike,
    Operator::RLike,
];

/// Those for texts that may be missing and that regular expressions match too.
pub(super) const MATCHED_OPTIONAL: &[Operator] = &[
    Operator::Equal,
    Operator::NotEqual,
    Operator::Like,
    Operator::ILike,
    Operator::RLike,
    Operator::IsNull,
    Operator::IsNotNull,
];

impl Operator {
    /// The operator of two operands that is written so, in any case.
    pub(super) fn parse(text: &str) -> Option<Self> {
        let all = NUMERIC.iter().chain(TEXT).chain(&[Self::RLike]);
        all.copied().find(|it| it.name().eq_ignore_ascii_case(text))
    }

    /// As SQL and MLflow write it.
    pub(super) fn name(self) -> &'static str {
        match self {
            Self::Less => "<",
            Self::LessOrEqual => "<=",
            Self::Greater => ">",
            Self::GreaterOrEqual => ">=",
            Self::Equal => "=",
            Self::NotEqual => "!=",
            Self::Like => "LIKE",
            Self::ILike => "ILIKE",
            Self::RLike => "RLIKE",
            Self::In => "IN",
            Self::NotIn => "NOT IN",
            Self::IsNull => "IS NULL",
            Self::IsNotNull => "IS NOT NULL",
        }
    }

    /// The condition that `column` compares so with `operand`. No character is special in a pattern
    /// but `%` and `_`, on both databases.
    pub(super) fn sql(
        self,
        column: &str,
        operand: &Operand,
        dialect: Dialect,
    ) -> (String, Vec<Value>) {
        let mark = match (self, dialect) {
            (Self::IsNull | Self::IsNotNull, _) => {
                return (format!("{column} {}", self.name()), Vec::new());
            }
            (Self::Like, Dialect::Postgres) => format!("{column} LIKE ? ESCAPE ''"),
            (Self::ILike, Dialect::Postgres) => format!("{column} ILIKE ? ESCAPE ''"),
            (Self::ILike, Dialect::Sqlite) => format!("lower({column}) LIKE lower(?)"),
            (Self::RLike, Dialect::Postgres) => format!("{column} ~ ?"),
            (Self::RLike, Dialect::Sqlite) => format!("{column} REGEXP ?"),
            (Self::In | Self::NotIn, _) => {
                let marks = marks(operand.count());
                format!("{column} {} ({marks})", self.name())
            }
            _ if matches!(operand, Operand::Real(_)) => {
                format!("CAST({column} AS DOUBLE PRECISION) {} ?", self.name())
            }
            _ => format!("{column} {} ?", self.name()),
        };
        (mark, operand.values())
    }
}

/// The names of some operators, as an error lists them.
pub(super) fn names(operators: &[Operator]) -> String {
    let names: Vec<_> = operators.iter().map(|it| format!("'{}'", it.name())).collect();
    format!("{{{}}}", names.join(", "))
}
