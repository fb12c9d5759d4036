//! A token of the controller's ServiceAccount, a kubeconfig around it, and its renewal.
//!
//! The kubeconfig names a token *file*, which client-go reads again every minute: so a new token
//! written there is taken up by a running controller. A day is asked for (the API server may grant
//! less), and at four fifths of what was granted the next one is fetched.

use std::{
    fs::{self, OpenOptions},
    io::{self, Write as _},
    os::unix::fs::OpenOptionsExt,
    path::{Path, PathBuf},
    time::Duration,
};

use jiff::Timestamp;
use kube::{Client, api::PostParams, core::request::Request};
use serde_json::{Value, json};
use tokio::task::JoinHandle;

use super::install::InstallError;

/// How long a token is asked for.
const LIFE: Duration = Duration::from_secs(24 * 3600);

/// Before a renewal that failed is tried again.
const RENEWAL_PAUSE: Duration = Duration::from_secs(30);

/// Where the controller finds the API server, and as whom.
#[derive(Debug, Clone)]
pub struct Access<'a> {
    /// URL of the API server, as the controller shall reach it.
    pub server: &'a str,
    /// The certificate authority of the API server, PEM.
    pub ca_pem: &'a str,
    /// The controller's namespace.
    pub namespace: &'a str,
    /// Its ServiceAccount.
    pub service_account: &'a str,
}

/// A kubeconfig whose token is renewed as long as this lives.
#[derive(Debug)]
pub struct Credentials {
    kubeconfig: PathBuf,
    renewal: JoinHandle<()>,
}

impl Credentials {
    /// Fetches a token and writes `kubeconfig`, `token` and `ca.crt` into `dir`, readable for the
    /// owner alone.
    ///
    /// # Errors
    /// No token is given, or a file cannot be written.
    pub async fn issue(client: &Client, access: Access<'_>, dir: &Path) -> Result<Self, InstallError> {
        let dir = std::path::absolute(dir).map_err(|source| InstallError::Write { path: dir.to_owned(), source })?;
        let (token, expires) = request(client, access.namespace, access.service_account).await?;
        let token_file = dir.join("token");
        let ca_file = dir.join("ca.crt");
        let kubeconfig = dir.join("kubeconfig");
        write(&token_file, &token)?;
        write(&ca_file, access.ca_pem)?;
        write(&kubeconfig, &kubeconfig_text(&access, &ca_file, &token_file))?;
        let renewal = tokio::spawn(renew(
            client.clone(),
            access.namespace.to_owned(),
            access.service_account.to_owned(),
            token_file,
            expires,
        ));
        Ok(Self { kubeconfig, renewal })
    }

    /// The kubeconfig's path.
    pub fn kubeconfig(&self) -> &Path {
        &self.kubeconfig
    }
}

impl Drop for Credentials {
    fn drop(&mut self) {
        self.renewal.abort();
    }
}

async fn renew(client: Client, namespace: String, account: String, file: PathBuf, mut expires: Timestamp) {
    loop {
        tokio::time::sleep(until_renewal(Timestamp::now(), expires)).await;
        let renewed = async {
            let (token, until) = request(&client, &namespace, &account).await?;
            write(&file, &token)?;
            Ok::<_, InstallError>(until)
        };
        match renewed.await {
            Ok(until) => expires = until,
            Err(error) => {
                tracing::warn!(%error, "the controller's token could not be renewed");
                tokio::time::sleep(RENEWAL_PAUSE).await;
            }
        }
    }
}

/// Four fifths of the life that is left.
fn until_renewal(now: Timestamp, expires: Timestamp) -> Duration {
    Duration::try_from(expires.duration_since(now)).unwrap_or_default() * 4 / 5
}

async fn request(client: &Client, namespace: &str, account: &str) -> Result<(String, Timestamp), InstallError> {
    let failed = |message: String| InstallError::Token { service_account: account.to_owned(), message };
    let body = json!({"apiVersion": "authentication.k8s.io/v1", "kind": "TokenRequest",
        "spec": {"expirationSeconds": LIFE.as_secs()}});
    let request = Request::new(format!("/api/v1/namespaces/{namespace}/serviceaccounts"))
        .create_subresource("token", account, &PostParams::default(), body.to_string().into_bytes())
        .map_err(|e| failed(e.to_string()))?;
    let answer: Value = client.request(request).await.map_err(|e| failed(e.to_string()))?;
    let text = |name: &str| answer["status"][name].as_str().map(str::to_owned);
    let token = text("token").ok_or_else(|| failed("the answer has no token".to_owned()))?;
    let expires = text("expirationTimestamp").and_then(|t| t.parse().ok());
    Ok((token, expires.ok_or_else(|| failed("the answer does not say until when it holds".to_owned()))?))
}

/// JSON is YAML, and nothing has to be escaped by hand.
fn kubeconfig_text(access: &Access<'_>, ca_file: &Path, token_file: &Path) -> String {
    let config = json!({
        "apiVersion": "v1",
        "kind": "Config",
        "clusters": [{"name": "plane", "cluster": {"server": access.server, "certificate-authority": ca_file}}],
        "users": [{"name": access.service_account, "user": {"tokenFile": token_file}}],
        "contexts": [{"name": "controller", "context":
            {"cluster": "plane", "user": access.service_account, "namespace": access.namespace}}],
        "current-context": "controller",
    });
    format!("{config:#}\n")
}

/// Writes a file for the owner's eyes only, at one stroke: no reader sees half of it.
fn write(path: &Path, text: &str) -> Result<(), InstallError> {
    let written = || -> io::Result<()> {
        let half = path.with_extension("new");
        let mut file = OpenOptions::new().write(true).create(true).truncate(true).mode(0o600).open(&half)?;
        file.write_all(text.as_bytes())?;
        fs::rename(&half, path)
    };
    written().map_err(|source| InstallError::Write { path: path.to_owned(), source })
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::PermissionsExt;

    use rstest::rstest;

    use super::*;

    #[rstest]
    #[case::a_day("2026-11-24T00:00:00Z", 69_120)]
    #[case::an_hour("2026-11-23T01:00:00Z", 2_880)]
    #[case::over("2026-11-22T23:00:00Z", 0)]
    fn renews_at_four_fifths(#[case] expires: &str, #[case] seconds: u64) {
        let now = "2026-11-23T00:00:00Z".parse().unwrap();
        assert_eq!(until_renewal(now, expires.parse().unwrap()).as_secs(), seconds);
    }

    #[test]
    fn only_the_owner_reads_it() {
        let dir = tempfile::tempdir().unwrap();
        let file = dir.path().join("token");
        write(&file, "one").unwrap();
        write(&file, "two").unwrap();
        assert_eq!(fs::read_to_string(&file).unwrap(), "two");
        assert_eq!(fs::metadata(&file).unwrap().permissions().mode() & 0o777, 0o600);
        assert_eq!(fs::read_dir(dir.path()).unwrap().count(), 1);
    }

    #[test]
    fn kubeconfig() {
        let access = Access { server: "https://127.0.0.1:20000", ca_pem: "", namespace: "ns", service_account: "sa" };
        insta::assert_snapshot!(kubeconfig_text(&access, Path::new("dir/ca.crt"), Path::new("dir/token")));
    }
}
