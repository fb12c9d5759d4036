//! One context of a kubeconfig.
//!
//! The files are merged as kubectl does it: the first one that names something wins, and one that is not
//! there is passed over. What belongs to other contexts is left out: the copy in a plane's directory
//! (for the keeper, for people, and for whoever cleans up later) holds no credentials but those needed.

use std::{
    collections::BTreeSet,
    path::{Path, PathBuf},
    time::Duration,
};

use kube::{
    Client,
    config::{ExecInteractiveMode, Kubeconfig},
};

use super::{ExistingError, proxy};
use crate::{cluster::client::config, process::pki::write_secret};

/// How long a connection may take to be made.
const CONNECT: Duration = Duration::from_secs(10);

/// A context, its cluster and its user.
#[derive(Debug, Clone)]
pub struct Context {
    name: String,
    kubeconfig: Kubeconfig,
}

impl Context {
    /// Finds it in these files.
    ///
    /// # Errors
    /// When no name is given, or none of the files has it; when it needs a person who answers.
    pub fn read(files: &[PathBuf], name: Option<&str>) -> Result<Self, ExistingError> {
        let mut merged = Kubeconfig::default();
        for file in files.iter().filter(|file| file.exists()) {
            let failed = |error: kube::config::KubeconfigError| ExistingError::Kubeconfig {
                path: file.clone(),
                why: error.to_string(),
            };
            merged = merged.merge(Kubeconfig::read_from(file).map_err(failed)?).map_err(failed)?;
        }
        let known = || merged.contexts.iter().map(|named| named.name.clone()).collect::<BTreeSet<_>>();
        let Some(name) = name else { return Err(ExistingError::NoContext { known: known(), files: files.to_vec() }) };
        let Some(context) = merged.contexts.iter().find(|named| named.name == name).cloned() else {
            return Err(ExistingError::UnknownContext { name: name.into(), known: known(), files: files.to_vec() });
        };
        let (cluster, user) = context.context.as_ref().map(|c| (c.cluster.clone(), c.user.clone())).unwrap_or_default();
        merged.clusters.retain(|named| named.name == cluster);
        merged.auth_infos.retain(|named| Some(&named.name) == user.as_ref());
        merged.contexts = vec![context];
        merged.current_context = Some(name.to_owned());
        for plugin in merged.auth_infos.iter_mut().filter_map(|named| named.auth_info.as_mut()?.exec.as_mut()) {
            if plugin.interactive_mode == Some(ExecInteractiveMode::Always) {
                let command = plugin.command.clone().unwrap_or_default();
                return Err(ExistingError::Interactive { context: name.into(), command });
            }
            // The keeper has no terminal, and its standard input is its lock.
            plugin.interactive_mode = Some(ExecInteractiveMode::Never);
        }
        Ok(Self { name: name.to_owned(), kubeconfig: merged })
    }

    /// The copy that [`Context::write`] made.
    ///
    /// # Errors
    /// When it cannot be read.
    pub fn copied(path: &Path) -> Result<Self, ExistingError> {
        let failed = |why| ExistingError::Kubeconfig { path: path.to_owned(), why };
        let kubeconfig = Kubeconfig::read_from(path).map_err(|error| failed(error.to_string()))?;
        let name = kubeconfig.current_context.clone().ok_or_else(|| failed("no current context".into()))?;
        Ok(Self { name, kubeconfig })
    }

    /// Its name.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// Where the API server is.
    pub fn server(&self) -> String {
        let mut clusters = self.kubeconfig.clusters.iter().filter_map(|named| named.cluster.as_ref());
        clusters.find_map(|cluster| cluster.server.clone()).unwrap_or_default()
    }

    /// Writes a kubeconfig with nothing but this context, for its owner's eyes only.
    ///
    /// # Errors
    /// When it cannot be written, or is there already.
    pub fn write(&self, path: &Path) -> Result<(), ExistingError> {
        let failed = |why| ExistingError::Kubeconfig { path: path.to_owned(), why };
        let text = serde_json::to_string_pretty(&self.kubeconfig).map_err(|error| failed(error.to_string()))?;
        // JSON is YAML, too.
        write_secret(path, &text).map_err(|error| failed(error.to_string()))
    }

