//! A pod, and its status as `kubectl get pods` sums it up.

use serde_json::Value;

use super::fields::Fields;
use super::metadata::{Condition, Container, Metadata};

/// A pod as the API server sends it.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Pod {
    /// `metadata`
    pub metadata: Metadata,
    /// `spec.nodeName`; empty before it is scheduled.
    pub node: String,
    /// `spec.containers`
    pub containers: Vec<Container>,
    /// `spec.initContainers`
    pub init_containers: Vec<Container>,
    /// `status.phase`: `Pending`, `Running`, `Succeeded`, `Failed` or `Unknown`.
    pub phase: String,
    /// `status.reason`, as `Evicted`.
    pub reason: String,
    /// `status.conditions`
    pub conditions: Vec<Condition>,
    /// `status.containerStatuses`
    pub container_statuses: Vec<ContainerStatus>,
    /// `status.initContainerStatuses`
    pub init_container_statuses: Vec<ContainerStatus>,
}

/// One entry of `status.containerStatuses` or `status.initContainerStatuses`.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct ContainerStatus {
    /// `name`
    pub name: String,
    /// `ready`
    pub ready: bool,
    /// `started`
    pub started: bool,
    /// `restartCount`
    pub restarts: i64,
    /// `state`
    pub state: ContainerState,
}

/// `state` of a container.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub enum ContainerState {
    /// Nothing written; counts as waiting, without a reason.
    #[default]
    None,
    /// `waiting`, with its reason, as `ImagePullBackOff`.
    Waiting(String),
    /// `running`
    Running,
    /// `terminated`
    Terminated {
        /// `reason`, as `Completed`, `Error` or `OOMKilled`.
        reason: String,
        /// `exitCode`
        exit_code: i64,
        /// `signal`; 0 where there was none.
        signal: i64,
    },
}

/// A pod in one line of `get rollout`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PodSummary {
    /// STATUS, as `Running`, `Terminating` or `ErrImagePull`.
    pub status: String,
    /// Containers that are ready.
    pub ready: u32,
    /// Restarts of its containers.
    pub restarts: i64,
}

impl Pod {
    /// Reads the object; what is missing or malformed in it reads as not written.
    pub fn read(object: &Value) -> Self {
        let fields = Fields::of(object);
        let spec = fields.object("spec");
        let status = fields.object("status");
        Self {
            metadata: Metadata::read(fields),
            node: spec.text("nodeName"),
            containers: spec.list("containers", Container::read),
            init_containers: spec.list("initContainers", Container::read),
            phase: status.text("phase"),
            reason: status.text("reason"),
            conditions: status.list("conditions", Condition::read),
            container_statuses: status.list("containerStatuses", ContainerStatus::read),
            init_container_statuses: status.list("initContainerStatuses", ContainerStatus::read),
        }
    }

    /// Whether its condition Ready is True.
    pub fn is_ready(&self) -> bool {
        self.conditions.iter().any(|condition| condition.kind == "Ready" && condition.is_true())
    }

    /// Sums it up as the plugin does (and, before it, `kubectl get pods`): the first init container
    /// that is not done speaks for the pod, else the first container that has something to tell.
    pub fn summary(&self) -> PodSummary {
        let mut summary = match self.initialising() {
            Some(summary) => summary,
            None => self.running(),
        };
        if self.metadata.is_terminating() {
            // The node cannot be reached: nobody knows whether the pod is still there.
            let status = if self.reason == "NodeLost" { "Unknown" } else { "Terminating" };
            status.clone_into(&mut summary.status);
        }
        summary
    }

    fn initialising(&self) -> Option<PodSummary> {
        let mut restarts = 0;
        for (index, status) in self.init_container_statuses.iter().enumerate() {
            restarts += status.restarts;
            let is_sidecar =
                self.init_containers.iter().rev().find(|c| c.name == status.name).is_some_and(|c| c.is_sidecar);
            let why = match &status.state {
                ContainerState::Terminated { exit_code: 0, .. } => continue,
                ContainerState::Terminated { reason, exit_code, signal } => ended(reason, *exit_code, *signal),
                _ if is_sidecar && status.started => {
                    if status.ready {
                        continue;
                    }
                    return None;
                }
                ContainerState::Waiting(reason) if !reason.is_empty() && reason != "PodInitializing" => reason.clone(),
                _ => format!("{index}/{}", self.init_containers.len()),
            };
            return Some(PodSummary { status: format!("Init:{why}"), ready: 0, restarts });
        }
        None
    }

