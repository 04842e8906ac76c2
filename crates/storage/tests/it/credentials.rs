use std::{fs, sync::Mutex};

use longshore_storage::Location;

use crate::{
    bucket::{answer, objects},
    server::{Answer, Server},
    storage,
};

const KEYS: &str = r#"{"AccessKeyId":"ASIA1","SecretAccessKey":"s","Token":"session""#;

fn wine() -> Location {
    "s3://models/wine".parse().unwrap()
}

fn bucket() -> Server {
    let files = objects(&[("wine/file", b"x")]);
    Server::new(move |request| {
        if request.header("x-amz-security-token") == Some("session") {
            answer(&files, request)
        } else {
            Answer::new(403, "<Error><Code>AccessDenied</Code></Error>")
        }
    })
}

#[test]
fn a_pods_token_is_read_anew_for_every_exchange() {
    let agent = Server::new(|_| {
        // so old that every request asks for newer ones
        Answer::new(200, format!(r#"{KEYS},"Expiration":"2020-01-01T00:00:00Z"}}"#))
    });
    let server = bucket();
    let folder = tempfile::tempdir().unwrap();
    let token = folder.path().join("token");
    fs::write(&token, "one\n").unwrap();
    let uri = format!("{}/v1/credentials", agent.url);
    let variables = [
        ("AWS_CONTAINER_CREDENTIALS_FULL_URI", uri.as_str()),
        ("AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE", token.to_str().unwrap()),
        ("AWS_ENDPOINT_URL", &server.url),
    ];
    let storage = storage(folder.path(), &variables, |_| ());
    storage.resolve(&wine()).unwrap();
    fs::write(&token, "two").unwrap();
    storage.resolve(&wine()).unwrap();
    let tokens: Vec<_> =
        agent.asked().iter().map(|r| r.header("authorization").unwrap().to_owned()).collect();
    assert_eq!(tokens.first().unwrap(), "one");
    assert_eq!(tokens.last().unwrap(), "two");
}

#[test]
fn a_web_identity_goes_to_its_own_endpoint() {
    let sts = Server::new(|request| {
        assert_eq!(request.method, "POST");
        Answer::new(
            200,
            "<AssumeRoleWithWebIdentityResponse xmlns=\"https://sts.amazonaws.com/doc/2011-06-15/\"><AssumeRoleWithWebIdentityResult><AssumedRoleUser><Arn>arn:aws:sts::1:assumed-role/r/s</Arn></AssumedRoleUser><Credentials><AccessKeyId>ASIA1</AccessKeyId><SecretAccessKey>s</SecretAccessKey><SessionToken>session</SessionToken><Expiration>2099-01-01T00:00:00Z</Expiration></Credentials></AssumeRoleWithWebIdentityResult></AssumeRoleWithWebIdentityResponse>",
        )
    });
    let server = bucket();
    let folder = tempfile::tempdir().unwrap();
    let token = folder.path().join("token");
    fs::write(&token, "a.b.c").unwrap();
    let variables = [
        ("AWS_ROLE_ARN", "arn:aws:iam::1:role/r"),
        ("AWS_WEB_IDENTITY_TOKEN_FILE", token.to_str().unwrap()),
        ("AWS_ENDPOINT_URL_STS", &sts.url),
        ("AWS_ENDPOINT_URL_S3", &server.url),
    ];
    let storage = storage(folder.path(), &variables, |_| ());
    storage.fetch(&wine()).unwrap();
    storage.resolve(&wine()).unwrap();
    assert_eq!(sts.asked().len(), 1, "valid credentials are kept");
}

#[test]
fn a_trust_policy_that_says_no_is_explained() {
    let sts = Server::new(|_| {
        Answer::new(
            403,
            "<ErrorResponse><Error><Code>AccessDenied</Code><Message>Not authorized to perform sts:AssumeRoleWithWebIdentity</Message></Error></ErrorResponse>",
        )
    });
    let folder = tempfile::tempdir().unwrap();
    let token = folder.path().join("token");
    fs::write(&token, "a.b.c").unwrap();
    let variables = [
        ("AWS_ROLE_ARN", "arn:aws:iam::1:role/r"),
        ("AWS_WEB_IDENTITY_TOKEN_FILE", token.to_str().unwrap()),
        ("AWS_ENDPOINT_URL", &sts.url),
    ];
    let error = storage(folder.path(), &variables, |_| ()).fetch(&wine()).unwrap_err().to_string();
    assert!(error.contains("trust policy") && error.contains("arn:aws:iam::1:role/r"), "{error}");
    assert_eq!(sts.asked().len(), 1);
}

#[test]
fn expired_keys_are_renewed_when_they_can_be() {
    let issued = Mutex::new(0);
    let agent = Server::new(move |_| {
        let mut issued = issued.lock().unwrap();
        *issued += 1;
        let token = if *issued == 1 { "stale" } else { "session" };
        let text = format!(
            r#"{{"AccessKeyId":"ASIA{issued}","SecretAccessKey":"s","Token":"{token}","Expiration":"2099-01-01T00:00:00Z"}}"#
        );
        Answer::new(200, text)
    });
    let files = objects(&[("wine/file", b"x")]);
    let server = Server::new(move |request| match request.header("x-amz-security-token") {
        Some("session") => answer(&files, request),
        _ => Answer::new(400, "<Error><Code>ExpiredToken</Code></Error>"),
    });
    let folder = tempfile::tempdir().unwrap();
    let variables = [
        ("AWS_CONTAINER_CREDENTIALS_FULL_URI", agent.url.as_str()),
        ("AWS_ENDPOINT_URL", &server.url),
    ];
    storage(folder.path(), &variables, |_| ()).fetch(&wine()).unwrap();
    assert_eq!(agent.asked().len(), 2);
}

#[test]
fn the_metadata_of_an_instance_is_asked_with_a_session() {
    let agent = Server::new(|request| match (&*request.method, &*request.path) {
        ("PUT", "/latest/api/token") => Answer::new(200, "t"),
        _ if request.header("x-aws-ec2-metadata-token") != Some("t") => Answer::new(401, ""),
        (_, "/latest/meta-data/iam/security-credentials/") => Answer::new(200, "reader\n"),
        (_, "/latest/meta-data/iam/security-credentials/reader") => {
            Answer::new(200, format!(r#"{KEYS},"Code":"Success"}}"#))
        }
        _ => Answer::new(404, ""),
    });
    let server = bucket();
    let folder = tempfile::tempdir().unwrap();
    let variables = [
        ("AWS_EC2_METADATA_SERVICE_ENDPOINT", agent.url.as_str()),
        ("AWS_ENDPOINT_URL", &server.url),
    ];
    storage(folder.path(), &variables, |_| ()).fetch(&wine()).unwrap();
    assert_eq!(agent.asked().len(), 3);
}