    /// A client as its user, through the proxy that kubectl would take. It does not retry by itself.
    ///
    /// # Errors
    /// When the credentials cannot be read or got.
    pub fn client(&self) -> Result<Client, ExistingError> {
        let failed = |why| ExistingError::Credentials { context: self.name.clone(), why };
        let mut config = config(&self.kubeconfig).map_err(failed)?;
        let mut clusters = self.kubeconfig.clusters.iter().filter_map(|named| named.cluster.as_ref());
        let named = clusters.find_map(|cluster| cluster.proxy_url.as_deref());
        config.proxy_url = proxy::choose(&config.cluster_url, named, &|name| std::env::var(name).ok())
            .map_err(|why| ExistingError::Credentials { context: self.name.clone(), why })?;
        config.connect_timeout = Some(CONNECT);
        Client::try_from(config)
            .map_err(|error| ExistingError::Credentials { context: self.name.clone(), why: error.to_string() })
    }
}

#[cfg(test)]
mod tests {
    use std::{fs, os::unix::fs::PermissionsExt};

    use super::*;

    const ONE: &str = "
apiVersion: v1
kind: Config
current-context: one
contexts:
- {name: one, context: {cluster: c, user: u}}
clusters:
- {name: c, cluster: {server: 'https://one:6443', certificate-authority: ca.crt}}
users:
- {name: u, user: {token: secret-one}}
";
    const TWO: &str = "
contexts:
- {name: one, context: {cluster: other, user: other}}
- {name: two, context: {cluster: d, user: plugin, namespace: here}}
clusters:
- {name: c, cluster: {server: 'https://never:6443'}}
- {name: d, cluster: {server: 'https://two:6443', proxy-url: 'http://proxy:3128'}}
users:
- {name: u, user: {token: never}}
- name: plugin
  user: {exec: {apiVersion: client.authentication.k8s.io/v1, command: ./get-token, args: [a]}}
";

    fn files(texts: &[&str]) -> (tempfile::TempDir, Vec<PathBuf>) {
        let dir = tempfile::tempdir().unwrap();
        let mut paths = vec![dir.path().join("not-there")];
        for (index, text) in texts.iter().enumerate() {
            paths.push(dir.path().join(format!("config-{index}")));
            fs::write(paths.last().unwrap(), text).unwrap();
        }
        (dir, paths)
    }

    #[test]
    fn the_first_file_wins_and_only_what_belongs_to_the_context_is_copied() {
        let (dir, files) = files(&[ONE, TWO]);
        let one = Context::read(&files, Some("one")).unwrap();
        assert_eq!((one.name(), one.server().as_str()), ("one", "https://one:6443"));
        let path = dir.path().join("copy");
        one.write(&path).unwrap();
        assert_eq!(fs::metadata(&path).unwrap().permissions().mode() & 0o777, 0o600);
        let text = fs::read_to_string(&path).unwrap().replace(&dir.path().display().to_string(), "DIR");
        insta::assert_snapshot!(text);
        assert_eq!(Context::copied(&path).unwrap().server(), "https://one:6443");
    }

    #[test]
    fn a_plugin_is_found_from_the_file_that_names_it_and_never_asks() {
        let (dir, files) = files(&[ONE, TWO]);
        let two = Context::read(&files, Some("two")).unwrap();
        let plugin = two.kubeconfig.auth_infos[0].auth_info.as_ref().unwrap().exec.as_ref().unwrap();
        assert_eq!(plugin.command.as_deref(), dir.path().join("./get-token").to_str());
        assert_eq!(plugin.interactive_mode, Some(ExecInteractiveMode::Never));
    }

    #[test]
    fn what_cannot_be_used_is_said() {
        let asks = TWO.replace("args: [a]", "interactiveMode: Always");
        let (_dir, files) = files(&[ONE, &asks]);
        let error = |name| Context::read(&files[1..], name).unwrap_err();
        let told: Vec<String> = [None, Some("three"), Some("two")].map(|name| error(name).to_string()).into();
        let dir = files[0].parent().unwrap().display().to_string();
        insta::assert_snapshot!(told.join("\n\n").replace(&dir, "DIR"));
        assert!([None, Some("three"), Some("two")].into_iter().all(|name| error(name).is_bad_input()));
    }
}
