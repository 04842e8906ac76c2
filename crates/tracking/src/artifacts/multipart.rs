//! Uploads in parts, which clients send to the storage itself. The address of a request names a folder, its
//! body the file in it.

use std::{collections::BTreeMap, sync::Arc};

use hyper::Response;
use longshore_mlflow::{
    Error as Invalid,
    rest::{
        AbortMultipartUpload, CompleteMultipartUpload, CreateMultipartUpload,
        CreateMultipartUploadReply, Done, ErrorCode, Message, Method, MultipartUploadCredential,
        MultipartUploadPart,
    },
};

use super::{
    ArtifactPath,
    bucket::{PARTS, S3},
    proxy,
};
use crate::{
    Error,
    operate::message,
    operation::{Access, Level},
    reply::{self, Reply},
    routes::{Asked, Route},
    state::State,
};

/// The routes. Each asks for the permission to write to the folder.
pub(super) fn routes() -> Vec<Route> {
    let create = Route {
        methods: &[Method::Post],
        access: Access::Write,
        path: "2.0/mlflow-artifacts/mpu/create/{folder*}",
        answer: |state, asked| Box::pin(create(state, asked)),
    };
    let complete = Route {
        methods: &[Method::Post],
        access: Access::Write,
        path: "2.0/mlflow-artifacts/mpu/complete/{folder*}",
        answer: |state, asked| Box::pin(complete(state, asked)),
    };
    let abort = Route {
        methods: &[Method::Post],
        access: Access::Write,
        path: "2.0/mlflow-artifacts/mpu/abort/{folder*}",
        answer: |state, asked| Box::pin(abort(state, asked)),
    };
    vec![create, complete, abort]
}

async fn create(state: Arc<State>, asked: Asked) -> Result<Response<Reply>, Error> {
    let (s3, folder, request) = begin::<CreateMultipartUpload>(&state, asked).await?;
    let parts = request.num_parts.unwrap_or(1);
    if !PARTS.contains(&parts) {
        return Err(Error::invalid(format!(
            "`num_parts` is {parts}, but an upload has 1 to 10,000 parts; send larger parts (`MLFLOW_MULTIPART_UPLOAD_CHUNK_SIZE`)"
        )));
    }
    let (upload, addresses) = s3.begin(&file(&folder, &request.path)?, parts).await?;
    let credentials = (1..).zip(addresses).map(|(part_number, url)| MultipartUploadCredential {
        url,
        part_number,
        headers: BTreeMap::new(),
    });
    let credentials = credentials.collect();
    Ok(reply::message(&CreateMultipartUploadReply { upload_id: Some(upload), credentials }))
}

async fn complete(state: Arc<State>, asked: Asked) -> Result<Response<Reply>, Error> {
    let (s3, folder, request) = begin::<CompleteMultipartUpload>(&state, asked).await?;
    let upload = given(request.upload_id, "upload_id")?;
    let tags = tags(request.parts)?;
    s3.join(&file(&folder, &request.path)?, &upload, tags).await?;
    Ok(reply::message(&Done))
}

async fn abort(state: Arc<State>, asked: Asked) -> Result<Response<Reply>, Error> {
    let (s3, folder, request) = begin::<AbortMultipartUpload>(&state, asked).await?;
    let upload = given(request.upload_id, "upload_id")?;
    s3.give_up(&file(&folder, &request.path)?, &upload).await?;
    Ok(reply::message(&Done))
}

/// The bucket, the folder and the message of a request that may write there.
async fn begin<M: Message>(
    state: &Arc<State>,
    asked: Asked,
) -> Result<(S3, ArtifactPath, M), Error> {
    let (repository, folder) = proxy::at(state, &asked, Level::Edit)?;
    let Some(s3) = repository.into_s3() else {
        // a client that is set to upload in parts looks for these words and sends the file whole
        let words = "Multipart upload is not supported for the current artifact repository";
        return Err(Error::refused(ErrorCode::NotImplemented, words));
    };
    let request = message(&asked.head, asked.body, &[], state.body).await?;
    Ok((s3, folder, request))
}

/// The file of an upload. Clients send the whole path that it has on their machine.
fn file(folder: &ArtifactPath, sent: &str) -> Result<ArtifactPath, Error> {
    let name = sent.rsplit('/').next().unwrap_or_default();
    let is_windows = matches!(name.as_bytes(), [_, b':', b'\\', ..] | [b'\\', b'\\', ..]);
    let name = if is_windows { name.rsplit('\\').next().unwrap_or_default() } else { name };
    let name = ArtifactPath::parse(name)?;
    if name.is_root() {
        return Err(Error::invalid(format!("`path` must name a file, but it is `{sent}`")));
    }
    Ok(folder.join(&name))
}

/// The entity tags of parts that are numbered from 1 without a gap.
fn tags(mut parts: Vec<MultipartUploadPart>) -> Result<Vec<String>, Error> {
    if parts.is_empty() {
        return Err(missing("parts"));
    }
    parts.sort_unstable_by_key(|part| part.part_number);
    let numbered = (1..).zip(parts).map(|(number, part)| {
        let tag = part.etag.filter(|tag| !tag.is_empty() && part.part_number == number);
        tag.ok_or_else(|| {
            Error::invalid(format!(
                "part {number} is missing, is there twice or has no `etag`; `parts` needs all parts of the upload, numbered from 1, each with what the storage answered for it"
            ))
        })
    });
    numbered.collect()
}

fn given(text: Option<String>, name: &'static str) -> Result<String, Error> {
    text.filter(|text| !text.is_empty()).ok_or_else(|| missing(name))
}

fn missing(parameter: &'static str) -> Error {
    Invalid::MissingParameter { parameter: parameter.into() }.into()
}

#[cfg(test)]
mod tests {
    use super::{ArtifactPath, MultipartUploadPart, file, tags};

    #[test]
    fn a_file_has_the_last_name_of_what_was_sent() {
        let folder = ArtifactPath::parse("0/run/artifacts").unwrap();
        for sent in
            ["large.bin", "/tmp/a b/large.bin", r"C:\models\large.bin", r"\\host\x\large.bin"]
        {
            assert_eq!(
                file(&folder, sent).unwrap().as_str(),
                "0/run/artifacts/large.bin",
                "{sent}"
            );
        }
        for sent in ["", "/tmp/", "..", "/tmp/..", "%2e%2e", r"..\x", "a\n", r"C:\"] {
            assert!(file(&folder, sent).is_err(), "{sent}");
        }
    }

    #[test]
    fn parts_are_joined_in_their_order_and_only_whole() {
        let parts = |all: &[(i64, &str)]| {
            let part = |(part_number, tag): &(i64, &str)| MultipartUploadPart {
                part_number: *part_number,
                etag: Some((*tag).to_owned()),
                url: None,
            };
            tags(all.iter().map(part).collect())
        };
        assert_eq!(parts(&[(2, "b"), (1, "a")]).unwrap(), ["a", "b"]);
        for wrong in
            [&[][..], &[(2, "b")], &[(1, "a"), (3, "c")], &[(1, "a"), (1, "a")], &[(1, "")]]
        {
            assert!(parts(wrong).is_err(), "{wrong:?}");
        }
    }
}
