//! Manual pages and completions, which the programs themselves tell.

use std::fs;
use std::path::Path;
use std::process::Command;

use anyhow::Context;

use super::plan::Package;
use super::tree::{PLAIN, Tree};
use crate::process;

/// The program that writes its pages itself, one for each of its commands.
const OWN_PAGES: &str = "lunette";
const MANUAL: &str = "/usr/share/man/man1";
/// Shells, and where they look for what they complete.
const SHELLS: [(&str, &str); 3] = [
    ("bash", "/usr/share/bash-completion/completions/lunette"),
    ("zsh", "/usr/share/zsh/vendor-completions/_lunette"),
    ("fish", "/usr/share/fish/vendor_completions.d/lunette.fish"),
];

/// Adds them, as of a time in seconds since 1970; `programs` is a folder with programs that run on this machine.
pub(super) fn add(package: &Package, programs: &Path, epoch: &str, tree: &Tree) -> anyhow::Result<()> {
    for command in &package.commands {
        if command == OWN_PAGES {
            own_pages(&programs.join(command), tree)?;
            continue;
        }
        let program = programs.join(command);
        let mut help = Command::new("help2man");
        help.args(["--no-info", "--name", &purpose(&program)?]).arg(program).env("SOURCE_DATE_EPOCH", epoch);
        let page = process::read(&mut help).context("help2man, of the package of that name, failed")?;
        tree.write_packed(&format!("{MANUAL}/{command}.1"), &String::from_utf8(page)?)?;
    }
    if package.completions {
        for (shell, place) in SHELLS {
            let text = process::read(Command::new(programs.join(&package.commands[0])).args(["completions", shell]))?;
            tree.write(place, &String::from_utf8(text)?, PLAIN)?;
        }
    }
    Ok(())
}

/// The first line of what a program says about itself.
fn purpose(program: &Path) -> anyhow::Result<String> {
    let help = String::from_utf8(process::read(Command::new(program).arg("--help"))?)?;
    let first = help.lines().find(|line| !line.trim().is_empty()).unwrap_or_default();
    Ok(first.trim().trim_end_matches('.').to_owned())
}

fn own_pages(program: &Path, tree: &Tree) -> anyhow::Result<()> {
    let folder = tree.at("/pages");
    process::read(Command::new(program).arg("man").arg(&folder))?;
    for entry in fs::read_dir(&folder)? {
        let path = entry?.path();
        let name = path.file_name().and_then(|name| name.to_str()).context("a page's name is no text")?;
        tree.write_packed(&format!("{MANUAL}/{name}"), &fs::read_to_string(&path)?)?;
    }
    fs::remove_dir_all(folder).context("cannot remove the pages")
}
