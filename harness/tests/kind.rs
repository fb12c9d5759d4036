//! Real kind clusters: what the guide's run leaves, and what kills and missing things do. What is driven
//! is the program itself, as a person drives it.
//!
//! Needs Docker and a node image: KIND_NODE_IMAGE, which `ci/kind` sets. Where they are not to be had
//! the tests are ignored, and the list says why.

#[path = "common"]
mod common {
    pub mod docker;
    pub mod node_image;
    pub mod patience;
    pub mod paused;
    pub mod place;
    pub mod program;
    pub mod shared;
    pub mod small;
    pub mod trial;
    pub mod user;
    pub mod waiting;
}
mod kind {
    pub mod arena;
    pub mod docker;
    pub mod faults;
    pub mod life;
}

use std::process::ExitCode;

use libtest_mimic::{Arguments, Trial};

use kind::{arena::Arena, docker, faults, life};

/// A test on an arena of its own, on which nothing may be left.
type Test = fn(&Arena) -> anyhow::Result<()>;

fn main() -> ExitCode {
    proofroll::cluster::keeper::run_if_asked();
    let mut arguments = Arguments::from_args();
    // Two clusters side by side on two cores prove nothing that one after the other does not.
    arguments.test_threads = Some(1);
    let missing = common::node_image::missing();
    let engine = missing.clone().or_else(docker::not_ours);
    if let (Some(why), false) = (&missing, arguments.list) {
        eprintln!("kind: ignored: {why}");
    } else if let (Some(why), false) = (&engine, arguments.list) {
        eprintln!("kind: a_killed_engine: ignored: {why}");
    }
    let trials: Vec<Trial> = [
        ("two_users_share_a_cluster_and_nothing_is_left", life::two_users_share_a_cluster_and_nothing_is_left as Test),
        ("kept_and_taken_down", life::kept_and_taken_down),
        ("a_failure_has_the_logs_of_the_node", life::a_failure_has_the_logs_of_the_node),
        ("the_public_image_comes_first", life::the_public_image_comes_first),
        ("an_interrupt_while_the_cluster_is_created", faults::an_interrupt_while_the_cluster_is_created),
        ("a_killed_user", faults::a_killed_user),
        ("a_killed_keeper", faults::a_killed_keeper),
        ("a_killed_node", faults::a_killed_node),
        ("a_killed_controller", faults::a_killed_controller),
        ("an_image_that_is_not_there", faults::an_image_that_is_not_there),
        ("no_docker", faults::no_docker),
        ("a_full_disk", faults::a_full_disk),
    ]
    .into_iter()
    .map(|(name, test)| trial(name, test).with_ignored_flag(missing.is_some()))
    .chain([trial("a_killed_engine", faults::a_killed_engine).with_ignored_flag(engine.is_some())])
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
