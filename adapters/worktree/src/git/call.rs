//! One call of git.

use std::ffi::{OsStr, OsString};
use std::io::{self, Seek, Write};
use std::ops::ControlFlow;
use std::path::Path;
use std::process::{Command, Stdio};
use std::time::Duration;

use super::Git;
use super::run::{How, run};
use crate::error::WorktreeError;

/// Bytes that are read where nobody says how many.
const USUAL: usize = 1 << 20;
/// What git says when it says no, as it is told on.
const SAID: usize = 2000;

/// Configuration of every call. What stands in a repository's own is overridden by it.
const CONFIGURATION: [&str; 20] = [
    // Programs that would run.
    "core.fsmonitor=false",
    "core.pager=cat",
    "core.askPass=",
    "protocol.ext.allow=never",
    "commit.gpgSign=false",
    "tag.gpgSign=false",
    "push.gpgSign=false",
    // Work that somebody would wait for.
    "gc.auto=0",
    "maintenance.auto=false",
    "submodule.recurse=false",
    "push.recurseSubmodules=no",
    "credential.interactive=false",
    // Larger ones are not compared line by line.
    "core.bigFileThreshold=32m",
    // How things are printed.
    "color.ui=false",
    "core.quotePath=false",
    "diff.suppressBlankEmpty=false",
    "diff.orderFile=/dev/null",
    "diff.interHunkContext=0",
    "advice.addEmbeddedRepo=false",
    // Parts of it would stay behind in the repository.
    "core.splitIndex=false",
];

/// Whether the repository's hooks run.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Hooks {
    Off,
    On,
}

/// A call that is put together.
pub(crate) struct Call<'a> {
    git: &'a Git,
    tree: &'a Path,
    verb: &'static str,
    hooks: Hooks,
    limit: Duration,
    cap: usize,
    arguments: Vec<OsString>,
    environment: Vec<(&'static str, OsString)>,
    input: Vec<u8>,
}

/// What git answered.
#[derive(Debug)]
pub(crate) struct Answer {
    /// What it ended with; 128 and the signal's number when a signal ended it.
    pub(crate) code: i32,
    pub(crate) out: Vec<u8>,
    /// Whether there was more of it.
    pub(crate) cut: bool,
    pub(crate) said: String,
    verb: &'static str,
}

impl Git {
    /// `git VERB` in a work tree.
    pub(crate) fn call<'a>(&'a self, tree: &'a Path, verb: &'static str) -> Call<'a> {
        Call {
            git: self,
            tree,
            verb,
            hooks: Hooks::Off,
            limit: self.limits.call,
            cap: USUAL,
            arguments: Vec::new(),
            environment: Vec::new(),
            input: Vec::new(),
        }
    }

    /// One that leaves this machine or runs the person's hooks, and may take longer.
    pub(crate) fn writing<'a>(&'a self, tree: &'a Path, verb: &'static str) -> Call<'a> {
        Call { limit: self.limits.publish, ..self.call(tree, verb) }
    }
}

