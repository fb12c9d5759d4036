//! Exit codes, the same for every command.

use std::{fmt, process::ExitCode};

use crate::{
    process::interrupt,
    run::{provision::ProvideError, trouble},
};

/// How the program ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Exit {
    /// 0: all as expected.
    Passed,
    /// 1: the controller did not do what it must.
    Conformance,
    /// 2: usage, YAML, an unknown id.
    Input,
    /// 3: a part, the cluster or the controller's process could not do its job.
    Infra,
    /// 130: interrupted.
    Interrupted,
}

impl Exit {
    /// The number.
    pub fn code(self) -> u8 {
        match self {
            Self::Passed => 0,
            Self::Conformance => 1,
            Self::Input => 2,
            Self::Infra => 3,
            Self::Interrupted => 130,
        }
    }
}

impl From<Exit> for ExitCode {
    fn from(exit: Exit) -> Self {
        Self::from(exit.code())
    }
}

/// Why a command could not do its work.
#[derive(Debug)]
pub struct Fault {
    exit: Exit,
    text: String,
}

impl Fault {
    /// What was asked for is wrong.
    pub fn input(error: impl std::error::Error) -> Self {
        Self { exit: Exit::Input, text: format!("error: {}", trouble::chain(&error)) }
    }

    /// What is needed could not be had.
    pub fn infra(error: impl std::error::Error) -> Self {
        Self { exit: Exit::Infra, text: format!("infra: {}", trouble::chain(&error)) }
    }

    /// Somebody pressed Ctrl-C, or sent SIGTERM.
    pub fn interrupted() -> Self {
        Self { exit: Exit::Interrupted, text: "interrupted".into() }
    }

    /// How the program ends for it.
    pub fn exit(&self) -> Exit {
        self.exit
    }
}

impl fmt::Display for Fault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.text)
    }
}

impl From<ProvideError> for Fault {
    fn from(error: ProvideError) -> Self {
        if interrupt::happened() {
            return Self::interrupted();
        }
        if error.is_bad_input() { Self::input(error) } else { Self::infra(error) }
    }
}

impl From<crate::parts::archive::ArchiveError> for Fault {
    fn from(error: crate::parts::archive::ArchiveError) -> Self {
        if interrupt::happened() {
            return Self::interrupted();
        }
        if error.is_bad_input() { Self::input(error) } else { Self::infra(error) }
    }
}

impl From<crate::parts::PartError> for Fault {
    fn from(error: crate::parts::PartError) -> Self {
        // Whatever could not be done after that could not be done because of it.
        if interrupt::happened() {
            return Self::interrupted();
        }
        if error.is_bad_input() { Self::input(error) } else { Self::infra(error) }
    }
}
