//! The embedded control plane with real processes: started, shared, broken, killed, and gone.

mod plane {
    pub mod preparing;
    pub mod restarting;
    pub mod scripts;
    pub mod setup;
    pub mod sharing;
    pub mod stages;
    pub mod stopping;
    pub mod user;
}

use std::process::ExitCode;

use libtest_mimic::{Arguments, Failed, Trial};

use plane::{preparing, restarting, scripts, setup, sharing, stages, stopping, user};

fn main() -> ExitCode {
    proofroll::cluster::keeper::run_if_asked();
    if let Some(code) = user::run_if_asked() {
        return code;
    }
    let arguments = Arguments::from_args();
    let trials = vec![
        trial("boots_and_is_shared", sharing::boots_and_is_shared),
        trial("many_starters_get_one_plane", sharing::many_starters_get_one_plane),
        trial("two_planes_side_by_side", sharing::two_planes_side_by_side),
        trial("a_taken_port_is_refused", sharing::a_taken_port_is_refused),
        trial("what_cannot_start_is_named", sharing::what_cannot_start_is_named),
        trial("the_commands", sharing::the_commands),
        trial("a_killed_user_leaves_no_namespace", stopping::a_killed_user_leaves_no_namespace),
        trial("a_killed_keeper_takes_all_along", stopping::a_killed_keeper_takes_all_along),
        trial("a_dead_component_is_named", stopping::a_dead_component_is_named),
        trial("giving_up_stops_the_start", stopping::giving_up_stops_the_start),
        trial("a_standing_lease_holds_until_down", stopping::a_standing_lease_holds_until_down),
        trial("force_stops_a_plane_in_use", stopping::force_stops_a_plane_in_use),
        trial("kills_at_random_moments_leave_nothing", stopping::kills_at_random_moments_leave_nothing),
        trial("the_keeper_holds_no_descriptor_of_its_starter", stopping::the_keeper_holds_no_descriptor_of_its_starter),
        Trial::test(
            "the_bench_measures_both",
            || Ok(sharing::the_bench_measures_both().map_err(|e| format!("{e:?}"))?),
        ),
        trial("pods_live_as_the_stages_say", stages::pods_live_as_the_stages_say),
        trial("the_api_server_is_restarted", restarting::the_api_server_is_restarted),
        trial("a_plane_of_ones_own_is_joined_by_nobody", restarting::a_plane_of_ones_own_is_joined_by_nobody),
        trial("pods_follow_their_scripts", scripts::pods_follow_their_scripts),
        trial("prepared_planes_are_like_installed_ones", preparing::prepared_planes_are_like_installed_ones),
        trial("what_cannot_be_used_is_noticed", preparing::what_cannot_be_used_is_noticed),
        trial("kills_while_preparing_leave_nothing_half", preparing::kills_while_preparing_leave_nothing_half),
    ];
    libtest_mimic::run(&arguments, trials).exit_code()
}

fn trial<F>(name: &str, test: fn(setup::Setup) -> F) -> Trial
where
    F: Future<Output = anyhow::Result<()>> + 'static,
{
    Trial::test(name, move || {
        let run = || -> anyhow::Result<()> {
            let setup = setup::Setup::new()?;
            let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(1).enable_all().build()?;
            runtime.block_on(test(setup))
        };
        run().map_err(|error| Failed::from(format!("{error:?}")))
    })
}
