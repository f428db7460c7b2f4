//! The root of one profile, for one architecture, with everything filled in.

use std::collections::BTreeSet;

use serde::Serialize;
use sha2::{Digest, Sha256};

use crate::additions::{AddedFile, Additions};
use crate::plan::hex;
use crate::profile::{ProfileFile, RootPart};
use crate::recipe::DebianPart;
use crate::{Arch, Recipe, Result, RootTarget};

/// Counts up whenever the same plan gives other bytes.
const BUILDER: u32 = 1;
/// Where a root holds the file that it was built from.
const PROFILE: &str = "/usr/share/lunette/profile.toml";
/// What `locale-gen` reads.
const LOCALES: &str = "/etc/locale.gen";

/// Everything that decides what a profile's root is, short of the versions of its packages.
#[derive(Debug, Clone, Serialize)]
pub(crate) struct RootPlan {
    builder: u32,
    pub(crate) target: RootTarget,
    pub(crate) epoch: u32,
    pub(crate) debian: DebianPart,
    pub(crate) packages: BTreeSet<String>,
    pub(crate) locales: BTreeSet<String>,
    pub(crate) leave_out: Vec<String>,
    pub(crate) additions: Additions,
}

impl RootPlan {
    pub(crate) fn new(recipe: &Recipe, profile: &ProfileFile, arch: Arch) -> Result<Self> {
        let mut plan = Self {
            builder: BUILDER,
            target: RootTarget { profile: profile.name().to_owned(), arch },
            epoch: recipe.document.epoch,
            debian: recipe.document.debian.clone(),
            packages: BTreeSet::new(),
            locales: BTreeSet::new(),
            leave_out: Vec::new(),
            additions: Additions::default(),
        };
        let common = recipe.profiles();
        for part in recipe.common_parts(profile.profile.compositor.kind)? {
            plan.add(&part, Additions::collect(&part.folders, &part.links, &part.file, &common)?);
        }
        let own = &profile.root;
        plan.add(own, Additions::collect(&own.folders, &own.links, &own.file, &profile.files)?);
        plan.additions.files.push(text_file(PROFILE, profile.text.clone()));
        plan.additions.files.push(text_file(LOCALES, plan.locale_list()));
        Ok(plan)
    }

    fn add(&mut self, part: &RootPart, additions: Additions) {
        self.packages.extend(part.packages.iter().cloned());
        self.locales.extend(part.locales.iter().cloned());
        self.leave_out.extend(part.leave_out.iter().cloned());
        self.additions.extend(additions);
    }

    fn locale_list(&self) -> String {
        self.locales.iter().map(|locale| format!("{locale} {}\n", charset(locale))).collect()
    }

    /// The folders of `/usr/share/locale` that these locales' programs read.
    pub(crate) fn languages(&self) -> BTreeSet<&str> {
        let regions = self.locales.iter().map(|locale| locale.split('.').next().unwrap_or(locale));
        regions.flat_map(|region| [region, region.split('_').next().unwrap_or(region)]).collect()
    }

    /// The name of the root's folder in the cache.
    pub(crate) fn key(&self) -> String {
        hex(&self.digest())
    }

    /// Follows from the plan, so that the same plan gives the same bytes.
    pub(crate) fn uuid(&self) -> [u8; 16] {
        let mut uuid: [u8; 16] = self.digest()[..16].try_into().expect("32 bytes are more than 16");
        // RFC 9562: a name-based one, in the usual variant.
        uuid[6] = uuid[6] & 0x0f | 0x80;
        uuid[8] = uuid[8] & 0x3f | 0x80;
        uuid
    }

    fn digest(&self) -> [u8; 32] {
        let document = serde_json::to_vec(self).expect("a plan has string keys only");
        Sha256::digest(document).into()
    }
}

fn charset(locale: &str) -> &str {
    locale.split_once('.').map_or("UTF-8", |(_, charset)| charset)
}

fn text_file(path: &str, text: String) -> AddedFile {
    AddedFile { path: path.to_owned(), mode: 0o644, owner: 0, content: text.into_bytes() }
}

#[cfg(test)]
mod tests {
    use std::fs;
    use std::path::Path;

    use super::*;
    use crate::files::EMBEDDED;

    fn folder() -> tempfile::TempDir {
        let folder = tempfile::tempdir().unwrap();
        for (name, content) in EMBEDDED {
            let path = folder.path().join(name);
            fs::create_dir_all(path.parent().unwrap()).unwrap();
            fs::write(path, content).unwrap();
        }
        folder
    }

