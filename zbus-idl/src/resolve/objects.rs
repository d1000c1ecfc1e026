//! Objects, their methods and streams, and the names that the bus knows.

use std::collections::HashMap;

use super::{Kind, Namespace, Resolver};
use crate::case;
use crate::diagnostic::{Diagnostic, Fix, Help, Problem, Thing};
use crate::schema::{FileId, Method, Object, Param, Return, Stream, Throws, Type, TypeId};
use crate::source::{Span, offset};
use crate::tree::{self, Declaration, Entry, Item, Name, ObjectMember};

impl Resolver<'_> {
    /// Module and object: a letter, then letters, digits, `_` and `-`.
    pub(super) fn check_bus_name(&mut self, thing: Thing, name: &Name) {
        let starts = name.text.starts_with(|c: char| c.is_ascii_alphabetic());
        if !starts || !name.text.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'_' || byte == b'-') {
            let bare = name.text.trim_matches('"');
            let fix = if bare.len() < name.text.len() {
                Some(Fix::replace(Help::NameWithoutQuotes, name.span, bare))
            } else if thing == Thing::Module && name.text.contains('@') {
                Some(Fix::words(Help::VersionsOfObjects))
            } else {
                None
            };
            let problem = Problem::BadBusName { thing, name: name.text.clone() };
            self.diagnostics.push(Diagnostic::new(name.span, problem).fix(fix));
        }
    }

    fn check_version(&mut self, version: &Name) {
        let sound = |byte: u8| byte.is_ascii_alphanumeric() || b"._+-".contains(&byte);
        if version.text.is_empty() || !version.text.bytes().all(sound) {
            self.report(version.span, Problem::BadVersion { version: version.text.clone() });
        }
    }

    pub(super) fn object(&mut self, file: usize, item: &Item, object: &tree::Object) -> Object {
        let said = self.attributes(&item.attributes, Thing::Object);
        self.check_bus_name(Thing::Object, &object.name);
        if let Some(version) = &object.version {
            self.check_version(version);
        }
        let version = object.version.as_ref().map(|version| version.text.clone());
        if object.name.text == "zbus" && version.as_deref() == Some("1.0") {
            self.report(object.name.span, Problem::ReservedObject);
        }
        let mut names = Namespace::default();
        let (mut method_wires, mut stream_wires) = (HashMap::new(), HashMap::new());
        let (mut methods, mut streams) = (Vec::new(), Vec::new());
        for entry in &object.members {
            match &entry.node {
                None => {}
                Some(ObjectMember::Method(method)) => {
                    methods.push(self.method(file, entry, method, &mut names, &mut method_wires));
                }
                Some(ObjectMember::Stream(stream)) => {
                    let said = self.attributes(&entry.attributes, Thing::Stream);
                    let wire_name = self.unique(&mut names, &mut stream_wires, Thing::Stream, &stream.name, &said);
                    let ty = self.type_ref(file, &stream.ty).unwrap_or(Type::Any);
                    let (name, docs, lag) = (stream.name.text.clone(), entry.docs.clone(), said.lag);
                    streams.push(Stream { name, wire_name, docs, deprecated: said.deprecated, ty, lag });
                }
            }
        }
        Object {
            name: object.name.text.clone(),
            version,
            type_name: type_name(object),
            docs: item.docs.clone(),
            deprecated: said.deprecated,
            file: FileId(offset(file)),
            methods,
            streams,
        }
    }

    fn method(
        &mut self,
        file: usize,
        entry: &Entry<ObjectMember>,
        method: &tree::Method,
        names: &mut Namespace,
        wires: &mut HashMap<String, Span>,
    ) -> Method {
        let said = self.attributes(&entry.attributes, Thing::Method);
        let wire_name = self.unique(names, wires, Thing::Method, &method.name, &said);
        let mut param_names = Namespace::default();
        let mut params = Vec::new();
        for (index, param) in method.params.iter().enumerate() {
            self.attributes(&param.attributes, Thing::Param);
            self.declare_in(&mut param_names, Thing::Param, &param.name);
            if param.variadic && index + 1 < method.params.len() {
                self.report(param.name.span, Problem::VariadicNotLast { name: param.name.text.clone() });
            }
            let ty = self.type_ref(file, &param.ty).unwrap_or(Type::Any);
            params.push(Param { name: param.name.text.clone(), ty });
        }
        let returns = self.returns(file, method);
        let throws = self.throws(file, method);
        Method {
            name: method.name.text.clone(),
            wire_name,
            docs: entry.docs.clone(),
            deprecated: said.deprecated,
            variadic: method.params.last().is_some_and(|param| param.variadic),
            params,
            returns,
            throws,
            oneway: method.oneway,
            timeout: said.timeout,
            idempotent: said.idempotent,
            uninterruptible: said.uninterruptible,
        }
    }

    fn returns(&mut self, file: usize, method: &tree::Method) -> Vec<Return> {
        let Some(returns) = &method.returns else {
            return Vec::new();
        };
        if method.oneway {
            self.report(returns.span, Problem::OnewayReturns);
        } else if returns.values.is_empty() {
            let fix = Fix::replace(Help::LeaveOut, returns.with_space, "");
            self.diagnostics.push(Diagnostic::new(returns.span, Problem::EmptyReturns).fix(fix));
        }
        let mut names = Namespace::default();
        let mut values = Vec::new();
        for value in &returns.values {
            if let Some(name) = &value.name {
                self.declare_in(&mut names, Thing::Return, name);
            }
            let ty = self.type_ref(file, &value.ty).unwrap_or(Type::Any);
            values.push(Return { name: value.name.as_ref().map(|name| name.text.clone()), ty });
        }
        values
    }

    fn throws(&mut self, file: usize, method: &tree::Method) -> Throws {
        let Some(throws) = &method.throws else {
            return Throws::Never;
        };
        if method.oneway {
            self.report(throws.span, Problem::OnewayThrows);
        }
        let Some(name) = &throws.error else {
            return Throws::Message;
        };
        if crate::language::builtin(&name.text).is_some() {
            let problem = Problem::ThrowsOther { name: name.text.clone(), is: Thing::Builtin, declared: None };
            let fix = Fix::words(Help::ThrowsForms);
            self.diagnostics.push(Diagnostic::new(name.span, problem).fix(fix));
            return Throws::Message;
        }
        let Some(id) = self.find_type(file, name) else {
            return Throws::Message;
        };
        let entry = &self.types[id];
        match entry.kind {
            Kind::Error => Throws::Typed(TypeId(offset(id))),
            Kind::Poisoned => Throws::Message,
            Kind::Alias if self.aliases[id].is_none() => Throws::Message,
            kind => {
                let (is, declared) = (kind.thing(), Some(entry.name.span));
                self.report(name.span, Problem::ThrowsOther { name: name.text.clone(), is, declared });
                Throws::Message
            }
        }
    }

    /// Names that meet in generated code, and on the bus.
    pub(super) fn check_objects(&mut self, file: usize, module: Option<&str>) {
        let mut objects = Namespace::default();
        for item in &self.files[file].parsed.tree.items {
            let Some(Declaration::Object(object)) = &item.node else {
                continue;
            };
            let key = (module.unwrap_or_default().to_owned(), bus_name(object));
            // Objects of one module may live in several files, and still be one on the bus.
            if let Some(first) = self.on_bus.get(&key) {
                let problem = Problem::DuplicateObject { name: key.1, first: *first };
                self.report(object.name.span, problem);
                continue;
            }
            self.on_bus.insert(key, object.name.span);
            let type_name = type_name(object);
            let span = object.type_name.as_ref().map_or(object.name.span, |name| name.span);
            let (other, first) = match (self.namespaces[file].alike(&type_name), objects.alike(&type_name)) {
                (Some(first), _) => (Thing::Type, first),
                (None, Some(first)) => (Thing::Object, first),
                (None, None) => {
                    // Nothing is alike, so there is nothing to report.
                    let _ = objects.declare(Thing::Object, &type_name, span);
                    continue;
                }
            };
            self.report(span, Problem::ObjectTypeName { type_name, other, first });
        }
    }
}

/// The name of the object's type in generated code.
fn type_name(object: &tree::Object) -> String {
    match &object.type_name {
        Some(name) => name.text.clone(),
        None => case::upper_camel(&object.name.text),
    }
}

fn bus_name(object: &tree::Object) -> String {
    match &object.version {
        Some(version) => format!("{}@{}", object.name.text, version.text),
        None => object.name.text.clone(),
    }
}
