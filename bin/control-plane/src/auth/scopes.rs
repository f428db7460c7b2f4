//! What somebody may do.

use std::fmt;

/// One thing to be allowed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Scope {
    /// To see desktops.
    View,
    /// To use them, too.
    Control,
    /// To run programs in them, too; its bearer takes part as an agent.
    Agent,
    /// To make and end them, and to see them.
    Operate,
    /// Everything, users and tokens among it.
    Admin,
}

/// A set of them.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Scopes(u8);

impl Scope {
    const ALL: [Self; 5] = [Self::View, Self::Control, Self::Agent, Self::Operate, Self::Admin];

    pub(crate) const fn word(self) -> &'static str {
        match self {
            Self::View => "view",
            Self::Control => "control",
            Self::Agent => "agent",
            Self::Operate => "operate",
            Self::Admin => "admin",
        }
    }

    const fn bit(self) -> u8 {
        1 << self as u8
    }

    /// With what it includes.
    const fn bits(self) -> u8 {
        match self {
            Self::View => 0b1,
            Self::Control => 0b11,
            Self::Agent => 0b111,
            Self::Operate => 0b1001,
            Self::Admin => 0b1_1111,
        }
    }
}

impl Scopes {
    /// Everything.
    pub(crate) const ADMIN: Self = Self(Scope::Admin.bits());

    /// Words between spaces.
    pub(crate) fn parse(text: &str) -> Result<Self, String> {
        let scope = |word: &str| Scope::ALL.into_iter().find(|scope| scope.word() == word);
        let words = text.split([' ', ',']).filter(|word| !word.is_empty());
        let add = |set: u8, word: &str| match scope(word) {
            Some(scope) => Ok(set | scope.bits()),
            None => Err(format!("{word:?} is no scope: admin, operate, view, control and agent are")),
        };
        let set = words.map(str::to_owned).try_fold(0, |set, word| add(set, &word))?;
        if set == 0 { Err("no scope is named".to_owned()) } else { Ok(Self(set)) }
    }

    pub(crate) const fn has(self, scope: Scope) -> bool {
        self.0 & scope.bit() != 0
    }

    /// Whether whoever has these may hand out those.
    pub(crate) const fn covers(self, others: Self) -> bool {
        self.0 & others.0 == others.0
    }

    pub(crate) fn words(self) -> Vec<&'static str> {
        Scope::ALL.into_iter().filter(|scope| self.has(*scope)).map(Scope::word).collect()
    }
}

impl fmt::Display for Scopes {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.words().join(" "))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_scope_opens_what_it_says() {
        let opens = |words: &str| Scopes::parse(words).map(|scopes| scopes.to_string());
        assert_eq!(opens("view").as_deref(), Ok("view"));
        assert_eq!(opens("control").as_deref(), Ok("view control"));
        assert_eq!(opens("agent").as_deref(), Ok("view control agent"));
        assert_eq!(opens("operate").as_deref(), Ok("view operate"));
        assert_eq!(opens("operate,control").as_deref(), Ok("view control operate"));
        assert_eq!(opens("admin").as_deref(), Ok("view control agent operate admin"));
        assert!(opens("").is_err() && opens("root").is_err());
    }

    #[test]
    fn nobody_hands_out_more_than_they_have() {
        let set = |words| Scopes::parse(words).expect("scopes");
        assert!(Scopes::ADMIN.covers(set("operate agent")));
        assert!(!set("operate").covers(set("control")) && set("agent").covers(set("view")));
    }
}
