//! How far a build is, from the lines that Go writes while it works.

use std::{collections::HashMap, time::Duration};

/// Counts packages. Go names a package when it begins to compile it, which it does only after all
/// that the package imports is there: compiled just now, or found in Go's build cache.
#[derive(Debug)]
pub(crate) struct Meter {
    title: String,
    expected: Duration,
    fetched: usize,
    fetching: String,
    index: HashMap<String, usize>,
    imports: Vec<Vec<usize>>,
    done: Vec<bool>,
    count: usize,
}

/// How Go begins a line about a module or a toolchain that it fetches.
pub(crate) const DOWNLOADING: &str = "go: downloading ";

/// What `go list -deps` is asked to print for [`Meter::learn`].
pub(crate) const LIST_FORMAT: &str = "{{.ImportPath}}{{range .Imports}} {{.}}{{end}}";

impl Meter {
    /// For a part `title` whose build takes about `expected` if nothing is compiled yet.
    pub fn new(title: String, expected: Duration) -> Self {
        Self {
            title,
            expected,
            fetched: 0,
            fetching: String::new(),
            index: HashMap::new(),
            imports: Vec::new(),
            done: Vec::new(),
            count: 0,
        }
    }

    /// Learns all packages, a line each: the package and what it imports ([`LIST_FORMAT`]).
    pub fn learn(&mut self, list: &str) {
        let lines = || list.lines().map(|line| line.split_whitespace());
        self.index = lines().enumerate().filter_map(|(at, mut words)| Some((words.next()?.to_owned(), at))).collect();
        self.imports =
            lines().map(|words| words.skip(1).filter_map(|name| self.index.get(name).copied()).collect()).collect();
        self.done = vec![false; self.imports.len()];
    }

    /// Hears a line of Go's error output. Is it progress (and not a complaint)?
    pub fn hear(&mut self, line: &str) -> bool {
        if let Some(what) = line.strip_prefix(DOWNLOADING) {
            self.fetched += 1;
            self.fetching = what.to_owned();
            return true;
        }
        let Some(&at) = self.index.get(line) else { return false };
        let mut open = vec![at];
        while let Some(at) = open.pop() {
            if !std::mem::replace(&mut self.done[at], true) {
                self.count += 1;
                open.extend(&self.imports[at]);
            }
        }
        true
    }

    /// One line for a person, after `elapsed`.
    pub fn line(&self, elapsed: Duration) -> String {
        let Self { title, fetched, fetching, count, .. } = self;
        let total = self.done.len();
        let doing = if total == 0 && *fetched > 0 {
            format!("downloading modules, {fetched} so far ({fetching})")
        } else if total == 0 {
            "reading modules".into()
        } else if *count == 0 && *fetched > 0 {
            format!("downloading modules, {fetched} so far ({fetching})")
        } else if *count == 0 {
            // With all of it in the build cache Go names no package and goes on to link.
            format!("{total} packages, nothing to compile so far")
        } else if *count == total {
            format!("linking {total} packages")
        } else {
            format!("{count}/{total} packages")
        };
        format!("building {title}: {doing}, {} ({} cold)", span(elapsed), about(self.expected))
    }
}

/// Seconds for people: `1m40s`, `7s`.
pub(crate) fn span(time: Duration) -> String {
    let seconds = time.as_secs();
    if seconds < 60 { format!("{seconds}s") } else { format!("{}m{:02}s", seconds / 60, seconds % 60) }
}

/// A rough time: `about 5 min`, `less than a minute`.
pub(crate) fn about(time: Duration) -> String {
    match time.as_secs() {
        0..60 => "less than a minute".into(),
        seconds => format!("about {} min", seconds.div_ceil(60)),
    }
}

/// A time measured on two cores, as it is to be expected on `cores` of them.
pub(crate) fn on_cores(two_cores: Duration, cores: usize) -> Duration {
    // Linking and the deep end of the package graph use few cores: beyond 16 nothing is gained.
    two_cores.mul_f64(2.0 / cores.clamp(1, 16) as f64)
}

/// How long the builds will take that take `two_cores` on two cores: `15 to 20 minutes on 2 cores`.
pub fn expected_text(two_cores: Duration, cores: usize) -> String {
    let on = if cores == 1 { "1 core".to_owned() } else { format!("{cores} cores") };
    format!("{} on {on}", minutes_text(on_cores(two_cores, cores)))
}

/// A span of minutes around a time: `15 to 20 minutes`, `2 to 3 minutes`, `less than a minute`.
pub fn minutes_text(time: Duration) -> String {
    let minutes = time.as_secs() / 60;
    let step = if minutes >= 10 { 5 } else { 1 };
    let low = minutes / step * step;
    if low == 0 { "less than a minute".into() } else { format!("{low} to {} minutes", low + step) }
}

#[cfg(test)]
mod tests {
    use rstest::rstest;

    use super::*;

    const LIST: &str = "unsafe\nruntime unsafe\nerrors runtime\nio errors\nfmt errors io\nexample.com/main fmt\n";

    #[test]
    fn it_counts_what_is_compiled_and_what_was_there_before() {
        let mut meter = Meter::new("etcd v3.6.8".into(), Duration::from_secs(62));
        let mut shown = Vec::new();
        let mut elapsed = 0;
        let mut show = |meter: &Meter| {
            elapsed += 35;
            shown.push(meter.line(Duration::from_secs(elapsed)));
        };
        show(&meter);
        assert!(meter.hear("go: downloading go1.26.10 (linux/amd64)"));
        assert!(meter.hear("go: downloading k8s.io/api v0.34.4"));
        show(&meter);
        meter.learn(LIST);
        show(&meter);
        assert!(meter.hear("errors"), "its imports were in the build cache");
        show(&meter);
        assert!(!meter.hear("# fmt"), "the head of a complaint");
        assert!(meter.hear("errors"), "twice is once");
        assert!(meter.hear("fmt"));
        show(&meter);
        assert!(meter.hear("example.com/main"));
        show(&meter);
        insta::assert_snapshot!(shown.join("\n"));
    }

    #[rstest]
    #[case(1105, 2, "15 to 20 minutes on 2 cores")]
    #[case(1105, 8, "4 to 5 minutes on 8 cores")]
    #[case(1105, 1, "35 to 40 minutes on 1 core")]
    #[case(60, 2, "1 to 2 minutes on 2 cores")]
    #[case(15, 2, "less than a minute on 2 cores")]
    fn expectations(#[case] seconds: u64, #[case] cores: usize, #[case] text: &str) {
        assert_eq!(expected_text(Duration::from_secs(seconds), cores), text);
    }
}