    fn running(&self) -> PodSummary {
        let mut status = if self.reason.is_empty() { self.phase.clone() } else { self.reason.clone() };
        let (mut ready, mut restarts) = (0, 0);
        // From the last to the first, so that the first has the last word.
        for container in self.container_statuses.iter().rev() {
            restarts += container.restarts;
            match &container.state {
                ContainerState::Waiting(reason) if !reason.is_empty() => status.clone_from(reason),
                ContainerState::Terminated { reason, exit_code, signal } => status = ended(reason, *exit_code, *signal),
                ContainerState::Running if container.ready => ready += 1,
                _ => {}
            }
        }
        if status == "Completed" && ready > 0 {
            "Running".clone_into(&mut status);
        }
        PodSummary { status, ready, restarts }
    }
}

fn ended(reason: &str, exit_code: i64, signal: i64) -> String {
    match (reason, signal) {
        ("", 0) => format!("ExitCode:{exit_code}"),
        ("", signal) => format!("Signal:{signal}"),
        (reason, _) => reason.to_owned(),
    }
}

impl ContainerStatus {
    fn read(fields: Fields<'_>) -> Self {
        let state = fields.object("state");
        let state = if let Some(ended) = state.optional("terminated") {
            ContainerState::Terminated {
                reason: ended.text("reason"),
                exit_code: ended.count("exitCode"),
                signal: ended.count("signal"),
            }
        } else if let Some(waiting) = state.optional("waiting") {
            ContainerState::Waiting(waiting.text("reason"))
        } else if state.optional("running").is_some() {
            ContainerState::Running
        } else {
            ContainerState::None
        };
        Self {
            name: fields.text("name"),
            ready: fields.flag("ready"),
            started: fields.flag("started"),
            restarts: fields.count("restartCount"),
            state,
        }
    }
}

#[cfg(test)]
mod tests {
    use rstest::rstest;
    use serde_json::json;

    use super::*;

    fn waiting(reason: &str) -> Value {
        json!({"state": {"waiting": {"reason": reason}}, "restartCount": 0})
    }
    fn running(ready: bool) -> Value {
        json!({"state": {"running": {}}, "ready": ready, "restartCount": 1})
    }
    fn ended(reason: &str, exit_code: i64, signal: i64) -> Value {
        json!({"state": {"terminated": {"reason": reason, "exitCode": exit_code, "signal": signal}}, "restartCount": 2})
    }

    #[rstest]
    #[case::not_yet_scheduled("Pending", vec![], "Pending", 0, 0)]
    #[case::creating("Pending", vec![waiting("ContainerCreating")], "ContainerCreating", 0, 0)]
    #[case::no_reason_for_waiting("Pending", vec![waiting("")], "Pending", 0, 0)]
    #[case::no_image("Pending", vec![waiting("ErrImagePull")], "ErrImagePull", 0, 0)]
    #[case::running("Running", vec![running(true)], "Running", 1, 1)]
    #[case::running_not_ready("Running", vec![running(false)], "Running", 0, 1)]
    #[case::first_speaks("Running", vec![waiting("CrashLoopBackOff"), waiting("ImagePullBackOff")], "CrashLoopBackOff", 0, 0)]
    #[case::second_speaks_if_the_first_is_fine("Running", vec![running(true), waiting("ImagePullBackOff")], "ImagePullBackOff", 1, 1)]
    #[case::restarts_add_up("Running", vec![running(true), running(true)], "Running", 2, 2)]
    #[case::killed("Running", vec![ended("OOMKilled", 137, 0)], "OOMKilled", 0, 2)]
    #[case::exit_code("Failed", vec![ended("", 3, 0)], "ExitCode:3", 0, 2)]
    #[case::exit_code_nil("Failed", vec![ended("", 0, 0)], "ExitCode:0", 0, 2)]
    #[case::signal("Failed", vec![ended("", 137, 9)], "Signal:9", 0, 2)]
    #[case::one_done_one_runs("Running", vec![ended("Completed", 0, 0), running(true)], "Running", 1, 3)]
    #[case::one_done_one_not_ready("Running", vec![ended("Completed", 0, 0), running(false)], "Completed", 0, 3)]
    fn status_of_containers(
        #[case] phase: &str,
        #[case] statuses: Vec<Value>,
        #[case] status: &str,
        #[case] ready: u32,
        #[case] restarts: i64,
    ) {
        let mut object = json!({"status": {"phase": phase, "containerStatuses": statuses}});
        let summary = |object: &Value| Pod::read(object).summary();
        assert_eq!(summary(&object), PodSummary { status: status.into(), ready, restarts });
        // A deletion hides everything but the containers.
        object["metadata"] = json!({"deletionTimestamp": "2026-11-23T04:16:40Z"});
        assert_eq!(summary(&object), PodSummary { status: "Terminating".into(), ready, restarts });
        object["status"]["reason"] = json!("NodeLost");
        assert_eq!(summary(&object).status, "Unknown");
    }

