//! From words to a query (GraphQL, October 2021, sections 2.2 to 2.12).

use super::{
    document::{Directive, Document, Field, Fragment, Literal, Operation, Selection, Variable},
    token::{Token, tokens},
};

/// How deep braces and brackets may be nested.
const DEPTH: usize = 64;

/// Most fragments.
const FRAGMENTS: usize = 100;

/// Reads a query.
///
/// # Errors
/// Words that say what is wrong and where.
pub(super) fn parse(text: &str) -> Result<Document, String> {
    let tokens = tokens(text).map_err(|words| format!("Syntax Error: {words}"))?;
    let mut parser = Parser { tokens, next: 0, depth: 0 };
    parser.document().map_err(|words| format!("Syntax Error: {words}"))
}

struct Parser {
    tokens: Vec<(Token, usize)>,
    next: usize,
    depth: usize,
}

impl Parser {
    fn document(&mut self) -> Result<Document, String> {
        let mut document = Document::default();
        while self.peek().is_some() {
            if self.is_mark('{') {
                let selections = self.selections()?;
                document.operations.push(Operation {
                    is_mutation: false,
                    name: None,
                    variables: Vec::new(),
                    selections,
                });
                continue;
            }
            match self.name()?.as_str() {
                word @ ("query" | "mutation") => {
                    let operation = self.operation(word == "mutation")?;
                    document.operations.push(operation);
                }
                "fragment" => {
                    let name = self.name()?;
                    let on = self.condition()?.ok_or_else(|| self.unexpected("`on`"))?;
                    self.directives()?;
                    let selections = self.selections()?;
                    let fragment = Fragment { on, selections };
                    if document.fragments.insert(name.clone(), fragment).is_some() {
                        return Err(format!("there are two fragments `{name}`"));
                    }
                    if document.fragments.len() > FRAGMENTS {
                        return Err(format!("there are more than {FRAGMENTS} fragments"));
                    }
                }
                word => return Err(format!("`{word}` begins neither a query nor a fragment")),
            }
        }
        if document.operations.is_empty() {
            return Err("the query is empty".to_owned());
        }
        Ok(document)
    }

    fn operation(&mut self, is_mutation: bool) -> Result<Operation, String> {
        let name = matches!(self.peek(), Some(Token::Name(_))).then(|| self.name()).transpose()?;
        let mut variables = Vec::new();
        if self.take('(') {
            while !self.take(')') {
                self.expect('$')?;
                let name = self.name()?;
                self.expect(':')?;
                let is_required = self.kind()?;
                let default = self.take('=').then(|| self.value()).transpose()?;
                self.directives()?;
                variables.push(Variable { name, is_required, default });
            }
        }
        self.directives()?;
        Ok(Operation { is_mutation, name, variables, selections: self.selections()? })
    }

    /// Passes the type of a variable; whether it must be given.
    fn kind(&mut self) -> Result<bool, String> {
        self.deeper(|parser| {
            if parser.take('[') {
                parser.kind()?;
                parser.expect(']')?;
            } else {
                parser.name()?;
            }
            Ok(parser.take('!'))
        })
    }

    fn selections(&mut self) -> Result<Vec<Selection>, String> {
        self.deeper(|parser| {
            parser.expect('{')?;
            let mut selections = Vec::new();
            while !parser.take('}') {
                selections.push(parser.selection()?);
            }
            if selections.is_empty() { Err(parser.unexpected("a field")) } else { Ok(selections) }
        })
    }

    fn selection(&mut self) -> Result<Selection, String> {
        if self.peek() == Some(&Token::Spread) {
            self.next += 1;
            if let Some(on) = self.condition()? {
                let directives = self.directives()?;
                let selections = self.selections()?;
                return Ok(Selection::Inline { on: Some(on), directives, selections });
            }
            if matches!(self.peek(), Some(Token::Name(_))) {
                let name = self.name()?;
                return Ok(Selection::Spread { name, directives: self.directives()? });
            }
            let directives = self.directives()?;
            return Ok(Selection::Inline { on: None, directives, selections: self.selections()? });
        }
        let first = self.name()?;
        let second = self.take(':').then(|| self.name()).transpose()?;
        let (alias, name) = match second {
            Some(name) => (Some(first), name),
            None => (None, first),
        };
        let arguments = self.arguments()?;
        let directives = self.directives()?;
        let selections = if self.is_mark('{') { self.selections()? } else { Vec::new() };
        Ok(Selection::Field(Field { alias, name, arguments, directives, selections }))
    }

