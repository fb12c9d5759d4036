//! A cluster that is there already: is it allowed, what is in it, what is tested, and what will be made?
//! All of that is known, and told, before anything is made.

use std::{collections::BTreeMap, path::PathBuf, time::Duration};

use semver::Version;

use super::{
    provision::{ProvideError, Provisions, request},
    wish::Wish,
};
use crate::{
    act::Driver,
    cluster::{
        ExistingSource, Source, Subject,
        existing::{Context, ExistingError, FoundController, Look, check_nodes, look},
        state::StateRoot,
    },
    controller::{ControllerSpec, UnderTest, deployed},
    parts::{PartError, Parts, pin},
    process::{interrupt, writers},
    progress::Progress,
    timeouts::scaled,
};

/// What `--controller` says for the one that is there.
const INSTALLED: &str = "installed";

/// How long the cluster may take to answer all that is asked.
const LIMIT: Duration = Duration::from_secs(15);

/// Looks at the cluster, decides what is tested, and says what will be made.
pub(super) fn existing(parts: &Parts, wish: &Wish, progress: &dyn Progress) -> Result<Provisions, ProvideError> {
    let context = Context::read(&wish.kubeconfig, wish.context.as_deref())?;
    let asked = Asked::of(wish)?;
    let mut subject = Subject::Installed;
    let mut tested = None;
    match &asked {
        Asked::Installed => {}
        Asked::Logged(log) => subject = Subject::Logged(log.clone()),
        Asked::Release(version) => {
            let manifest = parts.manifests(version, progress)?.install();
            subject = Subject::Release { manifest, tag: format!("v{version}") };
            let label = format!("v{version}");
            tested = Some(UnderTest { version: version.clone(), label, sha256: String::new(), files: None });
        }
    }
    let seen = visit(&context, &asked)?;
    let release = match tested {
        Some(tested) => tested,
        None => under_test(seen.controller.as_ref(), wish)?,
    };
    let source = ExistingSource {
        kubeconfig: wish.kubeconfig.clone(),
        context: context.name().to_owned(),
        server: context.server(),
        subject,
        probe: wish.probe_image.clone(),
    };
    let provisions =
        Provisions { release, source: Source::Existing(source.clone()), alone: false, driver: Driver::Api };
    if let Subject::Release { .. } = source.subject
        && !runs_already(&provisions)
    {
        // What is there may be what a keeper of ours has just installed; it looks by itself.
        seen.look.is_free()?;
    }
    announce(&source, &seen, &provisions.release, progress)?;
    Ok(provisions)
}

/// What is to be tested.
enum Asked {
    Installed,
    Logged(PathBuf),
    Release(Version),
}

impl Asked {
    fn of(wish: &Wish) -> Result<Self, ProvideError> {
        let controller = wish.controller.as_deref().filter(|asked| *asked != INSTALLED || wish.install);
        let refused = |why: String| Err(ProvideError::Asked(why));
        if wish.install {
            let spec = controller.map(ControllerSpec::parse).transpose()?.unwrap_or_default();
            let ControllerSpec::Release(version) = spec else {
                return refused("--install installs a release from its image, and of a binary or a checkout there is none: --controller v1.10.2".into());
            };
            if let Some(other) = wish.as_version.as_ref().filter(|other| **other != version) {
                let reason = format!("a release is its own version: --as-version {other} is for one that is there");
                return Err(PartError::Controller { asked: format!("v{version}"), reason }.into());
            }
            return Ok(Self::Release(version));
        }
        if let Some(asked) = controller {
            return refused(format!(
                "in a cluster that is there already the controller that is installed is tested (--controller {INSTALLED}), not {asked}; --install installs a release for the time of the tests"
            ));
        }
        let Some(log) = &wish.controller_log else { return Ok(Self::Installed) };
        let unusable =
            |error: std::io::Error| ProvideError::Asked(format!("--controller-log {}: {error}", log.display()));
        let log = log.canonicalize().map_err(unusable)?;
        if !log.is_file() {
            return refused(format!("--controller-log {}: this is no file", log.display()));
        }
        std::fs::File::open(&log).map_err(unusable)?;
        Ok(Self::Logged(log))
    }
}

/// What the cluster shows.
struct Seen {
    look: Look,
    /// The controller that is installed; None where it runs elsewhere, or is to be installed.
    controller: Option<FoundController>,
}

fn visit(context: &Context, asked: &Asked) -> Result<Seen, ProvideError> {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().map_err(ProvideError::Runtime)?;
    let limit = scaled(LIMIT);
    let looking = async {
        let client = context.client()?;
        let look = look(&client, context.name()).await?;
        let controller = match asked {
            Asked::Installed => Some(look.installed()?.clone()),
            Asked::Logged(_) => look.installed_or_elsewhere()?.cloned(),
            Asked::Release(_) => {
                check_nodes(&client, context.name()).await?;
                None
            }
        };
        Ok::<_, ExistingError>(Seen { look, controller })
    };
    runtime.block_on(async {
        tokio::select! {
            looked = tokio::time::timeout(limit, looking) => match looked {
                Ok(seen) => Ok(seen?),
                Err(_) => {
                    let (context, server) = (context.name().to_owned(), context.server());
                    Err(ExistingError::Silent { context, server, limit }.into())
                }
            },
            () = interrupt::interrupted() => Err(ProvideError::Interrupted),
        }
    })
}

