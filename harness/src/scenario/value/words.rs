//! Patterns in words, as people read them: `spec.replicas 4, metadata.labels.app contains "x"`.

use std::fmt::{self, Display};

use super::pattern::{Pattern, Plain, Quantifier, Word};

impl Display for Plain {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Bool(v) => v.fmt(f),
            Self::Int(v) => v.fmt(f),
            Self::Float(v) => v.fmt(f),
            Self::Text(text, _) => write!(f, "{text:?}"),
        }
    }
}

impl Display for Pattern {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut says = Vec::new();
        leaves(self, "", &mut says);
        if says.is_empty() { f.write_str("anything") } else { f.write_str(&says.join(", ")) }
    }
}

impl Quantifier {
    /// What it says of the items, one text for each word.
    pub fn demands(&self) -> Vec<String> {
        let counted = self.r#where.as_ref().map_or_else(String::new, |pattern| format!(" like ({pattern})"));
        let said = self.parts().filter(|(word, _)| *word != "where").map(|(word, pattern)| match word {
            "count" => format!("count {pattern}{counted}"),
            word => format!("{word} ({pattern})"),
        });
        said.collect()
    }
}

/// One text for each value that is compared.
fn leaves(pattern: &Pattern, path: &str, says: &mut Vec<String>) {
    let mut say = |what: &str| says.push(if path.is_empty() { what.to_owned() } else { format!("{path} {what}") });
    match pattern {
        Pattern::Absent => say("absent"),
        Pattern::Plain(plain) => say(&plain.to_string()),
        Pattern::Map(fields) => match &fields.word {
            Some(Word::Is(pattern)) => say(&pattern.to_string()),
            Some(Word::Text(text)) => say(&text.to_string()),
            Some(Word::Items(quantifier)) => say(&quantifier.demands().join(", ")),
            None if fields.entries.is_empty() && !path.is_empty() => say("a map"),
            None => fields.entries.iter().for_each(|(key, pattern)| leaves(pattern, &inner(path, key), says)),
        },
        Pattern::List(items) => {
            let items: Vec<_> = items.iter().map(ToString::to_string).collect();
            say(&format!("[{}]", items.join("; ")));
        }
        Pattern::ByRelease(cases) => {
            let cases: Vec<_> = cases.iter().map(|case| format!("{} ({})", case.value, case.when)).collect();
            say(&cases.join(" or "));
        }
        Pattern::Not(pattern) => say(&format!("not {pattern}")),
        Pattern::Json(pattern) => say(&format!("as JSON ({pattern})")),
        Pattern::Cel(expressions) => expressions.iter().for_each(|expression| say(&format!("`{expression}`"))),
    }
}

/// The path of `key` in the map at `path`: `metadata.labels["example.com/a"]`.
pub fn inner(path: &str, key: &str) -> String {
    let plain = !key.is_empty() && key.chars().all(|c| c.is_ascii_alphanumeric() || c == '_' || c == '-');
    match (plain, path.is_empty()) {
        (true, true) => key.to_owned(),
        (true, false) => format!("{path}.{key}"),
        (false, _) => format!("{path}[{key:?}]"),
    }
}

#[cfg(test)]
mod tests {
    use rstest::rstest;

    use super::*;

    #[rstest]
    #[case("{spec: {replicas: 2, paused: true}}", "spec.replicas 2, spec.paused true")]
    #[case("{metadata: {annotations: {example.com/a: null}}}", r#"metadata.annotations["example.com/a"] absent"#)]
    #[case("{image: {contains: blue}, n: '< 4'}", r#"image contains "blue", n "< 4""#)]
    #[case("{list: {any: {a: 1}, none: {b: {matches: ^x}}}}", "list any (a 1), none (b matches /^x/)")]
    #[case("{list: {count: '>= 2', where: {a: 1}}}", r#"list count ">= 2" like (a 1)"#)]
    #[case("{list: [1, {a: x}]}", r#"list [1; a "x"]"#)]
    #[case("{a: [{when: '>=1.9', is: 1}, {when: '<1.9', contains: x}]}", r#"a 1 (>=1.9) or contains "x" (<1.9)"#)]
    #[case("{a: {not: {is: 3}}, b: {json: {c: 1}}}", "a not 3, b as JSON (c 1)")]
    #[case("{cel: object.a == 1}", "`object.a == 1`")]
    #[case("{}", "anything")]
    #[case("{status: {}}", "status a map")]
    fn a_pattern_in_words(#[case] yaml: &str, #[case] words: &str) {
        let pattern: Pattern = serde_saphyr::from_str(yaml).unwrap();
        assert_eq!(pattern.to_string(), words);
    }
}