impl Call<'_> {
    pub(crate) fn arg(mut self, argument: impl AsRef<OsStr>) -> Self {
        self.arguments.push(argument.as_ref().to_owned());
        self
    }

    pub(crate) fn args<const N: usize>(mut self, arguments: [&str; N]) -> Self {
        self.arguments.extend(arguments.map(OsString::from));
        self
    }

    pub(crate) fn env(mut self, name: &'static str, value: impl AsRef<OsStr>) -> Self {
        self.environment.push((name, value.as_ref().to_owned()));
        self
    }

    pub(crate) fn input(mut self, bytes: &[u8]) -> Self {
        bytes.clone_into(&mut self.input);
        self
    }

    pub(crate) fn hooks(self, hooks: Hooks) -> Self {
        Self { hooks, ..self }
    }

    /// Reads so many bytes; git is ended when there are more.
    pub(crate) fn cap(self, cap: usize) -> Self {
        Self { cap, ..self }
    }

    /// Runs it. However it ends by itself is an answer.
    pub(crate) fn answer(self) -> Result<Answer, WorktreeError> {
        let (mut out, cap) = (Vec::new(), self.cap);
        let (code, said, cut) = self.stream(&mut |bytes| {
            let room = cap - out.len();
            out.extend_from_slice(&bytes[..bytes.len().min(room)]);
            if bytes.len() > room { ControlFlow::Break(()) } else { ControlFlow::Continue(()) }
        })?;
        Ok(Answer { code, out, cut, said, verb: self.verb })
    }

    /// Runs it and demands that it succeeds; what it prints, if that is not too much.
    pub(crate) fn output(self) -> Result<Vec<u8>, WorktreeError> {
        let (verb, limit) = (self.verb, self.cap);
        let answer = self.answer()?;
        match answer.cut {
            true => Err(WorktreeError::TooLong { verb, limit }),
            false => answer.good().map(|answer| answer.out),
        }
    }

    /// Runs it and demands that it prints one line.
    pub(crate) fn line(self) -> Result<String, WorktreeError> {
        let verb = self.verb;
        let text = String::from_utf8(self.output()?).map_err(|_| WorktreeError::Unknown { verb })?;
        Ok(text.trim_end_matches('\n').to_owned())
    }

    /// Runs it and demands that it succeeds; each piece of what it prints goes to `take`, until that has enough.
    pub(crate) fn each(&self, take: &mut dyn FnMut(&[u8]) -> ControlFlow<()>) -> Result<(), WorktreeError> {
        let (code, said, cut) = self.stream(take)?;
        let answer = Answer { code, out: Vec::new(), cut, said, verb: self.verb };
        if cut { Ok(()) } else { answer.good().map(drop) }
    }

    fn stream(&self, take: &mut dyn FnMut(&[u8]) -> ControlFlow<()>) -> Result<(i32, String, bool), WorktreeError> {
        let failed = |source: io::Error| match source.kind() {
            io::ErrorKind::NotFound if self.tree.is_dir() => WorktreeError::NoGit,
            _ => WorktreeError::Run { verb: self.verb, source },
        };
        let command = self.command().map_err(failed)?;
        let ended = run(command, self.limit, take).map_err(failed)?;
        let said = String::from_utf8_lossy(&ended.errors).into_owned();
        match ended.how {
            How::Finished => Ok((ended.code, said, false)),
            How::Stopped => Ok((ended.code, said, true)),
            How::TimedOut => Err(WorktreeError::TimedOut { verb: self.verb, limit: self.limit }),
        }
    }

    fn command(&self) -> io::Result<Command> {
        let mut command = Command::new("git");
        command.env_clear().envs(&self.git.environment);
        for (name, value) in [
            ("LC_ALL", "C.UTF-8"),
            ("GIT_TERMINAL_PROMPT", "0"),
            // Empty ones end the search for a program that asks.
            ("GIT_ASKPASS", ""),
            ("SSH_ASKPASS_REQUIRE", "never"),
            ("GCM_INTERACTIVE", "never"),
            ("GIT_EDITOR", "false"),
            ("GIT_OPTIONAL_LOCKS", "0"),
        ] {
            command.env(name, value);
        }
        command.envs(self.environment.iter().map(|(name, value)| (name, value)));
        let within = |option: &str, path: &Path| {
            let mut argument = OsString::from(option);
            argument.push(path);
            argument
        };
        command.arg(within("--git-dir=", &self.tree.join(".git"))).arg(within("--work-tree=", self.tree));
        command.args(["--no-pager", "--literal-pathspecs"]);
        command.args(CONFIGURATION.iter().flat_map(|setting| ["-c", setting]));
        if self.hooks == Hooks::Off {
            command.args(["-c", "core.hooksPath=/dev/null"]);
        }
        command.arg(self.verb).args(&self.arguments).current_dir(self.tree);
        command.stdin(self.stdin()?).stdout(Stdio::piped()).stderr(Stdio::piped());
        Ok(command)
    }

    /// A file, so that nobody has to write while git does not read.
    fn stdin(&self) -> io::Result<Stdio> {
        if self.input.is_empty() {
            return Ok(Stdio::null());
        }
        let mut file = tempfile::tempfile()?;
        file.write_all(&self.input)?;
        file.rewind()?;
        Ok(file.into())
    }
}

impl Answer {
    /// Insists on success.
    pub(crate) fn good(self) -> Result<Self, WorktreeError> {
        if self.code == 0 { Ok(self) } else { Err(self.refusal()) }
    }

