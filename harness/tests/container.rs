//! A control plane in containers: what runs on it, and what kills and missing things do. What is driven is the program
//! itself, as on a machine that has Docker and nothing else: no parts, no Go, not even a `docker` in PATH.
//!
//! Needs Docker and the image, which `ci/container` makes. Where they are not to be had the tests are ignored, and the
//! list says why.

#[path = "common"]
mod common {
    pub mod docker;
    pub mod place;
    pub mod program;
    pub mod shared;
    pub mod small;
    pub mod trial;
    pub mod user;
    pub mod waiting;
}
mod container {
    pub mod arena;
    pub mod docker;
    pub mod faults;
    pub mod life;
}

use std::process::ExitCode;

use libtest_mimic::{Arguments, Trial};

use container::{arena::Arena, docker, faults, life};

/// A test on an arena of its own, on which nothing may be left.
type Test = fn(&Arena) -> anyhow::Result<()>;

fn main() -> ExitCode {
    proofroll::cluster::keeper::run_if_asked();
    let arguments = Arguments::from_args();
    let missing = docker::missing();
    if let (Some(why), false) = (&missing, arguments.list) {
        eprintln!("container: ignored: {why}");
    }
    let trials: Vec<Trial> = [
        ("the_guide", life::the_guide as Test),
        ("scenarios_with_a_controller_of_their_own", life::scenarios_with_a_controller_of_their_own),
        ("two_users_share_a_plane", life::two_users_share_a_plane),
        ("kept_and_taken_down", life::kept_and_taken_down),
        ("a_controller_of_this_machine", life::a_controller_of_this_machine),
        ("an_interrupt_while_it_starts", faults::an_interrupt_while_it_starts),
        ("a_killed_user", faults::a_killed_user),
        ("a_killed_keeper", faults::a_killed_keeper),
        ("a_keeper_killed_while_it_starts", faults::a_keeper_killed_while_it_starts),
        ("a_killed_api_server", faults::a_killed_api_server),
        ("a_killed_controller", faults::a_killed_controller),
        ("a_reaper_killed_too", faults::a_reaper_killed_too),
        ("no_image", faults::no_image),
        ("another_image", faults::another_image),
        ("no_docker", faults::no_docker),
    ]
    .into_iter()
    .map(|(name, test)| trial(name, test).with_ignored_flag(missing.is_some()))
    .collect();
    libtest_mimic::run(&arguments, trials).exit_code()
}

fn trial(name: &str, test: Test) -> Trial {
    common::trial::trial(name, move || {
        let arena = Arena::new()?;
        test(&arena)?;
        arena.nothing_is_left()
    })
}
