//! Apt's source lists, in both of their forms.

/// An enabled source of binary packages.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Source {
    pub(crate) address: String,
    pub(crate) suite: String,
    pub(crate) components: Vec<String>,
    /// A key file, a fingerprint, or a key block written out; `None` leaves it to apt's trusted keys.
    pub(crate) signed_by: Option<String>,
    pub(crate) trusted: bool,
}

/// `deb [option=value …] address suite component …`
pub(crate) fn one_line(text: &str) -> Vec<Source> {
    text.lines().filter_map(one_line_source).collect()
}

fn one_line_source(line: &str) -> Option<Source> {
    let line = line.split('#').next().unwrap_or_default().trim();
    let rest = line.strip_prefix("deb").filter(|rest| rest.starts_with([' ', '\t', '[']))?.trim_start();
    let (options, rest) = match rest.strip_prefix('[') {
        Some(rest) => rest.split_once(']')?,
        None => ("", rest),
    };
    let mut words = rest.split_whitespace().map(str::to_owned);
    let (address, suite) = (words.next()?, words.next()?);
    let option = |name: &str| {
        let given = options.split_whitespace().filter_map(|option| option.split_once('='));
        given.filter(|(key, _)| key.eq_ignore_ascii_case(name)).map(|(_, value)| value.to_owned()).next()
    };
    let trusted = option("trusted").as_deref().is_some_and(is_yes);
    Some(Source { address, suite, components: words.collect(), signed_by: option("signed-by"), trusted })
}

/// Stanzas of `Key: value`, a value going on in lines that begin with a blank.
pub(crate) fn deb822(text: &str) -> Vec<Source> {
    let mut sources = Vec::new();
    let mut stanza = Stanza::default();
    for line in text.lines().filter(|line| !line.starts_with('#')).chain([""]) {
        if line.trim().is_empty() {
            sources.extend(std::mem::take(&mut stanza).sources());
        } else if line.starts_with([' ', '\t']) {
            stanza.go_on(line.trim());
        } else if let Some((key, value)) = line.split_once(':') {
            stanza.0.push((key.trim().to_ascii_lowercase(), value.trim().to_owned()));
        }
    }
    sources
}

#[derive(Default)]
struct Stanza(Vec<(String, String)>);

impl Stanza {
    fn go_on(&mut self, line: &str) {
        if let Some((_, value)) = self.0.last_mut() {
            value.push('\n');
            value.push_str(line);
        }
    }

    fn get(&self, key: &str) -> Option<&str> {
        self.0.iter().find(|(name, _)| name == key).map(|(_, value)| value.as_str())
    }

    fn words(&self, key: &str) -> impl Iterator<Item = &str> {
        self.get(key).unwrap_or_default().split_whitespace()
    }

    fn sources(self) -> Vec<Source> {
        let enabled = self.get("enabled").is_none_or(is_yes);
        if !enabled || !self.words("types").any(|kind| kind == "deb") {
            return Vec::new();
        }
        let pairs = self.words("uris").flat_map(|address| self.words("suites").map(move |suite| (address, suite)));
        let source = |(address, suite): (&str, &str)| Source {
            address: address.to_owned(),
            suite: suite.to_owned(),
            components: self.words("components").map(str::to_owned).collect(),
            signed_by: self.get("signed-by").filter(|value| !value.is_empty()).map(str::to_owned),
            trusted: self.get("trusted").is_some_and(is_yes),
        };
        pairs.map(source).collect()
    }
}

fn is_yes(value: &str) -> bool {
    matches!(value.to_ascii_lowercase().as_str(), "yes" | "true" | "1" | "on" | "enable" | "with")
}

/// Releases of Debian and the names that move over them.
const RELEASES: [&str; 13] = [
    "oldoldstable",
    "oldstable",
    "stable",
    "testing",
    "unstable",
    "buster",
    "bullseye",
    "bookworm",
    "trixie",
    "forky",
    "duke",
    "sid",
    "experimental",
];

impl Source {
    /// Whether this is Debian's main archive, in which every release can be found: not that of security updates, not
    /// another vendor's.
    fn is_debian(&self) -> bool {
        let release = self.suite.split('-').next().unwrap_or_default();
        let security = self.suite.contains("security") || self.suite.contains('/');
        RELEASES.contains(&release) && !security && self.components.iter().any(|component| component == "main")
    }
}

/// The one to build from: that of a whole release before that of its updates.
pub(crate) fn debian(sources: Vec<Source>) -> Option<Source> {
    sources.into_iter().filter(Source::is_debian).min_by_key(|source| source.suite.contains('-'))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    const STANZAS: &str = "\
# a comment
Types: deb deb-src
URIs: http://mirror.example/debian/
Suites: bookworm bookworm-updates
Components: main
 contrib
Signed-By: /usr/share/keyrings/debian.gpg

Types: deb
URIs: http://mirror.example/debian-security
Suites: bookworm-security
Components: main

Enabled: no
Types: deb
URIs: http://off.example/debian
Suites: trixie
Components: main
";

    #[test]
    fn stanzas_are_read() {
        let sources = deb822(STANZAS);
        assert_eq!(
            sources.iter().map(|s| s.suite.as_str()).collect::<Vec<_>>(),
            ["bookworm", "bookworm-updates", "bookworm-security"]
        );
        assert_eq!(sources[0].components, ["main", "contrib"]);
        assert_eq!(sources[0].signed_by.as_deref(), Some("/usr/share/keyrings/debian.gpg"));
        assert_eq!(sources[2].signed_by, None);
    }

    #[test]
    fn lines_are_read() {
        let sources = one_line(
            "# deb http://off.example/debian sid main\n\
             deb-src http://mirror.example/debian trixie main\n\
             deb [arch=amd64 signed-by=/k.gpg trusted=yes] mirror+file:/etc/apt/mirrors.list trixie main # words\n\
             deb http://mirror.example/debian\n\
             deb\thttp://mirror.example/debian\tsid\tmain\n",
        );
        assert_eq!(sources.len(), 2);
        assert_eq!(sources[0].address, "mirror+file:/etc/apt/mirrors.list");
        assert_eq!((sources[0].signed_by.as_deref(), sources[0].trusted), (Some("/k.gpg"), true));
        assert_eq!((sources[1].suite.as_str(), sources[1].trusted), ("sid", false));
    }

    #[test]
    fn the_archive_of_a_release_is_chosen_among_others() {
        let mut sources = one_line(
            "deb http://vendor.example/apt stable-sdk extra\n\
             deb http://mirror.example/ubuntu noble main\n\
             deb http://mirror.example/debian-security trixie/updates main\n\
             deb http://mirror.example/debian bookworm-backports main\n",
        );
        assert_eq!(debian(sources.clone()).unwrap().suite, "bookworm-backports");
        sources.extend(deb822(STANZAS));
        assert_eq!(debian(sources.clone()).unwrap().suite, "bookworm");
        sources.truncate(3);
        assert_eq!(debian(sources), None);
    }

    #[test]
    fn a_key_may_be_written_out() {
        let block =
            "Types: deb\nURIs: http://m.example/debian\nSuites: sid\nComponents: main\nSigned-By:\n -----BEGIN\n .\n";
        assert_eq!(deb822(block)[0].signed_by.as_deref(), Some("\n-----BEGIN\n."));
    }

    proptest! {
        #[test]
        fn arbitrary_text_never_panics(text in "(\\PC|\n| |deb |URIs: |\\[|\\]|#){0,60}") {
            let _ = (one_line(&text), deb822(&text));
        }
    }
}
