//! Which programs may be run, and how.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use serde::Deserialize;

/// What an operator allows. By default nothing.
///
/// ```toml
/// # Programs that show something and change nothing: see Policy::HARMLESS.
/// harmless = true
///
/// [[allow]]
/// program = "/usr/bin/ls"         # an absolute path; what is run is this file, whatever PATH says
/// arguments = ["-l", "-a"]        # "none" (default), "any", or a list: each one has to be in it
/// environment = ["LC_ALL"]        # what a request may set; nothing by default
/// folder = "/home/user/work"      # where it runs; the home folder by default
/// ```
///
/// `arguments = "any"` for an interpreter, an editor, a file viewer or a package tool allows whatever the desktop's user
/// may do. There is no way to allow half of a shell.
#[derive(Debug, Clone, Default)]
pub struct Policy {
    rules: Vec<Rule>,
}

/// One program.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Rule {
    /// The file to run, by an absolute path.
    pub program: PathBuf,
    /// What it may be given.
    #[serde(default)]
    pub arguments: Arguments,
    /// Variables that a request may set.
    #[serde(default)]
    pub environment: Vec<String>,
    /// Where it runs.
    #[serde(default)]
    pub folder: Option<PathBuf>,
}

/// Which arguments a program may be given.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub enum Arguments {
    /// None.
    #[default]
    None,
    /// Whatever.
    Any,
    /// These, any number of them in any order.
    Of(Vec<String>),
}

/// What a policy file may contain.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct File {
    #[serde(default)]
    harmless: bool,
    #[serde(default)]
    allow: Vec<Rule>,
}

/// A policy file that is not understood.
#[derive(Debug, thiserror::Error)]
pub enum PolicyError {
    /// It is no TOML, or has something that no policy has.
    #[error("the policy file is not understood")]
    Toml(#[source] Box<toml::de::Error>),
    /// A program is named in a way that depends on where one stands.
    #[error("program {0:?} is not an absolute path")]
    Relative(PathBuf),
    /// Two rules for one program.
    #[error("program {0:?} is there twice")]
    Twice(PathBuf),
    /// A folder is named in a way that depends on where one stands.
    #[error("folder {0:?} is not an absolute path")]
    Folder(PathBuf),
    /// A variable that makes one program into another.
    #[error("variable {0:?} cannot be allowed: it decides what code is run")]
    Variable(String),
}

/// Why a program is not run.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Forbidden {
    /// No rule.
    #[error("no rule allows {0:?}")]
    Program(String),
    /// A rule, but not for this argument.
    #[error("the rule for {program:?} does not allow the argument {argument:?}")]
    Argument {
        /// The program.
        program: PathBuf,
        /// The argument.
        argument: String,
    },
    /// A rule, but not for this variable.
    #[error("the rule for {program:?} does not allow the variable {variable:?}")]
    Variable {
        /// The program.
        program: PathBuf,
        /// The variable.
        variable: String,
    },
}

impl Forbidden {
    /// What an operator would add to the policy file.
    #[must_use]
    pub fn hint(&self) -> String {
        let file = "the operator's policy file decides; it would have to say";
        match self {
            Self::Program(program) => {
                let program = if program.starts_with('/') { program.clone() } else { format!("/usr/bin/{program}") };
                format!("{file}: [[allow]] program = {program:?}")
            }
            Self::Argument { argument, .. } => format!("{file}: arguments = [{argument:?}], or \"any\""),
            Self::Variable { variable, .. } => format!("{file}: environment = [{variable:?}]"),
        }
    }
}

/// What to run.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Order {
    /// The file.
    pub program: PathBuf,
    /// Its arguments.
    pub arguments: Vec<String>,
    /// What the request sets.
    pub environment: BTreeMap<String, String>,
    /// Where.
    pub folder: Option<PathBuf>,
}

impl Policy {
    /// What `harmless = true` allows: programs that show something, and read or change nothing of anybody's.
    pub const HARMLESS: &[(&str, Arguments)] = &[
        ("/usr/bin/true", Arguments::Any),
        ("/usr/bin/echo", Arguments::Any),
        ("/usr/bin/id", Arguments::None),
        ("/usr/bin/uname", Arguments::None),
        ("/usr/bin/vkcube", Arguments::None),
        ("/usr/bin/glxgears", Arguments::None),
        ("/usr/bin/weston-simple-egl", Arguments::None),
        ("/usr/bin/weston-simple-shm", Arguments::None),
    ];

