//! The kinds that are watched.

use std::{
    collections::{BTreeMap, BTreeSet},
    fmt,
    sync::{LazyLock, Mutex, MutexGuard, PoisonError},
};

/// A watched kind.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Kind {
    /// `argoproj.io/v1alpha1` Rollout
    Rollout,
    /// `apps/v1` ReplicaSet
    ReplicaSet,
    /// `v1` Pod
    Pod,
    /// `v1` Service
    Service,
    /// `networking.k8s.io/v1` Ingress
    Ingress,
    /// `argoproj.io/v1alpha1` AnalysisRun
    AnalysisRun,
    /// `argoproj.io/v1alpha1` Experiment
    Experiment,
    /// `batch/v1` Job
    Job,
    /// `v1` Event
    Event,
    /// A kind that is watched because a scenario names it.
    Other(Other),
}

/// A kind that is watched because a scenario names it. There are few of them, and each lives as long as the process.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Other(&'static Shape);

#[derive(Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
struct Shape {
    api_version: String,
    name: String,
    plural: String,
}

/// The other kinds that were met so far.
#[derive(Default)]
struct Met {
    shapes: BTreeSet<&'static Shape>,
    /// By the names under which scenarios ask for them.
    names: BTreeMap<String, Kind>,
}

static MET: LazyLock<Mutex<Met>> = LazyLock::new(Mutex::default);

fn met() -> MutexGuard<'static, Met> {
    MET.lock().unwrap_or_else(PoisonError::into_inner)
}

impl Kind {
    /// Those that are watched always.
    pub const ALL: [Self; 9] = [
        Self::Rollout,
        Self::ReplicaSet,
        Self::Pod,
        Self::Service,
        Self::Ingress,
        Self::AnalysisRun,
        Self::Experiment,
        Self::Job,
        Self::Event,
    ];

    /// The kind of this `apiVersion` and `kind`, whose collections are called `plural` in paths. From now on it is what
    /// [`Kind::named`] finds under `written`.
    pub fn other(written: &str, api_version: &str, name: &str, plural: &str) -> Self {
        let built_in = Self::ALL.into_iter().find(|kind| kind.name() == name && kind.api_version() == api_version);
        let mut met = met();
        let kind = built_in.unwrap_or_else(|| {
            let shape = Shape { api_version: api_version.into(), name: name.into(), plural: plural.into() };
            let known = met.shapes.get(&shape).copied();
            let shape = known.unwrap_or_else(|| {
                let shape: &'static Shape = Box::leak(Box::new(shape));
                met.shapes.insert(shape);
                shape
            });
            Self::Other(Other(shape))
        });
        met.names.insert(written.to_owned(), kind);
        kind
    }

    /// The kind that a scenario calls so; None for one that nobody watches.
    pub fn named(written: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|kind| kind.name() == written).or_else(|| met().names.get(written).copied())
    }

    /// All kinds that are known by now.
    pub fn met() -> Vec<Self> {
        let met = met();
        Self::ALL.into_iter().chain(met.shapes.iter().map(|shape| Self::Other(Other(shape)))).collect()
    }

    /// `apiVersion` of its objects.
    pub fn api_version(self) -> &'static str {
        match self {
            Self::Other(Other(shape)) => &shape.api_version,
            Self::Rollout | Self::AnalysisRun | Self::Experiment => "argoproj.io/v1alpha1",
            Self::ReplicaSet => "apps/v1",
            Self::Pod | Self::Service | Self::Event => "v1",
            Self::Ingress => "networking.k8s.io/v1",
            Self::Job => "batch/v1",
        }
    }

    /// `kind` of its objects.
    pub fn name(self) -> &'static str {
        match self {
            Self::Other(Other(shape)) => &shape.name,
            Self::Rollout => "Rollout",
            Self::ReplicaSet => "ReplicaSet",
            Self::Pod => "Pod",
            Self::Service => "Service",
            Self::Ingress => "Ingress",
            Self::AnalysisRun => "AnalysisRun",
            Self::Experiment => "Experiment",
            Self::Job => "Job",
            Self::Event => "Event",
        }
    }

    /// The path of its collection in a namespace.
    pub fn path(self, namespace: &str) -> String {
        let api = self.api_version();
        let root = if api.contains('/') { "apis" } else { "api" };
        let plural = match self {
            Self::Other(Other(shape)) => shape.plural.clone(),
            Self::Ingress => "ingresses".to_owned(),
            other => format!("{}s", other.name().to_lowercase()),
        };
        format!("/{root}/{api}/namespaces/{namespace}/{plural}")
    }
}

impl fmt::Display for Kind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}
