//! The stubs whose calls hold the thread, of clients and of publishers: what the async stub does, waited for.

use proc_macro2::TokenStream;
use quote::quote;

use super::client::{method_docs, stream_docs};
use super::events;
use super::example::{self, Calls};
use super::{MethodContext, ObjectContext, StreamContext};
use crate::rust::docs;
use crate::rust::types::Argument;

pub(super) fn client(object: ObjectContext<'_>) -> TokenStream {
    let client = &object.names.client;
    let sentence = format!("Calls {}, and waits.", object.described());
    let docs = docs::before(object.types, &sentence, &object.object.docs);
    let example = example::client(object, Calls::Blocking);
    let deprecated = object.deprecated();
    let methods = object.methods().map(|method| self::method(object, &method));
    let streams = object.streams().map(|stream| self::stream(object, stream));
    quote! {
        #docs
        #example
        #deprecated
        #[derive(Clone, Debug)]
        pub struct #client {
            stub: super::#client,
            client: ::zbus::blocking::Client,
        }
        impl #client {
            /// Calls it in the module that the schema names, [`Self::MODULE`].
            #[must_use]
            pub fn new(client: ::zbus::blocking::Client) -> Self {
                Self::with_module(client, Self::MODULE)
            }
            #(#methods)*
            #(#streams)*
        }
        /// Which server is called, and how.
        impl #client {
            /// The bus name of the module that the schema names.
            pub const MODULE: &'static str = super::#client::MODULE;
            /// The hash of the object's contract, which changes with what travels: a server's status tells its own.
            pub const CONTRACT: &'static str = super::#client::CONTRACT;
            /// Calls it in a module of another name.
            #[must_use]
            pub fn with_module(
                client: ::zbus::blocking::Client,
                module: impl ::core::convert::Into<::std::string::String>,
            ) -> Self {
                Self { stub: super::#client::with_module(client.asynchronous().clone(), module), client }
            }
            /// The like with this time limit for each call, in place of the client's and the schema's.
            #[must_use]
            pub fn with_timeout(self, timeout: ::core::time::Duration) -> Self {
                Self { stub: self.stub.with_timeout(timeout), ..self }
            }
            /// The like with these options for each call; what they do not say stays as it is.
            #[must_use]
            pub fn with_options(self, options: ::zbus::CallOptions) -> Self {
                Self { stub: self.stub.with_options(options), ..self }
            }
        }
    }
}

// A method of the stub is named with its type: one called `into` is otherwise that of a trait.
fn method(object: ObjectContext<'_>, method: &MethodContext<'_>) -> TokenStream {
    let docs = method_docs(method);
    let deprecated = method.deprecated();
    let (name, params) = (method.name, method.params);
    let signature = method.borrowed_params().into_iter().map(|(name, ty)| quote!(#name: #ty));
    let client = &object.names.client;
    let (output, error) = (method.output(), method.client_error());
    quote! {
        #docs
        #deprecated
        pub fn #name(&self, #(#signature),*) -> ::core::result::Result<#output, #error> {
            self.client.wait(super::#client::#name(&self.stub, #(#params),*))
        }
    }
}

fn stream(object: ObjectContext<'_>, context: StreamContext<'_>) -> TokenStream {
    let StreamContext { types, stream, name } = context;
    let docs = stream_docs(context);
    let deprecated = docs::deprecated(stream.deprecated.as_deref());
    let client = &object.names.client;
    let ty = types.owned(&stream.ty);
    quote! {
        #docs
        #deprecated
        pub fn #name(&self) -> ::core::result::Result<::zbus::blocking::Subscription<#ty>, ::zbus::Error> {
            let events = self.client.wait(super::#client::#name(&self.stub))?;
            Ok(self.client.events(events))
        }
    }
}

pub(super) fn events(object: ObjectContext<'_>) -> TokenStream {
    let events = &object.names.events;
    let sentence = format!("Publishes the events of {} from anywhere, and waits.", object.described());
    let docs = docs::lines(&sentence);
    let example = example::events(object, Calls::Blocking);
    let deprecated = object.deprecated();
    let module = object.module();
    let streams = object.streams().map(|context| {
        let StreamContext { types, stream, name } = context;
        let docs = events::stream_docs(context);
        let deprecated = docs::deprecated(stream.deprecated.as_deref());
        let Argument { ty, .. } = types.argument(&stream.ty);
        quote! {
            #docs
            #deprecated
            pub fn #name(&self, event: #ty) -> ::core::result::Result<(), ::zbus::Error> {
                self.client.wait(super::#events::#name(&self.stub, event))
            }
        }
    });
    quote! {
        #docs
        #example
        #deprecated
        #[derive(Clone, Debug)]
        pub struct #events {
            stub: super::#events,
            client: ::zbus::blocking::Client,
        }
        impl #events {
            /// Publishes as the module that the schema names.
            #[must_use]
            pub fn new(client: ::zbus::blocking::Client) -> Self {
                Self::with_module(client, #module)
            }
            /// The like for a module of another name.
            #[must_use]
            pub fn with_module(
                client: ::zbus::blocking::Client,
                module: impl ::core::convert::Into<::std::string::String>,
            ) -> Self {
                Self { stub: super::#events::with_module(client.asynchronous().clone(), module), client }
            }
            #(#streams)*
        }
    }
}
