//! The plan as a scenario file.

use std::{fmt::Write as _, time::Duration};

use super::plan::{Pause, Plan, Update};

/// The annotation of the pod template that makes a revision; images do not matter to fake pods.
const MARK: &str = "proofroll/try";

/// The scenario for the Rollout `name` of `file`.
pub(super) fn scenario(file: &str, name: &str, plan: &Plan) -> String {
    let mut w = Writer { text: String::new(), plan };
    w.line(format_args!("# Made by `proofroll try {file}`: change it as you like, and run it with `proofroll run`."));
    w.line(format_args!("title: Try the Rollout {name}"));
    w.line(format_args!("must: {}", must(&plan.update)));
    w.line(format_args!("steps:"));
    w.deploy(file);
    match &plan.update {
        Update::Ends(pauses) => {
            w.begin("update", &format!("patch: {}", w.marked("1")));
            w.healthy(2, None, *pauses);
            w.begin("go back", &format!("patch: {}", w.unmarked()));
            w.healthy(3, Some(1), *pauses);
        }
        Update::Pauses(pause) => {
            w.begin("update", &format!("patch: {}", w.marked("1")));
            w.paused(pause, 2, 1);
            w.begin("abort", "abort: {}");
            w.aborted();
            w.begin("go back", &format!("patch: {}", w.unmarked()));
            w.healthy(3, Some(1), Duration::ZERO);
            if plan.active.is_none() {
                w.line(format_args!(
                    "    never:\n      - phase: Paused # back to the stable version: no step is taken"
                ));
            }
            w.begin("update again", &format!("patch: {}", w.marked("2")));
            w.paused(pause, 4, 3);
            w.begin("promote to the end", "promote: {full: true}");
            w.healthy(4, None, Duration::ZERO);
        }
        Update::Measured => {
            w.line(format_args!(
                "\n  # From here on measurements decide; what is claimed is what holds however they come out."
            ));
            w.next("update", &format!("patch: {}", w.marked("1")));
            w.line(format_args!("    expect:\n      revisions:\n        2: {{exists: true}}"));
            w.begin("promote to the end, which skips what is measured", "promote: {full: true}");
            w.healthy(2, None, Duration::ZERO);
        }
    }
    w.text
}

fn must(update: &Update) -> &'static str {
    match update {
        Update::Ends(_) => {
            "An update MUST reach the new version by itself, and going back MUST bring the old ReplicaSet back"
        }
        Update::Pauses(_) => {
            "An update MUST pause, give everything back on abort, go back to the stable version, and reach its end when promoted"
        }
        Update::Measured => "A full promotion MUST reach the new version, whatever is measured",
    }
}

struct Writer<'a> {
    text: String,
    plan: &'a Plan,
}

impl Writer<'_> {
    fn line(&mut self, arguments: std::fmt::Arguments<'_>) {
        // Writing to a String cannot fail.
        let _ = self.text.write_fmt(arguments);
        self.text.push('\n');
    }

    fn begin(&mut self, name: &str, action: &str) {
        self.text.push('\n');
        self.next(name, action);
    }

    fn next(&mut self, name: &str, action: &str) {
        self.line(format_args!("  - name: {name}\n    {action}"));
    }

    fn marked(&self, value: &str) -> String {
        format!("{{merge: {{spec: {{template: {{metadata: {{annotations: {{{MARK}: \"{value}\"}}}}}}}}}}}}")
    }

    /// The template exactly as it was, so that the ReplicaSet is found again.
    fn unmarked(&self) -> String {
        let was = if self.plan.annotated { format!("{{{MARK}: null}}") } else { "null".to_owned() };
        format!("{{merge: {{spec: {{template: {{metadata: {{annotations: {was}}}}}}}}}}}")
    }

    fn deploy(&mut self, file: &str) {
        // A JSON text is a YAML text.
        self.line(format_args!("  - name: deploy\n    apply: {}", serde_json::Value::from(file)));
        self.healthy(1, None, Duration::ZERO);
    }

    fn healthy(&mut self, revision: u64, was: Option<u64>, pauses: Duration) {
        let replicas = self.plan.replicas;
        self.line(format_args!("    expect:\n      phase: Healthy"));
        if let Some(steps) = self.plan.steps {
            self.line(format_args!("      step: {steps}/{steps}"));
        }
        self.line(format_args!("      replicas: {{desired: {replicas}, updated: {replicas}}}\n      revisions:"));
        let same = was.map(|was| format!("was: {was}, ")).unwrap_or_default();
        self.line(format_args!("        {revision}: {{role: stable, {same}pods: {replicas}, ready: {replicas}}}"));
        // Behind a router, or blue-green, the old pods stay for the scale-down delay.
        if self.plan.scaled_down && revision > 1 {
            self.line(format_args!("        {}: {{scaled-down: true}}", revision - 1));
        }
        self.services(revision, None);
        self.within(pauses);
    }

    fn paused(&mut self, pause: &Pause, revision: u64, stable: u64) {
        self.line(format_args!("    expect:\n      phase: Paused\n      message: {}", pause.message));
        if let (Some(step), Some(steps)) = (pause.step, self.plan.steps) {
            self.line(format_args!("      step: {step}/{steps}"));
        }
        if let Some(weight) = pause.weight {
            self.line(format_args!("      weight: {{set: {weight}}}"));
        }
        let role = match (&self.plan.active, &self.plan.preview) {
            (None, _) => "role: canary",
            (_, Some(_)) => "role: preview",
            _ => "exists: true",
        };
        let pods = pause.pods.map(|n| format!(", pods: {n}, ready: {n}")).unwrap_or_default();
        self.line(format_args!(
            "      revisions:\n        {revision}: {{{role}{pods}}}\n        {stable}: {{role: stable}}"
        ));
        self.services(stable, Some(revision));
        self.within(pause.after);
    }

    fn aborted(&mut self) {
        let replicas = self.plan.replicas;
        self.line(format_args!("    expect:\n      phase: Degraded\n      message: {{contains: RolloutAborted}}"));
        if let Some(steps) = self.plan.steps {
            self.line(format_args!("      step: 0/{steps}"));
        }
        self.line(format_args!("      revisions:"));
        if self.plan.scaled_down {
            self.line(format_args!("        2: {{scaled-down: true}}"));
        }
        self.line(format_args!("        1: {{role: stable, pods: {replicas}, ready: {replicas}}}"));
        self.services(1, None);
        self.within(Duration::ZERO);
    }

    fn services(&mut self, active: u64, preview: Option<u64>) {
        let active = self.plan.active.iter().map(|name| (name, active));
        let services: Vec<_> = active.chain(self.plan.preview.iter().zip(preview)).collect();
        let lines: String =
            services.iter().map(|(name, revision)| format!("\n        {name}: {{revision: {revision}}}")).collect();
        if !lines.is_empty() {
            self.line(format_args!("      services:{lines}"));
        }
    }

    fn within(&mut self, pauses: Duration) {
        self.line(format_args!("    within: {}s", (self.plan.within + pauses).as_secs()));
    }
}
