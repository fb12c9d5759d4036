//! Broken on purpose: controllers, fixtures and machines that make `proofroll` fail, each in a way
//! that the message must name. What is driven is the program itself, as a person drives it.
//!
//! Needs the parts, as `proofroll guide` does (`proofroll parts build`).

mod broken {
    pub mod bench;
    pub mod breaks;
    pub mod conformance;
    pub mod fake;
    pub mod fuzz;
    pub mod infra;
    pub mod input;
    pub mod known;
    pub mod liar;
    pub mod process;
    pub mod releases;
    pub mod texts;
}

use std::process::ExitCode;

use libtest_mimic::{Arguments, Trial};

use broken::{bench::Bench, breaks, conformance, fake, fuzz, infra, input, known, releases};

fn main() -> ExitCode {
    if fake::run_if_asked() {
        return ExitCode::SUCCESS;
    }
    let arguments = Arguments::from_args();
    let trials = vec![
        trial("fake_controllers_fail_every_step", conformance::fake_controllers_fail_every_step),
        trial("broken_scenarios_fail_at_the_step", conformance::broken_scenarios_fail_at_the_step),
        trial("known_bugs_hide_nothing_else", known::known_bugs_hide_nothing_else),
        trial("breaks_are_caught", breaks::breaks_are_caught),
        trial("a_break_that_nobody_notices", breaks::a_break_that_nobody_notices),
        trial("a_controller_that_never_starts", infra::a_controller_that_never_starts),
        trial("releases_that_do_not_come_up", releases::releases_that_do_not_come_up),
        trial("upgrades_to_what_does_not_come_up", releases::upgrades_to_what_does_not_come_up),
        trial("a_controller_killed_by_an_outsider", infra::a_controller_killed_by_an_outsider),
        trial("a_killed_api_server", infra::a_killed_api_server),
        trial("directories_that_cannot_be_written", infra::directories_that_cannot_be_written),
        trial("results_that_cannot_be_written", infra::results_that_cannot_be_written),
        trial("a_taken_port", infra::a_taken_port),
        trial("busy_ports_are_passed_over", infra::busy_ports_are_passed_over),
        trial("what_is_found_is_made_small_and_kept", fuzz::what_is_found_is_made_small_and_kept),
        trial("fake_controllers_are_found_out", fuzz::fake_controllers_are_found_out),
        trial("a_controller_that_never_starts_is_no_finding", fuzz::a_controller_that_never_starts_is_no_finding),
        trial("broken_yaml", input::broken_yaml),
        trial("an_unknown_id", input::an_unknown_id),
        trial("an_unknown_release", input::an_unknown_release),
        trial("an_unknown_kubernetes", input::an_unknown_kubernetes),
        trial("a_wrong_timeout_scale", input::a_wrong_timeout_scale),
    ];
    libtest_mimic::run(&arguments, trials).exit_code()
}

/// A test on a bench of its own, on which nothing may be left.
fn trial(name: &str, test: fn(&Bench)) -> Trial {
    Trial::test(name, move || {
        let bench = Bench::new();
        test(&bench);
        bench.nothing_is_left();
        Ok(())
    })
}
