//! `GET /file` and `GET /files`.

use std::fmt::Write;
use std::fs::File;
use std::io::{self, Read};
use std::sync::Arc;

use axum::body::{Body, Bytes};
use axum::extract::State;
use axum::http::{HeaderValue, StatusCode, header};
use axum::response::Response;
use futures_util::stream;
use lunette_auth::Scope;
use serde_json::json;

use super::name::FileName;
use super::{FileError, folder};
use crate::agent::{AgentHost, Caller, Members};
use crate::problem::{Problem, json};

const CHUNK: usize = 64 * 1024;

pub(super) async fn list<H: AgentHost>(State(host): State<Arc<H>>, caller: Caller) -> Result<Response, Problem> {
    caller.needs(Scope::Control)?;
    let files = folder(&*host)?.list()?;
    Ok(json(StatusCode::OK, &json!({"files": files})))
}

pub(super) async fn file<H: AgentHost>(
    State(host): State<Arc<H>>,
    caller: Caller,
    members: Members,
) -> Result<Response, Problem> {
    caller.needs(Scope::Control)?;
    let name = members.text("name").ok_or_else(|| Problem::bad("name is missing"))?;
    let name = FileName::new(name).map_err(FileError::from)?;
    let (file, size) = folder(&*host)?.read(&name)?;
    let mut response = Response::new(Body::from_stream(chunks(file, size)));
    let headers = response.headers_mut();
    headers.insert(header::CONTENT_LENGTH, HeaderValue::from(size));
    for (name, value) in [
        (header::CONTENT_TYPE, "application/octet-stream"),
        (header::X_CONTENT_TYPE_OPTIONS, "nosniff"),
        // Should a browser show it all the same, it can do nothing.
        (header::CONTENT_SECURITY_POLICY, "default-src 'none'; sandbox"),
        (header::CACHE_CONTROL, "private, no-cache"),
    ] {
        headers.insert(name, HeaderValue::from_static(value));
    }
    if let Ok(value) = HeaderValue::from_str(&disposition(&name)) {
        headers.insert(header::CONTENT_DISPOSITION, value);
    }
    Ok(response)
}

/// To be saved, under its name.
fn disposition(name: &FileName) -> String {
    let mut coded = String::new();
    for byte in name.as_str().bytes() {
        match byte {
            b'A'..=b'Z' | b'a'..=b'z' | b'0'..=b'9' | b'-' | b'.' | b'_' | b'~' => coded.push(char::from(byte)),
            // Writing to a String does not fail.
            _ => _ = write!(coded, "%{byte:02X}"),
        }
    }
    format!("attachment; filename*=UTF-8''{coded}")
}

/// The file piece by piece, read where it holds nobody up, and no more of it than its length says: it may grow.
fn chunks(file: File, size: u64) -> impl futures_util::Stream<Item = io::Result<Bytes>> + Send {
    stream::try_unfold((file, size), |(mut file, left)| async move {
        if left == 0 {
            return Ok(None);
        }
        let read = move || -> io::Result<_> {
            let mut chunk = vec![0; CHUNK.min(usize::try_from(left).unwrap_or(CHUNK))];
            let len = file.read(&mut chunk)?;
            chunk.truncate(len);
            if len == 0 { Err(io::ErrorKind::UnexpectedEof.into()) } else { Ok((file, chunk)) }
        };
        let (file, chunk) = tokio::task::spawn_blocking(read).await.map_err(io::Error::other)??;
        let left = left - chunk.len() as u64;
        Ok(Some((Bytes::from(chunk), (file, left))))
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_file_is_saved_under_its_name_whatever_is_in_it() {
        let name = |name: &str| disposition(&FileName::new(name).expect("a name"));
        assert_eq!(name("a b.txt"), "attachment; filename*=UTF-8''a%20b.txt");
        assert_eq!(name("ä\"; x=1"), "attachment; filename*=UTF-8''%C3%A4%22%3B%20x%3D1");
    }
}
