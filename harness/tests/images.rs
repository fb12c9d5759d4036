//! Images and the policy that scripts pods, against the programs that they are made for: a Docker
//! daemon (without one those tests are ignored), and an API server.

mod images {
    pub mod api_server;
    pub mod docker;
    pub mod http;
    pub mod policy;
}

use std::process::{Command, ExitCode, Stdio};

use libtest_mimic::{Arguments, Failed, Trial};

use images::{docker, policy};

fn main() -> ExitCode {
    let arguments = Arguments::from_args();
    let trials = vec![
        trial("the_policy_scripts_pods", policy::the_policy_scripts_pods),
        with_docker("the_demo_and_the_probe_do_their_work", docker::the_demo_and_the_probe_do_their_work),
        with_docker("the_controller_starts_in_its_image", docker::the_controller_starts_in_its_image),
    ];
    libtest_mimic::run(&arguments, trials).exit_code()
}

fn trial(name: &str, test: fn() -> anyhow::Result<()>) -> Trial {
    Trial::test(name, move || test().map_err(|error| Failed::from(format!("{error:?}"))))
}

fn with_docker(name: &str, test: fn() -> anyhow::Result<()>) -> Trial {
    let asked = Command::new("docker").arg("version").stdout(Stdio::null()).stderr(Stdio::null()).status();
    trial(name, test).with_ignored_flag(!asked.is_ok_and(|status| status.success()))
}