    /// `on TYPE`, where it is there.
    fn condition(&mut self) -> Result<Option<String>, String> {
        let is_there = matches!(self.peek(), Some(Token::Name(name)) if name == "on");
        if is_there {
            self.next += 1;
        }
        is_there.then(|| self.name()).transpose()
    }

    fn directives(&mut self) -> Result<Vec<Directive>, String> {
        let mut directives = Vec::new();
        while self.take('@') {
            directives.push(Directive { name: self.name()?, arguments: self.arguments()? });
        }
        Ok(directives)
    }

    fn arguments(&mut self) -> Result<Vec<(String, Literal)>, String> {
        if self.take('(') { self.pairs(')') } else { Ok(Vec::new()) }
    }

    fn pairs(&mut self, end: char) -> Result<Vec<(String, Literal)>, String> {
        let mut pairs: Vec<(String, Literal)> = Vec::new();
        while !self.take(end) {
            let name = self.name()?;
            if pairs.iter().any(|(known, _)| *known == name) {
                return Err(format!("`{name}` is given twice"));
            }
            self.expect(':')?;
            pairs.push((name, self.value()?));
        }
        Ok(pairs)
    }

    fn value(&mut self) -> Result<Literal, String> {
        self.deeper(|parser| {
            if parser.take('$') {
                return Ok(Literal::Variable(parser.name()?));
            }
            if parser.take('{') {
                return Ok(Literal::Object(parser.pairs('}')?));
            }
            if parser.take('[') {
                let mut items = Vec::new();
                while !parser.take(']') {
                    items.push(parser.value()?);
                }
                return Ok(Literal::List(items));
            }
            let literal = match parser.peek() {
                Some(Token::Int(text)) => Literal::Int(text.clone()),
                Some(Token::Float(text)) => Literal::Float(text.clone()),
                Some(Token::Text(text)) => Literal::Text(text.clone()),
                Some(Token::Name(name)) => match name.as_str() {
                    "true" => Literal::Bool(true),
                    "false" => Literal::Bool(false),
                    "null" => Literal::Null,
                    name => Literal::Enum(name.to_owned()),
                },
                _ => return Err(parser.unexpected("a value")),
            };
            parser.next += 1;
            Ok(literal)
        })
    }

    fn deeper<T>(
        &mut self,
        read: impl FnOnce(&mut Self) -> Result<T, String>,
    ) -> Result<T, String> {
        if self.depth == DEPTH {
            return Err(format!("the query is nested deeper than {DEPTH} times"));
        }
        self.depth += 1;
        let read = read(self);
        self.depth -= 1;
        read
    }

    fn peek(&self) -> Option<&Token> {
        self.tokens.get(self.next).map(|(token, _)| token)
    }

    fn is_mark(&self, mark: char) -> bool {
        self.peek() == Some(&Token::Mark(mark))
    }

    fn take(&mut self, mark: char) -> bool {
        let is_there = self.is_mark(mark);
        self.next += usize::from(is_there);
        is_there
    }

    fn expect(&mut self, mark: char) -> Result<(), String> {
        if self.take(mark) { Ok(()) } else { Err(self.unexpected(&format!("`{mark}`"))) }
    }

    fn name(&mut self) -> Result<String, String> {
        let Some(Token::Name(name)) = self.peek() else { return Err(self.unexpected("a name")) };
        let name = name.clone();
        self.next += 1;
        Ok(name)
    }

    fn unexpected(&self, wanted: &str) -> String {
        match self.tokens.get(self.next) {
            Some((_, at)) => format!("{wanted} is expected at byte {at}"),
            None => format!("{wanted} is expected where the query ends"),
        }
    }
}
