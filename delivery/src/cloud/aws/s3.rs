//! The artifacts bucket in S3. Each write says what it expects to be there, and carries the SHA-256 of its bytes.

use aws_sdk_s3::primitives::ByteStream;
use aws_sdk_s3::types::ChecksumMode;
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;

use super::{Aws, failure};
use crate::cloud::{Bucket, CallError, Created, Stored};
use crate::manifest::digests;

impl Bucket for Aws {
    async fn read(&self, key: &str) -> Result<Option<Stored>, CallError> {
        let call = format!("S3 GetObject {key}");
        let answer = match self.s3.get_object().bucket(&self.bucket).key(key).send().await {
            Ok(answer) => answer,
            Err(error) => return absent(failure(&call, &error)),
        };
        let tag = answer.e_tag().unwrap_or_default().to_owned();
        let bytes = answer.body.collect().await.map_err(|error| CallError::Failed(format!("{call}: {error}")))?;
        Ok(Some(Stored { bytes: bytes.to_vec(), tag }))
    }

    async fn sha256(&self, key: &str) -> Result<Option<String>, CallError> {
        let call = self.s3.head_object().bucket(&self.bucket).key(key).checksum_mode(ChecksumMode::Enabled).send();
        match call.await {
            Ok(answer) => match answer.checksum_sha256().and_then(hex_of) {
                Some(hex) => Ok(Some(hex)),
                // Whoever put it there let S3 keep no SHA-256 of it: the bytes themselves say what they are.
                None => Ok(self.read(key).await?.map(|stored| digests(&stored.bytes).0)),
            },
            Err(error) => absent(failure(&format!("S3 HeadObject {key}"), &error)),
        }
    }

    async fn create(&self, key: &str, bytes: Vec<u8>) -> Result<Created, CallError> {
        let call = self.s3.put_object().bucket(&self.bucket).key(key).if_none_match("*");
        let sent = call.checksum_sha256(digests(&bytes).1).body(ByteStream::from(bytes)).send().await;
        match sent.map_err(|error| failure(&format!("S3 PutObject {key}"), &error)) {
            Ok(answer) => Ok(Created::New(answer.e_tag().unwrap_or_default().to_owned())),
            Err(CallError::Changed(_)) => Ok(Created::Existed),
            Err(error) => Err(error),
        }
    }

    async fn replace(&self, key: &str, bytes: Vec<u8>, tag: &str) -> Result<String, CallError> {
        let call = self.s3.put_object().bucket(&self.bucket).key(key).if_match(tag);
        let sent = call.checksum_sha256(digests(&bytes).1).body(ByteStream::from(bytes)).send().await;
        let answer = sent.map_err(|error| failure(&format!("S3 PutObject {key}"), &error))?;
        Ok(answer.e_tag().unwrap_or_default().to_owned())
    }

    async fn keys(&self, prefix: &str) -> Result<Vec<String>, CallError> {
        let mut keys = Vec::new();
        let mut pages = self.s3.list_objects_v2().bucket(&self.bucket).prefix(prefix).into_paginator().send();
        while let Some(page) = pages.next().await {
            let page = page.map_err(|error| failure(&format!("S3 ListObjects {prefix}"), &error))?;
            keys.extend(page.contents().iter().filter_map(|object| object.key().map(str::to_owned)));
        }
        keys.sort();
        Ok(keys)
    }
}

fn absent<T>(error: CallError) -> Result<Option<T>, CallError> {
    if matches!(error, CallError::Missing(_)) { Ok(None) } else { Err(error) }
}

/// S3 tells a checksum in base64; that of an upload in parts has a mark behind it and is no checksum of the whole.
fn hex_of(base64: &str) -> Option<String> {
    let digest = STANDARD.decode(base64).ok().filter(|digest| digest.len() == 32)?;
    Some(digest.iter().map(|byte| format!("{byte:02x}")).collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_a_checksum_of_the_whole_object_counts() {
        let (hex, base64) = digests(b"abc");
        assert_eq!(hex_of(&base64), Some(hex));
        assert_eq!(hex_of(&format!("{base64}-2")), None);
    }
}
