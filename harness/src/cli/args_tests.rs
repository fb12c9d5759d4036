use clap::CommandFactory;

use super::*;

#[test]
fn the_arguments_are_consistent() {
    Proofroll::command().debug_assert();
}

fn program() -> clap::Command {
    let mut program = Proofroll::command().term_width(100);
    program.build();
    program
}

/// `--help` of the program and of each command, as a person reads it on 100 columns.
#[test]
fn the_help() {
    let mut program = program();
    insta::assert_snapshot!("help", program.render_long_help().to_string());
    let mut shown = Vec::new();
    for command in program.get_subcommands_mut().filter(|command| !command.is_hide_set()) {
        if command.get_name() == "help" {
            continue;
        }
        shown.push(command.get_name().to_owned());
        insta::assert_snapshot!(format!("help_{}", command.get_name()), help(command));
    }
    assert!(shown.contains(&"guide".to_owned()), "{shown:?}");
}

/// With the help of its own commands.
fn help(command: &mut clap::Command) -> String {
    let mut text = command.render_long_help().to_string();
    for command in command.get_subcommands_mut().filter(|command| command.get_name() != "help") {
        let (name, help) = (command.get_name().to_owned(), command.render_long_help());
        text += &format!("\n-------- {name}\n{help}");
    }
    text
}

#[test]
fn every_command_shows_examples_that_are_understood() {
    for command in program().get_subcommands().filter(|command| !command.is_hide_set()) {
        let name = command.get_name();
        if name == "help" {
            continue;
        }
        let text = command.get_after_help().map(ToString::to_string).unwrap_or_default();
        let start = format!("proofroll {name}");
        let examples: Vec<&str> = text.lines().filter_map(|line| Some(&line[line.find(&start)?..])).collect();
        assert!(!examples.is_empty(), "{name} has no example");
        for example in examples {
            let words = words(example);
            Proofroll::try_parse_from(&words).unwrap_or_else(|error| panic!("{words:?}: {error}"));
        }
    }
}

/// The words of a command, as a shell takes them apart that knows double quotes, and ends it at `#`, `>`, `;` and `)`.
fn words(line: &str) -> Vec<String> {
    let mut words = Vec::new();
    for (index, piece) in line.split('"').enumerate() {
        if index % 2 == 1 {
            words.push(piece.to_owned());
            continue;
        }
        let typed = piece.split(['#', '>', ';', ')']).next().unwrap_or_default();
        words.extend(typed.split_whitespace().map(ToOwned::to_owned));
        if typed.len() < piece.len() {
            break;
        }
    }
    words
}
