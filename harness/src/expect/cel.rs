//! Evaluates CEL expressions about objects.

use std::{collections::HashMap, sync::Arc};

use ::cel::{
    Context, ExecutionError, Value as Cel,
    common::ast::{Expr, operators},
    objects::{Key, Map},
};
use serde_json::Value;

use super::{Check, pattern::Scope};
use crate::{
    scenario::value::Expression,
    timeline::{Kind, World},
};

/// Evaluates `expression` about `value` (`self`), which stands at `path`, and what else is in scope.
pub fn check(expression: &Expression, path: &str, value: Option<&Value>, scope: Scope<'_>) -> Check {
    let mut context = expression.context();
    for name in expression.variables() {
        let bound = match name.as_str() {
            "self" => value.map_or(Cel::Null, of_json),
            "object" => scope.object.map_or(Cel::Null, of_json),
            "rollout" => scope.rollout.map_or(Cel::Null, of_json),
            "objects" => Cel::List(Arc::new(scope.objects.iter().map(|object| of_json(object)).collect())),
            "kinds" => kinds(scope.world),
            _ => map(scope.hashes.iter().map(|(revision, hash)| {
                (Key::Int(i64::try_from(*revision).unwrap_or(i64::MAX)), Cel::String(Arc::new(hash.clone())))
            })),
        };
        context.add_variable_from_value(name.as_str(), bound);
    }
    let (got, ok) = match expression.program().execute(&context) {
        Ok(Cel::Bool(true)) => ("true".to_owned(), true),
        Ok(Cel::Bool(false)) => (why_not(expression, &context), false),
        Ok(other) => (format!("{}, which is neither true nor false", in_words(&other)), false),
        Err(error) => (in_short(&error), false),
    };
    let field = if path.is_empty() { "cel".to_owned() } else { format!("{path} cel") };
    Check { field, expected: expression.to_string(), got, ok }
}

/// The two sides of a comparison that does not hold.
fn why_not(expression: &Expression, context: &Context<'_, '_>) -> String {
    const COMPARISONS: [(&str, &str); 7] = [
        (operators::EQUALS, "=="),
        (operators::NOT_EQUALS, "!="),
        (operators::LESS, "<"),
        (operators::LESS_EQUALS, "<="),
        (operators::GREATER, ">"),
        (operators::GREATER_EQUALS, ">="),
        (operators::IN, "in"),
    ];
    let sides = || {
        let Expr::Call(call) = &expression.program().expression().expr else { return None };
        let (_, sign) = COMPARISONS.iter().find(|(operator, _)| *operator == call.func_name)?;
        let [left, right] = call.args.as_slice() else { return None };
        let (left, right) = (context.resolve(left).ok()?, context.resolve(right).ok()?);
        Some(format!("false: {} {sign} {}", in_words(&left), in_words(&right)))
    };
    sides().unwrap_or_else(|| "false".into())
}

/// The crate's errors print whole objects.
fn in_short(error: &ExecutionError) -> String {
    match error {
        ExecutionError::NoSuchKey(key) => format!("there is no {key}"),
        ExecutionError::NoSuchOverload(overload) => overload.to_string(),
        ExecutionError::IndexOutOfBounds(index) => format!("the list has no item {}", in_words(index)),
        ExecutionError::FunctionError { function, message } => format!("{function}: {message}"),
        other => {
            let text = other.to_string();
            text.chars().take(100).collect()
        }
    }
}

fn in_words(value: &Cel) -> String {
    match value {
        Cel::Null => "null".into(),
        Cel::Bool(v) => v.to_string(),
        Cel::Int(v) => v.to_string(),
        Cel::UInt(v) => v.to_string(),
        Cel::Float(v) => v.to_string(),
        Cel::String(v) => format!("{v:?}"),
        Cel::Duration(v) => format!("{} s", v.as_seconds_f64()),
        Cel::Timestamp(v) => v.to_rfc3339(),
        Cel::List(items) => format!("a list of {}", items.len()),
        Cel::Map(map) => format!("a map of {}", map.map.len()),
        other => other.type_of().to_string(),
    }
}

/// Whole numbers are CEL's `int`, whatever their sign (the crate's own conversion makes `uint` of them, to which
/// nothing can be added).
fn of_json(value: &Value) -> Cel {
    match value {
        Value::Null => Cel::Null,
        Value::Bool(v) => Cel::Bool(*v),
        Value::Number(number) => match number.as_i64() {
            Some(n) => Cel::Int(n),
            None => Cel::Float(number.as_f64().unwrap_or(f64::NAN)),
        },
        Value::String(v) => Cel::String(Arc::new(v.clone())),
        Value::Array(items) => Cel::List(Arc::new(items.iter().map(of_json).collect())),
        Value::Object(fields) => {
            map(fields.iter().map(|(key, value)| (Key::String(Arc::new(key.clone())), of_json(value))))
        }
    }
}

/// Name of each kind that is watched to its objects; of a kind that has none there is an empty list.
fn kinds(world: &World) -> Cel {
    let named = Kind::met().into_iter().map(|kind| {
        let objects = world.objects(kind).map(|object| of_json(&object.raw)).collect();
        (Key::String(Arc::new(kind.name().to_owned())), Cel::List(Arc::new(objects)))
    });
    map(named)
}

fn map(entries: impl Iterator<Item = (Key, Cel)>) -> Cel {
    Cel::Map(Map { map: Arc::new(entries.collect::<HashMap<_, _>>()) })
}