    /// What a policy file says.
    ///
    /// # Errors
    /// When it is not understood: all of it is refused then.
    pub fn parse(text: &str) -> Result<Self, PolicyError> {
        let file: File = toml::from_str(text).map_err(|error| PolicyError::Toml(Box::new(error)))?;
        let mut policy = Self::default();
        for rule in file.allow {
            policy.add(rule)?;
        }
        if file.harmless {
            for (program, arguments) in Self::HARMLESS {
                let rule = Rule {
                    program: PathBuf::from(program),
                    arguments: arguments.clone(),
                    environment: Vec::new(),
                    folder: None,
                };
                // A rule of the operator's own comes first.
                _ = policy.add(rule);
            }
        }
        Ok(policy)
    }

    fn add(&mut self, rule: Rule) -> Result<(), PolicyError> {
        if !rule.program.is_absolute() || rule.program.file_name().is_none() {
            return Err(PolicyError::Relative(rule.program));
        }
        if let Some(folder) = rule.folder.as_ref().filter(|folder| !folder.is_absolute()) {
            return Err(PolicyError::Folder(folder.clone()));
        }
        if let Some(name) = rule.environment.iter().find(|name| decides_what_runs(name)) {
            return Err(PolicyError::Variable(name.clone()));
        }
        if self.rules.iter().any(|known| known.program == rule.program) {
            return Err(PolicyError::Twice(rule.program));
        }
        self.rules.push(rule);
        Ok(())
    }

    /// The rules.
    #[must_use]
    pub fn rules(&self) -> &[Rule] {
        &self.rules
    }

    /// What to run for a command, named by its path or by the last part of it.
    ///
    /// # Errors
    /// When no rule allows it.
    pub fn judge(&self, command: &[String], environment: BTreeMap<String, String>) -> Result<Order, Forbidden> {
        let (name, arguments) = command.split_first().map_or(("", command), |(name, rest)| (name.as_str(), rest));
        let rule = self.rule(name).ok_or_else(|| Forbidden::Program(name.to_owned()))?;
        let program = &rule.program;
        if let Some(argument) = arguments.iter().find(|argument| !rule.arguments.allow(argument)) {
            return Err(Forbidden::Argument { program: program.clone(), argument: argument.clone() });
        }
        if let Some(variable) = environment.keys().find(|name| !rule.environment.contains(name)) {
            return Err(Forbidden::Variable { program: program.clone(), variable: variable.clone() });
        }
        let (arguments, folder) = (arguments.to_vec(), rule.folder.clone());
        Ok(Order { program: program.clone(), arguments, environment, folder })
    }

    fn rule(&self, name: &str) -> Option<&Rule> {
        let path = Path::new(name);
        let named = |rule: &&Rule| match path.is_absolute() {
            true => rule.program == path,
            false => rule.program.file_name().is_some_and(|last| last == name),
        };
        self.rules.iter().find(named)
    }
}

impl Arguments {
    fn allow(&self, argument: &String) -> bool {
        match self {
            Self::None => false,
            Self::Any => true,
            Self::Of(known) => known.contains(argument),
        }
    }
}

impl<'de> Deserialize<'de> for Arguments {
    fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        #[derive(Deserialize)]
        #[serde(untagged)]
        enum Written {
            Word(String),
            List(Vec<String>),
        }
        match Written::deserialize(deserializer)? {
            Written::Word(word) if word == "any" => Ok(Self::Any),
            Written::Word(word) if word == "none" => Ok(Self::None),
            Written::Word(word) => {
                Err(serde::de::Error::custom(format!("{word:?} is not \"any\", \"none\" or a list")))
            }
            Written::List(list) => Ok(Self::Of(list)),
        }
    }
}

/// Variables of the loader, of shells and of interpreters that name code.
fn decides_what_runs(name: &str) -> bool {
    const NAMES: [&str; 9] =
        ["PATH", "IFS", "ENV", "BASH_ENV", "PYTHONPATH", "PYTHONSTARTUP", "PERL5OPT", "NODE_OPTIONS", "GCONV_PATH"];
    name.is_empty() || name.contains(['=', '\0']) || name.starts_with("LD_") || NAMES.contains(&name)
}

