//! How each process of a plane of our own is run: its arguments and why they are so.
//!
//! The recipe is kwokctl's, with the traps of a busy machine avoided. Paths are relative: each runs in
//! the plane's directory, which also keeps etcd's socket within the 108 characters that a socket's
//! path may have.

use std::path::Path;

use super::{
    files,
    request::{PlanePart, PlaneParts},
};

/// The range of cluster IPs.
const SERVICE_RANGE: &str = "10.96.0.0/16";
/// The first address of it, which belongs to the `kubernetes` service.
pub(super) const SERVICE_ADDRESS: std::net::Ipv4Addr = std::net::Ipv4Addr::new(10, 96, 0, 1);

/// Where etcd listens.
pub(super) const ETCD_SOCKET: &str = "etcd.sock:0";

/// A process of a plane.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Component {
    Etcd,
    Apiserver,
    ControllerManager,
    Scheduler,
    Kwok,
}

impl Component {
    /// All of them, in the order in which they are started.
    pub const ALL: [Self; 5] = [Self::Etcd, Self::Apiserver, Self::Scheduler, Self::Kwok, Self::ControllerManager];

    /// The program's name.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Etcd => "etcd",
            Self::Apiserver => "kube-apiserver",
            Self::ControllerManager => "kube-controller-manager",
            Self::Scheduler => "kube-scheduler",
            Self::Kwok => "kwok",
        }
    }

    /// The executable.
    pub const fn part(self, parts: &PlaneParts) -> &PlanePart {
        match self {
            Self::Etcd => &parts.etcd,
            Self::Apiserver => &parts.apiserver,
            Self::ControllerManager => &parts.kcm,
            Self::Scheduler => &parts.scheduler,
            Self::Kwok => &parts.kwok,
        }
    }

    /// The arguments. `port` is the API server's.
    pub fn arguments(self, port: u16) -> Vec<String> {
        match self {
            Self::Etcd => etcd(),
            Self::Apiserver => apiserver(port),
            Self::ControllerManager => controller_manager(),
            Self::Scheduler => scheduler(),
            Self::Kwok => kwok(),
        }
    }

    /// The environment: nothing is inherited (proxies, Go's settings, the user's own kubeconfig).
    pub fn environment(self, dir: &Path) -> Vec<(&'static str, String)> {
        let mut environment = vec![("HOME", dir.display().to_string())];
        if self == Self::Apiserver {
            // A start makes little but garbage: with Go's 100 a fifth of its time goes into collecting it.
            environment.push(("GOGC", "200".into()));
        }
        environment
    }
}

fn strings(arguments: &[&str]) -> Vec<String> {
    arguments.iter().map(|argument| (*argument).to_owned()).collect()
}

/// On a socket in the plane's own directory: a port on loopback would be open to every user of the
/// machine, for etcd asks nobody who he is.
fn etcd() -> Vec<String> {
    let mut arguments = strings(&[
        "--name=proofroll",
        "--data-dir=etcd",
        "--listen-peer-urls=unix://etcd-peer.sock:0",
        // A member that is alone elects itself, but not before one to five of these have passed; with etcd's own
        // figures (100 and 1000) it is one to ten tenths of a second until it answers.
        "--heartbeat-interval=10",
        "--election-timeout=50",
        // The data does not outlive the processes.
        "--unsafe-no-fsync",
        "--log-level=warn",
    ]);
    arguments.extend([
        format!("--listen-client-urls=unix://{ETCD_SOCKET}"),
        format!("--advertise-client-urls=unix://{ETCD_SOCKET}"),
    ]);
    arguments
}

fn apiserver(port: u16) -> Vec<String> {
    let mut arguments = strings(&[
        "--bind-address=127.0.0.1",
        // Said, not looked up: a machine without a default route has no address to find.
        "--advertise-address=127.0.0.1",
        "--external-hostname=localhost",
        "--endpoint-reconciler-type=none",
        "--allow-privileged",
        "--authorization-mode=RBAC",
        // It taints each new node until the controller manager has seen it Ready. Our nodes are.
        "--disable-admission-plugins=TaintNodesByCondition",
        // Many scenarios at once are no overload.
        "--enable-priority-and-fairness=false",
        "--max-requests-inflight=0",
        "--max-mutating-requests-inflight=0",
        "--profiling=false",
        "--service-account-issuer=https://kubernetes.default.svc.cluster.local",
    ]);
    arguments.extend([
        format!("--etcd-servers=unix://{ETCD_SOCKET}"),
        format!("--secure-port={port}"),
        format!("--service-cluster-ip-range={SERVICE_RANGE}"),
        format!("--client-ca-file={}", files::CA),
        format!("--tls-cert-file={}", files::SERVER_CERTIFICATE),
        format!("--tls-private-key-file={}", files::SERVER_KEY),
        format!("--service-account-key-file={}", files::TOKEN_PUBLIC_KEY),
        format!("--service-account-signing-key-file={}", files::TOKEN_KEY),
    ]);
    arguments
}

fn controller_manager() -> Vec<String> {
    let mut arguments = client(files::KCM_KUBECONFIG);
    arguments.extend(strings(&[
        // Late heartbeats on a busy machine must not make nodes, and with them all pods, unready (node-heartbeat.yaml).
        "--node-monitor-grace-period=1h",
    ]));
    arguments.extend([
        format!("--service-account-private-key-file={}", files::TOKEN_KEY),
        format!("--root-ca-file={}", files::CA),
        format!("--service-cluster-ip-range={SERVICE_RANGE}"),
    ]);
    arguments
}

fn scheduler() -> Vec<String> {
    client(files::SCHEDULER_KUBECONFIG)
}

/// Alone on its API server, serves nothing, and may ask as much as it likes.
fn client(kubeconfig: &str) -> Vec<String> {
    let mut arguments = vec![format!("--kubeconfig={kubeconfig}")];
    arguments.extend(strings(&[
        "--leader-elect=false",
        "--secure-port=0",
        "--profiling=false",
        "--kube-api-qps=5000",
        "--kube-api-burst=10000",
    ]));
    arguments
}

fn kwok() -> Vec<String> {
    vec![format!("--kubeconfig={}", files::KWOK_KUBECONFIG), format!("--config={}", files::STAGES)]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn command_lines() {
        use Component::{Apiserver, ControllerManager, Etcd, Kwok, Scheduler};
        let lines: Vec<String> = [Etcd, Apiserver, ControllerManager, Scheduler, Kwok]
            .iter()
            .map(|component| {
                let environment: Vec<String> =
                    component.environment(Path::new("/plane")).iter().map(|(k, v)| format!("{k}={v} ")).collect();
                format!("{}{}\n  {}", environment.concat(), component.name(), component.arguments(20000).join("\n  "))
            })
            .collect();
        insta::assert_snapshot!(lines.join("\n"));
    }
}
