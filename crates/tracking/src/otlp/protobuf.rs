//! `ExportTraceServiceRequest` of `opentelemetry/proto/collector/trace/v1/trace_service.proto`, in binary.

use std::sync::Arc;

use base64::{Engine, engine::general_purpose::STANDARD};

use super::{
    Any, Attributes, Spans, Wrong,
    any::unique,
    span::{Event, Link, Span, Status},
    wire::{Field, Fields},
};

/// How deep values may be nested, as in Google's readers.
const DEPTH: usize = 100;

/// Calls `take` for each field.
fn each<'b>(
    bytes: &'b [u8],
    mut take: impl FnMut(u64, Field<'b>) -> Result<(), Wrong>,
) -> Result<(), Wrong> {
    let mut fields = Fields::of(bytes);
    while let Some((number, field)) = fields.next()? {
        take(number, field)?;
    }
    Ok(())
}

pub(super) fn request(bytes: &[u8]) -> Result<Spans, Wrong> {
    let mut spans = Vec::new();
    let mut is_empty = true;
    each(bytes, |number, field| {
        if number == 1 {
            is_empty = false;
            resource_spans(field.bytes()?, &mut spans)?;
        }
        Ok(())
    })?;
    if is_empty { Err(Wrong::Nothing) } else { Ok(spans) }
}

fn resource_spans(bytes: &[u8], spans: &mut Spans) -> Result<(), Wrong> {
    let mut resource = Vec::new();
    each(bytes, |number, field| {
        if number == 1 {
            each(field.bytes()?, |number, field| match number {
                1 => {
                    resource.push(pair(field.bytes()?, 0)?);
                    Ok(())
                }
                _ => Ok(()),
            })?;
        }
        Ok(())
    })?;
    let resource = Arc::new(unique(resource));
    each(bytes, |number, field| match number {
        2 => each(field.bytes()?, |number, field| {
            if number == 2 {
                let span = span(field.bytes()?)?;
                spans.push(Span { resource: resource.clone(), ..span });
            }
            Ok(())
        }),
        _ => Ok(()),
    })
}

fn span(bytes: &[u8]) -> Result<Span, Wrong> {
    let (mut span, mut attributes) = (Span::default(), Vec::new());
    let (mut trace, mut id, mut parent): (&[u8], &[u8], &[u8]) = (&[], &[], &[]);
    each(bytes, |number, field| {
        match number {
            1 => trace = field.bytes()?,
            2 => id = field.bytes()?,
            4 => parent = field.bytes()?,
            5 => span.name = field.text()?,
            7 => span.start = field.fixed64()?,
            8 => span.end = Some(field.fixed64()?).filter(|it| *it != 0),
            9 => attributes.push(pair(field.bytes()?, 0)?),
            11 => span.events.push(event(field.bytes()?)?),
            13 => span.links.push(link(field.bytes()?)?),
            15 => each(field.bytes()?, |number, field| {
                match number {
                    2 => span.message = field.text()?,
                    3 => span.status = Status::of(field.varint()? as i64),
                    _ => {}
                }
                Ok(())
            })?,
            _ => {}
        }
        Ok(())
    })?;
    span.attributes = Attributes::of(attributes);
    span.identify(trace, id, parent)?;
    Ok(span)
}

fn event(bytes: &[u8]) -> Result<Event, Wrong> {
    let mut event = Event::default();
    each(bytes, |number, field| {
        match number {
            1 => event.time = field.fixed64()?,
            2 => event.name = field.text()?,
            3 => event.attributes.push(pair(field.bytes()?, 0)?),
            _ => {}
        }
        Ok(())
    })?;
    event.attributes = unique(event.attributes);
    Ok(event)
}

fn link(bytes: &[u8]) -> Result<Link, Wrong> {
    let mut link = Link::default();
    each(bytes, |number, field| {
        match number {
            1 => link.trace = field.bytes()?.to_vec(),
            2 => link.span = field.bytes()?.to_vec(),
            4 => link.attributes.push(pair(field.bytes()?, 0)?),
            _ => {}
        }
        Ok(())
    })?;
    link.attributes = unique(link.attributes);
    Ok(link)
}

/// A `KeyValue`.
fn pair(bytes: &[u8], depth: usize) -> Result<(String, Any), Wrong> {
    let (mut key, mut found) = (String::new(), Any::None);
    each(bytes, |number, field| {
        match number {
            1 => key = field.text()?,
            2 => found = value(field.bytes()?, depth + 1)?,
            _ => {}
        }
        Ok(())
    })?;
    Ok((key, found))
}

/// An `AnyValue`.
fn value(bytes: &[u8], depth: usize) -> Result<Any, Wrong> {
    if depth > DEPTH {
        return Err(Wrong::Form);
    }
    let mut found = Any::None;
    each(bytes, |number, field| {
        found = match number {
            1 => Any::Text(field.text()?),
            2 => Any::Bool(field.varint()? != 0),
            3 => Any::Int(field.varint()? as i64),
            4 => Any::Double(f64::from_bits(field.fixed64()?)),
            5 => {
                let mut items = Vec::new();
                each(field.bytes()?, |number, field| {
                    if number == 1 {
                        items.push(value(field.bytes()?, depth + 1)?);
                    }
                    Ok(())
                })?;
                Any::List(items)
            }
            6 => {
                let mut pairs = Vec::new();
                each(field.bytes()?, |number, field| {
                    if number == 1 {
                        pairs.push(pair(field.bytes()?, depth + 1)?);
                    }
                    Ok(())
                })?;
                Any::Map(unique(pairs))
            }
            // JSON has no bytes
            7 => Any::Text(STANDARD.encode(field.bytes()?)),
            _ => return Ok(()),
        };
        Ok(())
    })?;
    Ok(found)
}
