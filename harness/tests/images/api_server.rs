//! etcd and kube-apiserver, nothing else: no controllers, and everybody may do everything.

use std::{
    fs::{self, File},
    path::Path,
    process::{Child, Command},
    time::{Duration, Instant},
};

use anyhow::{Context, Result, ensure};
use kube::{Client, Config};
use proofroll::{
    images::script,
    parts::{PartName, Parts},
    process::{
        lifeline::die_with_parent,
        pki,
        ports::{self, PortGuard},
    },
    progress::Silent,
};
use tempfile::TempDir;

const TOKEN: &str = "test";

pub struct ApiServer {
    // Dropped in this order: processes before their directory.
    _processes: Vec<Process>,
    port: PortGuard,
    dir: TempDir,
}

struct Process(Child);

impl Drop for Process {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

impl ApiServer {
    /// One that knows the policy. To be called on a thread that lives as long as the server shall.
    pub fn start() -> Result<Self> {
        let parts = Parts::from_env()?;
        let dir = tempfile::tempdir()?;
        let port = ports::free()?;
        let keys = pki::TokenKeys::new()?;
        fs::write(dir.path().join("tokens.csv"), format!("{TOKEN},test,1,system:masters\n"))?;
        fs::write(dir.path().join("token.key"), &keys.private)?;
        fs::write(dir.path().join("token.pub"), &keys.public)?;
        let start = |part: PartName, arguments: &[&str]| -> Result<Process> {
            let program = parts.find(&part, &Silent)?.path;
            let log = File::create(dir.path().join(format!("{part}.log")))?;
            let mut command = Command::new(program);
            command.args(arguments).current_dir(&dir).env_clear().stdout(log.try_clone()?).stderr(log);
            Ok(Process(die_with_parent(&mut command).spawn().with_context(|| part.to_string())?))
        };
        let etcd = start(
            PartName::Etcd,
            &[
                "--data-dir=etcd",
                "--listen-client-urls=unix://etcd.sock:0",
                "--advertise-client-urls=unix://etcd.sock:0",
                "--listen-peer-urls=unix://etcd-peer.sock:0",
                "--unsafe-no-fsync",
            ],
        )?;
        let port_flag = format!("--secure-port={}", port.port);
        let mut arguments = vec![
            "--etcd-servers=unix://etcd.sock:0",
            "--bind-address=127.0.0.1",
            "--advertise-address=127.0.0.1",
            "--endpoint-reconciler-type=none",
            "--cert-dir=certificates",
            "--token-auth-file=tokens.csv",
            "--authorization-mode=AlwaysAllow",
            "--service-account-issuer=https://kubernetes.default.svc",
            "--service-account-key-file=token.pub",
            "--service-account-signing-key-file=token.key",
            "--service-cluster-ip-range=10.96.0.0/16",
            // Nobody makes the ServiceAccounts that it asks for.
            "--disable-admission-plugins=ServiceAccount",
            &port_flag,
        ];
        arguments.extend(script::API_SERVER_FLAGS);
        let apiserver = start(PartName::KubeApiserver, &arguments)?;
        Ok(Self { _processes: vec![etcd, apiserver], port, dir })
    }

    /// A client, once the server answers.
    pub async fn client(&self) -> Result<Client> {
        let mut config = Config::new(format!("https://127.0.0.1:{}", self.port.port).parse()?);
        config.accept_invalid_certs = true;
        config.auth_info.token = Some(TOKEN.to_owned().into());
        let client = Client::try_from(config)?;
        let begun = Instant::now();
        loop {
            let ready = client.request_text(http::Request::get("/readyz").body(Vec::new())?).await;
            match ready {
                Ok(_) => return Ok(client),
                Err(error) => {
                    let said = || log(self.dir.path());
                    ensure!(begun.elapsed() < Duration::from_secs(60), "not ready: {error}\n{}", said());
                }
            }
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
    }
}

/// The last lines of its log.
fn log(dir: &Path) -> String {
    let text = fs::read_to_string(dir.join("kube-apiserver.log")).unwrap_or_default();
    let lines: Vec<&str> = text.lines().collect();
    lines[lines.len().saturating_sub(10)..].join("\n")
}
