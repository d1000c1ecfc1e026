//! The server type: decodes a call's arguments, runs the method, encodes what it gives.

use proc_macro2::{Ident, Literal, TokenStream};
use quote::quote;
use zbus_idl::schema::Throws;

use super::example;
use super::{MethodContext, ObjectContext, Parameter, StreamContext};
use crate::rust::docs;
use crate::rust::types::Passed;

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
    let new_docs = docs::lines(&format!("Serves this {}.", object.link(service)));
    let id = object.id();
    let (module, contract) = (object.module(), object.contract);
    let call = &locals.call;
    let methods = object.methods().map(|method| dispatch(object, &method, &locals, &generic));
    let streams = streams(object, &generic);
    let debug = names.server.to_string();
    quote! {
        #docs
        #example
        #deprecated
        pub struct #server<#generic> {
            service: ::std::sync::Arc<#generic>,
        }
        impl<#generic: #service> #server<#generic> {
            #new_docs
            #[must_use]
            pub fn new(service: #generic) -> Self {
                Self::from_arc(::std::sync::Arc::new(service))
            }
            /// The like for a service that other parts of the program hold too.
            #[must_use]
            pub fn from_arc(service: ::std::sync::Arc<#generic>) -> Self {
                Self { service }
            }
        }
        impl<#generic> ::core::clone::Clone for #server<#generic> {
            fn clone(&self) -> Self {
                Self { service: ::std::sync::Arc::clone(&self.service) }
            }
        }
        impl<#generic> ::core::fmt::Debug for #server<#generic> {
            fn fmt(&self, formatter: &mut ::core::fmt::Formatter<'_>) -> ::core::fmt::Result {
                formatter.debug_struct(#debug).finish_non_exhaustive()
            }
        }
        impl<#generic: #service> ::zbus::server::Object for #server<#generic> {
            fn id(&self) -> ::zbus::ObjectId {
                #id
            }
            fn module(&self) -> ::core::option::Option<&str> {
                Some(#module)
            }
            fn contract(&self) -> ::core::option::Option<&str> {
                Some(#contract)
            }
            async fn call(
                &self,
                #call: ::zbus::server::Call,
            ) -> ::core::result::Result<::zbus::server::Returns, ::zbus::server::Rejection> {
                match #call.method() {
                    #(#methods)*
                    _ => Err(#call.unknown_method()),
                }
            }
            #streams
        }
    }
}

/// The arm of one method.
fn dispatch(object: ObjectContext<'_>, method: &MethodContext<'_>, locals: &Locals, generic: &Ident) -> TokenStream {
    let Locals { call, arguments, returns, .. } = locals;
    let wire_name = &method.method.wire_name;
    let (params, rest) = method.split_params();
    let count = Literal::usize_unsuffixed(params.len());
    let open = match rest {
        Some(_) => quote!(let mut #arguments = #call.variadic_arguments(#count)?;),
        None if params.is_empty() => quote!(#call.arguments(0)?;),
        None => quote!(let mut #arguments = #call.arguments(#count)?;),
    };
    let read = params.iter().map(|Parameter { name, schema_name, ty }| {
        let Passed { adapter, ty } = method.types.passed(ty);
        quote!(let #name = #arguments.next::<#adapter, #ty>(#schema_name)?;)
    });
    let read_rest = rest.map(|Parameter { name, schema_name, ty }| {
        let Passed { adapter, ty } = method.types.passed(ty);
        quote!(let #name = #arguments.rest::<#adapter, #ty>(#schema_name)?;)
    });
    let run_to_end = method.method.uninterruptible.then(|| quote!(#call.run_to_end();));
    let (service, name, params) = (&object.names.service, method.name, method.params);
    let run = quote!(<#generic as #service>::#name(&self.service, #(#params),*).await);
    let answer = answer(method, locals, &run);
    quote! {
        #wire_name => {
            #run_to_end
            #open
            #(#read)*
            #read_rest
            #answer
            Ok(#returns)
        }
    }
}

/// Runs the method and encodes its values and its failure.
fn answer(method: &MethodContext<'_>, locals: &Locals, run: &TokenStream) -> TokenStream {
    let Locals { call, returns, failure, value, .. } = locals;
    let values: Vec<Ident> = match method.returns().len() {
        1 => vec![value.clone()],
        count => locals.values[..count].to_vec(),
    };
    // In parentheses as a pattern and as an expression; one value stands without.
    let tuple = if let [value] = values.as_slice() { quote!(#value) } else { quote!((#(#values),*)) };
    let encode = method.returns().iter().zip(&values).map(|(found, value)| {
        let Passed { adapter, ty } = method.types.passed(&found.ty);
        quote!(#returns.value::<#adapter, #ty>(&#value)?;)
    });
    if !method.throws() {
        return if values.is_empty() {
            quote!(#run; let #returns = #call.returns();)
        } else {
            quote!(let #tuple = #run; let mut #returns = #call.returns(); #(#encode)*)
        };
    }
    // Zero values travel beside an error: a Go client decodes them before it looks at the error.
    let zeros: Vec<_> = method.returns().iter().map(|found| method.types.zero(&found.ty)).collect();
    let none = quote!(None);
    let thrown = match method.method.throws {
        Throws::Typed(_) => quote! {
            #failure.into_failure().map_err(|error| ::zbus::server::Rejection::new(
                ::zbus::RejectionKind::BadReply,
                ::std::format!("what was thrown cannot be encoded: {error}"),
            ))?
        },
        Throws::Never | Throws::Message => quote!(#failure),
    };
    let some = quote!(Some(#thrown));
    let split = if values.is_empty() {
        quote! {
            let #failure = match #run {
                Ok(()) => #none,
                Err(#failure) => #some,
            };
        }
    } else {
        quote! {
            let (#(#values,)* #failure) = match #run {
                Ok(#tuple) => (#(#values,)* #none),
                Err(#failure) => (#(#zeros,)* #some),
            };
        }
    };
    quote! {
        #split
        let mut #returns = #call.returns();
        #(#encode)*
        #returns.throws(#failure);
    }
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
        streams.add(#wire_name, move |publisher| async move {
            publisher.forward::<#adapter, #ty, _>(<#generic as #service>::#name(&service)).await;
        });
    }
}
