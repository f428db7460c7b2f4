//! Tests that a page of the documentation names: each of them is there.
//!
//! A page that says which test shows what is worth something only as long as the test exists. Tables count whose last
//! column is headed by the word Test.

use std::collections::BTreeSet;
use std::fs;
use std::path::Path;

use anyhow::{Context, bail};

use crate::layers::rust_files;
use crate::lexer::{TokenKind, tokens};
use crate::metadata::Metadata;

const PAGES: [&str; 1] = ["docs/protocol-stream.md"];

/// Prints every test that a page names and nobody wrote, and fails if there is one.
pub(crate) fn run(metadata: &Metadata) -> anyhow::Result<()> {
    let Metadata { workspace_root, target_directory, .. } = metadata;
    let functions = functions(workspace_root, target_directory)?;
    let (mut named, mut missing) = (0, 0);
    for page in PAGES {
        let file = workspace_root.join(page);
        let text = fs::read_to_string(&file).with_context(|| format!("cannot read {}", file.display()))?;
        for (line, name) in names(&text) {
            named += 1;
            if !functions.contains(name) {
                eprintln!("{page}:{line}: there is no test `{name}`");
                missing += 1;
            }
        }
    }
    if missing > 0 {
        bail!("{missing} of {named} tests that pages name do not exist");
    }
    eprintln!("named: {named} tests that pages name, all there");
    Ok(())
}

/// The names of all functions in the workspace.
fn functions(root: &Path, target: &Path) -> anyhow::Result<BTreeSet<String>> {
    let mut names = BTreeSet::new();
    for file in rust_files(root, target)? {
        let source = fs::read_to_string(&file).with_context(|| format!("cannot read {}", file.display()))?;
        names.extend(functions_in(&source).into_iter().map(str::to_owned));
    }
    Ok(names)
}

fn functions_in(source: &str) -> Vec<&str> {
    let kinds: Vec<_> = tokens(source).into_iter().map(|token| token.kind).collect();
    let named = |pair: &[_]| match *pair {
        [TokenKind::Word("fn"), TokenKind::Word(name)] => Some(name),
        _ => None,
    };
    kinds.windows(2).filter_map(named).collect()
}

/// Each test that a table of `page` names, with its line, counted from 1.
fn names(page: &str) -> Vec<(usize, &str)> {
    let (mut found, mut in_table, mut counts) = (Vec::new(), false, false);
    for (index, line) in page.lines().enumerate() {
        let cells = line.trim().strip_prefix('|').and_then(|line| line.strip_suffix('|'));
        let last = cells.and_then(|cells| cells.rsplit('|').next()).map(str::trim);
        match last {
            None => in_table = false,
            Some(head) if !in_table => (in_table, counts) = (true, head.starts_with("Test")),
            Some(cell) if counts => found.extend(in_ticks(cell).map(|name| (index + 1, name))),
            Some(_) => {}
        }
    }
    found
}

/// What stands between back-ticks and can be the name of a function.
fn in_ticks(cell: &str) -> impl Iterator<Item = &str> {
    let is_name = |word: &&str| {
        word.contains('_')
            && word.bytes().all(|byte| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'_')
    };
    cell.split('`').skip(1).step_by(2).filter(is_name)
}

#[cfg(test)]
mod tests {
    use super::*;

    const PAGE: &str = "\
| # | What | Test |
|---|---|---|
| 1 | `not_a_test` in words | `first_fact`; core/session: `second_fact` |
| 2 | bytes | the same, and `server-video` |

| What | Meaning |
|---|---|
| it | `no_test_either` |

| § | Test in bin |
|---|---|
| 4 | `third_fact` |
";

    #[test]
    fn tests_are_named_in_the_last_column_of_tables_about_tests() {
        assert_eq!(names(PAGE), [(3, "first_fact"), (3, "second_fact"), (12, "third_fact")]);
    }

    #[test]
    fn functions_are_found_whatever_stands_around_them() {
        let source = "// fn in_a_comment\nasync fn one() { \"fn in_a_text\"; }\npub(crate) const fn two<T>() {}";
        assert_eq!(functions_in(source), ["one", "two"]);
    }
}
