//! What the annotations of a pod may say, and what is wrong with those that nobody would understand.

use std::time::Duration;

use serde_json::{Map, Value};

use super::PREFIX;
use crate::rollout::go_duration::parse_go_duration;

/// The reasons with which a container can wait.
pub const WAITING: [&str; 4] = ["ImagePullBackOff", "ErrImagePull", "CrashLoopBackOff", "CreateContainerConfigError"];

/// How long a kubelet waits for a container to end, where the pod does not say.
const GRACE: Duration = Duration::from_secs(30);

const READY: &str = "ready-after";
const UNREADY: &str = "unready-after";
const EXIT: &str = "exit-after";
const CODE: &str = "exit-code";
const WAITS: &str = "waiting";
const TERMINATES: &str = "terminates-after";

/// What a pod does. All times but the last count from the start of the container.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Script {
    /// When it becomes ready.
    pub ready_after: Option<When>,
    /// When it is no longer ready.
    pub unready_after: Option<Duration>,
    /// When the container ends.
    pub exit_after: Option<Duration>,
    /// With which code it ends.
    pub exit_code: Option<u8>,
    /// The container never starts and waits with this reason: one of [`WAITING`].
    pub waiting: Option<String>,
    /// How long the pod takes to go when it is deleted.
    pub terminates_after: Option<Duration>,
}

/// A time in a script.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum When {
    /// So long after the start.
    After(Duration),
    /// It does not happen.
    Never,
}

/// What is wrong with one of the annotations.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Mistake {
    /// The annotation's name.
    pub key: String,
    /// Whether it is the value that is wrong, and not the name.
    pub in_value: bool,
    /// What is wrong.
    pub what: String,
    /// How to mend it; None where the nearest of [`Script::KEYS`] (or of [`WAITING`], for a value) helps most.
    pub help: Option<String>,
}

impl Script {
    /// The names of the annotations, without [`PREFIX`].
    pub const KEYS: [&str; 6] = [READY, UNREADY, EXIT, CODE, WAITS, TERMINATES];

    /// Reads the annotations of a pod, or of a pod template; others than ours are passed over. `spec`
    /// is that of the pod, where it is known.
    ///
    /// # Errors
    /// All that is wrong with them.
    pub fn read(annotations: &Map<String, Value>, spec: Option<&Value>) -> Result<Self, Vec<Mistake>> {
        let mut reading = Reading::default();
        for (name, value) in annotations {
            // Null: a merge patch takes it away.
            if let Some(key) = name.strip_prefix(PREFIX).filter(|_| !value.is_null()) {
                reading.annotation(name, key, value);
            }
        }
        reading.together(spec);
        if reading.mistakes.is_empty() { Ok(reading.script) } else { Err(reading.mistakes) }
    }
}

#[derive(Default)]
struct Reading {
    script: Script,
    mistakes: Vec<Mistake>,
}

impl Reading {
    fn annotation(&mut self, name: &str, key: &str, value: &Value) {
        let script = &mut self.script;
        let Value::String(text) = value else {
            if Script::KEYS.contains(&key) {
                self.wrong(key, "the value of an annotation is text", format!("write it in quotes: \"{value}\""));
            }
            return;
        };
        let read = match key {
            READY if text == "never" => {
                script.ready_after = Some(When::Never);
                Ok(())
            }
            READY => duration(text, " or `never`").map(|after| script.ready_after = Some(When::After(after))),
            UNREADY => duration(text, "").map(|after| script.unready_after = Some(after)),
            EXIT => duration(text, "").map(|after| script.exit_after = Some(after)),
            TERMINATES => duration(text, "").map(|after| script.terminates_after = Some(after)),
            CODE => match text.parse() {
                Ok(code) => {
                    script.exit_code = Some(code);
                    Ok(())
                }
                Err(_) => Err((format!("`{text}` is no exit code"), "write a number from 0 to 255, in quotes".into())),
            },
            WAITS if WAITING.contains(&text.as_str()) => {
                script.waiting = Some(text.clone());
                Ok(())
            }
            _ => {
                let in_value = key == WAITS;
                let what = if in_value {
                    format!("no container waits with the reason `{text}`")
                } else {
                    format!("unknown annotation `{name}`")
                };
                self.mistakes.push(Mistake { key: name.to_owned(), in_value, what, help: None });
                return;
            }
        };
        if let Err((what, help)) = read {
            self.wrong(key, what, help);
        }
    }

