//! What stands on top of generated documentation: how to use it, in a few lines.
//!
//! The lines are Rust to a reader and text to `cargo test`, which knows neither where in a user's crate the module is nor what it serves.

use proc_macro2::TokenStream;
use quote::quote;
use zbus_idl::case;
use zbus_idl::schema::{EnumRepr, Type, TypeId, TypeKind};

use super::{MethodContext, ObjectContext, StreamContext};
use crate::rust::names::Scope;
use crate::rust::types::{SeenFrom, Types, compact};
use crate::rust::{TimeType, docs, enums};

const ADDRESS: &str = "redis://127.0.0.1:6379";

/// What a client's stub is used in.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Calls {
    Async,
    Blocking,
}

/// A call of the first method, and the events of the first stream.
pub(super) fn client(object: ObjectContext<'_>, calls: Calls) -> Option<TokenStream> {
    let method = object.methods().find(|method| method.method.deprecated.is_none());
    let stream = object.streams().find(|stream| stream.stream.deprecated.is_none());
    if object.object.deprecated.is_some() || (method.is_none() && stream.is_none()) {
        return None;
    }
    let (wait, path, connect) = match calls {
        Calls::Async => (".await", "", "zbus::Client::connect"),
        Calls::Blocking => ("", "blocking::", "zbus::blocking::Client::connect"),
    };
    let mut scope = Scope::reserving(&["answer", "client", "event", "events"]);
    let stub = scope.snake(&object.object.type_name);
    let mut lines = Vec::new();
    if stream.is_some() && calls == Calls::Async {
        lines.push("use futures::StreamExt;\n".to_owned());
    }
    lines.push(format!("let client = {connect}(\"{ADDRESS}\"){wait}?;"));
    lines.push(format!("let {stub} = {path}{}::new(client);", object.names.client));
    if let Some(method) = method {
        let call = format!("{stub}.{}({}){wait}?", method.name, arguments(&method));
        match method.returns() {
            [] => lines.push(format!("{call};")),
            _ => lines.extend([format!("let answer = {call};"), "println!(\"{answer:?}\");".to_owned()]),
        }
    }
    if let Some(StreamContext { name, .. }) = stream {
        let subscribe = format!("{stub}.{name}(){wait}?");
        match calls {
            Calls::Async => lines.extend([
                format!("\nlet mut events = {subscribe};"),
                "while let Some(event) = events.next().await {".to_owned(),
            ]),
            Calls::Blocking => lines.push(format!("\nfor event in {subscribe} {{")),
        }
        lines.extend(["    println!(\"{:?}\", event?);", "}"].map(str::to_owned));
    }
    Some(block(&lines.join("\n")))
}

/// The whole of a server's program, but for the service.
pub(super) fn server(object: ObjectContext<'_>) -> Option<TokenStream> {
    if object.object.deprecated.is_some() {
        return None;
    }
    let (module, service, server) = (object.module().escape_debug(), &object.names.service, &object.names.server);
    Some(block(&format!(
        "// The service implements {service}.\nzbus::Server::new(\"{module}\")\n    .register({server}::new(service))?\n    .serve(\"{ADDRESS}\")\n    .await?;"
    )))
}

/// An event of the first stream.
pub(super) fn events(object: ObjectContext<'_>, calls: Calls) -> Option<TokenStream> {
    if object.object.deprecated.is_some() {
        return None;
    }
    let StreamContext { types, stream, name } = object.streams().find(|stream| stream.stream.deprecated.is_none())?;
    let (wait, path, connect) = match calls {
        Calls::Async => (".await", "", "zbus::Client::connect"),
        Calls::Blocking => ("", "blocking::", "zbus::blocking::Client::connect"),
    };
    let event = value(types, &stream.ty, "event", 1);
    let events = &object.names.events;
    Some(block(&format!(
        "let client = {connect}(\"{ADDRESS}\"){wait}?;\nlet events = {path}{events}::new(client);\n\
         events.{name}({event}){wait}?;"
    )))
}

fn block(lines: &str) -> TokenStream {
    let lines = docs::lines(lines);
    quote! {
        ///
        /// # Example
        #[cfg_attr(not(doctest), doc = " ```")]
        #[cfg_attr(doctest, doc = " ```text")]
        #lines
        /// ```
    }
}

fn arguments(method: &MethodContext<'_>) -> String {
    let (params, rest) = method.split_params();
    let count = params.len();
    let values = params.iter().zip(1..).map(|(param, at)| value(method.types, param.ty, param.schema_name, at));
    let rest = rest.iter().map(|param| list(method.types, param.ty, count + 1));
    values.chain(rest).collect::<Vec<_>>().join(", ")
}

/// An expression for what a client's method takes: the `at`th of its parameters, which has this name.
fn value(types: Types<'_>, ty: &Type, name: &str, at: usize) -> String {
    let (types, resolved) = types.resolved(ty);
    match resolved {
        Type::Bool => "true".to_owned(),
        Type::Integer(_) | Type::F32 | Type::F64 => number(resolved, at),
        Type::String => format!("\"{}\"", case::snake(name)),
        Type::Bytes => format!("b\"{}\"", case::snake(name)),
        Type::Timestamp => match types.choice.time {
            TimeType::Jiff => "zbus::types::Timestamp::now()".to_owned(),
            TimeType::Std => "std::time::SystemTime::now()".to_owned(),
            TimeType::Chrono => "zbus::types::zero::date_time()".to_owned(),
        },
        Type::Duration => match types.choice.time {
            TimeType::Jiff => "zbus::types::Duration::from_secs(1)".to_owned(),
            TimeType::Std => "std::time::Duration::from_secs(1)".to_owned(),
            TimeType::Chrono => "zbus::types::chrono::TimeDelta::seconds(1)".to_owned(),
        },
        Type::Ip => "[127, 0, 0, 1].into()".to_owned(),
        Type::Cidr => "\"10.0.0.0/8\".parse()?".to_owned(),
        Type::Mac => "&\"02:00:00:00:00:01\".parse()?".to_owned(),
        Type::Any => format!("&zbus::types::Value::from({at})"),
        Type::Optional(_) => "None".to_owned(),
        Type::List(item) => list(types, item, at),
        Type::Map(..) => "&Default::default()".to_owned(),
        Type::Named(id) => named(types, *id),
    }
}

fn list(types: Types<'_>, item: &Type, at: usize) -> String {
    let (_, item) = types.resolved(item);
    match item {
        Type::Integer(_) | Type::F32 | Type::F64 => format!("&[{}, {}]", number(item, at), number(item, at + 1)),
        _ => "&[]".to_owned(),
    }
}

fn number(ty: &Type, at: usize) -> String {
    if matches!(ty, Type::Integer(_)) { at.to_string() } else { format!("{at}.0") }
}

fn named(types: Types<'_>, id: TypeId) -> String {
    let def = &types.schema[id];
    if types.settings.extern_type(id).is_some() {
        return "&Default::default()".to_owned();
    }
    let is_own = def.file.index() == types.file;
    let seen_from = if is_own { SeenFrom::Module } else { SeenFrom::Parent };
    let path = compact(&Types { seen_from, ..types }.path(id));
    match &def.kind {
        TypeKind::Enum(found) => {
            let borrowed = if matches!(found.repr, EnumRepr::String) { "&" } else { "" };
            match enums::first_member(found) {
                Some(member) => format!("{borrowed}{path}::{member}"),
                None => format!("{borrowed}{path}::default()"),
            }
        }
        _ => format!("&{path}::default()"),
    }
}
