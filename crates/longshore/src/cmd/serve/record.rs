//! The flags for records of requests and answers.

use anyhow::{Context, Result, bail};
use hyper::{Uri, header::HeaderName};
use longshore_serve::{RecordSettings, Recorder};

use crate::cli::{RecordArgs, Recorded};

/// What sends requests and answers, when an address for them is given.
pub(super) fn recorder(args: &RecordArgs) -> Result<Option<Recorder>> {
    let Some(settings) = settings(args)? else { return Ok(None) };
    Recorder::start(settings).map(Some).context("failed to start a thread")
}

fn settings(args: &RecordArgs) -> Result<Option<RecordSettings>> {
    let Some(url) = &args.record_to else { return Ok(None) };
    let parsed = url.parse::<Uri>().ok();
    let is_web =
        |uri: &Uri| matches!(uri.scheme_str(), Some("http" | "https")) && uri.host().is_some();
    if !parsed.as_ref().is_some_and(is_web) {
        bail!("`--record-to {url}` is no address; write `http://HOST/PATH` or `https://HOST/PATH`");
    }
    let headers = args.record_headers.iter().map(|name| {
        let read = name.trim().parse::<HeaderName>();
        read.with_context(|| format!("`--record-headers`: `{name}` is no name of a header"))
    });
    let attributes = args.record_attributes.iter().map(|pair| {
        let (name, value) = pair.split_once('=').unwrap_or((pair, ""));
        let (name, is_letter) = (name.trim(), |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit());
        if name.is_empty() || !name.bytes().all(is_letter) {
            bail!("`--record-attributes`: `{pair}` is no attribute; write `NAME=VALUE`, the name of lower case letters and digits");
        }
        Ok((name.to_owned(), value.to_owned()))
    });
    let mut attributes = attributes.collect::<Result<Vec<_>>>()?;
    if let Some(annotations) = &args.record_annotations {
        attributes.push(("annotations".into(), annotations.clone()));
    }
    Ok(Some(RecordSettings {
        url: url.clone(),
        requests: args.record != Recorded::Response,
        answers: args.record != Recorded::Request,
        source: args.record_source.clone(),
        attributes,
        headers: headers.collect::<Result<_>>()?,
    }))
}

#[cfg(test)]
mod tests {
    use clap::Parser;

    use super::settings;
    use crate::cli::RecordArgs;

    #[derive(Parser)]
    struct Command {
        #[command(flatten)]
        record: RecordArgs,
    }

    fn of(flags: &[&str]) -> Result<Option<longshore_serve::RecordSettings>, String> {
        let command = Command::parse_from([&["serve"][..], flags].concat());
        settings(&command.record).map_err(|error| error.to_string())
    }

    #[test]
    fn flags_say_what_is_sent_where() {
        assert!(of(&[]).unwrap().is_none());
        let read = of(&[
            "--record-to=http://sink.ml/a",
            "--record=response",
            "--record-headers=X-User,x-b",
            "--record-attributes=namespace=ml,component=predictor",
            r#"--record-annotations={"a":"b,c"}"#,
        ]);
        let read = read.unwrap().unwrap();
        assert!(read.answers && !read.requests && read.headers == ["x-user", "x-b"]);
        let attributes: Vec<_> =
            read.attributes.iter().map(|(name, value)| (&**name, &**value)).collect();
        let expected =
            [("namespace", "ml"), ("component", "predictor"), ("annotations", r#"{"a":"b,c"}"#)];
        assert_eq!(attributes, expected);
        assert!(of(&["--record-to=sink"]).unwrap_err().contains("is no address"));
        let told = of(&["--record-to=http://a", "--record-attributes=A=b"]).unwrap_err();
        assert!(told.contains("is no attribute"), "{told}");
        assert!(of(&["--record-to=http://a", "--record-headers=a b"]).is_err());
    }
}
