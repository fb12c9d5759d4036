//! What lies in a plane's directory before its first process starts.

use std::{
    fs::{self, DirBuilder, File},
    io,
    os::unix::fs::DirBuilderExt,
    path::Path,
};

use rustix::{fs::FallocateFlags, io::Errno};

use super::{ClusterError, client::kubeconfig, components::SERVICE_ADDRESS, stages, state::PlaneDir};
use crate::process::pki::{Authority, PkiError, TokenKeys, write_secret};

pub(super) const CA: &str = "pki/ca.crt";
pub(super) const SERVER_CERTIFICATE: &str = "pki/apiserver.crt";
pub(super) const SERVER_KEY: &str = "pki/apiserver.key";
pub(super) const TOKEN_KEY: &str = "pki/sa.key";
pub(super) const TOKEN_PUBLIC_KEY: &str = "pki/sa.pub";
pub(super) const STAGES: &str = "stages.yaml";
pub(super) const KCM_KUBECONFIG: &str = "pki/kube-controller-manager.kubeconfig";
pub(super) const SCHEDULER_KUBECONFIG: &str = "pki/kube-scheduler.kubeconfig";
pub(super) const KWOK_KUBECONFIG: &str = "pki/kwok.kubeconfig";

/// Makes the directories, and the files that users open before anything is written to them.
pub(super) fn lay_out(dir: &PlaneDir) -> Result<(), ClusterError> {
    let logs = dir.log("keeper");
    for path in [dir.path(), &dir.leases(), &dir.pki(), logs.parent().unwrap_or(dir.path())] {
        DirBuilder::new().recursive(true).mode(0o700).create(path).map_err(ClusterError::file(path))?;
    }
    for path in [dir.failure(), dir.progress()] {
        File::create_new(&path).map_err(ClusterError::file(&path))?;
    }
    reserve(&dir.failure()).map_err(ClusterError::file(&dir.failure()))
}

/// Room for the keeper's last words, on a disk that has none any more. The file stays empty.
fn reserve(path: &Path) -> io::Result<()> {
    const WORDS: u64 = 4096;
    let file = fs::OpenOptions::new().write(true).open(path)?;
    match rustix::fs::fallocate(&file, FallocateFlags::KEEP_SIZE, 0, WORDS) {
        // Not every filesystem can.
        Err(Errno::OPNOTSUPP | Errno::NOSYS) => Ok(()),
        reserved => Ok(reserved?),
    }
}

/// Writes keys, certificates, kubeconfigs and stages. Returns the authority's certificate, PEM.
///
/// Every component belongs to `system:masters`: none has to wait for, or fails by, the roles that the
/// API server writes after its start.
pub(super) fn write(dir: &PlaneDir, server: &str) -> Result<String, PkiError> {
    let write = |name: &str, content: &str| write_secret(&dir.path().join(name), content);
    let authority = Authority::new()?;
    let ca = authority.certificate();
    write(CA, ca)?;
    let serving = authority.server(SERVICE_ADDRESS)?;
    write(SERVER_CERTIFICATE, &serving.certificate)?;
    write(SERVER_KEY, &serving.key)?;
    let tokens = TokenKeys::new()?;
    write(TOKEN_KEY, &tokens.private)?;
    write(TOKEN_PUBLIC_KEY, &tokens.public)?;
    let admin = dir.kubeconfig();
    for (user, path) in [
        ("proofroll-admin", admin.as_path()),
        ("system:kube-controller-manager", Path::new(KCM_KUBECONFIG)),
        ("system:kube-scheduler", Path::new(SCHEDULER_KUBECONFIG)),
        ("kwok", Path::new(KWOK_KUBECONFIG)),
    ] {
        let identity = authority.client(user, "system:masters")?;
        write_secret(&dir.path().join(path), &kubeconfig(server, ca, user, &identity))?;
    }
    let stages = dir.path().join(STAGES);
    fs::write(&stages, stages::all())
        .map_err(|source| PkiError::Write { path: stages.display().to_string(), source })?;
    Ok(ca.to_owned())
}
