//! The arguments, and what `--help` teaches.

use std::path::PathBuf;

use clap::{Args, Parser, Subcommand, ValueEnum, builder::BoolishValueParser};

use super::{
    completions::Completions, coverage::CoverageArgs, diff::Diff, fuzz::Fuzz, parts::PartsCommand, releases::Releases,
    upgrade::Upgrade,
};
use crate::{
    cluster::ImageSource,
    parts::kubernetes,
    run::wish::{self, DriverName, Provider, Wish},
    scenario::{Capabilities, model::Capability},
};

/// Tests a build of the Argo Rollouts controller on a real control plane.
///
/// proofroll boots etcd, kube-apiserver, kube-controller-manager and kube-scheduler as ordinary
/// processes (no Docker, no root; pods are fake, everything else is real), starts the controller,
/// plays scenarios, and asserts replica counts, revisions and messages at every step, over
/// everything that was seen.
#[derive(Debug, Parser)]
#[command(
    name = "proofroll",
    version,
    max_term_width = 100,
    after_help = "Exit codes: 0 all as expected, 1 a conformance failure, 2 bad input, 3 infrastructure, 130 interrupted."
)]
pub struct Proofroll {
    /// Show what the harness does inside (repeat for more).
    #[arg(short, long, action = clap::ArgAction::Count, global = true)]
    pub verbose: u8,
    /// Ask nothing of a network for parts: what is not there is an error.
    #[arg(long, env = "PROOFROLL_OFFLINE", value_parser = BoolishValueParser::new(), global = true)]
    pub offline: bool,
    /// What to do.
    #[command(subcommand)]
    pub command: Command,
}

