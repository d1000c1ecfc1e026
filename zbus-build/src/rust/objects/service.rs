//! The trait: what an implementor of an object writes.

use proc_macro2::TokenStream;
use quote::quote;
use zbus_idl::schema::Throws;

use super::{MethodContext, ObjectContext, Parameter, StreamContext};
use crate::rust::docs;
use crate::rust::texts::{indented, line};
use crate::rust::types::compact;

pub(super) fn service(object: ObjectContext<'_>) -> TokenStream {
    let (types, name) = (object.types, &object.names.service);
    let is_optional = types.settings.has_optional_methods(object.id);
    let optional = if is_optional {
        " A call of a method that it leaves out is rejected as not implemented, and a stream that it leaves out has no events."
    } else {
        ""
    };
    let sentence = format!(
        "To be implemented by a server of {}, with an `async fn` for each method.{optional}\n\nIt is served as {}. What a method may know \
         of its call, such as who calls and until when the caller waits, [`zbus::Context::current`] tells.",
        object.described(),
        object.link(&object.names.server)
    );
    let docs = docs::docs_and(object.types, &object.object.docs, &sentence);
    let deprecated = object.deprecated();
    let methods = types.texts.members(2, object.methods().map(|method| self::method(&method, is_optional)));
    let streams = object.streams().map(|StreamContext { types, stream, name }| {
        let docs = docs::member(object.types, &stream.docs, &stream.wire_name, || {
            format!("The events {}.", docs::code(&stream.wire_name))
        });
        let deprecated = docs::deprecated(stream.deprecated.as_deref());
        let item = types.owned(&stream.ty);
        let body = if is_optional { quote!({ ::zbus::codegen::no_events() }) } else { quote!(;) };
        quote! {
            #docs
            #deprecated
            fn #name(&self) -> impl ::zbus::codegen::Stream<Item = #item> + ::core::marker::Send #body
        }
    });
    quote! {
        #docs
        #deprecated
        pub trait #name: ::core::marker::Send + ::core::marker::Sync + 'static {
            #methods
            #(#streams)*
        }
    }
}

fn method(method: &MethodContext<'_>, is_optional: bool) -> String {
    let (docs, deprecated, name) = (method.docs(""), method.deprecated(), method.name);
    let (params, rest) = method.split_params();
    let mut signature = vec!["&self".to_owned()];
    signature.extend(params.into_iter().map(|Parameter { name, ty, .. }| {
        let ty = compact(&method.types.owned(ty));
        format!("{name}: {ty}")
    }));
    signature.extend(rest.map(|Parameter { name, ty, .. }| {
        let ty = compact(&method.types.owned(ty));
        format!("{name}: ::std::vec::Vec<{ty}>")
    }));
    let signature = signature.join(", ");
    let output = compact(&method.output());
    let output = match method.method.throws {
        Throws::Never => output,
        Throws::Message => format!("::core::result::Result<{output}, ::zbus::Failure>"),
        Throws::Typed(id) => format!("::core::result::Result<{output}, {}>", compact(&method.types.path(id))),
    };
    let body = if is_optional { format!(" {{\n{}}}", indented(&not_implemented(method))) } else { ";".to_owned() };
    format!(
        "{docs}{deprecated}fn {name}({signature}) -> impl ::core::future::Future<Output = {output}> + ::core::marker::Send{body}\n"
    )
}

/// The body of a method that a server may leave out. What it gives is never sent.
fn not_implemented(method: &MethodContext<'_>) -> String {
    let mut body = String::new();
    if !method.params.is_empty() {
        let params: Vec<_> = method.params.iter().map(|param| format!("&{param}")).collect();
        let comma = if params.len() == 1 { "," } else { "" };
        line(&mut body, format_args!("let _ = ({}{comma});", params.join(", ")));
    }
    let zeros: Vec<_> = method.returns().iter().map(|found| compact(&method.types.zero(&found.ty))).collect();
    let zeros = if let [zero] = zeros.as_slice() { zero.clone() } else { format!("({})", zeros.join(", ")) };
    let given = if method.throws() { format!("Ok({zeros})") } else { zeros };
    line(&mut body, format_args!("async {{\n    ::zbus::codegen::not_implemented();\n    {given}\n}}"));
    body
}
