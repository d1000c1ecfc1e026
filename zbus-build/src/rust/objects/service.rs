//! The trait: what an implementor of an object writes.

use proc_macro2::TokenStream;
use quote::quote;
use zbus_idl::schema::Throws;

use super::{MethodContext, ObjectContext, Parameter, StreamContext};
use crate::rust::docs;
use crate::rust::types::compact;

pub(super) fn service(object: ObjectContext<'_>) -> TokenStream {
    let (types, name) = (object.types, &object.names.service);
    let sentence = format!(
        "To be implemented by a server of {}, with an `async fn` for each method.\n\nIt is served as {}. What a method may know of its \
         call, such as who calls and until when the caller waits, [`zbus::Context::current`] tells.",
        object.described(),
        object.link(&object.names.server)
    );
    let docs = docs::docs_and(object.types, &object.object.docs, &sentence);
    let deprecated = object.deprecated();
    let methods = types.texts.members(2, object.methods().map(|method| self::method(&method)));
    let streams = object.streams().map(|StreamContext { types, stream, name }| {
        let docs = docs::member(object.types, &stream.docs, &stream.wire_name, || {
            format!("The events {}.", docs::code(&stream.wire_name))
        });
        let deprecated = docs::deprecated(stream.deprecated.as_deref());
        let item = types.owned(&stream.ty);
        quote! {
            #docs
            #deprecated
            fn #name(&self) -> impl ::zbus::codegen::Stream<Item = #item> + ::core::marker::Send;
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

fn method(method: &MethodContext<'_>) -> String {
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
    format!(
        "{docs}{deprecated}fn {name}({signature}) -> impl ::core::future::Future<Output = {output}> + ::core::marker::Send;\n"
    )
}
