//! Applications of the desktop, by the rules of freedesktop.org's desktop entries.

use std::collections::BTreeMap;
use std::env;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::thread;

use lunette_sys_process::{Lifetime, Spawn};

use crate::SessionError;

/// An entry is a few kilobytes.
const LARGEST: u64 = 256 << 10;
/// Applications that are listed.
const MOST: usize = 4096;
const DEEPEST: usize = 4;

/// A program that can be started.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Application {
    /// The entry's name, such as `org.gnome.Terminal`.
    pub id: String,
    /// What people call it.
    pub name: String,
    /// An icon's name or path.
    pub icon: Option<String>,
    /// The program and its arguments.
    pub command: Vec<String>,
    /// Where it is started.
    pub folder: Option<PathBuf>,
    /// Whether it wants a terminal around it.
    pub in_terminal: bool,
}

/// The applications that are installed.
#[derive(Debug, Clone)]
pub struct Applications {
    folders: Vec<PathBuf>,
}

impl Applications {
    /// Those in these folders; an entry hides one of the same id in a later folder.
    #[must_use]
    pub const fn new(folders: Vec<PathBuf>) -> Self {
        Self { folders }
    }

    /// Those in the folders that `XDG_DATA_HOME` and `XDG_DATA_DIRS` name.
    #[must_use]
    pub fn from_environment() -> Self {
        let variable = |name| env::var_os(name).filter(|value| !value.is_empty());
        let home = variable("XDG_DATA_HOME").map(PathBuf::from);
        let home = home.or_else(|| Some(Path::new(&variable("HOME")?).join(".local/share")));
        let shared = variable("XDG_DATA_DIRS").unwrap_or_else(|| "/usr/local/share:/usr/share".into());
        let all = home.into_iter().chain(env::split_paths(&shared));
        Self::new(all.map(|folder| folder.join("applications")).collect())
    }

    /// All of them, by name.
    #[must_use]
    pub fn list(&self) -> Vec<Application> {
        let mut found = BTreeMap::new();
        for folder in &self.folders {
            collect(folder, "", DEEPEST, &mut found);
        }
        let mut list: Vec<Application> = found.into_values().flatten().collect();
        list.sort_by_key(|application| application.name.to_lowercase());
        list
    }

    /// Starts one, in a process group of its own and with nothing of ours but the environment and `more` of it. It goes
    /// on when this program ends. Tells its process id.
    ///
    /// # Errors
    /// When there is no such application, or it cannot be started.
    pub fn launch(&self, id: &str, more: &[(&str, &str)]) -> Result<u32, SessionError> {
        let application = self.list().into_iter().find(|application| application.id == id);
        let application = application.ok_or_else(|| SessionError::NotFound { what: "application", id: id.into() })?;
        if application.in_terminal {
            return Err(SessionError::unavailable("this application", "it needs a terminal around it"));
        }
        application.start(more)
    }
}

impl Application {
    /// Reads an entry, as an application that menus show, and whose program is there.
    #[must_use]
    pub fn parse(id: String, text: &str) -> Option<Self> {
        let keys = main_group(text);
        let get = |key: &str| keys.get(key).map(|value| unescape(value));
        let is = |key: &str| keys.get(key).is_some_and(|value| *value == "true");
        if keys.get("Type") != Some(&"Application") || is("NoDisplay") || is("Hidden") {
            return None;
        }
        if get("TryExec").is_some_and(|program| !is_installed(&program)) {
            return None;
        }
        let command = split(&get("Exec")?)?;
        Some(Self {
            id,
            name: get("Name")?,
            icon: get("Icon").filter(|icon| !icon.is_empty()),
            command,
            folder: get("Path").filter(|path| !path.is_empty()).map(PathBuf::from),
            in_terminal: is("Terminal"),
        })
    }

