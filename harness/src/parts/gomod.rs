//! As much of `go.mod` as a pin or a checkout is asked about: module, `go` and `toolchain` lines,
//! required versions, tools.

use std::collections::BTreeMap;

use semver::Version;

use super::go::GoVersion;

/// What a `go.mod` says. Replacements and exclusions are left to Go.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct GoMod {
    /// The module's own path.
    pub module: String,
    /// The newer one of the `go` and the `toolchain` line.
    pub needs: Option<GoVersion>,
    /// Required versions by module path, as written (`v1.34.4`).
    pub requires: BTreeMap<String, String>,
    /// Packages of the `tool` lines, in order.
    pub tools: Vec<String>,
}

impl GoMod {
    /// Reads the text of a `go.mod`; lines that say something else are passed over.
    pub fn parse(text: &str) -> Self {
        let mut found = Self::default();
        let mut block: Option<&str> = None;
        for line in text.lines() {
            let line = line.split("//").next().unwrap_or_default().trim();
            let mut words = line.split_whitespace();
            let verb = match block {
                Some(_) if line == ")" => {
                    block = None;
                    continue;
                }
                Some(verb) => verb,
                None => {
                    let Some(verb) = words.next() else { continue };
                    if words.clone().next() == Some("(") {
                        block = Some(verb);
                        continue;
                    }
                    verb
                }
            };
            found.directive(verb, &words.collect::<Vec<_>>());
        }
        found
    }

    fn directive(&mut self, verb: &str, words: &[&str]) {
        match (verb, words) {
            ("module", [path, ..]) => self.module = path.trim_matches('"').to_owned(),
            ("go" | "toolchain", [version, ..]) => self.needs = self.needs.max(version.parse().ok()),
            ("require", [path, version, ..]) => {
                self.requires.insert(path.trim_matches('"').to_owned(), (*version).to_owned());
            }
            ("tool", [package, ..]) => self.tools.push(package.trim_matches('"').to_owned()),
            _ => {}
        }
    }

    /// The required module that a package belongs to, and its version.
    pub fn module_of(&self, package: &str) -> Option<(&str, Version)> {
        let mut path = package;
        loop {
            if let Some((module, version)) = self.requires.get_key_value(path) {
                return Some((module, Version::parse(version.strip_prefix('v')?).ok()?));
            }
            path = path.rsplit_once('/')?.0;
        }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    const SAMPLE: &str = r#"
// a comment
module example.com/parts // trailing

go 1.24.0
toolchain go1.26.10

tool k8s.io/kubernetes/cmd/one
tool (
	k8s.io/kubernetes/cmd/two
)

require go.etcd.io/etcd/server/v3 v3.6.8
require (
	"k8s.io/kubernetes" v1.34.4 // indirect
	k8s.io/api v0.34.4
)

replace (
	k8s.io/api => k8s.io/api v0.0.1
)
"#;

    #[test]
    fn reads_lines_and_blocks() {
        let found = GoMod::parse(SAMPLE);
        assert_eq!(found.module, "example.com/parts");
        assert_eq!(found.needs, Some("1.26.10".parse().unwrap()));
        assert_eq!(found.tools, ["k8s.io/kubernetes/cmd/one", "k8s.io/kubernetes/cmd/two"]);
        assert_eq!(found.requires["k8s.io/api"], "v0.34.4", "a replacement is not a requirement");
        assert_eq!(found.requires.len(), 3);
    }

    #[test]
    fn a_package_belongs_to_the_longest_module_path() {
        let found = GoMod::parse(SAMPLE);
        let of = |package| found.module_of(package).map(|(path, version)| format!("{path} {version}"));
        assert_eq!(of("k8s.io/kubernetes/cmd/one").as_deref(), Some("k8s.io/kubernetes 1.34.4"));
        assert_eq!(of("go.etcd.io/etcd/server/v3").as_deref(), Some("go.etcd.io/etcd/server/v3 3.6.8"));
        assert_eq!(of("k8s.io/kubernetesx/cmd"), None);
    }

    proptest! {
        #[test]
        fn no_text_makes_it_panic(text in "(?s).{0,200}") {
            GoMod::parse(&text);
        }

        #[test]
        fn every_required_version_is_found(versions in prop::collection::btree_map("[a-z]{1,8}\\.io/[a-z]{1,8}", "v[0-9]\\.[0-9]\\.[0-9]", 0..8)) {
            let lines: String = versions.iter().map(|(path, version)| format!("\t{path} {version} // indirect\n")).collect();
            prop_assert_eq!(GoMod::parse(&format!("require (\n{lines})\n")).requires, versions);
        }
    }
}