/// The commands.
#[derive(Debug, Subcommand)]
pub enum Command {
    /// Replay the getting-started guide and assert every figure of it (the main job).
    #[command(
        after_help = "Examples:\n  proofroll guide\n  proofroll guide --controller ./dist/rollouts-controller\n  proofroll guide --controller ~/src/argo-rollouts    # built with Go first\n  proofroll guide --driver plugin                     # by the real kubectl plugin, and compares what it shows"
    )]
    Guide(Guide),
    /// Run scenarios: ours by id or pattern, your own by file.
    #[command(
        after_help = "Examples:\n  proofroll run                          # all\n  proofroll run lifecycle/              # a suite\n  proofroll run ./my-scenario.yaml      # your own\n  proofroll run guide/canary-basic --until-fail 20 --jobs 1"
    )]
    Run(Run),
    /// Run scenarios on several releases of the controller: a table of scenarios by releases.
    ///
    /// Each release gets a control plane with its own custom resources and RBAC. The exit code is 1 only where a
    /// release does not do what the scenarios expect of it.
    #[command(
        after_help = "Examples:\n  proofroll releases \">=1.7\"                  # all scenarios on all pinned releases since 1.7\n  proofroll releases \"v1.8.5 || v1.10.2\" guide/ lifecycle/\n  proofroll releases \">=1.10\" --controller ./rollouts-controller    # a build of one's own beside them\n  proofroll releases v1.9.3 v1.10.2 --diff guide/                   # what they do differently"
    )]
    Releases(Releases),
    /// Compare what two controllers did, from the reports of their runs.
    ///
    /// Single runs race, so each scenario must have been run several times on each side. A state, a message or an event
    /// counts as a difference only if all runs of one side show it and none of the other; a number (the controller's
    /// writes, the seconds of a step) only if the ranges of both sides are further apart than either is wide, and seconds
    /// by half as much again, also when what all steps have in common (a slow machine) is taken out. Exit codes: 0 no
    /// difference, 1 a difference, 2 bad input (nothing could be compared), 3 infrastructure.
    #[command(
        after_help = "Example:\n  proofroll run lifecycle/ --controller v1.9.3 --repeat 5 --report a.json\n  proofroll run lifecycle/ --controller ./rollouts-controller --repeat 5 --report b.json\n  proofroll diff a.json b.json\n\n`proofroll releases A B --diff` does all three."
    )]
    Diff(Diff),
    /// Replace the controller by another release under live Rollouts: nothing may move, and all goes on from there.
    ///
    /// Rollouts of many shapes are brought to many states under FROM (healthy, paused, in the middle, aborted, blue-green
    /// before and after the switch); then TO's custom resources are applied and the controller is replaced as a Deployment
    /// does it. No revision, no ReplicaSet, no pod, no field of a status may change. Then promote, abort, roll back and
    /// scale must work as ever.
    #[command(
        after_help = "Examples:\n  proofroll upgrade v1.8.5 v1.9.3\n  proofroll upgrade v1.8.5 v1.10.2 --back         # and the downgrade\n  proofroll upgrade --all                         # every release to the next, and the old ones to the newest\n  proofroll upgrade v1.10.2 ~/src/argo-rollouts   # to a build of one's own\n\nBefore you upgrade a cluster, with its own Rollouts:\n  kubectl get rollouts,services,analysistemplates,deployments -A -o yaml > fleet.yaml\n  proofroll upgrade v1.8.5 v1.9.3 --with fleet.yaml"
    )]
    Upgrade(Upgrade),
    /// Break scenarios on purpose, and look whether each break is noticed where it must be.
    ///
    /// Breaks are written in the scenarios: another manifest, another action. One that nobody notices, or that is
    /// noticed elsewhere, makes the exit code 1.
    #[command(
        after_help = "Examples:\n  proofroll breaks                        # all\n  proofroll breaks guide/                 # those of a suite\n  proofroll breaks --sample 5 --seed 7    # five, the same each time"
    )]
    Breaks(Breaks),
    /// Try a Rollout of your own: makes a scenario for it (deploy, update, abort, roll back) and runs it.
    #[command(
        after_help = "Examples:\n  proofroll try rollout.yaml\n  proofroll try rollout.yaml --print > my-scenario.yaml    # to be changed and run\n\nThe file holds the Rollout and what it names (its Services). Images do not matter: pods are fake."
    )]
    Try(Try),
    /// Hunt with generated Rollouts: random strategies and actions, judged by what the documentation promises.
    #[command(
        after_help = "Examples:\n  proofroll fuzz --count 100 --time 10m\n  proofroll fuzz --seed 7 --case 12          # one case again\n  proofroll fuzz --seed 7 --case 12 --print  # ... only its files\n\nWhat fails is shrunk, and kept as a scenario file that `proofroll run` shows again."
    )]
    Fuzz(Fuzz),
    /// List the scenarios and what they prove.
    #[command(
        after_help = "Examples:\n  proofroll list\n  proofroll list --features          # which scenarios prove which feature\n  proofroll list --cluster kind      # what would be skipped there"
    )]
    List(List),
    /// Show what the suite speaks of, and what no scenario names yet, with the reason.
    #[command(
        after_help = "Examples:\n  proofroll coverage\n  proofroll coverage --crd         # compares with the fields of the newest release\n  proofroll coverage --upstream    # the assertions of upstream's own tests"
    )]
    Coverage(CoverageArgs),
    /// Say in words what a scenario does and claims, and where the claim comes from.
    #[command(after_help = "Examples:\n  proofroll explain guide/canary-basic\n  proofroll explain ./my-scenario.yaml")]
    Explain(Explain),
    /// Start a control plane to play with and print its KUBECONFIG.
    #[command(after_help = "Example:\n  eval \"$(proofroll up --for 2h)\" && kubectl get nodes; proofroll down")]
    Up(Up),
    /// Stop control planes that `up` or `--keep` left running.
    #[command(
        after_help = "Examples:\n  proofroll down\n  proofroll down 3fa9           # the one whose key begins so\n  proofroll down --force        # also those that a process uses"
    )]
    Down(Down),
    /// Show the control planes that run, who uses them, and what they cost.
    #[command(after_help = "Example:\n  proofroll status")]
    Status,
    /// Remove what killed runs left behind.
    #[command(after_help = "Example:\n  proofroll gc")]
    Gc,
    /// The executables: where they come from, where they are.
    #[command(
        after_help = "Examples:\n  proofroll parts list\n  proofroll parts build                          # what the embedded control plane needs\n  proofroll parts path kubectl\n  proofroll parts export parts.tar.gz            # for a host without a network:\n  proofroll parts import parts.tar.gz            # ... there"
    )]
    Parts {
        /// What to do with them.
        #[command(subcommand)]
        what: PartsCommand,
    },
    /// Images that are made here, for clusters and machines that cannot make them.
    #[command(
        after_help = "Examples:\n  proofroll images control-plane    # for machines that have Docker and nothing else\n  proofroll images demo             # to be loaded or pushed for --cluster existing --probe-image"
    )]
    Images {
        /// Which.
        #[command(subcommand)]
        what: Images,
    },
    /// Say what is missing on this machine, and the command that mends it.
    #[command(after_help = "Example:\n  proofroll doctor")]
    Doctor,
    /// Print the JSON Schema of scenario files or of the report.
    #[command(
        after_help = "Examples:\n  proofroll schema > scenario.schema.json    # for your editor\n  proofroll schema report"
    )]
    Schema(Schema),
    /// Print the completions of a shell.
    #[command(
        after_help = "Examples:\n  source <(proofroll completions bash)                    # in ~/.bashrc\n  proofroll completions zsh > ~/.zfunc/_proofroll\n  proofroll completions fish > ~/.config/fish/completions/proofroll.fish"
    )]
    Completions(Completions),
    /// Measure what a plane's start and the guide cost, side by side.
    #[command(hide = true)]
    Figures(Figures),
}

