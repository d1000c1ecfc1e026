//! The publisher of an object's events, for the parts of a server that are not its stream.

use proc_macro2::TokenStream;
use quote::quote;

use super::example::{self, Calls};
use super::{ObjectContext, StreamContext};
use crate::rust::docs::{self, Docs};
use crate::rust::types::{Argument, Passed};

pub(super) fn events(object: ObjectContext<'_>) -> TokenStream {
    let events = &object.names.events;
    let docs = docs::lines(&format!("Publishes the events of {} from anywhere.", object.described()));
    let example = example::events(object, Calls::Async);
    let deprecated = object.deprecated();
    let id = object.id();
    let module = object.module();
    let streams = object.streams().map(|context| {
        let StreamContext { types, stream, name } = context;
        let docs = stream_docs(context);
        let deprecated = docs::deprecated(stream.deprecated.as_deref());
        let wire_name = &stream.wire_name;
        let Argument { ty, passed: Passed { adapter, ty: passed }, is_reference } = types.argument(&stream.ty);
        let borrowed = (!is_reference).then(|| quote!(&));
        quote! {
            #docs
            #deprecated
            pub async fn #name(&self, event: #ty) -> ::core::result::Result<(), ::zbus::Error> {
                self.object.publish::<#adapter, #passed>(#wire_name, #borrowed event).await
            }
        }
    });
    quote! {
        #docs
        #example
        #deprecated
        #[derive(Clone, Debug)]
        pub struct #events {
            object: ::zbus::client::RemoteObject,
        }
        impl #events {
            /// Publishes as the module that the schema names.
            #[must_use]
            pub fn new(client: ::zbus::Client) -> Self {
                Self::with_module(client, #module)
            }
            /// The like for a module of another name.
            #[must_use]
            pub fn with_module(
                client: ::zbus::Client,
                module: impl ::core::convert::Into<::std::string::String>,
            ) -> Self {
                Self { object: ::zbus::client::RemoteObject::new(client, module, #id) }
            }
            #(#streams)*
        }
    }
}

/// Those of what publishes, async or blocking.
pub(super) fn stream_docs(StreamContext { types, stream, .. }: StreamContext<'_>) -> Docs {
    let sentences = format!(
        "Publishes an event {}, and waits until the broker has it.\n\n# Errors\nA [`zbus::Error`] where the event cannot travel, or \
         the broker is out of reach or refuses.",
        docs::code(&stream.wire_name)
    );
    docs::docs_and(types, &stream.docs, &sentences)
}
