//! Where these tests play: on the control plane that all tests share, with the plugin as driver.

use std::path::{Path, PathBuf};

use anyhow::{Context, Result, bail};
use proofroll::{
    act::{Driver, Kinds, plugin::Plugin},
    cluster::Plane,
    progress::Silent,
    report::v1,
    run::{
        self, Listener, News, Options, Stage,
        provision::{self, Provisions},
        wish::{DriverName, Wish},
    },
    scenario::Scenario,
};

struct Deaf;

impl Listener for Deaf {
    fn hear(&self, _: &str, _: News<'_>) {}
}

fn provisions(plugin: Option<&Path>) -> Result<Provisions> {
    let wish = Wish { driver: DriverName::Plugin, plugin: plugin.map(Path::to_owned), ..Wish::default() };
    Ok(provision::provide(&wish, &Silent)?)
}

fn block_on<T>(future: impl Future<Output = Result<T>>) -> Result<T> {
    tokio::runtime::Builder::new_current_thread().enable_all().build()?.block_on(future)
}

/// Has the plugin (`path`: this one) drive a scenario; `views`: and compares what it shows.
pub fn run(scenario: &Scenario, path: Option<&Path>, views: bool) -> Result<v1::Scenario> {
    let provisions = provisions(path)?;
    let evidence = tempfile::tempdir()?;
    block_on(async {
        let plane = provision::acquire(&provisions, "the tests of the plugin", &Silent).await?;
        let options = Options {
            driver: provisions.driver.clone(),
            views,
            keep_going: false,
            keep: false,
            pause_on_failure: false,
            evidence: evidence.path().to_owned(),
        };
        let stage = Stage {
            plane: &plane,
            kinds: Kinds::new(),
            release: &provisions.release,
            listener: &Deaf,
            options,
            swap: None,
        };
        let report = run::run(&stage, scenario).await;
        plane.release(false).await?;
        Ok(report)
    })
}

/// Plays with the pinned plugin on the plane.
pub fn on_plane<F: Future<Output = Result<()>>>(test: fn(Bench) -> F) -> Result<()> {
    let provisions = provisions(None)?;
    block_on(async {
        let plane = provision::acquire(&provisions, "the texts of the plugin", &Silent).await?;
        let Driver::Plugin(plugin) = provisions.driver.clone() else { bail!("no plugin") };
        let namespace = plane.create_namespace("plugin").await?;
        test(Bench { plane, provisions, plugin, namespace }).await
    })
}

/// A namespace of one's own, and the plugin.
pub struct Bench {
    pub plane: Plane,
    pub provisions: Provisions,
    pub plugin: Plugin,
    pub namespace: String,
}

impl Bench {
    /// Calls the plugin. Its exit code, what it says on its standard output and on its standard error.
    pub async fn call(&self, words: &str) -> Result<(i32, String, String)> {
        let words: Vec<_> = words.split(' ').collect();
        let kubeconfig = self.plane.dir().kubeconfig();
        let place = proofroll::act::plugin::Place { kubeconfig: &kubeconfig, namespace: &self.namespace };
        let said = self.plugin.call(place, &words).await?;
        let code = said.status.code().with_context(|| format!("{words:?}: {}", said.status))?;
        Ok((code, said.out, said.err))
    }

    /// The keeper deletes the namespace.
    pub async fn end(self) -> Result<()> {
        self.plane.delete_namespace(&self.namespace)?;
        Ok(self.plane.release(false).await?)
    }
}

/// A script that is given as the plugin.
pub fn script(dir: &Path, body: &str) -> Result<PathBuf> {
    use std::os::unix::fs::PermissionsExt;
    let path = dir.join("plugin");
    std::fs::write(&path, format!("#!/bin/sh\n{body}\n"))?;
    std::fs::set_permissions(&path, std::fs::Permissions::from_mode(0o755))?;
    Ok(path)
}