/// `proofroll try`
#[derive(Debug, Clone, Args)]
pub struct Try {
    /// A manifest with one Rollout.
    #[arg(value_name = "FILE")]
    pub file: PathBuf,
    /// Only print the scenario.
    #[arg(long)]
    pub print: bool,
    /// How it runs.
    #[command(flatten)]
    pub running: Running,
}

/// `proofroll list`
#[derive(Debug, Clone, Args)]
pub struct List {
    /// A line for each case, too.
    #[arg(long)]
    pub cases: bool,
    /// Instead, which scenarios prove which feature.
    #[arg(long, conflicts_with = "cases")]
    pub features: bool,
    /// Say what would be skipped on clusters of this provider.
    #[arg(long, env = wish::CLUSTER_VARIABLE, value_enum, default_value_t = Provider::Embedded, value_name = "PROVIDER")]
    pub cluster: Provider,
    /// existing: what the cluster can do besides.
    #[arg(long, env = wish::HAS_VARIABLE, value_name = "LIST", value_delimiter = ',', value_parser = wish::capability)]
    pub has: Vec<Capability>,
    /// existing: the image of the load generator.
    #[arg(long, env = wish::PROBE_IMAGE_VARIABLE, value_name = "IMAGE")]
    pub probe_image: Option<String>,
    /// Take scenarios from this directory instead of the ones inside the program.
    #[arg(long, env = "PROOFROLL_FIXTURES", value_name = "DIR")]
    pub fixtures: Option<PathBuf>,
}

/// `proofroll explain`
#[derive(Debug, Clone, Args)]
pub struct Explain {
    /// An id (or a part of one that is unique), or a file that ends in .yaml. `ID[CASE]` is one case.
    #[arg(value_name = "ID|FILE")]
    pub what: String,
    /// Take scenarios from this directory instead of the ones inside the program.
    #[arg(long, env = "PROOFROLL_FIXTURES", value_name = "DIR")]
    pub fixtures: Option<PathBuf>,
}

