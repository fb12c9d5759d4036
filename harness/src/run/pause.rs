//! `--pause-on-failure`: everything stays as it is at the moment of the failure, the controller
//! running, until a person has looked. A file says when to go on, for a test runner gives its tests
//! no standard input.

use std::{io, path::Path, time::Duration};

use super::{listener::Listener, listener::News, trouble::Trouble};

/// How often the file is looked for.
const LOOK: Duration = Duration::from_millis(200);

/// Where a paused run stands.
pub(super) struct Paused<'a> {
    pub id: &'a str,
    pub namespace: &'a str,
    /// Of the control plane.
    pub kubeconfig: &'a Path,
    /// Where the file is put that is to be removed.
    pub directory: &'a Path,
}

impl Paused<'_> {
    /// Says what there is to look at, and waits until the file that it names is removed.
    pub async fn wait(&self, trouble: &Trouble, listener: &dyn Listener) -> io::Result<()> {
        let file = self.directory.join(format!("paused-{}", self.namespace));
        std::fs::write(&file, format!("{trouble}\n"))?;
        let text = format!(
            "{trouble}\npaused: the controller runs on. Look around:\n  export KUBECONFIG={}\n  kubectl --namespace {} get rollouts,replicasets,pods\ngo on with:\n  rm {}",
            self.kubeconfig.display(),
            self.namespace,
            file.display()
        );
        listener.hear(self.id, News::Paused { text: &text });
        while file.exists() {
            tokio::time::sleep(LOOK).await;
        }
        Ok(())
    }
}
