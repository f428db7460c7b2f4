//! What source text may say, by folder.

use std::fs;
use std::path::{Path, PathBuf};

use anyhow::Context;

use super::Complaint;
use crate::lexer::{Token, TokenKind, tokens};

/// A path that `core/*/src` may not name.
struct Banned {
    path: &'static [&'static str],
    why: &'static str,
}

const NOT_IN_CORE: [Banned; 8] = [
    Banned { path: &["std", "net"], why: "a driver owns the socket (bare addresses are in core::net)" },
    Banned { path: &["std", "fs"], why: "an adapter reads the file and passes bytes" },
    Banned { path: &["std", "thread"], why: "whoever drives this chooses the thread" },
    Banned { path: &["std", "sync", "Mutex"], why: "one owner per state, others send messages" },
    Banned { path: &["std", "sync", "RwLock"], why: "one owner per state, others send messages" },
    Banned { path: &["std", "sync", "Condvar"], why: "one owner per state, others send messages" },
    Banned { path: &["Instant", "now"], why: "the time comes in as an argument" },
    Banned { path: &["SystemTime", "now"], why: "the time comes in as an argument" },
];

/// Complaints about all Rust files under `root`, in order of their paths.
pub(super) fn complaints(root: &Path, target: &Path) -> anyhow::Result<Vec<Complaint>> {
    let mut complaints = Vec::new();
    for file in rust_files(root, target)? {
        let source = fs::read_to_string(&file).with_context(|| format!("cannot read {}", file.display()))?;
        let inside = file.strip_prefix(root).unwrap_or(&file);
        complaints.extend(complaints_about(inside, &source));
    }
    Ok(complaints)
}

/// All Rust files under `root` that are not built, in order of their paths.
pub(crate) fn rust_files(root: &Path, target: &Path) -> anyhow::Result<Vec<PathBuf>> {
    let mut files = Vec::new();
    collect(root, target, &mut files)?;
    files.sort();
    Ok(files)
}

/// All `.rs` files below `folder`, except in build output and hidden folders.
fn collect(folder: &Path, target: &Path, files: &mut Vec<PathBuf>) -> anyhow::Result<()> {
    for entry in fs::read_dir(folder).with_context(|| format!("cannot list {}", folder.display()))? {
        let entry = entry.with_context(|| format!("cannot list {}", folder.display()))?;
        let (path, name) = (entry.path(), entry.file_name());
        let kind = entry.file_type().with_context(|| format!("cannot look at {}", path.display()))?;
        let built = path == target || name == "target" || name == "node_modules";
        if kind.is_dir() && !built && !name.to_string_lossy().starts_with('.') {
            collect(&path, target, files)?;
        } else if kind.is_file() && path.extension().is_some_and(|extension| extension == "rs") {
            files.push(path);
        }
    }
    Ok(())
}

fn complaints_about(file: &Path, source: &str) -> Vec<Complaint> {
    let tokens = tokens(source);
    let mut found: Vec<(usize, String)> = Vec::new();
    if !may_be_unsafe(file) {
        found.extend(unsafe_lines(&tokens).map(|line| (line, UNSAFE.to_owned())));
    }
    if is_core(file) {
        found.extend(NOT_IN_CORE.iter().flat_map(|banned| banned_uses(&tokens, banned)));
    }
    found.sort();
    found.into_iter().map(|(line, why)| Complaint { file: file.to_owned(), line, why }).collect()
}

const UNSAFE: &str = "`unsafe` outside sys/, ffi/ and *simd*.rs: wrap it in a safe crate under sys/";

fn may_be_unsafe(file: &Path) -> bool {
    let folder = file.iter().next().unwrap_or_default();
    let name = file.file_name().unwrap_or_default().to_string_lossy();
    folder == "sys" || folder == "ffi" || name.contains("simd")
}

/// Benches, examples, build scripts and integration tests are programs around the core; only `src/` is the core.
fn is_core(file: &Path) -> bool {
    let parts: Vec<_> = file.iter().collect();
    matches!(parts[..], [first, _, third, ..] if first == "core" && third == "src")
}

