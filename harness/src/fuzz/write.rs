//! A case as the files that it is run from: a scenario, its Rollout, and what the Rollout needs.

use std::fmt::{self, Write as _};

use super::{
    case::{Act, Amount, BlueGreen, COLOURS, Canary, Case, Router, Step, Strategy, What},
    known,
};

/// A file: its name and its text.
pub type File = (String, String);

/// The scenario's file first. `name` is that of the files, `title` says where the case comes from.
pub fn files(case: &Case, name: &str, title: &str) -> Vec<File> {
    let given = given(case);
    let mut files = vec![
        (format!("{name}.yaml"), scenario(case, name, title, !given.is_empty())),
        (format!("{name}.rollout.yaml"), rollout(case)),
    ];
    if !given.is_empty() {
        files.push((format!("{name}.given.yaml"), given));
    }
    files
}

fn scenario(case: &Case, name: &str, title: &str, given: bool) -> String {
    let mut lines = vec![
        format!("title: {title}"),
        "must: >-".into(),
        "  After each action a rollout MUST come to rest with the pods that the documentation promises,".into(),
        "  and the newest version MUST be all there is once it is promoted".into(),
    ];
    if given {
        lines.push(format!("given: [{name}.given.yaml]"));
    }
    lines.extend(known::waived(case).map(|(invariant, page)| format!("waive: {{{invariant}: {page}}}")));
    lines.push("steps:".into());
    let within = format!("    within: {}s", patience(case));
    let rest = |lines: &mut Vec<String>, phase: &str| {
        lines.push(format!("    expect: {{{phase}at-rest: true, replicas: model}}"));
        lines.push(within.clone());
    };
    lines.push(format!("  - apply: {name}.rollout.yaml"));
    rest(&mut lines, "phase: Healthy, ");
    for (index, Act { what, rest: rests }) in case.acts.iter().enumerate() {
        lines.push(format!("  - {what}"));
        if *rests || (!case.finish && index + 1 == case.acts.len()) {
            rest(&mut lines, "");
        }
    }
    if case.finish {
        lines.push(format!("  - {}", What::PromoteFull));
        rest(&mut lines, "phase: Healthy, ");
    }
    lines.join("\n") + "\n"
}

/// How long a step may take, seconds: far more than it does, for what does not come to rest at all is
/// the finding, not what is slow.
fn patience(case: &Case) -> u32 {
    let waits: u32 = case.steps().iter().map(|step| if let Step::Wait(seconds) = step { *seconds } else { 0 }).sum();
    let delays = match &case.strategy {
        Strategy::Canary(Canary { router: None, .. }) => 0,
        Strategy::Canary(Canary { router: Some(Router { delay, abort_delay, .. }), .. })
        | Strategy::BlueGreen(BlueGreen { delay, abort_delay, .. }) => delay.unwrap_or(30) + abort_delay.unwrap_or(30),
    };
    let waves = 2 * (case.sizes().max().unwrap_or(0) + 1);
    45 + waits + delays + waves * case.min_ready
}

fn rollout(case: &Case) -> String {
    let mut text = String::from("apiVersion: argoproj.io/v1alpha1\nkind: Rollout\nmetadata:\n  name: fuzz\nspec:\n");
    let mut line = |line: fmt::Arguments<'_>| {
        // Writing to a String cannot fail.
        let _ = writeln!(text, "{line}");
    };
    line(format_args!("  replicas: {}", case.replicas));
    if case.min_ready > 0 {
        line(format_args!("  minReadySeconds: {}", case.min_ready));
    }
    if let Some(revisions) = case.rollback_window {
        line(format_args!("  rollbackWindow: {{revisions: {revisions}}}"));
    }
    line(format_args!("  strategy:"));
    let fields = match &case.strategy {
        Strategy::Canary(canary) => ("canary", canary_fields(canary)),
        Strategy::BlueGreen(blue_green) => ("blueGreen", blue_green_fields(blue_green)),
    };
    if fields.1.is_empty() {
        line(format_args!("    {}: {{}}", fields.0));
    } else {
        line(format_args!("    {}:", fields.0));
        fields.1.iter().for_each(|field| line(format_args!("      {field}")));
    }
    line(format_args!(
        "  selector: {{matchLabels: {{app: fuzz}}}}\n  template:\n    metadata: {{labels: {{app: fuzz}}}}\n    \
         spec: {{containers: [{{name: app, image: \"demo:{}\"}}]}}",
        COLOURS[0]
    ));
    text
}

