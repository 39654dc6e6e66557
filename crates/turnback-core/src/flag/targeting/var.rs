//! `var`, `missing`, `missing_some`: what data hold.

use serde_json::{Map, Value, json};

use super::coerce;
use super::evaluation::Evaluation;

/// What a rule sees as its data.
#[derive(Clone, Copy)]
pub enum Data<'a> {
    /// The attributes of the context.
    Context(&'a Map<String, Value>),
    /// An element of a list that is gone through.
    Element(&'a Value),
}

impl Evaluation<'_> {
    /// `var`: what stands at a path of names and numbers with dots between them, else the second
    /// argument.
    pub fn var(&self, arguments: &[Value], data: Data<'_>) -> Value {
        let found = match arguments.first() {
            None | Some(Value::Null) => Some(whole(data)),
            Some(path) => self.find(&coerce::text(path), data),
        };
        found
            .filter(|value| !value.is_null())
            .or_else(|| arguments.get(1).cloned())
            .unwrap_or_default()
    }

    /// `missing`: those of the paths at which nothing stands.
    pub fn missing(&self, paths: &[Value], data: Data<'_>) -> Vec<Value> {
        // As one list, or one by one.
        let paths = match paths {
            [Value::Array(paths), ..] => paths,
            paths => paths,
        };
        let is_missing = |path: &&Value| match self.find(&coerce::text(path), data) {
            None | Some(Value::Null) => true,
            Some(value) => value == "",
        };
        paths.iter().filter(is_missing).cloned().collect()
    }

    /// `missing_some`: nothing where at least so many are there, else those that are missing.
    pub fn missing_some(&self, arguments: &[Value], data: Data<'_>) -> Vec<Value> {
        let [need, Value::Array(paths)] = arguments else {
            return vec![];
        };
        let missing = self.missing(paths, data);
        let there = (paths.len() - missing.len()) as f64;
        match coerce::number(need) {
            Some(need) if there >= need => vec![],
            _ => missing,
        }
    }

    fn find(&self, path: &str, data: Data<'_>) -> Option<Value> {
        if path.is_empty() {
            return Some(whole(data));
        }
        let (first, rest) = match path.split_once('.') {
            Some((first, rest)) => (first, Some(rest)),
            None => (path, None),
        };
        let begin = match data {
            Data::Context(_) if first == "$flagd" => {
                let own = json!({ "flagKey": self.flag, "timestamp": self.now });
                return below(&own, rest).cloned();
            }
            Data::Context(attributes) => attributes.get(first)?,
            Data::Element(element) => child(element, first)?,
        };
        below(begin, rest).cloned()
    }
}

fn whole(data: Data<'_>) -> Value {
    match data {
        Data::Context(attributes) => Value::Object(attributes.clone()),
        Data::Element(element) => element.clone(),
    }
}

fn below<'a>(value: &'a Value, path: Option<&str>) -> Option<&'a Value> {
    path.into_iter()
        .flat_map(|path| path.split('.'))
        .try_fold(value, child)
}

fn child<'a>(value: &'a Value, name: &str) -> Option<&'a Value> {
    match value {
        Value::Object(object) => object.get(name),
        Value::Array(items) => items.get(name.parse::<usize>().ok()?),
        _ => None,
    }
}
