//! Diagnostics as JSON, for editors and other tools. `docs/diagnostics-json.md` is the reference.

use serde_json::{Value, json};

use super::{Diagnostic, Edit, Report};
use crate::source::{Source, Sources, Span};

/// The version of the shape. It changes only where a reader of the former shape would go wrong; a key more does not count.
const FORMAT: u32 = 1;

impl Report {
    /// All of it as one JSON value.
    pub fn to_json(&self) -> Value {
        diagnostics(self.iter().map(|diagnostic| diagnostic.to_json(&self.sources)))
    }

    /// What [`to_json`](Self::to_json) gives where nothing is wrong, so that a tool has one thing to read.
    pub fn empty_json() -> Value {
        diagnostics(std::iter::empty())
    }
}

fn diagnostics(list: impl Iterator<Item = Value>) -> Value {
    json!({ "format": FORMAT, "diagnostics": list.collect::<Value>() })
}

impl Diagnostic {
    /// The diagnostic as a JSON value.
    pub fn to_json(&self, sources: &Sources) -> Value {
        let labels = self.labels().into_iter().enumerate().map(|(index, label)| {
            json!({
                "primary": index == 0 && self.at.is_some(),
                "text": label.text,
                "at": place(sources, label.span),
            })
        });
        let edit = self.fix.as_ref().and_then(|fix| fix.edit.as_ref());
        json!({
            "code": self.code(),
            "severity": self.severity.name(),
            "message": self.message(),
            "at": self.at.map(|span| place(sources, span)),
            "labels": labels.collect::<Value>(),
            "help": self.help(),
            "edit": edit.map(|Edit { span, replacement }| json!({ "at": place(sources, *span), "replacement": replacement })),
        })
    }
}

fn place(sources: &Sources, span: Span) -> Value {
    let Some(source) = sources.get(span.source) else { return Value::Null };
    json!({ "path": source.path, "start": point(source, span.start), "end": point(source, span.end) })
}

fn point(source: &Source, at: u32) -> Value {
    let location = source.location(at);
    json!({ "offset": at, "line": location.line, "column": location.column })
}
