//! Colour, on a terminal alone.

use std::io::IsTerminal;

/// Whether to colour.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Style {
    /// Colours and emphasis are wanted.
    pub(crate) colour: bool,
}

impl Style {
    /// The style for standard output.
    pub(crate) fn stdout() -> Self {
        Self { colour: std::io::stdout().is_terminal() && wanted() }
    }

    /// The style for standard error.
    pub(crate) fn stderr() -> Self {
        Self { colour: std::io::stderr().is_terminal() && wanted() }
    }

    pub(crate) fn red(self, text: &str) -> String {
        self.paint("1;31", text)
    }

    pub(crate) fn green(self, text: &str) -> String {
        self.paint("32", text)
    }

    pub(crate) fn yellow(self, text: &str) -> String {
        self.paint("33", text)
    }

    pub(crate) fn bold(self, text: &str) -> String {
        self.paint("1", text)
    }

    pub(crate) fn dim(self, text: &str) -> String {
        self.paint("2", text)
    }

    fn paint(self, code: &str, text: &str) -> String {
        if self.colour && !text.is_empty() { format!("\u{1b}[{code}m{text}\u{1b}[0m") } else { text.to_owned() }
    }
}

/// The conventions of `NO_COLOR` and of terminals without any.
fn wanted() -> bool {
    let set = |name| std::env::var_os(name).is_some_and(|value| !value.is_empty());
    !set("NO_COLOR") && !is_dumb()
}

/// Whether the terminal can do nothing but take one line after the other.
pub(super) fn is_dumb() -> bool {
    std::env::var_os("TERM").is_some_and(|terminal| terminal == "dumb")
}