    #[test]
    fn the_reason_of_a_pod_goes_before_its_phase() {
        let object = json!({"status": {"phase": "Failed", "reason": "Evicted"}});
        assert_eq!(Pod::read(&object).summary().status, "Evicted");
    }

    #[rstest]
    #[case::first_runs(vec![running(false)], "Init:0/2", 1)]
    #[case::first_done(vec![ended("Completed", 0, 0), running(false)], "Init:1/2", 3)]
    #[case::waits_for_the_pod(vec![waiting("PodInitializing")], "Init:0/2", 0)]
    #[case::no_state_yet(vec![json!({})], "Init:0/2", 0)]
    #[case::no_image(vec![waiting("ImagePullBackOff")], "Init:ImagePullBackOff", 0)]
    #[case::failed(vec![ended("Error", 1, 0)], "Init:Error", 2)]
    #[case::exit_code(vec![ended("", 1, 0)], "Init:ExitCode:1", 2)]
    #[case::signal(vec![ended("", 137, 9)], "Init:Signal:9", 2)]
    #[case::all_done(vec![ended("Completed", 0, 0), ended("Completed", 0, 0)], "Running", 1)]
    fn status_of_init_containers(#[case] statuses: Vec<Value>, #[case] status: &str, #[case] restarts: i64) {
        let object = json!({
            "spec": {"initContainers": [{"name": "a"}, {"name": "b"}]},
            "status": {"phase": "Pending", "initContainerStatuses": statuses, "containerStatuses": [running(true)]}
        });
        // Once initialised, only the restarts of the containers themselves count.
        let (ready, status) = if status == "Running" { (1, "Pending") } else { (0, status) };
        assert_eq!(Pod::read(&object).summary(), PodSummary { status: status.into(), ready, restarts });
    }

    #[rstest]
    #[case::up(true, true, "Running")]
    #[case::not_ready_ends_the_search(true, false, "Running")]
    #[case::not_started(false, false, "Init:0/2")]
    fn a_sidecar_does_not_hold_the_pod_up(#[case] started: bool, #[case] ready: bool, #[case] status: &str) {
        let mut sidecar = running(ready);
        sidecar["name"] = json!("mesh");
        sidecar["started"] = json!(started);
        let object = json!({
            "spec": {"initContainers": [{"name": "mesh", "restartPolicy": "Always"}, {"name": "b"}]},
            "status": {"phase": "Running", "initContainerStatuses": [sidecar, ended("Completed", 0, 0)], "containerStatuses": [running(true)]}
        });
        assert_eq!(Pod::read(&object).summary().status, status);
    }

    #[rstest]
    #[case(json!([]), false)]
    #[case(json!([{"type": "Ready", "status": "False"}]), false)]
    #[case(json!([{"type": "Initialized", "status": "True"}, {"type": "Ready", "status": "True"}]), true)]
    fn ready_is_a_condition(#[case] conditions: Value, #[case] ready: bool) {
        assert_eq!(Pod::read(&json!({"status": {"conditions": conditions}})).is_ready(), ready);
    }
}
