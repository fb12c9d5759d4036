//! The demo application of the guides, in all its colours, and the load generator.
//!
//! What differs from `argoproj/rollouts-demo`: the page at `/` is one line of text; it runs as a user
//! that is not root; its error rate, latency and termination are set by variables of our own (their
//! defaults are upstream's, but for 5 s instead of 10 s of serving on after SIGTERM); a script can make
//! it unready or end it.

use super::{
    ImageArchive, ImageError,
    archive::{Content, Entry, Recipe, Spec},
    cache,
};
use crate::{
    parts::{FoundPart, PartName, Parts},
    progress::Progress,
};

const REPOSITORY: &str = "docker.io/argoproj/rollouts-demo";
const PROBE: &str = "docker.io/proofroll/probe";
const PROGRAM: &str = "/rollouts-demo";
/// Not root: nothing here needs it, and a manifest may ask for `runAsNonRoot`.
const USER: &str = "65532";
/// The colours of upstream's images.
const COLOURS: [&str; 6] = ["red", "orange", "yellow", "green", "blue", "purple"];
/// And what each of them is made with besides: what a tag begins with, a variable, its value there.
const VARIANTS: [(&str, Option<(&str, &str)>); 3] =
    [("", None), ("bad-", Some(("PROOFROLL_ERROR_RATE", "15%"))), ("slow-", Some(("PROOFROLL_LATENCY", "2s")))];

/// The demo application and the load generator.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DemoImages {
    /// All of it.
    pub archive: ImageArchive,
    /// The image of the load generator. Its tag changes with its program: a cluster that is kept never
    /// runs an old one.
    pub probe: String,
}

/// Makes the images of the demo application, or finds them in the cache. Blocks.
///
/// # Errors
/// When the program cannot be built, or the cache cannot be written.
pub fn demo(parts: &Parts, progress: &dyn Progress) -> Result<DemoImages, ImageError> {
    let program = parts.find(&PartName::RolloutsDemo, progress)?;
    let probe = format!("{PROBE}:{}", &program.sha256[..12]);
    let archive = cache::archive(parts, "rollouts-demo", &recipe(&program, &probe), progress)?;
    Ok(DemoImages { archive, probe })
}

fn recipe(program: &FoundPart, probe: &str) -> Recipe {
    let spec = |reference: String, arguments: &[&str], env| Spec {
        references: vec![reference],
        entrypoint: [PROGRAM].iter().chain(arguments).map(|word| (*word).to_owned()).collect(),
        env,
        user: USER,
        working_directory: "/",
        ports: vec![8080],
        labels: vec![
            ("dev.proofroll.image", "demo".to_owned()),
            ("org.opencontainers.image.version", program.version.to_string()),
        ],
    };
    let mut images = Vec::new();
    for (prefix, variable) in VARIANTS {
        images.extend(COLOURS.map(|colour| {
            let mut env = vec![("PROOFROLL_COLOUR", colour.to_owned())];
            env.extend(variable.map(|(name, value)| (name, value.to_owned())));
            spec(format!("{REPOSITORY}:{prefix}{colour}"), &[], env)
        }));
    }
    images.push(spec(probe.to_owned(), &["probe"], Vec::new()));
    let content = Content { path: program.path.clone(), sha256: program.sha256.clone() };
    let layer = vec![Entry { path: PROGRAM[1..].into(), mode: 0o755, content: Some(content) }];
    Recipe { layer, images }
}