    fn plan(folder: &Path, name: &str) -> Result<RootPlan> {
        let recipe = Recipe::in_folder(folder)?;
        RootPlan::new(&recipe, &recipe.profile(name)?, Arch::Amd64)
    }

    fn keys_after(path: &str, from: &str, to: &str) -> [String; 2] {
        let folder = folder();
        let path = folder.path().join(path);
        let text = fs::read_to_string(&path).unwrap();
        assert!(text.contains(from), "{from}");
        fs::write(&path, text.replacen(from, to, 1)).unwrap();
        ["weston", "sway"].map(|name| plan(folder.path(), name).unwrap().key())
    }

    #[test]
    fn a_root_has_what_all_have_what_its_kind_has_and_its_own() {
        let folder = folder();
        let sway = plan(folder.path(), "sway").unwrap();
        for package in ["tini", "wlr-randr", "sway"] {
            assert!(sway.packages.contains(package), "{package}");
        }
        let paths: Vec<&str> = sway.additions.files.iter().map(|file| file.path.as_str()).collect();
        for path in ["/usr/lib/lunette/session", "/usr/lib/lunette/wlroots", "/usr/share/lunette/sway/config", PROFILE]
        {
            assert!(paths.contains(&path), "{path}");
        }
        assert!(!paths.contains(&"/usr/lib/lunette/gnome"));
        let held = sway.additions.files.iter().find(|file| file.path == PROFILE).unwrap();
        assert!(held.content == fs::read(folder.path().join("profiles/sway.toml")).unwrap());
    }

    #[test]
    fn a_change_reaches_the_roots_that_it_touches_only() {
        let [weston, sway] = keys_after("profiles/sway.toml", "Sway", "Sway");
        let own = keys_after("profiles/sway/config", "pixel 2", "pixel 3");
        assert!(own[0] == weston && own[1] != sway);
        let kind = keys_after("profiles/session/weston", "idle-time=0", "idle-time=1");
        assert!(kind[0] != weston && kind[1] == sway);
        let all = keys_after("profiles/session/session", "set -eu", "set -e");
        assert!(all[0] != weston && all[1] != sway);
        let epoch = keys_after("recipe.toml", "epoch = 17", "epoch = 16");
        assert!(epoch[0] != weston && epoch[1] != sway);
    }

    #[test]
    fn locales_are_listed_for_their_maker_and_their_languages_are_kept() {
        let plan = plan(folder().path(), "weston").unwrap();
        let list = plan.additions.files.iter().find(|file| file.path == LOCALES).unwrap();
        assert!(str::from_utf8(&list.content).unwrap().contains("de_DE.UTF-8 UTF-8\n"));
        let languages = plan.languages();
        for language in ["de", "de_DE", "zh_CN"] {
            assert!(languages.contains(language), "{language}");
        }
    }

    #[test]
    fn a_file_has_one_content() {
        let text = "name = 'x'\nsummary = ''\n[compositor]\nkind = 'weston'\ncommand = ['weston']\n";
        let file = |rest: &str| format!("{text}[[root.file]]\npath = '/etc/x'\n{rest}\n");
        let recipe = Recipe::embedded().unwrap();
        let plan = |text: &str| {
            let folder = tempfile::tempdir().unwrap();
            fs::write(folder.path().join("y"), "beside").unwrap();
            fs::write(folder.path().join("x.toml"), text).unwrap();
            let profile = ProfileFile::in_file(&folder.path().join("x.toml")).unwrap();
            let plan = RootPlan::new(&recipe, &profile, Arch::Arm64)?;
            let file = plan.additions.files.iter().find(|file| file.path == "/etc/x").unwrap().clone();
            Ok::<_, crate::Error>((file.content, file.mode, file.owner))
        };
        assert_eq!(plan(&file("source = 'y'")).unwrap(), (b"beside".to_vec(), 0o644, 0));
        let inline = plan(&file("content = 'z'\nmode = 0o755\nowner = 1000")).unwrap();
        assert_eq!(inline, (b"z".to_vec(), 0o755, 1000));
        for wrong in ["", "source = 'y'\ncontent = 'z'"] {
            assert!(plan(&file(wrong)).unwrap_err().to_string().contains("exactly one"));
        }
    }
}
