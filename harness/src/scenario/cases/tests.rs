use proptest::prelude::*;
use rstest::rstest;

use super::{expand, placeholder::pieces};
use crate::scenario::{fault::Text, tests, yaml};

/// The texts of a file's cases.
fn texts(file: &str) -> Vec<(String, String)> {
    let expanded = expand(&Text::new("a.yaml", file)).unwrap();
    let name = |case: Option<super::Case>| case.map_or_else(String::new, |case| case.name);
    expanded.texts.into_iter().map(|(case, text)| (name(case), text.text.to_string())).collect()
}

/// What `key` of the only case becomes, as JSON; `x` is the parameter.
fn becomes(x: &str, key: &str) -> serde_json::Value {
    let file = format!("cases: {{one: {{x: {x}}}}}\nuse: $(x)\n{key}\n");
    let text = texts(&file).remove(0).1;
    let mut value: serde_json::Value = serde_saphyr::from_str(&text).unwrap();
    value.as_object_mut().unwrap().shift_remove("cases");
    value.as_object_mut().unwrap().shift_remove("use");
    value
}

#[rstest]
#[case::a_number("10", "a: $(x)", r#"{"a":10}"#)]
#[case::a_text("'10'", "a: $(x)", r#"{"a":"10"}"#)]
#[case::a_truth("true", "a: $(x)", r#"{"a":true}"#)]
#[case::nothing("null", "a: $(x)", r#"{"a":null}"#)]
#[case::a_list("[1, {b: c}]", "a: $(x)", r#"{"a":[1,{"b":"c"}]}"#)]
#[case::a_map("{b: [1]}", "a: $(x)", r#"{"a":{"b":[1]}}"#)]
#[case::quoted("10", "a: '$(x)'", r#"{"a":10}"#)]
#[case::in_flow("10", "{a: [$(x), b, $(x)], c: {d: $(x)}}", r#"{"a":[10,"b",10],"c":{"d":10}}"#)]
#[case::inside_of_text("10", "a: < $(x)", r#"{"a":"< 10"}"#)]
#[case::twice_inside("10", "a: $(x)..$(x)", r#"{"a":"10..10"}"#)]
#[case::inside_of_quotes("b", r#"a: "say \"$(x)\"""#, r#"{"a":"say \"b\""}"#)]
#[case::what_yaml_would_read("'a: #b'", "a: c $(x)", r##"{"a":"c a: #b"}"##)]
#[case::a_key("3", "{$(x): 1}", r#"{"3":1}"#)]
#[case::a_part_of_a_key("red", "{demo:$(x): 1}", r#"{"demo:red":1}"#)]
#[case::folded("ten", "a: >-\n  of\n  $(x) pods", r#"{"a":"of ten pods"}"#)]
#[case::literal("10", "a: |\n  $(x)\n\n  - '$(x)'\nb: $(x)", r#"{"a":"10\n\n- '10'\n","b":10}"#)]
#[case::in_a_list_of_blocks("10", "a:\n- |\n  $(x)\n- $(x)", r#"{"a":["10\n",10]}"#)]
#[case::behind_an_anchor("10", "a: &b $(x)\nc: *b", r#"{"a":10,"c":10}"#)]
#[case::in_an_anchored_map("10", "a: &b {c: $(x)}\nd: *b", r#"{"a":{"c":10},"d":{"c":10}}"#)]
#[case::escaped("10", "a: $$(x)\nb: c $$(x) $(x)", r#"{"a":"$(x)","b":"c $(x) 10"}"#)]
#[case::a_variable_of_kubernetes("10", "a: $(NODE_NAME)", r#"{"a":"$(NODE_NAME)"}"#)]
#[case::behind_wide_letters("10", "{é: $(x), 🔑: $(x)}", r#"{"é":10,"🔑":10}"#)]
fn a_placeholder_becomes(#[case] x: &str, #[case] key: &str, #[case] json: &str) {
    // A flow map stands for the keys in it.
    let key = key.strip_prefix('{').and_then(|k| k.strip_suffix('}')).filter(|_| !key.contains('[')).map_or_else(
        || if key.starts_with('{') { format!("top: {key}") } else { key.to_owned() },
        |inner| inner.split(", ").collect::<Vec<_>>().join("\n"),
    );
    let got = becomes(x, &key);
    let got = got.get("top").unwrap_or(&got).to_string();
    assert_eq!(got, json);
}

