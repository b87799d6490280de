//! The artifacts bucket and the consoles' buckets in S3. Every write states its condition and carries the SHA-256 of its bytes.

use aws_sdk_s3::primitives::ByteStream;
use aws_sdk_s3::types::ChecksumMode;
use gridbid_release_format::Sha256;

use crate::cloud::aws::client::{Aws, call_error};
use crate::cloud::call_error::CallError;
use crate::cloud::services::{Bucket, ConsoleHeaders, Consoles, Object, PutOutcome};
use crate::failure::error_chain;

impl Aws {
    async fn object(&self, bucket: &str, key: &str) -> Result<Option<Object>, CallError> {
        let call = format!("S3 GetObject {key}");
        let output = match self.s3.get_object().bucket(bucket).key(key).send().await {
            Ok(output) => output,
            Err(error) => return none_if_missing(call_error(&call, &error)),
        };
        let etag = etag(&call, output.e_tag)?;
        let body = output.body.collect().await;
        let body = body.map_err(|error| CallError::Failed(format!("{call}: {}", error_chain(&error))))?;
        Ok(Some(Object { bytes: body.to_vec(), etag }))
    }

    async fn object_sha256(&self, bucket: &str, key: &str) -> Result<Option<Sha256>, CallError> {
        let request = self.s3.head_object().bucket(bucket).key(key).checksum_mode(ChecksumMode::Enabled);
        match request.send().await {
            Ok(output) => match output.checksum_sha256().and_then(Sha256::from_base64) {
                Some(digest) => Ok(Some(digest)),
                // Uploaded by another tool, without a SHA-256 or in parts.
                None => Ok(self.object(bucket, key).await?.map(|object| Sha256::of(&object.bytes))),
            },
            Err(error) => none_if_missing(call_error(&format!("S3 HeadObject {key}"), &error)),
        }
    }
}

impl Bucket for Aws {
    async fn get(&self, key: &str) -> Result<Option<Object>, CallError> {
        self.object(&self.bucket, key).await
    }

    async fn sha256(&self, key: &str) -> Result<Option<Sha256>, CallError> {
        self.object_sha256(&self.bucket, key).await
    }

    async fn create(&self, key: &str, bytes: Vec<u8>) -> Result<PutOutcome, CallError> {
        let call = format!("S3 PutObject {key}");
        let request = self.s3.put_object().bucket(&self.bucket).key(key).if_none_match("*");
        let request = request.checksum_sha256(Sha256::of(&bytes).to_base64()).body(ByteStream::from(bytes));
        match request.send().await.map_err(|error| call_error(&call, &error)) {
            Ok(output) => Ok(PutOutcome::Created(etag(&call, output.e_tag)?)),
            Err(CallError::Changed(_)) => Ok(PutOutcome::AlreadyExists),
            Err(error) => Err(error),
        }
    }

    async fn replace(&self, key: &str, bytes: Vec<u8>, etag: &str) -> Result<String, CallError> {
        let call = format!("S3 PutObject {key}");
        let request = self.s3.put_object().bucket(&self.bucket).key(key).if_match(etag);
        let request = request.checksum_sha256(Sha256::of(&bytes).to_base64()).body(ByteStream::from(bytes));
        let output = request.send().await.map_err(|error| call_error(&call, &error))?;
        self::etag(&call, output.e_tag)
    }

    async fn list(&self, prefix: &str) -> Result<Vec<String>, CallError> {
        let mut keys = Vec::new();
        let mut pages = self.s3.list_objects_v2().bucket(&self.bucket).prefix(prefix).into_paginator().send();
        while let Some(page) = pages.next().await {
            let page = page.map_err(|error| call_error(&format!("S3 ListObjectsV2 {prefix}"), &error))?;
            keys.extend(page.contents().iter().filter_map(|object| object.key().map(str::to_owned)));
        }
        keys.sort();
        Ok(keys)
    }
}

impl Consoles for Aws {
    async fn console_file(&self, bucket: &str, path: &str) -> Result<Option<Object>, CallError> {
        self.object(bucket, path).await
    }

    async fn console_sha256(&self, bucket: &str, path: &str) -> Result<Option<Sha256>, CallError> {
        self.object_sha256(bucket, path).await
    }

    async fn write_console_file(
        &self,
        bucket: &str,
        path: &str,
        bytes: Vec<u8>,
        headers: ConsoleHeaders,
        before: Option<&str>,
    ) -> Result<(), CallError> {
        let request = self.s3.put_object().bucket(bucket).key(path);
        let request = match before {
            Some(etag) => request.if_match(etag),
            None => request.if_none_match("*"),
        };
        let request = request.content_type(headers.content_type).cache_control(headers.cache_control);
        let request = request.checksum_sha256(Sha256::of(&bytes).to_base64()).body(ByteStream::from(bytes));
        let written = request.send().await;
        written.map(drop).map_err(|error| call_error(&format!("S3 PutObject {path}"), &error))
    }
}

fn none_if_missing<T>(error: CallError) -> Result<Option<T>, CallError> {
    if matches!(error, CallError::Missing(_)) { Ok(None) } else { Err(error) }
}

fn etag(call: &str, etag: Option<String>) -> Result<String, CallError> {
    etag.ok_or_else(|| CallError::Failed(format!("{call}: the response has no ETag")))
}