/// `proofroll up`
#[derive(Debug, Clone, Args)]
pub struct Up {
    /// Where it comes from.
    #[command(flatten)]
    pub cluster: ClusterArgs,
    /// The controller release whose CRDs are installed (no controller is started).
    #[arg(long, env = "PROOFROLL_CONTROLLER", value_name = "VERSION|PATH|CHECKOUT")]
    pub controller: Option<String>,
    /// Stop by itself after this time, as 30m or 2h. Default: `proofroll down` stops it.
    #[arg(long = "for", value_name = "TIME", value_parser = humantime::parse_duration)]
    pub limit: Option<std::time::Duration>,
    /// The port of the API server. Default: any free one.
    #[arg(long)]
    pub port: Option<u16>,
}

/// `proofroll down`
#[derive(Debug, Clone, Args)]
pub struct Down {
    /// The beginning of a key that `proofroll status` shows. Default: all.
    pub key: Option<String>,
    /// Also those that a process uses.
    #[arg(long)]
    pub force: bool,
}

/// `proofroll images`
#[derive(Debug, Clone, Subcommand)]
pub enum Images {
    /// Make the image for `--cluster container`, bring it into Docker's store, and print its name.
    ///
    /// It holds etcd, kube-apiserver, kube-controller-manager, kube-scheduler, kwok, and a controller with its
    /// manifests. What is missing of that is built first.
    #[command(
        after_help = "To another machine: docker save IMAGE | ssh HOST docker load; there: proofroll guide --cluster container"
    )]
    ControlPlane {
        /// The controller's release, as v1.10.2. Default: the newest known here.
        #[arg(long, env = "PROOFROLL_CONTROLLER", value_name = "VERSION")]
        controller: Option<String>,
        /// Its Kubernetes, as 1.30 or 1.30.14. Default: the newest one that is pinned.
        #[arg(long, env = wish::KUBERNETES_VARIABLE, value_name = "VERSION", value_parser = kubernetes::asked)]
        kubernetes: Option<semver::Version>,
    },
    /// Make the images of the demo application and of the load generator; print where the archive is (for `docker
    /// load`, `kind load image-archive`, a registry), and the images in it.
    Demo,
}

/// `proofroll figures`
#[derive(Debug, Clone, Args)]
pub struct Figures {
    /// So many starts of each, alternating.
    #[arg(long, default_value_t = 5)]
    pub rounds: usize,
}

/// Where the cluster comes from.
#[derive(Debug, Clone, Default, Args)]
pub struct ClusterArgs {
    /// Where the cluster comes from.
    #[arg(long, env = wish::CLUSTER_VARIABLE, value_enum, default_value_t = Provider::Embedded, value_name = "PROVIDER")]
    pub cluster: Provider,
    /// embedded, container: the Kubernetes of the control plane, as 1.30 or 1.30.14. Default: the newest one that is
    /// pinned; `proofroll parts list` shows which are.
    #[arg(long, env = wish::KUBERNETES_VARIABLE, value_name = "VERSION", value_parser = kubernetes::asked)]
    pub kubernetes: Option<semver::Version>,
    /// kind: the image of its nodes. Default: kindest/node of the pinned Kubernetes version;
    /// ci/node-image/build makes one where no registry is in reach.
    #[arg(long, env = wish::NODE_IMAGE_VARIABLE, value_name = "IMAGE")]
    pub node_image: Option<String>,
    /// container: the image with control plane and controller. Default: the one that
    /// `proofroll images control-plane` makes of the pinned versions.
    #[arg(long, env = wish::CONTROL_PLANE_IMAGE_VARIABLE, value_name = "IMAGE")]
    pub control_plane_image: Option<String>,
    /// kind: where a release's controller has its image from.
    #[arg(long, env = wish::IMAGE_VARIABLE, value_enum, default_value_t = ImageSource::Auto, value_name = "SOURCE")]
    pub controller_image: ImageSource,
    /// existing: the context in KUBECONFIG.
    #[arg(long, env = wish::CONTEXT_VARIABLE, value_name = "NAME")]
    pub context: Option<String>,
    /// existing: install CRDs and controller, and remove them in the end; default: test what is installed.
    #[arg(long, env = wish::INSTALL_VARIABLE)]
    pub install: bool,
    /// existing: the file that the controller logs to, if it runs outside of the cluster or its pod's
    /// log may not be read.
    #[arg(long, env = wish::CONTROLLER_LOG_VARIABLE, value_name = "FILE", conflicts_with = "install")]
    pub controller_log: Option<PathBuf>,
    /// existing: the image of the load generator, which the nodes have or can pull; scenarios with `traffic:` run
    /// then. `proofroll images demo` makes it.
    #[arg(long, env = wish::PROBE_IMAGE_VARIABLE, value_name = "IMAGE")]
    pub probe_image: Option<String>,
    /// existing: what the cluster can do besides, as kubelet: scenarios that need it run there.
    #[arg(long, env = wish::HAS_VARIABLE, value_name = "LIST", value_delimiter = ',', value_parser = wish::capability)]
    pub has: Vec<Capability>,
}