    fn start(&self, more: &[(&str, &str)]) -> Result<u32, SessionError> {
        let [program, arguments @ ..] = &self.command[..] else {
            return Err(SessionError::NotFound { what: "program", id: self.id.clone() });
        };
        let mut command = Command::new(program);
        command.args(arguments).envs(more.iter().copied());
        command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null());
        if let Some(folder) = &self.folder {
            command.current_dir(folder);
        }
        let child = Spawn::new(command, Lifetime::Independent).spawn();
        let mut child = child.map_err(|error| SessionError::system(format!("cannot start {program}"), error))?;
        let pid = child.id();
        // Somebody must wait for it, or it stays as a zombie.
        let reap = move || drop(child.wait());
        if let Err(error) = thread::Builder::new().name("reap".into()).spawn(reap) {
            tracing::warn!(%error, pid, "nobody waits for the application");
        }
        Ok(pid)
    }
}

/// `None` stands for an entry that hides others and is none itself.
fn collect(folder: &Path, prefix: &str, depth: usize, found: &mut BTreeMap<String, Option<Application>>) {
    let Ok(entries) = fs::read_dir(folder) else { return };
    for entry in entries.flatten() {
        let (path, name) = (entry.path(), entry.file_name());
        let Some(name) = name.to_str() else { continue };
        if path.is_dir() && depth > 0 {
            collect(&path, &format!("{prefix}{name}-"), depth - 1, found);
        } else if let Some(stem) = name.strip_suffix(".desktop")
            && found.len() < MOST
        {
            let id = format!("{prefix}{stem}");
            found.entry(id.clone()).or_insert_with(|| read(&path).and_then(|text| Application::parse(id, &text)));
        }
    }
}

fn read(path: &Path) -> Option<String> {
    let is_small = fs::metadata(path).ok().is_some_and(|about| about.is_file() && about.len() <= LARGEST);
    if is_small { fs::read_to_string(path).ok() } else { None }
}

fn main_group(text: &str) -> BTreeMap<&str, &str> {
    let lines = text.lines().map(str::trim).skip_while(|line| *line != "[Desktop Entry]").skip(1);
    let pairs = lines.take_while(|line| !line.starts_with('[')).filter(|line| !line.starts_with('#'));
    pairs.filter_map(|line| line.split_once('=')).map(|(key, value)| (key.trim(), value.trim())).collect()
}

fn is_installed(program: &str) -> bool {
    let path = Path::new(program);
    if path.is_absolute() {
        return path.is_file();
    }
    env::var_os("PATH").is_some_and(|all| env::split_paths(&all).any(|folder| folder.join(path).is_file()))
}

/// The escapes of every string in an entry.
fn unescape(value: &str) -> String {
    let mut text = String::with_capacity(value.len());
    let mut characters = value.chars();
    while let Some(character) = characters.next() {
        match character {
            '\\' => match characters.next() {
                Some('s') => text.push(' '),
                Some('n') => text.push('\n'),
                Some('t') => text.push('\t'),
                Some('r') => text.push('\r'),
                Some('\\') | None => text.push('\\'),
                // Those of `Exec` come after these.
                Some(other) => text.extend(['\\', other]),
            },
            _ => text.push(character),
        }
    }
    text
}

/// A command line: words, or words in quotes. Codes for files and the like stand for nothing. `None` for an open quote.
fn split(exec: &str) -> Option<Vec<String>> {
    let (mut words, mut word, mut is_quoted) = (Vec::new(), None::<String>, false);
    let mut characters = exec.chars();
    while let Some(character) = characters.next() {
        match character {
            '"' => {
                is_quoted = !is_quoted;
                word.get_or_insert_default();
            }
            '\\' if is_quoted => word.get_or_insert_default().push(characters.next()?),
            '%' if !is_quoted => {
                if characters.next()? == '%' {
                    word.get_or_insert_default().push('%');
                }
            }
            ' ' | '\t' | '\n' if !is_quoted => words.extend(word.take()),
            _ => word.get_or_insert_default().push(character),
        }
    }
    words.extend(word);
    (!is_quoted && !words.is_empty()).then_some(words)
}

