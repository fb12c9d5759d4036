//! Archives loaded into a Docker daemon, and run there.

use std::{
    collections::BTreeSet,
    net::{Ipv4Addr, SocketAddr},
    process::Command,
    thread,
    time::{Duration, Instant},
};

use anyhow::{Context, Result, bail, ensure};
use proofroll::{
    controller::ControllerSpec,
    images::{self, ImageArchive},
    parts::Parts,
    progress::Silent,
};
use serde_json::Value;

use super::http;

fn docker(arguments: &[&str]) -> Result<String> {
    let output = Command::new("docker").args(arguments).output()?;
    let said = String::from_utf8_lossy(&output.stderr).trim().to_owned();
    ensure!(output.status.success(), "docker {}: {said}", arguments.join(" "));
    // `docker logs` writes to both.
    Ok(format!("{}{said}", String::from_utf8_lossy(&output.stdout).trim()))
}

/// An archive in Docker's store. The names that were not there before go again with it.
struct Loaded {
    new: Vec<String>,
}

impl Loaded {
    fn of(archive: &ImageArchive) -> Result<Self> {
        let there = |reference: &str| docker(&["image", "inspect", "--format", "{{.Id}}", reference]);
        let loaded =
            Self { new: archive.references().filter(|name| there(name).is_err()).map(ToOwned::to_owned).collect() };
        docker(&["load", "--input", archive.path.to_str().context("a path of text")?])?;
        for image in &archive.images {
            for reference in &image.references {
                ensure!(there(reference)? == image.id, "{reference} is {}, not {}", there(reference)?, image.id);
            }
        }
        Ok(loaded)
    }
}

impl Drop for Loaded {
    fn drop(&mut self) {
        let mut arguments = vec!["image", "rm"];
        arguments.extend(self.new.iter().map(String::as_str));
        if !self.new.is_empty() {
            let _ = docker(&arguments);
        }
    }
}

/// A container; it is removed with this value.
struct Container {
    id: String,
}

impl Container {
    fn start(arguments: &[&str]) -> Result<Self> {
        let mut all = vec!["run", "--detach", "--pull", "never"];
        all.extend(arguments);
        Ok(Self { id: docker(&all)? })
    }

    fn address(&self) -> Result<SocketAddr> {
        let format = "{{.NetworkSettings.IPAddress}}";
        let address: Ipv4Addr = docker(&["inspect", "--format", format, &self.id])?.parse()?;
        Ok((address, 8080).into())
    }

    /// Its exit code, once it has ended.
    fn exit_code(&self) -> Result<i32> {
        Ok(docker(&["wait", &self.id])?.parse()?)
    }
}

impl Drop for Container {
    fn drop(&mut self) {
        let _ = docker(&["rm", "--force", &self.id]);
    }
}

fn eventually<T>(mut ask: impl FnMut() -> Result<T>) -> Result<T> {
    let begun = Instant::now();
    loop {
        match ask() {
            Err(_) if begun.elapsed() < Duration::from_secs(30) => thread::sleep(Duration::from_millis(20)),
            answer => return answer,
        }
    }
}

/// In one test, for in another process one would remove what the other has loaded.
pub fn the_demo_and_the_probe_do_their_work() -> Result<()> {
    let images = images::demo(&Parts::from_env()?, &Silent)?;
    let _loaded = Loaded::of(&images.archive)?;
    the_demo_answers_and_ends_late()?;
    the_probe_measures_the_demo(&images.probe)
}

