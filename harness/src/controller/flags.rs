//! The controller's command line. What all releases know stands here once; what differs is looked up in what the
//! binary itself says of its flags, and where it says nothing, by release.

use std::path::Path;

use semver::Version;

use super::help::KnownFlags;

/// What a controller is started with.
pub(super) struct Flags<'a> {
    pub(super) version: &'a Version,
    /// What its `--help` lists; None where it said nothing of use.
    pub(super) known: Option<&'a KnownFlags>,
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
            format!("--{}={}", self.metrics_port_flag(), self.metrics_port),
            format!("--healthzPort={}", self.healthz_port),
        ];
        // A scenario waits for the controller, not for its client's rate limit. One that does not know these is slower.
        let known = |flag: &str| self.known.is_none_or(|known| known.has(flag));
        let fast = [("qps", 1000), ("burst", 2000)].into_iter().filter(|(flag, _)| known(flag));
        arguments.extend(fast.map(|(flag, value)| format!("--{flag}={value}")));
        arguments.extend_from_slice(self.extra);
        arguments
    }

    /// 1.10 has deprecated `--metricsport` (it still takes it, but does not list it), and older releases know nothing else.
    fn metrics_port_flag(&self) -> &'static str {
        const NAMES: [&str; 2] = ["metricsPort", "metricsport"];
        let said = self.known.and_then(|known| NAMES.into_iter().find(|name| known.has(name)));
        let by_release = if (self.version.major, self.version.minor) >= (1, 10) { NAMES[0] } else { NAMES[1] };
        said.unwrap_or(by_release)
    }
}

#[cfg(test)]
mod tests {
    use std::path::Path;

    use rstest::rstest;

    use super::*;

    #[rstest]
    #[case("1.7.2", "--metricsport=20001")]
    #[case("1.8.5", "--metricsport=20001")]
    #[case("1.9.3", "--metricsport=20001")]
    #[case("1.10.0-rc1", "--metricsPort=20001")]
    #[case("1.10.2", "--metricsPort=20001")]
    #[case("2.0.0", "--metricsPort=20001")]
    fn the_metrics_port_by_release(#[case] version: &str, #[case] flag: &str) {
        assert_eq!(arguments(version, None)[6], flag);
    }

    fn arguments(version: &str, help: Option<&str>) -> Vec<String> {
        let known = help.map(|text| KnownFlags::read(text).unwrap());
        Flags {
            version: &version.parse().unwrap(),
            known: known.as_ref(),
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
        insta::assert_snapshot!(arguments("1.10.2", None).join(" "), @"--kubeconfig=dir/kubeconfig --namespaced --namespace=ns --leader-elect=false --logformat=json --loglevel=info --metricsPort=20001 --healthzPort=20002 --qps=1000 --burst=2000 --instance-id=x");
    }

    /// An old binary that passes for a new release, and the other way round.
    #[test]
    fn what_the_binary_says_wins() {
        let old = "  --kubeconfig string  x\n  --metricsport int  x\n  --qps float32  x\n";
        let line = arguments("1.10.2", Some(old)).join(" ");
        assert!(line.contains("--metricsport=20001 ") && line.contains("--qps=1000 "), "{line}");
        assert!(!line.contains("--burst"), "{line}");
        let new = "  --kubeconfig string  x\n  --metricsPort int  x\n";
        assert_eq!(arguments("1.8.5", Some(new))[6], "--metricsPort=20001");
    }
}