fn unsafe_lines(tokens: &[Token<'_>]) -> impl Iterator<Item = usize> {
    tokens.iter().filter(|token| token.kind == TokenKind::Word("unsafe")).map(|token| token.line)
}

fn banned_uses(tokens: &[Token<'_>], banned: &Banned) -> Vec<(usize, String)> {
    let why = || format!("{} in core/: {}", banned.path.join("::"), banned.why);
    let [first, rest @ ..] = banned.path else { return Vec::new() };
    let starts = (0..tokens.len()).filter(|&at| is_word(tokens, at, first));
    starts.flat_map(|at| ends(tokens, at, rest)).map(|end| (tokens[end].line, why())).collect()
}

/// Where the paths end that go on from the word at `at` with `rest`; a braced import may have several.
fn ends(tokens: &[Token<'_>], at: usize, rest: &[&str]) -> Vec<usize> {
    let [next, after @ ..] = rest else { return vec![at] };
    if tokens.get(at + 1).map(|token| token.kind) != Some(TokenKind::PathSep) {
        return Vec::new();
    }
    let candidates = if is_mark(tokens, at + 2, '{') { items(tokens, at + 2) } else { vec![at + 2] };
    let goes_on = candidates.into_iter().filter(|&word| is_word(tokens, word, next));
    goes_on.flat_map(|word| ends(tokens, word, after)).collect()
}

/// Positions where the items of the group start that opens at `open`.
fn items(tokens: &[Token<'_>], open: usize) -> Vec<usize> {
    let mut depth = 0_usize;
    let mut starts = Vec::new();
    for (at, token) in tokens.iter().enumerate().skip(open) {
        match token.kind {
            TokenKind::Mark('{') => depth += 1,
            TokenKind::Mark('}') if depth == 1 => break,
            TokenKind::Mark('}') => depth -= 1,
            _ => {}
        }
        if depth == 1 && matches!(token.kind, TokenKind::Mark('{' | ',')) {
            starts.push(at + 1);
        }
    }
    starts
}

fn is_word(tokens: &[Token<'_>], at: usize, word: &str) -> bool {
    tokens.get(at).is_some_and(|token| token.kind == TokenKind::Word(word))
}

fn is_mark(tokens: &[Token<'_>], at: usize, mark: char) -> bool {
    tokens.get(at).is_some_and(|token| token.kind == TokenKind::Mark(mark))
}

#[cfg(test)]
mod tests {
    use std::fs;
    use std::path::Path;

    use super::{complaints, complaints_about};

    fn lines(file: &str, source: &str) -> Vec<usize> {
        complaints_about(Path::new(file), source).into_iter().map(|complaint| complaint.line).collect()
    }

    #[test]
    fn io_clock_threads_and_locks_are_refused_in_core() {
        for source in [
            "use std::net::TcpStream;",
            "let text = std::fs::read(path);",
            "std::thread::spawn(f);",
            "let now = std::time::Instant::now();",
            "let now = SystemTime :: now();",
            "use std::sync::Mutex;",
            "use std::{fmt, fs};",
            "use std::{time::Duration, net::{TcpStream, UdpSocket}};",
            "use std::sync::{Arc, atomic::{AtomicU8, Ordering}, RwLock};",
        ] {
            assert_eq!(lines("core/wire/src/lib.rs", source), [1], "{source}");
        }
    }

    #[test]
    fn types_without_their_clock_pass_in_core() {
        for source in [
            "use std::time::{Duration, Instant};",
            "use std::{fmt, io::Read};",
            "fn f(now: Instant) -> Instant { now + STEP }",
            "use std::sync::Arc; mod net { fn fs() {} }",
            "use std::{collections::{fs, net}, fmt};",
            "// std::fs::read\n/* Instant::now() */ const S: &str = \"std::thread::spawn\";",
        ] {
            assert!(lines("core/wire/src/lib.rs", source).is_empty(), "{source}");
        }
    }

    #[test]
    fn only_the_source_of_core_must_be_pure() {
        let source = "use std::net::TcpStream;";
        for file in ["drivers/net/src/lib.rs", "core/wire/benches/speed.rs", "core/wire/build.rs"] {
            assert!(lines(file, source).is_empty(), "{file}");
        }
    }

    #[test]
    fn the_unsafe_keyword_is_refused_outside_its_places() {
        let source = "#![forbid(unsafe_code)]\n// unsafe\nfn f() -> &'static str { \"unsafe\" }\nunsafe { g() }\n";
        assert_eq!(lines("adapters/color/src/lib.rs", source), [4]);
        assert_eq!(lines("adapters/color/src/lib.rs", "#[unsafe(no_mangle)]\nfn f() {}"), [1]);
    }

    #[test]
    fn unsafe_passes_in_sys_ffi_and_simd_files() {
        for file in
            ["sys/x264/src/lib.rs", "ffi/gst/src/lib.rs", "adapters/damage/src/simd.rs", "core/a/src/simd_avx2.rs"]
        {
            assert!(lines(file, "unsafe { f() }").is_empty(), "{file}");
        }
    }

    #[test]
    fn a_tree_is_walked_without_its_build_output() {
        let root = tempfile::tempdir().unwrap();
        for file in ["core/wire/src/deep/er.rs", "elsewhere/out.rs", "core/wire/target/gen.rs", ".git/hook.rs"] {
            let file = root.path().join(file);
            fs::create_dir_all(file.parent().unwrap()).unwrap();
            fs::write(file, "fn f() {}\nunsafe {}\n").unwrap();
        }
        let found = complaints(root.path(), &root.path().join("elsewhere")).unwrap();
        let expected = "core/wire/src/deep/er.rs:2: `unsafe` outside sys/, ffi/ and *simd*.rs: \
            wrap it in a safe crate under sys/";
        assert_eq!(found.iter().map(ToString::to_string).collect::<Vec<_>>(), [expected]);
    }
}
