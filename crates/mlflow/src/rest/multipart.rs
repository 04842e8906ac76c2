use std::collections::BTreeMap;

use super::{Done, call::calls, message::messages};

messages! {
    /// Begins the upload of a file in parts, past the artifact proxy. The address names the folder, the body
    /// the file in it.
    pub struct CreateMultipartUpload {
        /// The file's name.
        path: String,
        /// How many parts.
        num_parts: Option<i64>,
    }

    /// The answer to [`CreateMultipartUpload`].
    pub struct CreateMultipartUploadReply {
        /// What names the upload from now on.
        upload_id: Option<String>,
        /// Where each part goes.
        credentials: Vec<MultipartUploadCredential>,
    }

    /// Where a part of an upload goes.
    pub struct MultipartUploadCredential {
        /// The address to `PUT` it to.
        url: String,
        /// Its number, from 1.
        part_number: i64,
        /// Headers that the upload must carry.
        headers: BTreeMap<String, String>,
    }

    /// A part that was uploaded.
    pub struct MultipartUploadPart {
        /// Its number, from 1.
        part_number: i64,
        /// What the storage answered for it.
        etag: Option<String>,
        /// The address that it went to.
        url: Option<String>,
    }

    /// Joins the parts of an upload.
    pub struct CompleteMultipartUpload {
        /// The file's name.
        path: String,
        /// The upload.
        upload_id: Option<String>,
        /// Its parts.
        parts: Vec<MultipartUploadPart>,
    }

    /// Gives an upload up.
    pub struct AbortMultipartUpload {
        /// The file's name.
        path: String,
        /// The upload.
        upload_id: Option<String>,
    }

    /// Asks the artifact proxy for an address from which a file can be downloaded past it.
    pub struct GetPresignedDownloadUrl {
        /// The file, below the proxy's root.
        path: String,
    }

    /// The answer to [`GetPresignedDownloadUrl`].
    pub struct GetPresignedDownloadUrlReply {
        /// The address.
        url: String,
        /// Headers that the download must carry.
        headers: Option<BTreeMap<String, String>>,
        /// Its bytes.
        file_size: Option<i64>,
    }
}

calls! {
    CreateMultipartUpload: Post "2.0/mlflow-artifacts/mpu/create/{folder}"
        -> CreateMultipartUploadReply;
    CompleteMultipartUpload: Post "2.0/mlflow-artifacts/mpu/complete/{folder}" -> Done;
    AbortMultipartUpload: Post "2.0/mlflow-artifacts/mpu/abort/{folder}" -> Done;
    GetPresignedDownloadUrl: Get "2.0/mlflow-artifacts/presigned/{path}"
        -> GetPresignedDownloadUrlReply;
}
