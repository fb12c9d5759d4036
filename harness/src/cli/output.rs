//! How the program may write: with colours or without, redrawing a line or not.
//!
//! | | colours | a line that is redrawn |
//! |---|---|---|
//! | no terminal (a pipe, a file) | no | no |
//! | `NO_COLOR` is set, whatever it says but nothing | no | yes |
//! | `CI` is set, and says neither `false` nor `0` | no | no |
//! | `TERM=dumb` | no | no |
//! | `CLICOLOR_FORCE` is set | yes, everywhere | |

use std::{ffi::OsString, io::IsTerminal};

/// Reads a variable of the environment.
type Variable<'a> = &'a dyn Fn(&str) -> Option<OsString>;

/// Settles for the whole process that no colours are written where CI says so; the rest of the table is what
/// `anstream` does.
pub(super) fn settle_colours() {
    if colourless(&|name| std::env::var_os(name)) {
        anstream::ColorChoice::Never.write_global();
    }
}

/// Whether lines on `stream` may be redrawn.
pub(super) fn redraws(stream: &impl IsTerminal) -> bool {
    stream.is_terminal() && !still(&|name| std::env::var_os(name))
}

/// Whether what is written to `stream` may have colours.
pub(super) fn colours(stream: &impl anstream::stream::RawStream) -> bool {
    anstream::AutoStream::choice(stream) != anstream::ColorChoice::Never
}

fn colourless(variable: Variable<'_>) -> bool {
    is_ci(variable) && variable("CLICOLOR_FORCE").is_none_or(|value| value == "0")
}

fn still(variable: Variable<'_>) -> bool {
    is_ci(variable) || variable("TERM").is_some_and(|term| term == "dumb")
}

fn is_ci(variable: Variable<'_>) -> bool {
    variable("CI").is_some_and(|value| !value.is_empty() && value != "false" && value != "0")
}

#[cfg(test)]
mod tests {
    use rstest::rstest;

    use super::*;

    #[rstest]
    #[case::a_person("TERM=xterm-256color", false, false)]
    #[case::no_colours_asked_for("NO_COLOR=1", false, false)]
    #[case::ci("CI=true", true, true)]
    #[case::ci_of_another_kind("CI=woodpecker", true, true)]
    #[case::no_ci("CI=false", false, false)]
    #[case::an_empty_variable("CI=", false, false)]
    #[case::ci_that_shows_colours("CI=1 CLICOLOR_FORCE=1", false, true)]
    #[case::a_terminal_that_can_nothing("TERM=dumb", false, true)]
    fn the_table(#[case] variables: &str, #[case] no_colours: bool, #[case] no_redrawing: bool) {
        let variable = |asked: &str| {
            let mut pairs = variables.split(' ').filter_map(|pair| pair.split_once('='));
            pairs.find(|(name, _)| *name == asked).map(|(_, value)| value.into())
        };
        assert_eq!((colourless(&variable), still(&variable)), (no_colours, no_redrawing));
    }

    #[test]
    fn a_file_is_no_terminal() {
        let file = tempfile::tempfile().unwrap();
        assert!(!redraws(&file));
    }
}
