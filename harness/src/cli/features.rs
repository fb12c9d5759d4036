//! The text of `proofroll list --features`: which scenarios prove which feature.

use std::collections::BTreeMap;

use super::list::{Loaded, line};
use crate::scenario::Features;

/// The table. `known`: the features that there are; None: those that scenarios name.
pub fn features(files: &[Loaded], known: Option<&Features>) -> String {
    let mut proven: BTreeMap<&str, Vec<&str>> = BTreeMap::new();
    for name in known.into_iter().flat_map(Features::keys) {
        proven.entry(name).or_default();
    }
    for family in files.iter().filter_map(|(_, loaded)| loaded.as_ref().ok()) {
        let mut names: Vec<_> = family.scenarios.iter().flat_map(|scenario| &scenario.features).collect();
        names.sort();
        names.dedup();
        for name in names {
            proven.entry(name).or_default().push(&family.id);
        }
    }
    let page = |name: &str| known.and_then(|known| known.get(name)).map_or("", String::as_str);
    let width = |texts: Vec<usize>| texts.into_iter().max().unwrap_or(0);
    let names = width(proven.keys().map(|name| name.chars().count()).collect());
    let pages = width(proven.keys().map(|name| page(name).chars().count()).collect());
    let mut text = String::new();
    for (name, scenarios) in &proven {
        let first = scenarios.first().copied().unwrap_or("-");
        line(&mut text, format_args!("{name:names$}  {:pages$}  {first}", page(name)));
        for scenario in scenarios.iter().skip(1) {
            line(&mut text, format_args!("{:names$}  {:pages$}  {scenario}", "", ""));
        }
    }
    let count = proven.values().filter(|scenarios| !scenarios.is_empty()).count();
    line(&mut text, format_args!("\n{count} of {} features are proven by a scenario", proven.len()));
    text
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::scenario::Library;

    #[test]
    fn a_feature_without_a_scenario_shows() {
        let dir = tempfile::tempdir().unwrap();
        std::fs::create_dir(dir.path().join("pods")).unwrap();
        let write = |name: &str, text: &str| std::fs::write(dir.path().join(name), text).unwrap();
        write("pods/r.manifest.yaml", super::super::explain::tests::ROLLOUT);
        write("pods/many.yaml", super::super::explain::tests::FAMILY);
        write("pods/again.yaml", super::super::explain::tests::FAMILY);
        let library = Library::from_dir(dir.path()).unwrap();
        assert_eq!(library.features().unwrap(), None);
        insta::assert_snapshot!(features(&library.load_all(), None), @r"
        scale    pods/again
                 pods/many

        1 of 1 features are proven by a scenario
        ");
        write("features.yaml", "scale: docs/scale.md\nscale.to-zero: docs/hpa.md\n");
        let known = library.features().unwrap();
        insta::assert_snapshot!(features(&library.load_all(), known.as_ref()), @r"
        scale          docs/scale.md  pods/again
                                      pods/many
        scale.to-zero  docs/hpa.md    -

        1 of 2 features are proven by a scenario
        ");
        write("features.yaml", "scaling: docs/scale.md\n");
        let error = library.load_all().remove(0).1.unwrap_err();
        insta::assert_snapshot!(error.to_string().replace(&dir.path().display().to_string(), ""), @r"
        /pods/again.yaml:3:12: unknown feature `scale`
          |
        3 | features: [scale]
          |            ^^^^^
          = `proofroll list --features` shows all; a new one goes into features.yaml
        ");
        write("features.yaml", "- scaling\n");
        let error = library.features().unwrap_err();
        insta::assert_snapshot!(error.to_string().replace(&dir.path().display().to_string(), ""), @r"
        /features.yaml:1:1: expected a map
          |
        1 | - scaling
          | ^
          = `key: value` lines, or `{}` where nothing needs to be said
        ");
        // A user's own scenario may name what it likes.
        assert!(library.load_file(&dir.path().join("pods/many.yaml")).is_ok());
    }
}