    /// What is wrong only in company.
    fn together(&mut self, spec: Option<&Value>) {
        let Script { ready_after, unready_after, exit_after, exit_code, waiting, terminates_after } =
            self.script.clone();
        if let Some(reason) = waiting {
            let idle = [
                (READY, ready_after.is_some()),
                (UNREADY, unready_after.is_some()),
                (EXIT, exit_after.is_some()),
                (CODE, exit_code.is_some()),
            ];
            for (key, _) in idle.into_iter().filter(|(_, written)| *written) {
                let what = format!("a container that waits with {reason} never starts");
                self.wrong(key, what, format!("leave this, or `{PREFIX}{WAITS}`, out"));
            }
            return;
        }
        if let Some(unready) = unready_after {
            let never_ready = match ready_after {
                Some(When::Never) => true,
                Some(When::After(ready)) => unready <= ready,
                None => unready.is_zero(),
            };
            if never_ready {
                let what = "the pod is to be unready before it was ready";
                self.wrong(UNREADY, what, "both times count from the start of the container; write a later one".into());
            }
        }
        let restarts =
            |spec: &Value| spec.get("restartPolicy").and_then(Value::as_str).is_none_or(|policy| policy == "Always");
        if exit_code.is_some() && exit_after.is_none() && spec.is_some_and(restarts) {
            let what = "the container of this pod does not end by itself";
            self.wrong(CODE, what, format!("write `{PREFIX}{EXIT}`, too; only a Job's pod goes without"));
        }
        let grace = spec.map(|spec| {
            spec.get("terminationGracePeriodSeconds").and_then(Value::as_u64).map_or(GRACE, Duration::from_secs)
        });
        if let (Some(after), Some(grace)) = (terminates_after, grace)
            && after > grace
        {
            let what = format!("a kubelet ends the pod after {}", humantime::format_duration(grace));
            self.wrong(TERMINATES, what, "write a longer `terminationGracePeriodSeconds` in the pod's spec".into());
        }
    }

    fn wrong(&mut self, key: &str, what: impl Into<String>, help: String) {
        let key = format!("{PREFIX}{key}");
        self.mistakes.push(Mistake { key, in_value: true, what: what.into(), help: Some(help) });
    }
}

fn duration(text: &str, or: &str) -> Result<Duration, (String, String)> {
    let help = || format!("write a duration as 3s, 1.5s or 2m{or}");
    let duration = parse_go_duration(text).map_err(|error| (error.to_string(), help()))?;
    Duration::try_from(duration).map_err(|_| (format!("`{text}` lies in the past"), help()))
}

#[cfg(test)]
mod tests {
    use rstest::rstest;
    use serde_json::json;

    use super::*;

    fn read(annotations: &Value, spec: Option<&Value>) -> Result<Script, Vec<String>> {
        let all = annotations.as_object().unwrap().iter();
        let prefixed = all.map(|(key, value)| (format!("{PREFIX}{key}"), value.clone())).collect();
        let told =
            |mistake: Mistake| format!("{}: {} ({})", mistake.key, mistake.what, mistake.help.unwrap_or_default());
        Script::read(&prefixed, spec).map_err(|mistakes| mistakes.into_iter().map(told).collect())
    }

