//! What a plane's first start installed, kept so that the next start of the same kind need not install it again.
//!
//! etcd's files are not kept: a copy of a running etcd's directory is none, and a whole one would bring along what
//! belongs to the plane that made it (its authority's certificate, its leases, its nodes' heartbeats, its port).
//! Kept are keys and values, as etcd tells them of one revision: that at the end of the start, before the first user
//! came. They are read while the plane is used already, so nobody waits for it. Only what is the same in every plane
//! of this kind is taken ([`KEPT`]): the CRDs with their status, the roles and whatever else the API server makes of
//! its own accord. Namespaces, nodes, services, service accounts, config maps and leases are made anew by each plane:
//! they name it, or its time.
//!
//! An [`Entry`] is one file; the [`Shelf`] is the directory of them. A file appears whole, by a rename, and carries
//! its own sum: one that was cut short or damaged is not taken, and the plane is installed as ever.

mod entry;
mod shelf;

use std::{
    env, fs, io,
    path::{Path, PathBuf},
};

use sha2::{Digest, Sha256};

pub use entry::{Entry, Pair, Unusable};
pub use shelf::{Kept, Shelf};

use super::{components::Component, request::EmbeddedSource};

/// `off`: planes are always installed, and nothing is kept.
pub const VARIABLE: &str = "PROOFROLL_PREPARED";

/// Raised whenever the same parts and CRDs would lead to other data.
const RECIPE: u32 = 1;

/// What is kept, by the beginning of its key in etcd.
pub const KEPT: [&str; 9] = [
    "/registry/apiextensions.k8s.io/customresourcedefinitions/",
    "/registry/apiregistration.k8s.io/apiservices/",
    "/registry/clusterrolebindings/",
    "/registry/clusterroles/",
    "/registry/flowschemas/",
    "/registry/priorityclasses/",
    "/registry/prioritylevelconfigurations/",
    "/registry/rolebindings/",
    "/registry/roles/",
];

/// The directory for entries below this cache; none where the environment says `off`.
pub fn directory(cache: &Path) -> Option<PathBuf> {
    let off = env::var_os(VARIABLE).is_some_and(|value| ["off", "0", "false"].iter().any(|no| value == *no));
    (!off).then(|| cache.join("prepared"))
}

/// Names the data of such a plane: everything that determines it is in there, nothing else is. (etcd is not: it keeps
/// what it is given.)
///
/// # Errors
/// When a CRD file cannot be read.
pub fn key(source: &EmbeddedSource, crds: &[PathBuf]) -> io::Result<String> {
    let mut hash = Sha256::new();
    let mut add = |what: &str, content: &[u8]| {
        hash.update(format!("{what} {}\n", content.len()));
        hash.update(content);
    };
    add("recipe", &RECIPE.to_be_bytes());
    add("apiserver", source.parts.apiserver.sha256.as_bytes());
    // Not the port: nothing of it is kept.
    add("arguments", Component::Apiserver.arguments(0).join("\n").as_bytes());
    KEPT.iter().for_each(|prefix| add("kept", prefix.as_bytes()));
    let mut crds = crds.iter().map(fs::read).collect::<Result<Vec<_>, _>>()?;
    crds.sort();
    crds.iter().for_each(|crd| add("crd", crd));
    Ok(hash.finalize().iter().take(8).map(|byte| format!("{byte:02x}")).collect())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::cluster::request::{PlanePart, PlaneParts};

    fn source(apiserver: &str) -> EmbeddedSource {
        let part = |sha256: &str| PlanePart { path: sha256.into(), sha256: sha256.into() };
        let (etcd, kcm, scheduler, kwok) = (part("e"), part("k"), part("s"), part("w"));
        let parts = PlaneParts { etcd, apiserver: part(apiserver), kcm, scheduler, kwok };
        EmbeddedSource { parts, port: None, prepared: None }
    }

    #[test]
    fn what_determines_the_data_is_in_the_key_and_nothing_else() {
        let dir = tempfile::tempdir().unwrap();
        let (one, two) = (dir.path().join("one"), dir.path().join("two"));
        fs::write(&one, "a CRD").unwrap();
        fs::write(&two, "another").unwrap();
        let made = key(&source("1"), &[one.clone(), two.clone()]).unwrap();
        let mut same = source("1");
        (same.port, same.prepared) = (Some(1), Some("/elsewhere".into()));
        same.parts.kwok.sha256 = "another kwok".into();
        assert_eq!(key(&same, &[two.clone(), one.clone()]).unwrap(), made);
        assert_ne!(key(&source("2"), &[one.clone(), two.clone()]).unwrap(), made);
        assert_ne!(key(&source("1"), std::slice::from_ref(&one)).unwrap(), made);
        fs::write(&two, "another one").unwrap();
        assert_ne!(key(&source("1"), &[one, two]).unwrap(), made);
        assert!(key(&source("1"), &["nowhere".into()]).is_err());
    }

    /// What names a plane, its keys or its time lies below none of these.
    #[test]
    fn nothing_is_kept_that_belongs_to_one_plane() {
        for of_one in
            ["namespaces", "minions", "services", "configmaps", "secrets", "serviceaccounts", "leases", "pods"]
        {
            let key = format!("/registry/{of_one}/");
            assert!(!KEPT.iter().any(|kept| key.starts_with(kept) || kept.starts_with(&key)), "{key}");
        }
        assert!(KEPT.iter().all(|kept| kept.ends_with('/')), "else a neighbour's keys begin alike");
    }
}