/// The controller that is there, and the release that it is.
fn under_test(found: Option<&FoundController>, wish: &Wish) -> Result<UnderTest, ProvideError> {
    let Some(found) = found else {
        let version = wish.as_version.clone().unwrap_or_else(pin::newest_release);
        let label = format!("outside of the cluster (as v{version})");
        return Ok(UnderTest { version, label, sha256: String::new(), files: None });
    };
    let tag = found.version();
    let Some(version) = wish.as_version.clone().or_else(|| tag.clone()) else {
        return Err(ProvideError::Asked(format!(
            "the image {} of {} names no release in its tag: --as-version says what it should behave like",
            found.image,
            found.name()
        )));
    };
    let label = match tag {
        Some(tag) if tag == version => format!("{} (v{version})", found.name()),
        _ => format!("{} ({}, as v{version})", found.name(), found.image),
    };
    let sha256 = found.image.split_once("@sha256:").map(|(_, digest)| digest.to_owned()).unwrap_or_default();
    Ok(UnderTest { version, label, sha256, files: None })
}

/// Whether a plane for this is there, dead or alive.
fn runs_already(provisions: &Provisions) -> bool {
    let key = request(provisions, "").key();
    key.is_ok_and(|key| StateRoot::find().plane(&key).order().exists())
}

fn announce(
    source: &ExistingSource,
    seen: &Seen,
    release: &UnderTest,
    progress: &dyn Progress,
) -> Result<(), ProvideError> {
    let ExistingSource { context, server, subject, .. } = source;
    progress.say(&format!(
        "the cluster of the context {context} ({server}, Kubernetes {}) is used to test the controller {}",
        seen.look.kubernetes, release.label
    ));
    progress.say(
        "  made there, and removed in the end: a namespace for each scenario, NAME-xxxxxxxx, with what the scenario applies, and one for a trial",
    );
    for stranger in seen.look.strangers(&StateRoot::find()) {
        progress.say(&format!("  (of another proofroll, and not touched: the namespaces {stranger})"));
    }
    if let (Subject::Logged(log), None) = (subject, &seen.controller) {
        let seen = writers(log).is_ok_and(|writers| !writers.is_empty());
        if !seen {
            progress.say(&format!(
                "  (no process that may be seen from here writes {}: should the controller die, that will look like a fault of the controller)",
                log.display()
            ));
        }
    }
    if let Subject::Release { manifest, .. } = subject {
        let failed = |error: crate::controller::InstallError| ProvideError::Asked(error.to_string());
        let mut kinds: BTreeMap<String, Vec<String>> = BTreeMap::new();
        for object in deployed::read(manifest).map_err(failed)? {
            let text = |value: &serde_json::Value| value.as_str().unwrap_or_default().to_owned();
            kinds.entry(text(&object["kind"])).or_default().push(text(&object["metadata"]["name"]));
        }
        progress.say(&format!(
            "  and with --install: the namespace {}, and of {}:",
            deployed::NAMESPACE,
            release.label
        ));
        kinds.iter().for_each(|(kind, names)| progress.say(&format!("    {kind} {}", names.join(", "))));
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use rstest::rstest;

    use super::*;

    fn asked(controller: Option<&str>, install: bool, log: Option<&str>) -> Result<Asked, String> {
        let wish = Wish {
            controller: controller.map(str::to_owned),
            install,
            controller_log: log.map(PathBuf::from),
            ..Wish::default()
        };
        Asked::of(&wish).map_err(|error| {
            assert!(error.is_bad_input());
            error.to_string()
        })
    }

    #[test]
    fn what_can_be_asked_for() {
        assert!(matches!(asked(None, false, None), Ok(Asked::Installed)));
        assert!(matches!(asked(Some("installed"), false, None), Ok(Asked::Installed)));
        assert!(matches!(asked(None, true, None), Ok(Asked::Release(version)) if version == pin::newest_release()));
        assert!(matches!(asked(Some("v1.10.2"), true, None), Ok(Asked::Release(version)) if version.patch == 2));
        let log = tempfile::NamedTempFile::new().unwrap();
        assert!(matches!(asked(None, false, log.path().to_str()), Ok(Asked::Logged(_))));
    }

    #[rstest]
    #[case::a_release_without_install(Some("v1.10.2"), false, None, "not v1.10.2; --install installs")]
    #[case::a_binary_to_install(Some("/bin/true"), true, None, "of a binary or a checkout there is none")]
    #[case::what_is_there_to_install(
        Some("installed"),
        true,
        None,
        "--controller installed: this is no pinned release"
    )]
    #[case::no_log(None, false, Some("/nowhere/log"), "--controller-log /nowhere/log: No such file")]
    #[case::no_log_file(None, false, Some("/tmp"), "--controller-log /tmp: this is no file")]
    fn what_cannot(
        #[case] controller: Option<&str>,
        #[case] install: bool,
        #[case] log: Option<&str>,
        #[case] told: &str,
    ) {
        let error = asked(controller, install, log).err().unwrap();
        assert!(error.contains(told), "{error}");
    }
}
