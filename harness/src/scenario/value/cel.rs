//! Expressions of the Common Expression Language (CEL), for what no other comparison says.

use std::{
    collections::BTreeSet,
    fmt,
    sync::{Arc, LazyLock},
};

use cel::{Context, Env, ExecutionError, Program};

use crate::scenario::fault::one_of;

/// The functions that expressions have: CEL's standard ones, and those of strings and lists.
static ENV: LazyLock<Arc<Env>> = LazyLock::new(|| {
    let mut env = Env::stdlib();
    // They can't meet what is there already: both extensions belong to the standard.
    for extension in [cel::extensions::strings, cel::extensions::lists] {
        let _ = env.add_extension(extension);
    }
    Arc::new(env)
});

/// What an expression can ask about. Not each of them is known everywhere; see the checks.
pub const VARIABLES: [&str; 6] = ["object", "self", "objects", "rollout", "hashes", "kinds"];

/// An expression that is true or false.
#[derive(Clone)]
pub struct Expression {
    source: Arc<str>,
    program: Arc<Program>,
    variables: BTreeSet<String>,
}

impl Expression {
    /// Reads an expression.
    ///
    /// # Errors
    /// A text for people, if it is none, or asks about something that nobody knows.
    pub fn parse(source: &str) -> Result<Self, String> {
        let program = ENV.compile(source).map_err(|errors| {
            let first = errors.errors.first();
            let (column, why) = first.map_or((1, "it can't be read"), |e| (e.pos.1, e.msg.as_str()));
            format!("`{source}` is no CEL expression: at its column {column}: {}", in_short(why))
        })?;
        let variables: BTreeSet<String> = {
            let references = program.references();
            let known = |name: &&str| VARIABLES.contains(name);
            let variables = references.variables();
            if let Some(unknown) = variables.iter().find(|v| !known(v) && !is_local(v, source) && !is_type(v)) {
                return Err(format!("`{source}`: nothing is called `{unknown}`; {}", one_of(unknown, &VARIABLES)));
            }
            variables.into_iter().filter(known).map(ToOwned::to_owned).collect()
        };
        if let Some(unknown) = program.references().functions().into_iter().find(|name| !is_function(name)) {
            return Err(format!("`{source}`: there is no function `{unknown}`"));
        }
        Ok(Self { source: source.into(), program: Arc::new(program), variables })
    }

    /// Which of [`VARIABLES`] it asks about.
    pub fn variables(&self) -> &BTreeSet<String> {
        &self.variables
    }

    /// A context with all functions and no variable.
    pub fn context(&self) -> Context<'static, 'static> {
        Context::with_env(Arc::clone(&ENV))
    }

    /// As it was compiled.
    pub fn program(&self) -> &Program {
        &self.program
    }
}

/// Whether a function is called so, or (as `_==_`) an operator. One that exists complains about its arguments.
fn is_function(name: &str) -> bool {
    if !name.chars().all(|c| c.is_ascii_alphanumeric()) {
        return true;
    }
    let called = |call: String| match ENV.compile(&call) {
        Ok(program) => !matches!(
            program.execute(&Context::with_env(Arc::clone(&ENV))),
            Err(ExecutionError::UndeclaredReference(_))
        ),
        // A macro, which wants its arguments.
        Err(_) => true,
    };
    called(format!("{name}()")) || called(format!("''.{name}()"))
}

/// The parser goes on to list all that could stand there instead.
fn in_short(why: &str) -> &str {
    let why = why.lines().next().unwrap_or_default();
    why.split_once(" expecting ").map_or(why, |(why, _)| why)
}

/// Whether `name` is what a macro calls the items that it goes through: `list.all(name, ...)`.
fn is_local(name: &str, source: &str) -> bool {
    static BOUND: LazyLock<regex::Regex> = LazyLock::new(|| {
        regex::Regex::new(r"\.\s*\w+\s*\(\s*(\w+)\s*,").unwrap_or_else(|e| unreachable!("a fixed pattern: {e}"))
    });
    BOUND.captures_iter(source).any(|found| &found[1] == name)
}

/// The names of types, to compare `type(x)` with.
fn is_type(name: &str) -> bool {
    const TYPES: [&str; 11] =
        ["bool", "bytes", "double", "int", "list", "map", "null_type", "optional_type", "string", "type", "uint"];
    TYPES.contains(&name)
}

impl fmt::Display for Expression {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.source)
    }
}

impl fmt::Debug for Expression {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Expression({:?})", self.source)
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use rstest::rstest;

    use super::*;

    #[rstest]
    #[case("object.spec.replicas == 2", &["object"])]
    #[case("objects.all(o, o.spec.replicas > self)", &["objects", "self"])]
    #[case("size(rollout.status.conditions) > 1 && type(self) == string", &["rollout", "self"])]
    #[case("timestamp(object.a) - timestamp(object.b) >= duration('30s')", &["object"])]
    #[case("'a,b'.split(',').exists(part, part == hashes[1])", &["hashes"])]
    fn what_is_asked_about(#[case] source: &str, #[case] variables: &[&str]) {
        let expression = Expression::parse(source).unwrap_or_else(|e| panic!("{e}"));
        assert_eq!(expression.variables().iter().collect::<Vec<_>>(), variables);
    }

    #[test]
    fn what_is_no_expression_is_told() {
        let wrong = ["object.a ==", "objct.a == 1", "sze(object.a) == 1", "object.list.all(x, y > 1)", ""];
        let told: Vec<_> = wrong.iter().map(|source| Expression::parse(source).unwrap_err()).collect();
        insta::assert_snapshot!(told.join("\n"));
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(64))]

        #[test]
        fn no_text_makes_it_panic(text in "[a-z0-9 .,()\\[\\]{}?:!=<>&|+'\"-]{0,40}") {
            let _ = Expression::parse(&text);
        }
    }
}