    #[test]
    fn a_whole_script() {
        let annotations = json!({"ready-after": "1.5s", "unready-after": "2m", "exit-after": "1h1m", "exit-code": "137",
            "terminates-after": "500ms"});
        let script = Script {
            ready_after: Some(When::After(Duration::from_millis(1500))),
            unready_after: Some(Duration::from_secs(120)),
            exit_after: Some(Duration::from_secs(3660)),
            exit_code: Some(137),
            waiting: None,
            terminates_after: Some(Duration::from_millis(500)),
        };
        assert_eq!(read(&annotations, Some(&json!({}))), Ok(script));
        assert_eq!(read(&json!({"ready-after": "never"}), None).unwrap().ready_after, Some(When::Never));
        assert_eq!(read(&json!({"waiting": "ErrImagePull"}), None).unwrap().waiting.as_deref(), Some("ErrImagePull"));
        assert_eq!(read(&json!({"waiting": null, "ready-after": "1s"}), None).unwrap().waiting, None);
        assert_eq!(Script::read(json!({"else": 1}).as_object().unwrap(), None), Ok(Script::default()));
    }

    #[rstest]
    #[case::a_job(json!({"exit-code": "1"}), json!({"restartPolicy": "Never"}))]
    #[case::nobody_knows_whose_pod(json!({"exit-code": "1", "terminates-after": "1h"}), json!(null))]
    #[case::a_long_grace(json!({"terminates-after": "40s"}), json!({"terminationGracePeriodSeconds": 60}))]
    fn sound(#[case] annotations: Value, #[case] spec: Value) {
        read(&annotations, Some(&spec).filter(|spec| !spec.is_null())).unwrap();
    }

    #[rstest]
    #[case::unknown(json!({"redy-after": "3s"}), "unknown annotation `pod.proofroll.dev/redy-after` ()")]
    #[case::number(json!({"exit-after": "1s", "exit-code": 1}), "the value of an annotation is text (write it in quotes: \"1\")")]
    #[case::no_unit(json!({"ready-after": "3"}), "`3` is no duration: a unit is missing after a number (ns, us, ms, s, m or h) (write a duration as 3s, 1.5s or 2m or `never`)")]
    #[case::never_exits(json!({"exit-after": "never"}), "`never` is no duration: write numbers with units, as 10s, 1m30s or 500ms (write a duration as 3s, 1.5s or 2m)")]
    #[case::past(json!({"terminates-after": "-1s"}), "`-1s` lies in the past (write a duration as 3s, 1.5s or 2m)")]
    #[case::code(json!({"exit-after": "1s", "exit-code": "256"}), "`256` is no exit code (write a number from 0 to 255, in quotes)")]
    #[case::reason(json!({"waiting": "errimagepull"}), "no container waits with the reason `errimagepull` ()")]
    #[case::waits_and_is_ready(json!({"waiting": "ErrImagePull", "ready-after": "1s"}), "a container that waits with ErrImagePull never starts (leave this, or `pod.proofroll.dev/waiting`, out)")]
    #[case::unready_first(json!({"unready-after": "1s", "ready-after": "1s"}), "the pod is to be unready before it was ready (both times count from the start of the container; write a later one)")]
    #[case::never_ready(json!({"unready-after": "1s", "ready-after": "never"}), "the pod is to be unready before it was ready (both times count from the start of the container; write a later one)")]
    #[case::only_a_code(json!({"exit-code": "1"}), "the container of this pod does not end by itself (write `pod.proofroll.dev/exit-after`, too; only a Job's pod goes without)")]
    #[case::too_slow(json!({"terminates-after": "31s"}), "a kubelet ends the pod after 30s (write a longer `terminationGracePeriodSeconds` in the pod's spec)")]
    fn mistakes(#[case] annotations: Value, #[case] says: &str) {
        let mistakes = read(&annotations, Some(&json!({}))).unwrap_err();
        let [mistake] = mistakes.as_slice() else { panic!("{mistakes:?}") };
        let (_, told) = mistake.split_once(": ").unwrap();
        assert_eq!(told, says);
    }
}
