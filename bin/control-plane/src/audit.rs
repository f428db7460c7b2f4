//! Who did what, when, to which desktop: a line of JSON each, chained by hashes.
//!
//! ```text
//!   line n   {"n":2,"at_ms":…,"who":"ann",…,"hash":"H2"}      H2 = SHA-256(H1, line without hash)
//! ```
//! A line that is changed, taken out or put in does not fit those behind it. The last lines may be cut off without a
//! trace: whoever minds keeps the last hash elsewhere.

use std::fs::{File, OpenOptions};
use std::io::{BufRead, BufReader, Seek, SeekFrom, Write};
use std::os::unix::fs::OpenOptionsExt;
use std::path::{Path, PathBuf};
use std::sync::{Mutex, PoisonError};

use anyhow::{Context, bail, ensure};
use serde::Serialize;
use sha2::{Digest, Sha256};

use crate::clock::now_ms;
use crate::random::hex;

/// Bytes of a line that is looked at.
const LONGEST: u64 = 64 * 1024;
const MARK: &str = ",\"hash\":\"";

/// One thing that somebody did.
#[derive(Debug, Clone, Copy, Serialize)]
pub struct Deed<'a> {
    /// Who, by name.
    pub who: &'a str,
    /// From where.
    pub from: &'a str,
    /// Such as `post /api/v1/desktops`.
    pub what: &'a str,
    /// To which desktop.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub desktop: Option<&'a str>,
    /// What was answered.
    pub status: u16,
}

#[derive(Serialize)]
struct Line<'a> {
    n: u64,
    at_ms: u64,
    #[serde(flatten)]
    deed: Deed<'a>,
}

/// The log.
#[derive(Debug)]
pub struct Audit {
    // A line is written whole before the next: one writer at a time.
    end: Mutex<End>,
}

#[derive(Debug)]
struct End {
    file: File,
    number: u64,
    hash: [u8; 32],
}

impl Audit {
    /// Opens the log, and goes on behind its last whole line.
    ///
    /// # Errors
    /// When it cannot be had, or its last line is none of ours.
    pub fn open(path: &Path) -> anyhow::Result<Self> {
        let fail = || format!("cannot use the audit log {}", path.display());
        let options = || OpenOptions::new().create(true).read(true).append(true).mode(0o600).open(path);
        let mut file = options().with_context(fail)?;
        let whole = whole_lines(&file).with_context(fail)?;
        if whole < file.metadata().with_context(fail)?.len() {
            tracing::warn!("the audit log ends within a line, which is cut off: the program was killed while it wrote");
            file.set_len(whole).with_context(fail)?;
        }
        let (number, hash) = match last_line(&mut file, whole).with_context(fail)? {
            Some(line) => read(&line).with_context(fail)?,
            None => (0, [0; 32]),
        };
        Ok(Self { end: Mutex::new(End { file, number, hash }) })
    }

    /// Writes a line. What cannot be written is told in the program's log.
    pub fn note(&self, deed: Deed<'_>) {
        let mut end = self.end.lock().unwrap_or_else(PoisonError::into_inner);
        if let Err(error) = end.write(deed) {
            tracing::error!(%error, ?deed, "cannot write to the audit log");
        }
    }
}

impl End {
    fn write(&mut self, deed: Deed<'_>) -> anyhow::Result<()> {
        let mut text = serde_json::to_string(&Line { n: self.number + 1, at_ms: now_ms(), deed })?;
        let hash = chained(&self.hash, &text);
        text.truncate(text.len() - 1);
        self.file.write_all(format!("{text}{MARK}{}\"}}\n", hex(&hash)).as_bytes())?;
        (self.number, self.hash) = (self.number + 1, hash);
        Ok(())
    }
}

fn chained(before: &[u8; 32], text: &str) -> [u8; 32] {
    Sha256::new().chain_update(before).chain_update(text).finalize().into()
}

/// Where the last line ends.
fn whole_lines(mut file: &File) -> anyhow::Result<u64> {
    let length = file.metadata()?.len();
    let from = length.saturating_sub(LONGEST);
    file.seek(SeekFrom::Start(from))?;
    let mut tail = Vec::new();
    std::io::Read::read_to_end(&mut file, &mut tail)?;
    match tail.iter().rposition(|byte| *byte == b'\n') {
        Some(place) => Ok(from + place as u64 + 1),
        None if from == 0 => Ok(0),
        None => bail!("its last line is longer than any of ours"),
    }
}

