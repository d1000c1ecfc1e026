//! The server type: decodes a call's arguments, runs the method, encodes what it gives.

use proc_macro2::{Ident, Literal, TokenStream};
use quote::quote;
use zbus_idl::schema::Throws;

use super::example;
use super::{MethodContext, ObjectContext, Parameter, StreamContext};
use crate::rust::docs;
use crate::rust::texts::{indented, line};
use crate::rust::types::{Passed, compact};

/// The variables of a generated body, named apart from every parameter of the object.
struct Locals {
    call: Ident,
    arguments: Ident,
    returns: Ident,
    failure: Ident,
    value: Ident,
    /// Of a method with several returns.
    values: Vec<Ident>,
}

pub(super) fn server(object: ObjectContext<'_>) -> TokenStream {
    let ObjectContext { types, names, .. } = object;
    let mut scope = names.locals.clone();
    let most = object.object.methods.iter().map(|method| method.returns.len()).max().unwrap_or_default();
    let locals = Locals {
        call: scope.allocate("call"),
        arguments: scope.allocate("arguments"),
        returns: scope.allocate("returns"),
        failure: scope.allocate("failure"),
        value: scope.allocate("value"),
        values: (0..most).map(|at| scope.allocate(&format!("value{at}"))).collect(),
    };
    let (service, server) = (&names.service, &names.server);
    let generic = types.names.inner(types.file, "T");
    let docs = docs::lines(&format!("Serves a {} as {}.", object.link(service), object.described()));
    let example = example::server(object);
    let deprecated = object.deprecated();
    let made = made(object, &generic);
    let described = described(object);
    let call = &locals.call;
    let methods = object.methods().map(|method| dispatch(object, &method, &locals, &generic));
    let methods = types.texts.arms(4, methods);
    let streams = streams(object, &generic);
    quote! {
        #docs
        #example
        #deprecated
        pub struct #server<#generic> {
            service: ::std::sync::Arc<#generic>,
        }
        #made
        impl<#generic: #service> ::zbus::server::Object for #server<#generic> {
            #described
            async fn call(
                &self,
                #call: ::zbus::server::Call,
            ) -> ::core::result::Result<::zbus::server::Returns, ::zbus::server::Rejection> {
                match #call.method() {
                    #methods
                    _ => Err(#call.unknown_method()),
                }
            }
            #streams
        }
    }
}

/// How it is made and copied.
fn made(object: ObjectContext<'_>, generic: &Ident) -> TokenStream {
    let (service, server) = (&object.names.service, &object.names.server);
    let link = object.link(service);
    let text = format!(
        r#"impl<{generic}: {service}> {server}<{generic}> {{
    /// Serves this {link}.
    #[must_use]
    pub fn new(service: {generic}) -> Self {{
        Self::from_arc(::std::sync::Arc::new(service))
    }}
    /// The like for a service that other parts of the program hold too.
    #[must_use]
    pub fn from_arc(service: ::std::sync::Arc<{generic}>) -> Self {{
        Self {{ service }}
    }}
}}
impl<{generic}> ::core::clone::Clone for {server}<{generic}> {{
    fn clone(&self) -> Self {{
        Self {{
            service: ::std::sync::Arc::clone(&self.service),
        }}
    }}
}}
impl<{generic}> ::core::fmt::Debug for {server}<{generic}> {{
    fn fmt(&self, formatter: &mut ::core::fmt::Formatter<'_>) -> ::core::fmt::Result {{
        formatter.debug_struct("{server}").finish_non_exhaustive()
    }}
}}
"#
    );
    object.types.texts.members(1, [text])
}

/// What the runtime asks it.
fn described(object: ObjectContext<'_>) -> TokenStream {
    let (id, module, contract) = (compact(&object.id()), Literal::string(object.module()), object.contract);
    let text = format!(
        r#"fn id(&self) -> ::zbus::ObjectId {{
    {id}
}}
fn module(&self) -> ::core::option::Option<&str> {{
    Some({module})
}}
fn contract(&self) -> ::core::option::Option<&str> {{
    Some("{contract}")
}}
"#
    );
    object.types.texts.members(2, [text])
}

