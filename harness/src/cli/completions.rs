//! `proofroll completions`: what a shell completes.

use std::io::Write;

use clap::{Args, CommandFactory};
use clap_complete::Shell;

use super::{
    args::Proofroll,
    exit::{Exit, Fault},
};

/// `proofroll completions`
#[derive(Debug, Clone, Args)]
pub struct Completions {
    /// Of which shell.
    #[arg(value_enum)]
    pub shell: Shell,
}

/// Prints them on stdout.
pub(super) fn run(Completions { shell }: &Completions) -> Result<Exit, Fault> {
    // Written at once: a reader that has enough (`| head`) is no reason to panic in the middle.
    std::io::stdout().write_all(&script(*shell)).map_err(Fault::infra)?;
    Ok(Exit::Passed)
}

fn script(shell: Shell) -> Vec<u8> {
    let mut program = Proofroll::command();
    let mut script = Vec::new();
    clap_complete::generate(shell, &mut program, "proofroll", &mut script);
    script
}

#[cfg(test)]
mod tests {
    use std::process::{Command, Stdio};

    use super::*;

    /// What bash offers behind a line whose words are `words`.
    fn offered(words: &[&str]) -> String {
        let asked = format!(
            "COMP_WORDS=({}); COMP_CWORD={}; _proofroll proofroll {} {}; printf '%s\\n' \"${{COMPREPLY[@]}}\"",
            words.join(" "),
            words.len() - 1,
            words.last().unwrap(),
            words[words.len() - 2],
        );
        let script = String::from_utf8(script(Shell::Bash)).unwrap() + &asked;
        let bash = Command::new("bash").args(["-c", &script]).stdin(Stdio::null()).output().unwrap();
        String::from_utf8(bash.stdout).unwrap()
    }

    #[test]
    fn bash_completes_commands_options_and_values() {
        assert_eq!(offered(&["proofroll", "gu"]), "guide\n");
        assert_eq!(offered(&["proofroll", "parts", "li"]), "list\n");
        assert_eq!(offered(&["proofroll", "guide", "--juni"]), "--junit\n");
        assert_eq!(offered(&["proofroll", "schema", "rel"]), "releases\n");
    }
}
