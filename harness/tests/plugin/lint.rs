//! `lint`: it reads a file, and asks nobody.

use std::fs;

use anyhow::{Result, ensure};

use super::stage::Bench;

const GOOD: &str = "\
apiVersion: argoproj.io/v1alpha1
kind: Rollout
metadata: {name: demo}
spec:
  selector: {matchLabels: {app: demo}}
  template:
    metadata: {labels: {app: demo}}
    spec: {containers: [{name: app, image: x}]}
  strategy:
    canary: {steps: [{setWeight: 50}, {pause: {}}]}
";

pub async fn what_it_says_of_files(bench: Bench) -> Result<()> {
    let dir = tempfile::tempdir()?;
    let file = dir.path().join("rollout.yaml");
    let unknown = GOOD.replace("  selector:", "  replica: 3\n  selector:");
    let broken = GOOD.replace("    canary: {steps: [{setWeight: 50}, {pause: {}}]}", "    canary: {steps: [");
    let weight = "Invalid value: 150: SetWeight needs to be between 0 and 100";
    let heavy = GOOD.replace("setWeight: 50", "setWeight: 150");
    for (text, code, out, err) in [
        (GOOD, 0, "", ""),
        (&broken, 1, "", "Error: yaml: line 10: did not find expected node content"),
        (&unknown, 1, "", "Error: error unmarshaling JSON: while decoding JSON: json: unknown field \"replica\""),
        (&heavy, 1, &format!("{weight}\n"), &format!("Error: spec.strategy.steps[0].setWeight: {weight}")),
    ] {
        fs::write(&file, text)?;
        let said = bench.call(&format!("lint -f {}", file.display())).await?;
        ensure!((said.0, said.1.as_str(), said.2.as_str()) == (code, out, err), "{said:?}, of\n{text}");
    }
    let said = bench.call("lint -f /nonexistent.yaml").await?;
    ensure!(said == (1, String::new(), "Error: open /nonexistent.yaml: no such file or directory".into()), "{said:?}");
    bench.end().await
}