#[test]
fn pieces_of_a_text() {
    insta::assert_debug_snapshot!(pieces("a $(b)$(c-1) $$(d) $( $(E) $(f"), @r#"
    [
        Text(
            "a ",
        ),
        Parameter(
            "b",
        ),
        Parameter(
            "c-1",
        ),
        Text(
            " $(d) $( $(E) $(f",
        ),
    ]
    "#);
}

const FAMILY: &str = "title: $(n) pods
must: It MUST
cases:
  one: {n: 1, phase: Healthy}
  ten: {n: 10, phase: Healthy}
steps:
- apply: rollout.yaml
  expect: {replicas: {desired: 1, ready: $(n)}, phase: $(phase)}
";

fn family(file: &str) -> Result<crate::scenario::Family, crate::scenario::ScenarioError> {
    tests::family_beside(file, &[])
}

#[test]
fn a_family_has_a_scenario_for_each_case() {
    let family = family(FAMILY).unwrap();
    assert_eq!((family.id.as_str(), family.title.as_str(), family.has_cases()), ("my", "$(n) pods", true));
    let told: Vec<_> = family.scenarios.iter().map(|s| (s.id.as_str(), s.title.as_str(), s.family())).collect();
    assert_eq!(told, [("my[one]", "1 pods", "my"), ("my[ten]", "10 pods", "my")]);
    let case = family.scenarios[1].case.as_ref().unwrap();
    assert_eq!(case.parameters, [("n".to_owned(), "10".to_owned()), ("phase".to_owned(), "Healthy".to_owned())]);
    let states: Vec<_> =
        family.scenarios.iter().map(|s| s.steps[0].expect.as_ref().unwrap().demands().join(", ")).collect();
    assert_eq!(states, ["phase Healthy, desired 1, ready 1", "phase Healthy, desired 1, ready 10"]);
}

#[test]
fn what_is_wrong_with_cases_is_told() {
    let change = |from: &str, to: &str| {
        assert!(FAMILY.contains(from), "{from}");
        FAMILY.replacen(from, to, 1)
    };
    let table = [
        ("no case", change("\n  one: {n: 1, phase: Healthy}\n  ten: {n: 10, phase: Healthy}", " {}")),
        ("a list of cases", change("\n  one: {n: 1, phase: Healthy}\n  ten: {n: 10, phase: Healthy}", " [one, ten]")),
        ("a case is a number", change("ten: {n: 10, phase: Healthy}", "ten: 10")),
        ("no cases at all", change("cases:\n  one: {n: 1, phase: Healthy}\n  ten: {n: 10, phase: Healthy}\n", "")),
        ("a name with a space", change("ten:", "'ten pods':")),
        ("a parameter with a capital", change("ten: {n: 10", "ten: {n: 10, Pods: 1")),
        ("a case that defines less", change("ten: {n: 10, phase: Healthy}", "ten: {n: 10}")),
        ("a case that defines another", change("ten: {n: 10, phase: Healthy}", "ten: {n: 10, phases: Healthy}")),
        ("unknown parameter", change("$(phase)", "$(phse)")),
        ("unused parameter", change("$(phase)", "Healthy")),
        ("a case names a parameter", change("n: 10", "n: $(phase)")),
        ("over several lines", change("title: $(n) pods", "title: so many\n  as $(n) pods")),
        ("a list inside of text", change("n: 10", "n: [10]")),
        (
            "a map as a key",
            change("must: It MUST", "must: It MUST\nwaive: {$(phase): because}")
                .replace("phase: Healthy}", "phase: {}}"),
        ),
        ("wrong in all", change("desired: 1", "dsired: 1")),
        ("wrong in one", change("ten: {n: 10", "ten: {n: about 10")),
        ("wrong behind a placeholder", change("phase: $(phase)", "phase: $(phase), step: 9/9")),
        (
            "wrong in the last two",
            change("  one: {n: 1, phase: Healthy}", "  one: {n: 1, phase: Healthy}\n  two: {n: 2, phase: Helthy}")
                .replace("n: 10, phase: Healthy", "n: 10, phase: Helthy"),
        ),
    ];
    let told = table.map(|(name, file)| match family(&file) {
        Ok(_) => panic!("{name}: this must not load"),
        Err(error) => format!("# {name}\n{error}\n"),
    });
    insta::with_settings!({omit_expression => true}, { insta::assert_snapshot!(told.join("\n")) });
}

#[test]
fn a_case_is_found_by_its_name() {
    let dir = tempfile::tempdir().unwrap();
    std::fs::create_dir(dir.path().join("s")).unwrap();
    std::fs::write(dir.path().join("s/rollout.yaml"), tests::ROLLOUT).unwrap();
    std::fs::write(dir.path().join("s/pods.yaml"), FAMILY).unwrap();
    let library = crate::scenario::Library::from_dir(dir.path()).unwrap();
    assert_eq!(library.load("s/pods[ten]").unwrap().id, "s/pods[ten]");
    assert_eq!(library.family("s/pods").unwrap().scenarios.len(), 2);
    let without_dir = |e: crate::scenario::ScenarioError| e.to_string().replace(&dir.path().display().to_string(), "");
    insta::assert_snapshot!(without_dir(library.load("s/pods[tne]").unwrap_err()), @r"
    /s/pods.yaml: s/pods has no case `tne`
      = did you mean `one`?
    ");
    insta::assert_snapshot!(without_dir(library.load("s/pods").unwrap_err()), @r"
    s/pods: these are 2 cases, and one is asked for
      = name one of `s/pods[one]`, `s/pods[ten]`
    ");
    let file = dir.path().join("s/pods.yaml[one]");
    assert_eq!(library.load_file(&file).unwrap().scenarios[0].id, "pods[one]");
}

proptest! {
    /// Whatever a parameter is, the scalar becomes it; and each place leads back to where it is written.
    #[test]
    fn any_text_can_be_a_parameter(value in "\\PC{0,12}", before in "[a-z]{0,4}") {
        let json = serde_json::Value::String(value.clone()).to_string();
        let file = format!("cases: {{one: {{x: {json}}}}}\na: {{b: $(x), c: '{before}$(x)', d: ~wrong}}\n");
        let expanded = expand(&Text::new("a.yaml", file.as_str())).unwrap();
        let text = &expanded.texts[0].1;
        let got: serde_json::Value = serde_saphyr::from_str(&text.text).unwrap();
        prop_assert_eq!(&got["a"]["b"], &serde_json::Value::String(value.clone()));
        prop_assert_eq!(&got["a"]["c"], &serde_json::Value::String(format!("{before}{value}")));
        let tree = yaml::tree(text).unwrap();
        let wrong = tree.get("a").and_then(|a| a.get("d")).unwrap();
        let fault = text.fault(wrong.at, "wrong");
        let column = file.lines().nth(1).unwrap().find("~wrong").unwrap() + 1;
        prop_assert_eq!((fault.at.line, fault.at.column as usize, fault.width), (2, column, 6));
    }

    #[test]
    fn no_text_makes_the_expansion_panic(text in "[-:{}\\[\\]\"'#&*!|>%@`a-c \n\t$()]{0,60}") {
        let _ = expand(&Text::new("x", format!("cases: {{one: {{a: 1, b: [c]}}}}\nd: $(a)\n{text}$(b)")));
    }

    #[test]
    fn no_text_makes_the_scan_panic(text in "\\PC{0,30}") {
        let joined = |text: &str| pieces(text).iter().map(|piece| match piece {
            super::placeholder::Piece::Text(text) => text.clone(),
            super::placeholder::Piece::Parameter(name) => format!("$({name})"),
        }).collect::<String>();
        // Nothing is lost but the escapes.
        if !text.contains("$$(") {
            prop_assert_eq!(joined(&text), text);
        }
    }
}