/// The arm of one method.
fn dispatch(object: ObjectContext<'_>, method: &MethodContext<'_>, locals: &Locals, generic: &Ident) -> String {
    let Locals { call, arguments, returns, .. } = locals;
    let (params, rest) = method.split_params();
    let mut body = String::new();
    if method.method.uninterruptible {
        line(&mut body, format_args!("{call}.run_to_end();"));
    }
    let count = params.len();
    match rest {
        Some(_) => line(&mut body, format_args!("let mut {arguments} = {call}.variadic_arguments({count})?;")),
        None if params.is_empty() => line(&mut body, format_args!("let _ = {call}.arguments(0)?;")),
        None => line(&mut body, format_args!("let mut {arguments} = {call}.arguments({count})?;")),
    }
    let params = params.iter().map(|param| ("next", param));
    for (read, Parameter { name, schema_name, ty }) in params.chain(rest.as_ref().map(|rest| ("rest", rest))) {
        let under = method.types.passed(ty).parameters();
        let schema_name = Literal::string(schema_name);
        line(&mut body, format_args!("let {name} = {arguments}.{read}::<{under}>({schema_name})?;"));
    }
    let (service, name) = (&object.names.service, method.name);
    let params = method.params.iter().fold(String::new(), |params, param| format!("{params}, {param}"));
    let run = format!("<{generic} as {service}>::{name}(&self.service{params}).await");
    answer(&mut body, method, locals, &run);
    if method.types.settings.has_optional_methods(object.id) {
        line(&mut body, format_args!("{call}.implemented()?;"));
    }
    line(&mut body, format_args!("Ok({returns})"));
    let wire_name = Literal::string(&method.method.wire_name);
    format!("{wire_name} => {{\n{}}}\n", indented(&body))
}

/// Runs the method and encodes its values and its failure.
fn answer(body: &mut String, method: &MethodContext<'_>, locals: &Locals, run: &str) {
    let Locals { call, returns, failure, value, .. } = locals;
    let values: Vec<String> = match method.returns().len() {
        1 => vec![value.to_string()],
        count => locals.values[..count].iter().map(Ident::to_string).collect(),
    };
    // In parentheses as a pattern and as an expression; one value stands without.
    let tuple = if let [value] = values.as_slice() { value.clone() } else { format!("({})", values.join(", ")) };
    let encode = |body: &mut String| {
        for (found, value) in method.returns().iter().zip(&values) {
            let under = method.types.passed(&found.ty).parameters();
            line(body, format_args!("{returns}.value::<{under}>(&{value})?;"));
        }
    };
    if !method.throws() {
        if values.is_empty() {
            line(body, format_args!("{run};\nlet {returns} = {call}.returns();"));
        } else {
            line(body, format_args!("let {tuple} = {run};\nlet mut {returns} = {call}.returns();"));
            encode(body);
        }
        return;
    }
    let some = match method.method.throws {
        Throws::Typed(_) => format!(
            "Some({failure}.into_failure().map_err(|error| ::zbus::server::Rejection::new(::zbus::RejectionKind::BadReply, \
             ::std::format!(\"what was thrown cannot be encoded: {{error}}\")))?)"
        ),
        Throws::Never | Throws::Message => format!("Some({failure})"),
    };
    if values.is_empty() {
        line(body, format_args!("let {failure} = match {run} {{"));
        line(body, format_args!("    Ok(()) => None,\n    Err({failure}) => {some},\n}};"));
    } else {
        // Zero values travel beside an error: a Go client decodes them before it looks at the error.
        let zeros = method.returns().iter().map(|found| method.types.zero(&found.ty));
        let zeros = zeros.fold(String::new(), |zeros, zero| format!("{zeros}{}, ", compact(&zero)));
        let values = values.join(", ");
        line(body, format_args!("let ({values}, {failure}) = match {run} {{"));
        line(body, format_args!("    Ok({tuple}) => ({values}, None),\n    Err({failure}) => ({zeros}{some}),\n}};"));
    }
    line(body, format_args!("let mut {returns} = {call}.returns();"));
    encode(body);
    line(body, format_args!("{returns}.throws({failure});"));
}

fn streams(object: ObjectContext<'_>, generic: &Ident) -> Option<TokenStream> {
    let add = object.streams().map(|stream| add(object, stream, generic));
    (!object.object.streams.is_empty()).then(|| {
        quote! {
            fn streams(&self, streams: &mut ::zbus::server::Streams) {
                #(#add)*
            }
        }
    })
}

fn add(object: ObjectContext<'_>, stream: StreamContext<'_>, generic: &Ident) -> TokenStream {
    let StreamContext { types, stream, name } = stream;
    let wire_name = &stream.wire_name;
    let service = &object.names.service;
    let Passed { adapter, ty } = types.passed(&stream.ty);
    quote! {
        let service = ::std::sync::Arc::clone(&self.service);
        streams.add(#wire_name, async move |publisher| {
            publisher.forward::<#adapter, #ty, _>(<#generic as #service>::#name(&service)).await;
        });
    }
}
