//! Errors for people: the whole chain of causes, in one line, where it is told.

#![forbid(unsafe_code)]

use std::error::Error;

/// An error and everything that caused it, with a colon and a blank before each cause.
#[must_use]
pub fn chain(error: &dyn Error) -> String {
    let mut line = error.to_string();
    let mut cause = error.source();
    while let Some(error) = cause {
        line.push_str(": ");
        line.push_str(&error.to_string());
        cause = error.source();
    }
    line
}

#[cfg(test)]
mod tests {
    use std::fmt;

    use super::chain;

    #[derive(Debug)]
    struct Failed(&'static str, Option<Box<Failed>>);

    impl fmt::Display for Failed {
        fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
            f.write_str(self.0)
        }
    }

    impl std::error::Error for Failed {
        fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
            self.1.as_deref().map(|cause| cause as _)
        }
    }

    #[test]
    fn every_cause_is_named_once_and_in_order() {
        let root = Failed("no such file", None);
        let middle = Failed("cannot open it", Some(Box::new(root)));
        assert_eq!(
            chain(&Failed("cannot start", Some(Box::new(middle)))),
            "cannot start: cannot open it: no such file"
        );
        assert_eq!(chain(&Failed("alone", None)), "alone");
    }
}