fn the_demo_answers_and_ends_late() -> Result<()> {
    let blue = Container::start(&["--hostname", "pod-1", "--read-only", "argoproj/rollouts-demo:blue"])?;
    let address = blue.address()?;
    let answer = eventually(|| http::get(address, "/color"))?;
    ensure!(answer.status == 200 && answer.body == "\"blue\"", "{} {}", answer.status, answer.body);
    ensure!(answer.head.contains("X-Proofroll-Host: pod-1"), "{}", answer.head);
    let bad = Container::start(&["--env", "PROOFROLL_ERROR_RATE=100%", "argoproj/rollouts-demo:bad-red"])?;
    let address_of_bad = bad.address()?;
    let answer = eventually(|| http::get(address_of_bad, "/color"))?;
    ensure!(answer.status == 500 && answer.body == "\"red\"", "{} {}", answer.status, answer.body);

    docker(&["kill", "--signal", "TERM", &blue.id])?;
    let begun = Instant::now();
    ensure!(http::get(address, "/color")?.status == 200, "it answers while it ends");
    ensure!(blue.exit_code()? == 0);
    let took = begun.elapsed();
    ensure!((4..15).contains(&took.as_secs()), "ended {took:?} after SIGTERM, and not after 5 s");
    let log = docker(&["logs", &blue.id])?;
    for line in ["started pod-1 on [::]:8080: blue", "terminated: stopping in 5s", "stopped"] {
        ensure!(log.contains(line), "{line:?} is missing in:\n{log}");
    }

    let script = ["--env", "PROOFROLL_EXIT_AFTER=10ms", "--env", "PROOFROLL_EXIT_CODE=7"];
    let crashing = Container::start(&[&script[..], &["argoproj/rollouts-demo:green"]].concat())?;
    ensure!(crashing.exit_code()? == 7);
    Ok(())
}

fn the_probe_measures_the_demo(image: &str) -> Result<()> {
    let target = Container::start(&["--hostname", "pod-2", "argoproj/rollouts-demo:yellow"])?;
    let url = format!("http://{}/color", target.address()?);
    let probe = Container::start(&[image, "--url", &url, "--rate", "200", "--timeout", "500ms"])?;
    let address = probe.address()?;
    let results = |from: usize| -> Result<Vec<Value>> {
        let body = http::get(address, &format!("/results?from={from}"))?.body;
        body.lines().map(|line| Ok(serde_json::from_str(line)?)).collect()
    };
    let answered = eventually(|| {
        let found = results(0)?;
        let good = found.iter().filter(|result| result["status"] == 200).count();
        if good < 100 {
            bail!("only {good} answers: {:?}", found.last());
        }
        Ok(found)
    })?;
    for result in answered.iter().filter(|result| result["status"] == 200) {
        ensure!(result["colour"] == "yellow" && result["host"] == "pod-2", "{result}");
    }
    drop(target);
    let failed = eventually(|| {
        let found = results(answered.len())?;
        found.into_iter().find(|result| result["error"].is_string()).context("no failure is seen")
    })?;
    ensure!(failed["status"].is_null() && failed["n"].as_u64() >= Some(answered.len() as u64), "{failed}");
    docker(&["kill", "--signal", "TERM", &probe.id])?;
    ensure!(probe.exit_code()? == 0);
    Ok(())
}

pub fn the_controller_starts_in_its_image() -> Result<()> {
    let parts = Parts::from_env()?;
    let release = parts.controller(&ControllerSpec::default(), None, &Silent)?;
    let image = images::controller(&parts, &release, &Silent)?;
    let _loaded = Loaded::of(&image.archive)?;
    let names: BTreeSet<&str> = image.archive.references().collect();
    ensure!(names.contains(&*format!("quay.io/argoproj/argo-rollouts:v{}", release.version)), "{names:?}");

    // As the Deployment runs it.
    let hardened = ["--read-only", "--tmpfs", "/tmp", "--cap-drop", "ALL", "--security-opt", "no-new-privileges"];
    let mounted = [&hardened[..], &["--tmpfs", "/home/argo-rollouts/plugin-bin", &image.reference]].concat();
    let helpful = Container::start(&[&mounted[..], &["--help"]].concat())?;
    ensure!(helpful.exit_code()? == 0);
    let help = docker(&["logs", &helpful.id])?;
    ensure!(help.contains("--leader-elect"), "{help}");
    // Without a cluster around it, it looks for one: that is as far as it comes here.
    let alone = Container::start(&mounted)?;
    ensure!(alone.exit_code()? != 0);
    let log = docker(&["logs", &alone.id])?;
    ensure!(log.contains(&format!("version=v{}", release.version)) || log.contains("no configuration"), "{log}");
    Ok(())
}