#[cfg(test)]
mod tests {
    use std::time::{Duration, Instant};

    use super::*;

    fn entry(folder: &Path, name: &str, lines: &str) {
        fs::create_dir_all(folder.join(name).parent().unwrap()).unwrap();
        fs::write(folder.join(name), format!("[Desktop Entry]\nType=Application\n{lines}\n[Other]\nName=No\n"))
            .unwrap();
    }

    #[test]
    fn command_lines_are_split_without_a_shell() {
        for (exec, words) in [
            ("foot", vec!["foot"]),
            ("firefox %u", vec!["firefox"]),
            ("app --name=%c --file %F end", vec!["app", "--name=", "--file", "end"]),
            (r#"sh -c "echo \"a b\"; \$x" z"#, vec!["sh", "-c", r#"echo "a b"; $x"#, "z"]),
            ("a \"\" 100%%", vec!["a", "", "100%"]),
            ("env X=$HOME;ls a", vec!["env", "X=$HOME;ls", "a"]),
        ] {
            assert_eq!(split(exec).unwrap(), words, "{exec}");
        }
        for exec in ["", " ", "a \"b", "%u"] {
            assert_eq!(split(exec), None, "{exec}");
        }
    }

    #[test]
    fn entries_that_menus_do_not_show_are_left_out() {
        let (first, second) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
        entry(first.path(), "b.desktop", "Name=Zebra\nName[de]=Nein\nExec=true %U\nIcon=z");
        entry(first.path(), "kde/a.desktop", "Name=ant\nExec=true");
        entry(first.path(), "hidden.desktop", "Hidden=true");
        entry(second.path(), "hidden.desktop", "Name=Hidden\nExec=true");
        entry(second.path(), "b.desktop", "Name=Other\nExec=true");
        entry(second.path(), "missing.desktop", "Name=M\nExec=true\nTryExec=/nonexistent");
        fs::write(second.path().join("link.desktop"), "[Desktop Entry]\nType=Link\nName=L\nExec=x").unwrap();
        let applications = Applications::new(vec![first.path().into(), second.path().into()]).list();
        let names: Vec<(&str, &str)> = applications.iter().map(|a| (a.id.as_str(), a.name.as_str())).collect();
        assert_eq!(names, [("kde-a", "ant"), ("b", "Zebra")]);
        assert_eq!(applications[1].command, ["true"]);
    }

    #[test]
    fn a_launched_application_runs_in_its_own_group_and_is_reaped() {
        let folder = tempfile::tempdir().unwrap();
        let told = folder.path().join("told");
        let script =
            format!("Name=S\nExec=sh -c \"ps -o pgid= -p \\\\$\\\\$ > {}.new; mv {0}.new {0}\"", told.display());
        entry(folder.path(), "s.desktop", &script);
        let pid = Applications::new(vec![folder.path().into()]).launch("s", &[("MORE", "1")]).unwrap();
        let deadline = Instant::now() + Duration::from_secs(10);
        let wait = |ready: &dyn Fn() -> bool| {
            while !ready() {
                assert!(Instant::now() < deadline);
                thread::sleep(Duration::from_millis(5));
            }
        };
        wait(&|| told.exists());
        assert_eq!(fs::read_to_string(&told).unwrap().trim(), pid.to_string());
        wait(&|| !Path::new(&format!("/proc/{pid}")).exists());
    }

    #[test]
    fn an_unknown_application_is_named() {
        let error = Applications::new(Vec::new()).launch("x", &[]).unwrap_err();
        assert_eq!(error.to_string(), "there is no application x");
    }

    proptest::proptest! {
        #[test]
        fn no_entry_does_harm(text in "(\\[Desktop Entry\\]\nType=Application\nName=x\nExec=)?[\\PC\n]{0,80}", exec in "\\PC{0,60}") {
            let _ = Application::parse("id".into(), &text);
            let _ = split(&exec);
        }
    }
}