impl ClusterArgs {
    /// What the cluster can do.
    pub fn capabilities(&self) -> Capabilities {
        self.wish(None, None).capabilities()
    }

    /// With the controller of these arguments.
    pub fn wish(&self, controller: Option<&String>, as_version: Option<&semver::Version>) -> Wish {
        Wish {
            provider: self.cluster,
            controller: controller.cloned(),
            as_version: as_version.cloned(),
            kubernetes: self.kubernetes.clone(),
            node_image: self.node_image.clone(),
            control_plane_image: self.control_plane_image.clone(),
            controller_image: self.controller_image,
            context: self.context.clone(),
            install: self.install,
            controller_log: self.controller_log.clone(),
            probe_image: self.probe_image.clone(),
            has: self.has.clone(),
            kubeconfig: wish::kubeconfig(),
            alone: false,
            driver: DriverName::default(),
            plugin: None,
        }
    }
}

/// The controller under test, and how a run goes.
#[derive(Debug, Clone, Default, Args)]
pub struct Running {
    /// Where it runs.
    #[command(flatten)]
    pub cluster: ClusterArgs,
    /// The controller: a release (v1.10.2), a binary, or a directory with its source, which is
    /// built with Go first. Default: the newest release known here; in an existing cluster without
    /// --install: `installed`, the one that is there.
    #[arg(long, env = "PROOFROLL_CONTROLLER", value_name = "VERSION|PATH|CHECKOUT")]
    pub controller: Option<String>,
    /// Expect the behaviour of this release from a controller given by path.
    #[arg(long, env = "PROOFROLL_AS_VERSION", value_name = "VERSION")]
    pub as_version: Option<semver::Version>,
    /// Who does the actions that the kubectl plugin has a command for: set image, promote, abort, retry, pause, restart,
    /// undo. All others (apply, scale, delete, patch, resume, ...) are kubectl's, and done by the harness with either.
    #[arg(long, env = wish::DRIVER_VARIABLE, value_enum, default_value_t = DriverName::Api, value_name = "DRIVER")]
    pub driver: DriverName,
    /// --driver plugin: this executable instead of the pinned kubectl-argo-rollouts.
    #[arg(long, env = wish::PLUGIN_VARIABLE, value_name = "PATH")]
    pub plugin: Option<PathBuf>,
    /// Take scenarios from this directory instead of the ones inside the program.
    #[arg(long, env = "PROOFROLL_FIXTURES", value_name = "DIR")]
    pub fixtures: Option<PathBuf>,
    /// Only one line a step.
    #[arg(short, long)]
    pub quiet: bool,
    /// Leave cluster, namespaces and controllers' logs as they are, to look around.
    #[arg(long)]
    pub keep: bool,
    /// When the controller fails, wait with everything as it is until a person has looked around.
    #[arg(long)]
    pub pause_on_failure: bool,
    /// Go on with the next step when one has failed.
    #[arg(long)]
    pub keep_going: bool,
    /// Write the report (JSON, version 1) to this file.
    #[arg(long, value_name = "FILE")]
    pub report: Option<PathBuf>,
    /// Where evidence of failures goes. Default: target/proofroll where there is a target
    /// directory, else proofroll-out.
    #[arg(long, env = "PROOFROLL_OUT", value_name = "DIR")]
    pub out: Option<PathBuf>,
    /// On a cluster that nobody else joins.
    #[arg(skip)]
    pub alone: bool,
    /// With the plugin as driver: compare after each step what it shows.
    #[arg(skip)]
    pub views: bool,
}

