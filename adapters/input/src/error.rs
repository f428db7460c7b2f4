//! What can go wrong.

use lunette_sys_uinput::UinputError;

/// Why the devices do not exist or work.
#[derive(Debug, thiserror::Error)]
pub enum InputError {
    /// The kernel refused.
    #[error(transparent)]
    Device(#[from] UinputError),
}

/// Why a line did nothing. Its text goes back to the client.
#[derive(Debug, Clone, PartialEq, thiserror::Error)]
pub enum Refusal {
    /// No JSON object of known fields.
    #[error("not understood: {0}")]
    Syntax(String),
    /// A line without end.
    #[error("a line of more than {} bytes", crate::LONGEST_LINE)]
    TooLong,
    /// A type that is not known.
    #[error("no type {0:?}")]
    Type(String),
    /// A field that the type needs.
    #[error("{kind} needs {field}")]
    Missing {
        /// The type.
        kind: &'static str,
        /// The field.
        field: &'static str,
    },
    /// A number that is none, or far outside of any screen.
    #[error("{field} cannot be {value}")]
    Number {
        /// The field.
        field: &'static str,
        /// Its value.
        value: f64,
    },
    /// A code that no keyboard or mouse has.
    #[error("no {what} has the code {code}")]
    Code {
        /// A keyboard's key or a mouse's button.
        what: &'static str,
        /// The code.
        code: u64,
    },
    /// More fingers than the screen tells apart.
    #[error("{0} fingers are on the screen already")]
    TooManyFingers(usize),
    /// The device is gone.
    #[error("the device does not work any more")]
    Broken,
}
