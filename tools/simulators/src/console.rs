//! The console: the files of its build, with the headers that every deployment sends.
//!
//! `Strict-Transport-Security` is left out: browsers ignore it without TLS.

use std::fs;
use std::io;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use axum::Router;
use axum::extract::State;
use axum::http::{HeaderName, HeaderValue, Method, StatusCode, Uri, header};
use axum::response::{IntoResponse, Response};

const INDEX: &str = "/index.html";
/// Their names contain the hash of their content.
const ASSETS: &str = "/assets/";
const IMMUTABLE: &str = "public, max-age=31536000, immutable";
const HEADERS: [(HeaderName, &str); 5] = [
    (
        header::CONTENT_SECURITY_POLICY,
        "default-src 'self'; script-src 'self' 'wasm-unsafe-eval'; style-src 'self'; connect-src 'self'; \
         base-uri 'none'; form-action 'none'; frame-ancestors 'none'; object-src 'none'",
    ),
    (HeaderName::from_static("cross-origin-opener-policy"), "same-origin"),
    (HeaderName::from_static("permissions-policy"), "camera=(), geolocation=(), microphone=()"),
    (header::REFERRER_POLICY, "no-referrer"),
    (header::X_CONTENT_TYPE_OPTIONS, "nosniff"),
];

/// The files of a folder at every path that no simulator has.
pub(crate) fn routes(folder: Option<PathBuf>) -> Router {
    Router::new().fallback(file).with_state(Arc::new(folder))
}

async fn file(State(folder): State<Arc<Option<PathBuf>>>, method: Method, uri: Uri) -> Response {
    let path = if uri.path() == "/" { INDEX } else { uri.path() };
    let nothing = || (StatusCode::NOT_FOUND, format!("there is no simulator and no file at {path}\n"));
    if !matches!(method, Method::GET | Method::HEAD) || !is_plain(path) {
        return nothing().into_response();
    }
    let Some(folder) = folder.as_deref().filter(|folder| folder.join("index.html").is_file()) else {
        let text = "the console is not built: `npm ci` and `npm run build` in console/ build it\n";
        return (StatusCode::NOT_FOUND, text).into_response();
    };
    let Ok(bytes) = read(folder, path) else { return nothing().into_response() };
    let caching = if path.starts_with(ASSETS) { IMMUTABLE } else { "no-cache" };
    let mut response =
        ([(header::CONTENT_TYPE, media_type(path)), (header::CACHE_CONTROL, caching)], bytes).into_response();
    for (name, value) in HEADERS {
        response.headers_mut().insert(name, HeaderValue::from_static(value));
    }
    response
}

/// Whether every segment of a path is the plain name of a file: no `..`, no hidden file, no escape.
fn is_plain(path: &str) -> bool {
    let mut segments = path.split('/').skip(1);
    segments.all(|segment| {
        let is_plain = |byte: u8| byte.is_ascii_alphanumeric() || b"._-".contains(&byte);
        !segment.is_empty() && !segment.starts_with('.') && segment.bytes().all(is_plain)
    })
}

/// Reads a file of the folder; a link to a file outside is not one.
fn read(folder: &Path, path: &str) -> io::Result<Vec<u8>> {
    let file = folder.join(path.trim_start_matches('/')).canonicalize()?;
    if !file.starts_with(folder.canonicalize()?) {
        return Err(io::ErrorKind::NotFound.into());
    }
    fs::read(file)
}

fn media_type(path: &str) -> &'static str {
    match path.rsplit_once('.').map_or("", |(_, extension)| extension) {
        "html" => "text/html; charset=utf-8",
        "js" => "text/javascript; charset=utf-8",
        "css" => "text/css; charset=utf-8",
        "json" => "application/json",
        "svg" => "image/svg+xml",
        "wasm" => "application/wasm",
        _ => "application/octet-stream",
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_plain_names_are_paths() {
        for path in ["/index.html", "/assets/main-NKSXKF52.js", "/a_b"] {
            assert!(is_plain(path), "{path}");
        }
        for path in
            ["/../names.json", "/assets/../../x", "/.env", "/a//b", "/a/", "/%2e%2e/x", "/a%2fb", "/a\\b", "/a:b"]
        {
            assert!(!is_plain(path), "{path}");
        }
    }
}