#[cfg(test)]
mod tests {
    use super::*;

    const FILE: &str = r#"
        [[allow]]
        program = "/usr/bin/ls"
        arguments = ["-l", "-a"]
        environment = ["LC_ALL"]
        folder = "/tmp"
        [[allow]]
        program = "/opt/tool"
        arguments = "any"
        [[allow]]
        program = "/usr/bin/date"
    "#;

    fn judge(command: &[&str], environment: &[(&str, &str)]) -> Result<Order, Forbidden> {
        let command: Vec<String> = command.iter().map(|word| (*word).to_owned()).collect();
        let pairs = environment.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned()));
        Policy::parse(FILE).expect("a policy").judge(&command, pairs.collect())
    }

    #[test]
    fn by_default_nothing_is_allowed() {
        let command = ["ls".to_owned()];
        let error = Policy::default().judge(&command, BTreeMap::new()).expect_err("nothing");
        assert_eq!(error, Forbidden::Program("ls".to_owned()));
        assert!(error.hint().contains(r#"[[allow]] program = "/usr/bin/ls""#));
        assert!(Policy::parse("").expect("a policy").rules().is_empty());
    }

    #[test]
    fn a_rule_names_the_file_whatever_the_command_calls_it() {
        for name in ["ls", "/usr/bin/ls"] {
            let order = judge(&[name, "-l"], &[("LC_ALL", "C")]).expect("allowed");
            assert_eq!(
                (order.program.to_str(), order.folder.as_deref()),
                (Some("/usr/bin/ls"), Some(Path::new("/tmp")))
            );
        }
        for name in ["", "bin/ls", "./ls", "../usr/bin/ls", "/bin/ls", "/usr/bin/../bin/ls", "ls ", "LS"] {
            assert!(judge(&[name], &[]).is_err(), "{name}");
        }
        assert!(judge(&[], &[]).is_err());
    }

    #[test]
    fn arguments_are_none_unless_the_rule_says_otherwise() {
        assert!(judge(&["date"], &[]).is_ok() && judge(&["tool", "--what", "ever"], &[]).is_ok());
        let error = judge(&["ls", "-l", "/etc"], &[]).expect_err("not in the list");
        assert!(matches!(&error, Forbidden::Argument { argument, .. } if argument == "/etc"));
        assert!(error.hint().contains("\"/etc\""));
        assert!(judge(&["date", "-s"], &[]).is_err());
    }

    #[test]
    fn variables_are_none_unless_the_rule_names_them() {
        assert!(matches!(judge(&["tool"], &[("LC_ALL", "C")]), Err(Forbidden::Variable { .. })));
    }

    #[test]
    fn a_file_with_mistakes_is_refused_as_a_whole() {
        for (file, word) in [
            ("allow = 1", "not understood"),
            ("[[allow]]\nprogram = \"ls\"", "absolute"),
            ("[[allow]]\nprogram = \"/\"", "absolute"),
            ("[[allow]]\nprogram = \"/a\"\narguments = \"some\"", "not understood"),
            ("[[allow]]\nprogram = \"/a\"\nargument = []", "not understood"),
            ("[[allow]]\nprogram = \"/a\"\nfolder = \"b\"", "folder"),
            ("[[allow]]\nprogram = \"/a\"\n[[allow]]\nprogram = \"/a\"", "twice"),
            ("[[allow]]\nprogram = \"/a\"\nenvironment = [\"LD_PRELOAD\"]", "LD_PRELOAD"),
            ("[[allow]]\nprogram = \"/a\"\nenvironment = [\"PATH\"]", "PATH"),
        ] {
            let error = Policy::parse(file).expect_err(file);
            assert!(error.to_string().contains(word), "{file}: {error}");
        }
    }

    #[test]
    fn the_harmless_ones_are_allowed_together_and_an_operators_rule_comes_first() {
        let policy = Policy::parse("harmless = true\n[[allow]]\nprogram = \"/usr/bin/echo\"").expect("a policy");
        let judge = |words: &[&str]| {
            let words: Vec<String> = words.iter().map(|word| (*word).to_owned()).collect();
            policy.judge(&words, BTreeMap::new())
        };
        assert!(judge(&["id"]).is_ok() && judge(&["echo"]).is_ok());
        assert!(judge(&["id", "root"]).is_err() && judge(&["echo", "a"]).is_err());
    }
}
