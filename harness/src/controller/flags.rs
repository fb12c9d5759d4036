//! The controller's command line. What all releases know stands here once; what differs is looked up
//! by release.

use std::path::Path;

use semver::Version;

/// What a controller is started with.
pub(super) struct Flags<'a> {
    pub(super) version: &'a Version,
    pub(super) kubeconfig: &'a Path,
    pub(super) namespace: &'a str,
    pub(super) metrics_port: u16,
    pub(super) healthz_port: u16,
    pub(super) log_level: &'a str,
    /// Come last, so that they win.
    pub(super) extra: &'a [String],
}

impl Flags<'_> {
    pub(super) fn arguments(&self) -> Vec<String> {
        let mut arguments = vec![
            format!("--kubeconfig={}", self.kubeconfig.display()),
            "--namespaced".to_owned(),
            format!("--namespace={}", self.namespace),
            "--leader-elect=false".to_owned(),
            "--logformat=json".to_owned(),
            format!("--loglevel={}", self.log_level),
            format!("--{}={}", metrics_port_flag(self.version), self.metrics_port),
            format!("--healthzPort={}", self.healthz_port),
            // A scenario waits for the controller, not for its client's rate limit.
            "--qps=1000".to_owned(),
            "--burst=2000".to_owned(),
        ];
        arguments.extend_from_slice(self.extra);
        arguments
    }
}

/// 1.10 has deprecated `--metricsport`, and older releases know nothing else.
fn metrics_port_flag(version: &Version) -> &'static str {
    if (version.major, version.minor) >= (1, 10) { "metricsPort" } else { "metricsport" }
}

#[cfg(test)]
mod tests {
    use std::path::Path;

    use rstest::rstest;

    use super::Flags;

    #[rstest]
    #[case("1.7.2", "--metricsport=20001")]
    #[case("1.8.5", "--metricsport=20001")]
    #[case("1.9.3", "--metricsport=20001")]
    #[case("1.10.0-rc1", "--metricsPort=20001")]
    #[case("1.10.2", "--metricsPort=20001")]
    #[case("2.0.0", "--metricsPort=20001")]
    fn the_metrics_port_by_release(#[case] version: &str, #[case] flag: &str) {
        assert_eq!(arguments(version)[6], flag);
    }

    fn arguments(version: &str) -> Vec<String> {
        Flags {
            version: &version.parse().unwrap(),
            kubeconfig: Path::new("dir/kubeconfig"),
            namespace: "ns",
            metrics_port: 20001,
            healthz_port: 20002,
            log_level: "info",
            extra: &["--instance-id=x".to_owned()],
        }
        .arguments()
    }

    #[test]
    fn the_whole_line() {
        insta::assert_snapshot!(arguments("1.10.2").join(" "), @"--kubeconfig=dir/kubeconfig --namespaced --namespace=ns --leader-elect=false --logformat=json --loglevel=info --metricsPort=20001 --healthzPort=20002 --qps=1000 --burst=2000 --instance-id=x");
    }
}
