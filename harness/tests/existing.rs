//! Clusters that are there already: refused without their owner's leave, tested with the controller that
//! they have, left as they were. What is driven is the program itself, as a person drives it.
//!
//! A control plane of our own plays somebody else's cluster: its pods are fake, and its controller runs
//! outside. A real cluster is one that kind made by hand; where Docker or the image of its nodes
//! (KIND_NODE_IMAGE) is not to be had that test is ignored, and the list says why.

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
mod existing {
    pub mod arena;
    pub mod host;
    pub mod install;
    pub mod kills;
    pub mod outside;
    pub mod real;
    pub mod refusals;
}

use std::process::ExitCode;

use libtest_mimic::{Arguments, Trial};

use existing::{arena::Arena, install, kills, outside, real, refusals};

/// A test on an arena of its own, on which nothing may be left.
type Test = fn(&Arena) -> anyhow::Result<()>;

fn main() -> ExitCode {
    proofroll::cluster::keeper::run_if_asked();
    let arguments = Arguments::from_args();
    let missing = common::node_image::missing();
    if let (Some(why), false) = (&missing, arguments.list || arguments.exact) {
        eprintln!("ignored: a_real_cluster: {why}");
    }
    let trials: Vec<Trial> = [
        ("without_leave_or_sense_nothing_is_done", refusals::without_leave_or_sense_nothing_is_done as Test),
        ("a_controller_outside_is_tested_by_its_log", outside::a_controller_outside_is_tested_by_its_log),
        ("a_failure_leaves_nothing_but_its_evidence", outside::a_failure_leaves_nothing_but_its_evidence),
        ("what_does_not_reconcile_is_told_before", outside::what_does_not_reconcile_is_told_before),
        ("kept_and_taken_down", outside::kept_and_taken_down),
        ("an_installation_that_does_not_work_is_removed", install::an_installation_that_does_not_work_is_removed),
        ("an_interrupted_installation_is_removed", install::an_interrupted_installation_is_removed),
        ("definitions_that_others_use_stay", install::definitions_that_others_use_stay),
        ("interrupts", kills::interrupts),
        ("a_killed_user", kills::a_killed_user),
        ("a_killed_keeper", kills::a_killed_keeper),
        ("a_killed_user_and_keeper", kills::a_killed_user_and_keeper),
        ("a_killed_controller", kills::a_killed_controller),
        ("what_nobody_could_remove_is_collected", kills::what_nobody_could_remove_is_collected),
        ("another_machine_is_not_disturbed", kills::another_machine_is_not_disturbed),
        ("the_owner_withdraws_his_leave", kills::the_owner_withdraws_his_leave),
    ]
    .into_iter()
    .map(|(name, test)| trial(name, test))
    .chain([trial("a_real_cluster", real::a_real_cluster).with_ignored_flag(missing.is_some())])
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
