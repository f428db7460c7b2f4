//! Embeds every file of `web/dist`, with its packed form beside it, or a page that says how to build them.

#![forbid(unsafe_code)]

use std::fmt::Write as _;
use std::path::{Path, PathBuf};
use std::{env, fs};

use anyhow::Context;
use sha2::{Digest, Sha256};

fn main() -> anyhow::Result<()> {
    let crate_root = PathBuf::from(env::var_os("CARGO_MANIFEST_DIR").context("no CARGO_MANIFEST_DIR")?);
    let dist = crate_root.join("../../web/dist");
    println!("cargo::rerun-if-changed=build");
    // cargo takes a path that does not exist for changed every time, so the ignored folder is made. Where that fails, the
    // only harm is that this runs again.
    drop(fs::create_dir_all(&dist));
    println!("cargo::rerun-if-changed={}", dist.display());
    println!("cargo::rustc-check-cfg=cfg(viewer_built)");
    let table = if dist.join("index.html").is_file() {
        println!("cargo::rustc-cfg=viewer_built");
        table(&dist)?
    } else {
        placeholder(&crate_root.join("build/placeholder.html"))?
    };
    let out = PathBuf::from(env::var_os("OUT_DIR").context("no OUT_DIR")?).join("assets.rs");
    fs::write(&out, table).with_context(|| format!("cannot write {}", out.display()))
}

/// Rust source of the sorted table of all files below `dist`.
fn table(dist: &Path) -> anyhow::Result<String> {
    let mut files = Vec::new();
    collect(dist, &mut files)?;
    files.sort();
    let mut source = String::from("&[\n");
    for file in files.iter().filter(|file| file.extension().is_none_or(|extension| extension != "gz")) {
        let path = file.strip_prefix(dist).context("a file outside dist")?;
        let path = path.to_str().with_context(|| format!("{} is not UTF-8", path.display()))?.replace('\\', "/");
        let packed = PathBuf::from(format!("{}.gz", file.display()));
        entry(&mut source, &path, file, packed.is_file().then_some(packed.as_path()))?;
    }
    source.push(']');
    Ok(source)
}

fn placeholder(page: &Path) -> anyhow::Result<String> {
    let mut source = String::from("&[\n");
    entry(&mut source, "index.html", page, None)?;
    source.push(']');
    Ok(source)
}

fn collect(folder: &Path, files: &mut Vec<PathBuf>) -> anyhow::Result<()> {
    // A new file changes only its folder.
    println!("cargo::rerun-if-changed={}", folder.display());
    for entry in fs::read_dir(folder).with_context(|| format!("cannot list {}", folder.display()))? {
        let path = entry?.path();
        if path.is_dir() {
            collect(&path, files)?;
        } else {
            println!("cargo::rerun-if-changed={}", path.display());
            files.push(path);
        }
    }
    Ok(())
}

fn entry(source: &mut String, path: &str, file: &Path, packed: Option<&Path>) -> anyhow::Result<()> {
    let bytes = fs::read(file).with_context(|| format!("cannot read {}", file.display()))?;
    let file = file.canonicalize().with_context(|| format!("cannot find {}", file.display()))?;
    let packed = packed.map(Path::canonicalize).transpose().context("cannot find a packed file")?;
    let packed = packed.map_or_else(|| "None".to_owned(), |packed| format!("Some(include_bytes!({packed:?}))"));
    let etag = etag(&bytes);
    writeln!(
        source,
        "    Asset {{ path: {path:?}, bytes: include_bytes!({file:?}), packed: {packed}, etag: {etag:?} }},"
    )?;
    Ok(())
}

/// A strong validator, quotes included.
fn etag(bytes: &[u8]) -> String {
    let mut etag = String::from("\"");
    for byte in &Sha256::digest(bytes)[..12] {
        write!(etag, "{byte:02x}").expect("a String takes everything");
    }
    etag.push('"');
    etag
}
