//! How scripts reach real pods: a policy of the API server itself (no webhook, so nothing of ours has
//! to be reachable from it) turns the annotations `pod.proofroll.dev/*` of a pod that is created into
//! what a kubelet and the demo application do by themselves.
//!
//! | annotation | becomes |
//! |---|---|
//! | `ready-after`, `unready-after` | variables of the first container, and a readiness probe of `/ready` |
//! | `exit-after`, `exit-code` | variables; a Job's pod with only a code exits 300 ms after it became ready |
//! | `terminates-after` | a variable: how long it goes on serving after SIGTERM |
//! | `waiting: ImagePullBackOff`, `ErrImagePull` | an image in a registry that cannot exist |
//! | `waiting: CreateContainerConfigError` | a ConfigMap that does not exist |
//! | `waiting: CrashLoopBackOff` | an exit with code 1 at each start, and the probe: it is never ready |
//!
//! What differs from fake pods: only the first container follows the script; a crash loop waits 10, 20,
//! 40 s, as a kubelet does; readiness is seen up to a second late, for it is probed once a second.
//!
//! A pod that runs is changed through the API server's proxy: `POST .../pods/NAME:8080/proxy/script` with
//! `?ready=true`, `?ready=false` or `?exit=CODE`. For the first two it must have the probe: its namespace
//! carries [`LABEL`].

mod install;

use serde_json::Value;

pub use self::install::install;

/// The API server's flags without which it does not know the policy.
pub const API_SERVER_FLAGS: [&str; 2] =
    ["--feature-gates=MutatingAdmissionPolicy=true", "--runtime-config=admissionregistration.k8s.io/v1beta1=true"];

/// A label of a namespace, and its value: the readiness of all pods there is probed, script or not.
pub const LABEL: (&str, &str) = ("proofroll.dev/scripted", "true");

/// The policy and its binding.
fn objects() -> Vec<Value> {
    serde_saphyr::from_multiple(include_str!("policy.yaml")).expect("it is valid YAML: a unit test reads it")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::pods::{PREFIX, Script, WAITING};

    #[test]
    fn a_policy_and_its_binding() {
        let objects = objects();
        let kinds: Vec<&str> = objects.iter().filter_map(|object| object["kind"].as_str()).collect();
        assert_eq!(kinds, ["MutatingAdmissionPolicy", "MutatingAdmissionPolicyBinding"]);
        assert_eq!(objects[1]["spec"]["policyName"], objects[0]["metadata"]["name"]);
        assert!(objects[0]["spec"].to_string().contains(&format!("'{}'", LABEL.0)));
    }

    #[test]
    fn every_word_of_a_script_is_known_to_it() {
        let policy = objects()[0].to_string();
        for key in Script::KEYS {
            assert!(policy.contains(&format!("'{PREFIX}{key}'")), "{key}");
        }
        for reason in WAITING {
            assert!(policy.contains(&format!("'{reason}'")), "{reason}");
        }
    }
}