    pub(crate) fn refusal(&self) -> WorktreeError {
        let said = match self.said.trim() {
            "" => format!("it ended with {}", self.code),
            said => without_secrets(&said.chars().take(SAID).collect::<String>()),
        };
        WorktreeError::Git { verb: self.verb, said }
    }
}

/// Without what stands before the host in an address.
pub(crate) fn without_secrets(text: &str) -> String {
    let mut clean = String::with_capacity(text.len());
    let mut rest = text;
    while let Some(at) = rest.find("://") {
        let (before, after) = rest.split_at(at + 3);
        clean.push_str(before);
        let end = after.find(|char: char| char == '/' || char.is_whitespace() || char == '\'').unwrap_or(after.len());
        rest = after[..end].rfind('@').map_or(after, |user| &after[user + 1..]);
    }
    clean.push_str(rest);
    clean
}

#[cfg(test)]
mod tests {
    use rustix::event::{PollFd, PollFlags, Timespec, poll};
    use rustix::fs::{CWD, FileType, Mode, OFlags, mknodat};
    use tempfile::TempDir;

    use super::*;
    use crate::Limits;

    fn repository() -> TempDir {
        let folder = tempfile::tempdir().expect("a folder");
        let made = Command::new("git").args(["init", "-q"]).arg(folder.path()).status().expect("git runs");
        assert!(made.success());
        folder
    }

    #[test]
    fn addresses_lose_their_passwords() {
        for (text, clean) in [
            ("To https://u:p@example.org/a\n", "To https://example.org/a\n"),
            ("'https://tok@h/a' and ssh://g@h:22/b@c", "'https://h/a' and ssh://h:22/b@c"),
            ("a@b https://h/x", "a@b https://h/x"),
            ("https://a@b@c", "https://c"),
        ] {
            assert_eq!(without_secrets(text), clean);
        }
    }

    #[test]
    fn a_tree_of_another_user_is_read() {
        let folder = repository();
        let git = Git::new([], Limits::default());
        // How git's own tests say that somebody else owns everything.
        let status =
            git.call(folder.path(), "status").env("GIT_TEST_ASSUME_DIFFERENT_OWNER", "1").args(["--porcelain"]);
        assert_eq!(status.output().expect("it is read"), b"");
    }

    #[test]
    fn git_that_takes_too_long_is_ended_with_all_that_it_started() {
        let folder = repository();
        let pipe = folder.path().join("pipe");
        mknodat(CWD, &pipe, FileType::Fifo, Mode::RUSR | Mode::WUSR, 0).expect("a pipe");
        let reader = rustix::fs::open(&pipe, OFlags::RDONLY | OFlags::NONBLOCK, Mode::empty()).expect("it opens");
        let begun = folder.path().join("begun");
        // How long it takes to begin depends on what else the machine does.
        for limit in [0.3, 1.0, 3.0, 9.0].map(Duration::from_secs_f64) {
            let git = Git::new([], Limits { call: limit, ..Limits::default() });
            let alias = git.call(folder.path(), "-c").args(["alias.x=!exec 3>pipe; echo >begun; sleep 60 & wait", "x"]);
            assert!(matches!(alias.answer(), Err(WorktreeError::TimedOut { .. })));
            if begun.exists() {
                break;
            }
        }
        assert!(begun.exists(), "it had begun");
        let mut fds = [PollFd::new(&reader, PollFlags::empty())];
        let ended = poll(&mut fds, Some(&Timespec { tv_sec: 10, tv_nsec: 0 })).expect("it is waited for");
        assert!(ended == 1 && fds[0].revents().contains(PollFlags::HUP), "nobody holds the other end");
    }

    #[test]
    fn what_is_more_than_the_cap_is_cut() {
        let folder = repository();
        let git = Git::new([], Limits::default());
        let endless = || git.call(folder.path(), "-c").args(["alias.x=!yes", "x"]).cap(1000);
        let answer = endless().answer().expect("an answer");
        assert_eq!((answer.out.len(), answer.cut), (1000, true));
        assert!(matches!(endless().output(), Err(WorktreeError::TooLong { limit: 1000, .. })));
    }
}
