//! SPDX licence expressions, as far as crate manifests use them.
//!
//! ```text
//!   any     = all { ("OR" | "/") all }        "/" is how old manifests write OR
//!   all     = simple { "AND" simple }
//!   simple  = "(" any ")" | id [ "WITH" exception ]
//! ```

use std::iter::Peekable;

use anyhow::{Context, bail};

/// A parsed licence expression.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Expression {
    /// One licence; an exception is part of its name: `Apache-2.0 WITH LLVM-exception`.
    Licence(String),
    /// All of these bind.
    All(Vec<Expression>),
    /// The user chooses one of these.
    Any(Vec<Expression>),
}

impl Expression {
    /// Parses the `license` field of a manifest.
    ///
    /// # Errors
    /// When the text is not an expression of the grammar above.
    pub(crate) fn parse(text: &str) -> anyhow::Result<Self> {
        let mut words = words(text).into_iter().peekable();
        let expression = any(&mut words).with_context(|| format!("licence expression `{text}`"))?;
        if let Some(word) = words.next() {
            bail!("licence expression `{text}`: `{word}` where AND, OR or the end belongs");
        }
        Ok(expression)
    }

    /// Whether the licences that `allowed` accepts are enough to use the crate.
    pub(crate) fn is_satisfied(&self, allowed: &impl Fn(&str) -> bool) -> bool {
        match self {
            Self::Licence(name) => allowed(name),
            Self::All(parts) => parts.iter().all(|part| part.is_satisfied(allowed)),
            Self::Any(parts) => parts.iter().any(|part| part.is_satisfied(allowed)),
        }
    }
}

/// Parentheses and slashes are words of their own.
fn words(text: &str) -> Vec<&str> {
    let mut words = Vec::new();
    for part in text.split_whitespace() {
        let mut rest = part;
        while let Some(at) = rest.find(['(', ')', '/']) {
            words.extend(Some(&rest[..at]).filter(|word| !word.is_empty()));
            words.push(&rest[at..=at]);
            rest = &rest[at + 1..];
        }
        words.extend(Some(rest).filter(|word| !word.is_empty()));
    }
    words
}

fn any<'a>(words: &mut Peekable<impl Iterator<Item = &'a str>>) -> anyhow::Result<Expression> {
    let mut parts = vec![all(words)?];
    while words.next_if(|word| matches!(*word, "OR" | "/")).is_some() {
        parts.push(all(words)?);
    }
    Ok(if parts.len() == 1 { parts.remove(0) } else { Expression::Any(parts) })
}

fn all<'a>(words: &mut Peekable<impl Iterator<Item = &'a str>>) -> anyhow::Result<Expression> {
    let mut parts = vec![simple(words)?];
    while words.next_if_eq(&"AND").is_some() {
        parts.push(simple(words)?);
    }
    Ok(if parts.len() == 1 { parts.remove(0) } else { Expression::All(parts) })
}

fn simple<'a>(words: &mut Peekable<impl Iterator<Item = &'a str>>) -> anyhow::Result<Expression> {
    if words.next_if_eq(&"(").is_some() {
        let inner = any(words)?;
        return if words.next() == Some(")") { Ok(inner) } else { bail!("a parenthesis stays open") };
    }
    let id = name(words)?;
    if words.next_if_eq(&"WITH").is_none() {
        return Ok(Expression::Licence(id.to_owned()));
    }
    Ok(Expression::Licence(format!("{id} WITH {}", name(words)?)))
}

fn name<'a>(words: &mut impl Iterator<Item = &'a str>) -> anyhow::Result<&'a str> {
    match words.next() {
        None => bail!("it ends where a licence belongs"),
        Some(word @ ("(" | ")" | "/" | "AND" | "OR" | "WITH")) => bail!("`{word}` where a licence belongs"),
        Some(word) => Ok(word),
    }
}

#[cfg(test)]
mod tests {
    use super::Expression;

    const ALLOWED: [&str; 3] = ["MIT", "Apache-2.0 WITH LLVM-exception", "Unicode-3.0"];

    fn passes(text: &str) -> bool {
        Expression::parse(text).unwrap().is_satisfied(&|name: &str| ALLOWED.contains(&name))
    }

    #[test]
    fn one_allowed_choice_is_enough() {
        assert!(passes("MIT"));
        assert!(passes("GPL-3.0-only OR MIT"));
        assert!(passes("MIT OR Apache-2.0 OR LGPL-2.1-or-later"));
        assert!(!passes("GPL-3.0-only OR AGPL-3.0-only"));
    }

    #[test]
    fn every_conjunct_must_be_allowed() {
        assert!(passes("(MIT OR Apache-2.0) AND Unicode-3.0"));
        assert!(!passes("MIT AND GPL-2.0-only"));
    }

    #[test]
    fn and_binds_tighter_than_or() {
        assert!(passes("MIT OR GPL-2.0-only AND GPL-3.0-only"));
        assert!(!passes("GPL-2.0-only AND (MIT OR GPL-3.0-only)"));
    }

    #[test]
    fn an_exception_is_part_of_the_name() {
        assert!(passes("Apache-2.0 WITH LLVM-exception"));
        assert!(!passes("Apache-2.0"));
        assert!(!passes("Apache-2.0 WITH Classpath-exception-2.0"));
    }

    #[test]
    fn a_slash_is_an_old_or() {
        assert!(passes("Unlicense/MIT"));
        assert!(!passes("Unlicense/Apache-2.0"));
    }

    #[test]
    fn broken_expressions_are_refused() {
        for text in ["", "MIT OR", "(MIT", "MIT)", "MIT Apache-2.0", "AND MIT", "Apache-2.0 WITH", "()"] {
            assert!(Expression::parse(text).is_err(), "{text:?} was read");
        }
    }
}
