//! Which flags a controller's binary knows: asked once, remembered by its sha256.

use std::{
    collections::{BTreeMap, BTreeSet},
    fs, io,
    path::Path,
    time::Duration,
};

use serde::{Deserialize, Serialize};

use crate::{process::tool::Tool, timeouts::scaled};

/// How long `--help` may take: large executables are read from disk first.
const WITHIN: Duration = Duration::from_secs(10);

/// What is remembered of each binary, in the directory of the cache.
const MEMORY: &str = "flags.json";

/// The flags of a binary, without their dashes.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(transparent)]
pub struct KnownFlags(BTreeSet<String>);

impl KnownFlags {
    /// Whether it knows this one.
    pub fn has(&self, flag: &str) -> bool {
        self.0.contains(flag)
    }

    /// Reads what `--help` prints: a line for each flag, as `  -n, --namespace string   What it is for`. None if it is no
    /// such list.
    pub(super) fn read(help: &str) -> Option<Self> {
        let flag = |line: &str| {
            let line = line.trim_start();
            let long =
                line.strip_prefix("--").or_else(|| line.strip_prefix('-')?.split_once(", --").map(|(_, long)| long))?;
            let name: String =
                long.chars().take_while(|c| c.is_ascii_alphanumeric() || *c == '-' || *c == '_').collect();
            (!name.is_empty()).then_some(name)
        };
        let flags: BTreeSet<String> = help.lines().filter_map(flag).collect();
        // Every release of the controller has this one: what does not list it is no list of its flags.
        flags.contains("kubeconfig").then_some(Self(flags))
    }

    /// Asks a binary, or remembers what it said; `cache`: where that is remembered. None where it says nothing of use: a
    /// script, say, that goes for a controller.
    pub fn of(binary: &Path, sha256: &str, cache: &Path) -> Option<Self> {
        let memory = cache.join(MEMORY);
        let known: Option<BTreeMap<String, Self>> =
            fs::read(&memory).ok().and_then(|text| serde_json::from_slice(&text).ok());
        let mut known = known.unwrap_or_default();
        if let Some(flags) = known.get(sha256) {
            return Some(flags.clone());
        }
        let flags = Self::read(&ask(binary)?)?;
        known.insert(sha256.to_owned(), flags.clone());
        // Only a memory: where it cannot be written, the binary is asked again.
        let written = || -> io::Result<()> {
            fs::create_dir_all(cache)?;
            let file = tempfile::NamedTempFile::new_in(cache)?;
            serde_json::to_writer_pretty(&file, &known)?;
            file.persist(&memory)?;
            Ok(())
        };
        if let Err(error) = written() {
            tracing::debug!("{} is not written: {error}", memory.display());
        }
        Some(flags)
    }
}

/// What `--help` prints.
fn ask(binary: &Path) -> Option<String> {
    // A thread of its own: the caller may be in a runtime, and must not be kept from its work by another one.
    let asked = std::thread::scope(|scope| {
        let asking = scope.spawn(|| {
            let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
            let call = Tool::new(binary).arg("--help").output();
            Ok::<_, io::Error>(runtime.block_on(async { tokio::time::timeout(scaled(WITHIN), call).await }))
        });
        asking.join()
    });
    match asked {
        Ok(Ok(Ok(Ok(help)))) => Some(help),
        Ok(Ok(Ok(Err(error)))) => {
            tracing::debug!("{} --help: {error}", binary.display());
            None
        }
        Ok(Ok(Err(_))) => {
            tracing::debug!("{} --help did not end within {WITHIN:?}", binary.display());
            None
        }
        Ok(Err(error)) => {
            tracing::debug!("no runtime to ask {}: {error}", binary.display());
            None
        }
        Err(panic) => std::panic::resume_unwind(panic),
    }
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::PermissionsExt;

    use super::*;

    const HELP: &str = "Usage:
  rollouts-controller [flags]

Flags:
      --burst int            Maximum burst (default 80)
  -h, --help                 help for rollouts-controller
      --kubeconfig string    Path to a kube config
      --metricsport int      Set the port --that is scraped (default 8090)
  -n, --namespace string     The namespace
";

    #[test]
    fn the_list_of_flags() {
        let known = KnownFlags::read(HELP).unwrap();
        assert_eq!(
            known.0.iter().map(String::as_str).collect::<Vec<_>>(),
            ["burst", "help", "kubeconfig", "metricsport", "namespace"]
        );
        assert!(known.has("metricsport") && !known.has("metricsPort") && !known.has("that"));
        assert_eq!(KnownFlags::read("unknown flag: --help"), None);
        assert_eq!(KnownFlags::read("  --verbose  talk\n"), None);
    }

    #[test]
    fn a_binary_is_asked_once() {
        let home = tempfile::tempdir().unwrap();
        let binary = home.path().join("controller");
        let script = |body: &str| {
            fs::write(&binary, format!("#!/bin/sh\n{body}\n")).unwrap();
            fs::set_permissions(&binary, fs::Permissions::from_mode(0o755)).unwrap();
        };
        let of = |sha256: &str| KnownFlags::of(&binary, sha256, home.path());
        script(&format!("[ \"$1\" = --help ] && cat <<'END'\n{HELP}END"));
        let known = of("one").unwrap();
        assert!(known.has("metricsport"));
        script("exit 7");
        assert_eq!(of("one"), Some(known), "remembered");
        assert_eq!(of("two"), None, "another binary, which says nothing");
        script("echo '  --kubeconfig string  x'");
        assert_eq!(of("two").unwrap().0.len(), 1, "that it said nothing is not remembered");
    }
}