/// `proofroll guide`
#[derive(Debug, Clone, Default, Args)]
pub struct Guide {
    /// Write the results as JUnit XML, a test case for each step, to this file.
    #[arg(long, env = "PROOFROLL_JUNIT", value_name = "FILE")]
    pub junit: Option<PathBuf>,
    /// How it runs.
    #[command(flatten)]
    pub running: Running,
}

/// `proofroll run`
#[derive(Debug, Clone, Args)]
pub struct Run {
    /// Ids, parts of ids, or files that end in .yaml. `ID[CASE]` is one case. Default: all scenarios.
    #[arg(value_name = "FILTER|FILE")]
    pub what: Vec<String>,
    /// So many scenarios side by side. They mostly wait, so far more than there are cores is fine.
    #[arg(short, long, default_value_t = 8, value_name = "N")]
    pub jobs: usize,
    /// Write a conformance report (YAML, after the Gateway API's) to this file.
    #[arg(long, value_name = "FILE")]
    pub conformance_report: Option<PathBuf>,
    /// Write the results as JUnit XML, a test case for each step, to this file.
    #[arg(long, env = "PROOFROLL_JUNIT", value_name = "FILE")]
    pub junit: Option<PathBuf>,
    /// Run each scenario so many times.
    #[arg(long, default_value_t = 1, value_name = "N")]
    pub repeat: usize,
    /// Run each scenario up to so many times, and begin nothing new once one has failed.
    #[arg(long, value_name = "N", conflicts_with = "repeat")]
    pub until_fail: Option<usize>,
    /// How it runs.
    #[command(flatten)]
    pub running: Running,
}

/// `proofroll breaks`
#[derive(Debug, Clone, Args)]
pub struct Breaks {
    /// Ids, parts of ids, or files that end in .yaml. Default: all scenarios.
    #[arg(value_name = "FILTER|FILE")]
    pub what: Vec<String>,
    /// Only so many of the breaks, by chance.
    #[arg(long, value_name = "N")]
    pub sample: Option<usize>,
    /// Makes the chance the same again.
    #[arg(long, value_name = "S", requires = "sample")]
    pub seed: Option<u64>,
    /// So many side by side.
    #[arg(short, long, default_value_t = 8, value_name = "N")]
    pub jobs: usize,
    /// How it runs.
    #[command(flatten)]
    pub running: Running,
}

/// `proofroll schema`
#[derive(Debug, Clone, Args)]
pub struct Schema {
    /// Of what.
    #[arg(value_enum, default_value_t = SchemaOf::Scenario)]
    pub of: SchemaOf,
}

/// What has a schema.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum SchemaOf {
    /// Scenario files: point your editor at it.
    Scenario,
    /// The report of a run.
    Report,
    /// The table of `proofroll releases`.
    Releases,
    /// What `proofroll diff` finds.
    Diff,
    /// What `proofroll upgrade --with` finds.
    Fleet,
}

#[cfg(test)]
#[path = "args_tests.rs"]
mod tests;