fn canary_fields(canary: &Canary) -> Vec<String> {
    let mut fields = Vec::new();
    fields.extend(canary.surge.map(|amount| format!("maxSurge: {amount}")));
    fields.extend(canary.unavailable.map(|amount| format!("maxUnavailable: {amount}")));
    if let Some(router) = &canary.router {
        fields.extend(["canaryService: canary".into(), "stableService: stable".into()]);
        fields.push("trafficRouting: {nginx: {stableIngress: web}}".into());
        fields.extend(router.min_pods.map(|pods| format!("minPodsPerReplicaSet: {pods}")));
        fields.extend(router.dynamic_stable_scale.then(|| "dynamicStableScale: true".to_owned()));
        fields.extend(router.delay.map(|seconds| format!("scaleDownDelaySeconds: {seconds}")));
        fields.extend(router.abort_delay.map(|seconds| format!("abortScaleDownDelaySeconds: {seconds}")));
    }
    if !canary.steps.is_empty() {
        fields.push("steps:".into());
        fields.extend(canary.steps.iter().map(|step| format!("  - {step}")));
    }
    fields
}

fn blue_green_fields(blue_green: &BlueGreen) -> Vec<String> {
    let mut fields = vec!["activeService: active".to_owned()];
    fields.extend(blue_green.preview.then(|| "previewService: preview".to_owned()));
    fields.extend(blue_green.preview_replicas.map(|pods| format!("previewReplicaCount: {pods}")));
    fields.extend(blue_green.by_hand.then(|| "autoPromotionEnabled: false".to_owned()));
    fields.extend(blue_green.auto_promotion_seconds.map(|seconds| format!("autoPromotionSeconds: {seconds}")));
    fields.extend(blue_green.delay.map(|seconds| format!("scaleDownDelaySeconds: {seconds}")));
    fields.extend(blue_green.abort_delay.map(|seconds| format!("abortScaleDownDelaySeconds: {seconds}")));
    fields
}

/// The Services, and the Ingress of a router.
fn given(case: &Case) -> String {
    let service = |name: &str| {
        format!(
            "apiVersion: v1\nkind: Service\nmetadata: {{name: {name}}}\nspec: {{selector: {{app: fuzz}}, ports: [{{port: 80}}]}}\n"
        )
    };
    let ingress = "apiVersion: networking.k8s.io/v1\nkind: Ingress\nmetadata: {name: web}\nspec:\n  ingressClassName: nginx\n  rules:\n    \
                   - host: example.com\n      http:\n        paths:\n          - path: /\n            pathType: Prefix\n            \
                   backend: {service: {name: stable, port: {number: 80}}}\n";
    let objects: Vec<String> = match &case.strategy {
        Strategy::Canary(Canary { router: None, .. }) => Vec::new(),
        Strategy::Canary(_) => vec![service("canary"), service("stable"), ingress.to_owned()],
        Strategy::BlueGreen(BlueGreen { preview: true, .. }) => vec![service("active"), service("preview")],
        Strategy::BlueGreen(_) => vec![service("active")],
    };
    objects.join("---\n")
}

impl fmt::Display for Amount {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Pods(pods) => write!(f, "{pods}"),
            Self::Percent(percent) => write!(f, "{percent}%"),
        }
    }
}

impl fmt::Display for Step {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Weight(weight) => write!(f, "setWeight: {weight}"),
            Self::Pause => f.write_str("pause: {}"),
            Self::Wait(seconds) => write!(f, "pause: {{duration: {seconds}}}"),
            Self::ScaleWeight(weight) => write!(f, "setCanaryScale: {{weight: {weight}}}"),
            Self::ScaleReplicas(replicas) => write!(f, "setCanaryScale: {{replicas: {replicas}}}"),
            Self::ScaleMatch => f.write_str("setCanaryScale: {matchTrafficWeight: true}"),
        }
    }
}

/// As an action of a scenario file.
impl fmt::Display for What {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Image(image) => write!(f, "set-image: {{container: app, image: \"demo:{}\"}}", COLOURS[*image]),
            Self::Promote => f.write_str("promote: {}"),
            Self::PromoteFull => f.write_str("promote: {full: true}"),
            Self::SkipCurrent => f.write_str("promote: {skip: current}"),
            Self::SkipAll => f.write_str("promote: {skip: all}"),
            Self::Abort => f.write_str("abort: {}"),
            Self::Retry => f.write_str("retry: {}"),
            Self::Pause => f.write_str("pause: {}"),
            Self::Resume => f.write_str("resume: {}"),
            Self::Scale(replicas) => write!(f, "scale: {{replicas: {replicas}}}"),
            Self::Undo => f.write_str("undo: {}"),
            Self::UndoTo(revision) => write!(f, "undo: {{to-revision: {revision}}}"),
            Self::Restart => f.write_str("restart: {}"),
        }
    }
}
