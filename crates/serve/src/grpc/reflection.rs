//! `grpc.reflection`, versions `v1` and `v1alpha`, whose messages are the same: what services there are, for clients such as
//! `grpcurl` that have no `.proto` file.

use longshore_daemon::Code;

use super::descriptors;
use crate::{
    failure::Failure,
    protobuf::{Reader, Writer},
};

/// Answers a `ServerReflectionRequest` with a `ServerReflectionResponse`, written behind `out`.
pub(super) fn answer(request: &[u8], out: Vec<u8>) -> Result<Vec<u8>, Failure> {
    let mut reader = Reader::new(request, "ServerReflectionRequest");
    let (mut host, mut asked) = ("", None);
    while let Some(field) = reader.next()? {
        match field.number {
            1 => host = field.text()?,
            3..=7 => asked = Some(field),
            _ => {}
        }
    }
    let mut reply = Writer::after(out);
    reply.text(1, host);
    reply.bytes(2, request);
    let answered = match asked {
        None => Err(Failure::invalid("the request asks for nothing")),
        Some(field) => match field.number {
            3 => {
                let name = field.text()?;
                file(&mut reply, name, |file| Ok(file.name == name))
            }
            4 => {
                let symbol = field.text()?;
                file(&mut reply, symbol, |file| file.has(symbol))
            }
            7 => services(&mut reply),
            _ => Err(Failure::not_found("there are no extensions")),
        },
    };
    // a question without an answer does not end the call
    if let Err(failure) = answered {
        reply.message(7, |error| {
            error.integer(1, i64::from(failure.code.grpc()));
            error.text(2, &failure.message);
        });
    }
    Ok(reply.finish())
}

/// Writes the file that `is` chooses; none of them imports another.
fn file(
    reply: &mut Writer,
    asked: &str,
    is: impl Fn(&descriptors::File) -> Result<bool, Failure>,
) -> Result<(), Failure> {
    for file in descriptors::files()? {
        if is(&file)? {
            reply.message(4, |response| response.bytes(1, file.bytes));
            return Ok(());
        }
    }
    Err(Failure::new(Code::NotFound, format!("`{asked}` is not described here")))
}

fn services(reply: &mut Writer) -> Result<(), Failure> {
    let mut services = Vec::new();
    for file in descriptors::files()? {
        services.extend(file.services()?);
    }
    reply.message(6, |list| {
        for service in &services {
            list.message(1, |entry| entry.text(1, service));
        }
    });
    Ok(())
}
