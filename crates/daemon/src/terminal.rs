//! What a terminal is told apart by.

use std::{env, ffi::OsString, io::IsTerminal};

/// Whether text on this stream may be coloured: `NO_COLOR` forbids it, `CLICOLOR_FORCE` wants it, and otherwise a
/// terminal is that is not `dumb`, unless `CLICOLOR` is 0 (no-color.org, bixense.com/clicolors).
pub fn has_colours(stream: &impl IsTerminal) -> bool {
    decide(|name| env::var_os(name), stream.is_terminal())
}

fn decide(variable: impl Fn(&str) -> Option<OsString>, is_terminal: bool) -> bool {
    let set = |name: &str| variable(name).filter(|value| !value.is_empty());
    if set("NO_COLOR").is_some() {
        return false;
    }
    if set("CLICOLOR_FORCE").is_some_and(|value| value != "0") {
        return true;
    }
    is_terminal
        && set("CLICOLOR").is_none_or(|value| value != "0")
        && set("TERM").is_some_and(|term| term != "dumb")
}

/// Colours of a terminal's own palette, so that they suit its background.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Ink {
    /// What stands out.
    Bold,
    /// What is beside the point.
    Dim,
    /// What is well.
    Green,
    /// What the caller did wrong.
    Yellow,
    /// What failed.
    Red,
    /// A name to take up: an address, a command.
    Cyan,
}

impl Ink {
    /// The text in this ink when there are `colours`, else as it is.
    pub fn on(self, colours: bool, text: &str) -> String {
        let code = match self {
            Self::Bold => 1,
            Self::Dim => 2,
            Self::Red => 31,
            Self::Green => 32,
            Self::Yellow => 33,
            Self::Cyan => 36,
        };
        if colours { format!("\u{1b}[{code}m{text}\u{1b}[0m") } else { text.to_owned() }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn colours_are_for_terminals_unless_somebody_says_otherwise() {
        let decided = |set: &[(&str, &str)], is_terminal| {
            let find = |name: &str| {
                set.iter().find(|(known, _)| *known == name).map(|(_, value)| value.into())
            };
            decide(find, is_terminal)
        };
        let xterm = ("TERM", "xterm-256color");
        assert!(decided(&[xterm], true));
        assert!(!decided(&[xterm], false));
        assert!(!decided(&[("TERM", "dumb")], true));
        assert!(!decided(&[], true));
        assert!(!decided(&[xterm, ("NO_COLOR", "1")], true));
        assert!(decided(&[xterm, ("NO_COLOR", "")], true));
        assert!(!decided(&[xterm, ("CLICOLOR", "0")], true));
        assert!(decided(&[("CLICOLOR_FORCE", "1")], false));
        assert!(!decided(&[("CLICOLOR_FORCE", "0")], false));
        assert!(!decided(&[("CLICOLOR_FORCE", "1"), ("NO_COLOR", "1")], true));
    }
}