fn last_line(file: &mut File, end: u64) -> anyhow::Result<Option<String>> {
    file.seek(SeekFrom::Start(end.saturating_sub(LONGEST)))?;
    let lines: Vec<Vec<u8>> = BufReader::new(file).split(b'\n').collect::<Result<_, _>>()?;
    Ok(lines.last().map(|line| String::from_utf8_lossy(line).into_owned()))
}

/// Number and hash of a line.
fn read(line: &str) -> anyhow::Result<(u64, [u8; 32])> {
    let value: serde_json::Value = serde_json::from_str(line).context("a line is no JSON")?;
    let number = value["n"].as_u64().context("a line without a number")?;
    let text = value["hash"].as_str().context("a line without a hash")?;
    let mut hash = [0; 32];
    ensure!(text.len() == 64 && text.is_ascii(), "a hash of another length");
    for (byte, pair) in hash.iter_mut().zip(text.as_bytes().chunks(2)) {
        *byte = u8::from_str_radix(std::str::from_utf8(pair)?, 16).context("a hash of other characters")?;
    }
    Ok((number, hash))
}

/// Checks a log from its first line to its last; returns how many there are, and the last hash.
///
/// # Errors
/// When a line does not fit; with its number.
pub fn verify(path: &PathBuf) -> anyhow::Result<(u64, String)> {
    let file = File::open(path).with_context(|| format!("cannot read {}", path.display()))?;
    let (mut count, mut hash) = (0, [0; 32]);
    for line in BufReader::new(file).lines() {
        let line = line?;
        let at = count + 1;
        let (number, told) = read(&line).with_context(|| format!("line {at}"))?;
        let (text, _) = line.rsplit_once(MARK).with_context(|| format!("line {at} has no hash at its end"))?;
        ensure!(number == at, "line {at} has the number {number}: lines are missing, or were put in");
        hash = chained(&hash, &format!("{text}}}"));
        ensure!(hash == told, "line {at} does not fit those before it: it, or one of them, was changed");
        count = at;
    }
    Ok((count, hex(&hash)))
}

#[cfg(test)]
mod tests {
    use super::*;

    const DEED: Deed<'_> =
        Deed { who: "ann", from: "127.0.0.1", what: "post /x \"quoted\"", desktop: Some("d"), status: 201 };

    fn log(lines: usize) -> (tempfile::TempDir, PathBuf) {
        let folder = tempfile::tempdir().expect("a folder");
        let path = folder.path().join("audit.jsonl");
        let audit = Audit::open(&path).expect("opened");
        (0..lines).for_each(|_| audit.note(DEED));
        (folder, path)
    }

    #[test]
    fn a_log_goes_on_where_it_ended_and_fits_together() {
        let (_folder, path) = log(3);
        Audit::open(&path).expect("opened").note(DEED);
        assert_eq!(verify(&path).expect("it fits").0, 4);
    }

    #[test]
    fn a_line_that_was_changed_taken_out_or_put_in_is_found() {
        let (_folder, path) = log(5);
        let text = std::fs::read_to_string(&path).expect("a log");
        let lines: Vec<&str> = text.lines().collect();
        let without: Vec<&str> = lines.iter().enumerate().filter(|(n, _)| *n != 2).map(|(_, line)| *line).collect();
        let twice = [&lines[..3], &lines[2..]].concat();
        for other in [text.replacen("ann", "bob", 1), without.join("\n"), twice.join("\n"), format!("{text}{{}}\n")] {
            std::fs::write(&path, other).expect("written");
            assert!(verify(&path).is_err());
        }
    }

    #[test]
    fn half_a_line_of_a_program_that_was_killed_is_cut_off() {
        let (_folder, path) = log(2);
        let mut file = OpenOptions::new().append(true).open(&path).expect("opened");
        file.write_all(b"{\"n\":3,\"at_").expect("written");
        Audit::open(&path).expect("opened").note(DEED);
        assert_eq!(verify(&path).expect("it fits").0, 3);
    }
}
