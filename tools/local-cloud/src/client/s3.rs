//! S3: buckets and their objects.

use gridbid_devkit::terraform::REGION;
use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, utf8_percent_encode};

use super::cloud::Cloud;
use super::error::CallError;
use super::page::{Count, PAGE};

/// An object of a bucket.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Object {
    /// Its key.
    pub key: String,
    /// Its size in bytes.
    pub size: u64,
}

impl Cloud {
    /// The objects under a prefix, sorted by key.
    ///
    /// # Errors
    /// When the bucket cannot be listed.
    pub fn objects(&self, bucket: &str, prefix: &str) -> Result<Vec<Object>, CallError> {
        let mut objects = Vec::new();
        let mut after = String::new();
        loop {
            let mut path = format!("/{bucket}?list-type=2&prefix={}", encode_path(prefix));
            if !after.is_empty() {
                path.push_str(&format!("&continuation-token={}", encode_path(&after)));
            }
            let page = self.call("s3", "GET", &path, &[], &[])?.text();
            objects.extend(each(&page, "Contents").filter_map(|entry| {
                Some(Object { key: first(entry, "Key")?, size: first(entry, "Size")?.parse().ok()? })
            }));
            match first(&page, "NextContinuationToken") {
                Some(token) if first(&page, "IsTruncated").as_deref() == Some("true") => after = token,
                _ => break,
            }
        }
        objects.sort();
        Ok(objects)
    }

    /// The number of objects under a prefix.
    ///
    /// # Errors
    /// When the bucket cannot be listed.
    pub fn object_count(&self, bucket: &str, prefix: &str) -> Result<Count, CallError> {
        let path = format!("/{bucket}?list-type=2&max-keys={PAGE}&prefix={}", encode_path(prefix));
        let page = self.call("s3", "GET", &path, &[], &[])?.text();
        let is_whole = first(&page, "IsTruncated").as_deref() != Some("true");
        Ok(Count { number: each(&page, "Contents").count() as u64, is_whole })
    }

    /// Creates a bucket unless it exists.
    ///
    /// # Errors
    /// When it cannot be created.
    pub fn make_bucket(&self, bucket: &str) -> Result<(), CallError> {
        let constraint = format!("<LocationConstraint>{REGION}</LocationConstraint>");
        let body = format!("<CreateBucketConfiguration>{constraint}</CreateBucketConfiguration>");
        match self.call("s3", "PUT", &format!("/{bucket}"), &[], body.as_bytes()) {
            Err(error) if error.is("BucketAlreadyOwnedByYou") => Ok(()),
            response => response.map(drop),
        }
    }

    /// Writes an object, unconditionally.
    ///
    /// # Errors
    /// When there is no such bucket.
    pub fn put_object(&self, bucket: &str, key: &str, bytes: &[u8]) -> Result<(), CallError> {
        self.call("s3", "PUT", &format!("/{bucket}/{}", encode_path(key)), &[], bytes).map(drop)
    }

    /// Removes an object.
    ///
    /// # Errors
    /// When there is no such bucket.
    pub fn delete_object(&self, bucket: &str, key: &str) -> Result<(), CallError> {
        self.call("s3", "DELETE", &format!("/{bucket}/{}", encode_path(key)), &[], &[]).map(drop)
    }

    /// The content of an object.
    ///
    /// # Errors
    /// When it does not exist.
    pub fn object(&self, bucket: &str, key: &str) -> Result<Vec<u8>, CallError> {
        Ok(self.call("s3", "GET", &format!("/{bucket}/{}", encode_path(key)), &[], &[])?.body)
    }
}

/// The content of each element of this name; S3's lists nest no element in another one of the same name.
fn each<'a>(xml: &'a str, name: &str) -> impl Iterator<Item = &'a str> {
    let (open, close) = (format!("<{name}>"), format!("</{name}>"));
    let mut rest = xml;
    std::iter::from_fn(move || {
        let (_, after) = rest.split_once(&open)?;
        let (inside, after) = after.split_once(&close)?;
        rest = after;
        Some(inside)
    })
}

pub(super) fn first(xml: &str, name: &str) -> Option<String> {
    let text = each(xml, name).next()?;
    let plain = text.replace("&lt;", "<").replace("&gt;", ">").replace("&quot;", "\"").replace("&apos;", "'");
    Some(plain.replace("&amp;", "&"))
}

/// What a path may contain.
const PATH: &AsciiSet = &NON_ALPHANUMERIC.remove(b'-').remove(b'.').remove(b'_').remove(b'~').remove(b'/');

/// Percent-encodes a path; slashes are kept.
pub(super) fn encode_path(text: &str) -> String {
    utf8_percent_encode(text, PATH).to_string()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn elements_are_read_from_xml() {
        let xml = "<R><Contents><Key>a&amp;b</Key><Size>3</Size></Contents><Contents><Key>c</Key></Contents></R>";
        let keys: Vec<_> = each(xml, "Contents").map(|entry| first(entry, "Key").unwrap()).collect();
        assert_eq!(keys, ["a&b", "c"]);
        assert_eq!(first(xml, "NextContinuationToken"), None);
    }

    #[test]
    fn keys_are_encoded_for_a_path() {
        assert_eq!(encode_path("results/2026-11-22/a b+ü"), "results/2026-11-22/a%20b%2B%C3%BC");
    }
}
