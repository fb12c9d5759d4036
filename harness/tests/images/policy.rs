//! The policy that scripts real pods, in a real API server: what becomes of pods that are created.

use anyhow::{Context, Result, ensure};
use k8s_openapi::api::core::v1::{Namespace, Pod};
use kube::{Api, Client, api::PostParams};
use proofroll::images::script;
use serde_json::{Value, json};

use super::api_server::ApiServer;

/// What is given (namespace, annotations without their prefix, the first container besides its name)
/// and what the first container has then, besides its name.
const CASES: [(&str, &str, &str, &str); 17] = [
    ("plain", "null", r#"{"image":"a:1"}"#, r#"{"image":"a:1"}"#),
    ("plain", r#"{"other":"x"}"#, r#"{"image":"a:1"}"#, r#"{"image":"a:1"}"#),
    (
        "plain",
        r#"{"ready-after":"3s"}"#,
        r#"{"image":"a:1"}"#,
        r#"{"image":"a:1","env":["READY_AFTER=3s"],"probe":"/ready"}"#,
    ),
    (
        "plain",
        r#"{"ready-after":"never"}"#,
        r#"{"image":"a:1"}"#,
        r#"{"image":"a:1","env":["READY_AFTER=never"],"probe":"/ready"}"#,
    ),
    (
        "plain",
        r#"{"unready-after":"5s"}"#,
        r#"{"image":"a:1","env":[{"name":"A","value":"b"}]}"#,
        r#"{"image":"a:1","env":["A=b","UNREADY_AFTER=5s"],"probe":"/ready"}"#,
    ),
    (
        "plain",
        r#"{"exit-after":"9s","exit-code":"3","terminates-after":"500ms"}"#,
        r#"{"image":"a:1"}"#,
        r#"{"image":"a:1","env":["EXIT_AFTER=9s","EXIT_CODE=3","TERMINATION_DELAY=500ms"]}"#,
    ),
    ("plain", r#"{"exit-after":"9s"}"#, r#"{"image":"a:1"}"#, r#"{"image":"a:1","env":["EXIT_AFTER=9s"]}"#),
    (
        "plain",
        r#"{"exit-code":"1"}"#,
        r#"{"image":"a:1"}"#,
        r#"{"image":"a:1","env":["EXIT_AFTER=300ms","EXIT_CODE=1"]}"#,
    ),
    (
        "plain",
        r#"{"exit-code":"1","ready-after":"2s"}"#,
        r#"{"image":"a:1"}"#,
        r#"{"image":"a:1","env":["READY_AFTER=2s","EXIT_AFTER=2s300ms","EXIT_CODE=1"],"probe":"/ready"}"#,
    ),
    (
        "plain",
        r#"{"exit-code":"1","ready-after":"never"}"#,
        r#"{"image":"a:1"}"#,
        r#"{"image":"a:1","env":["READY_AFTER=never","EXIT_CODE=1"],"probe":"/ready"}"#,
    ),
    ("plain", r#"{"waiting":"ImagePullBackOff"}"#, r#"{"image":"a:1"}"#, r#"{"image":"proofroll.invalid/a:1"}"#),
    (
        "plain",
        r#"{"waiting":"ErrImagePull"}"#,
        r#"{"image":"b.example/a:1"}"#,
        r#"{"image":"proofroll.invalid/b.example/a:1"}"#,
    ),
    (
        "plain",
        r#"{"waiting":"CrashLoopBackOff"}"#,
        r#"{"image":"a:1"}"#,
        r#"{"image":"a:1","env":["EXIT_AFTER=0s","EXIT_CODE=1"],"probe":"/ready"}"#,
    ),
    (
        "plain",
        r#"{"waiting":"CreateContainerConfigError"}"#,
        r#"{"image":"a:1"}"#,
        r#"{"image":"a:1","envFrom":["proofroll-does-not-exist"]}"#,
    ),
    (
        "plain",
        r#"{"waiting":"CreateContainerConfigError"}"#,
        r#"{"image":"a:1","envFrom":[{"configMapRef":{"name":"mine"}}]}"#,
        r#"{"image":"a:1","envFrom":["mine","proofroll-does-not-exist"]}"#,
    ),
    ("scripted", "null", r#"{"image":"a:1"}"#, r#"{"image":"a:1","probe":"/ready"}"#),
    // A probe of another kind is replaced as a whole: two in one would be refused.
    (
        "scripted",
        r#"{"other":"x"}"#,
        r#"{"image":"a:1","readinessProbe":{"exec":{"command":["x"]},"periodSeconds":7}}"#,
        r#"{"image":"a:1","probe":"/ready"}"#,
    ),
];

pub fn the_policy_scripts_pods() -> Result<()> {
    // Started on this thread, which lives as long as the server shall.
    let server = ApiServer::start()?;
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    runtime.block_on(async {
        let client = server.client().await?;
        let namespaces: Api<Namespace> = Api::all(client.clone());
        for (name, labels) in [("plain", json!({})), ("scripted", json!({script::LABEL.0: script::LABEL.1}))] {
            let namespace = json!({"metadata": {"name": name, "labels": labels}});
            namespaces.create(&PostParams::default(), &serde_json::from_value(namespace)?).await?;
        }
        // Whose label the server hears of before the policy acts: that takes longer.
        script::install(&client, "plain").await?;
        for (namespace, annotations, given, expected) in CASES {
            let seen = created(&client, namespace, annotations, given).await?;
            ensure!(
                seen == expected,
                "in {namespace} with {annotations}:\n  {given} became\n  {seen}, not\n  {expected}"
            );
        }
        Ok(())
    })
}

/// Creates a pod without keeping it; answers its first container in short, after a check that the second
/// one is as it was given.
async fn created(client: &Client, namespace: &str, annotations: &str, container: &str) -> Result<String> {
    let annotations: Option<serde_json::Map<String, Value>> = serde_json::from_str(annotations)?;
    let prefixed = |(key, value)| (if key == "other" { key } else { format!("pod.proofroll.dev/{key}") }, value);
    let annotations: Option<serde_json::Map<_, _>> = annotations.map(|all| all.into_iter().map(prefixed).collect());
    let mut first: Value = serde_json::from_str(container)?;
    first["name"] = "first".into();
    let containers = json!([first, {"name": "second", "image": "b:1"}]);
    let pod = json!({"metadata": {"name": "p", "annotations": annotations}, "spec": {"containers": containers}});
    let params = PostParams { dry_run: true, field_manager: None };
    let pod = Api::<Pod>::namespaced(client.clone(), namespace).create(&params, &serde_json::from_value(pod)?).await?;
    let [first, second] = pod.spec.context("a spec")?.containers.try_into().map_err(|_| anyhow::anyhow!("not two"))?;
    ensure!(second.image.as_deref() == Some("b:1") && second.env.is_none() && second.readiness_probe.is_none());

    let mut seen = json!({"image": first.image});
    let plain = |name: &str| name.trim_start_matches("PROOFROLL_").to_owned();
    let env =
        first.env.map(|all| all.into_iter().map(|v| format!("{}={}", plain(&v.name), v.value.unwrap_or_default())));
    seen["env"] = env.map(Iterator::collect::<Vec<_>>).into();
    let maps = first
        .env_from
        .map(|all| all.into_iter().filter_map(|from| Some(from.config_map_ref?.name)).collect::<Vec<_>>());
    seen["envFrom"] = maps.into();
    if let Some(probe) = first.readiness_probe {
        ensure!(
            probe.exec.is_none() && probe.period_seconds == Some(1) && probe.failure_threshold == Some(1),
            "{probe:?}"
        );
        seen["probe"] = probe.http_get.and_then(|get| get.path).into();
    }
    seen.as_object_mut().context("a map")?.retain(|_, value| !value.is_null());
    Ok(seen.to_string())
}
