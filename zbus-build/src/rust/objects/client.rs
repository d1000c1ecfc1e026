//! The client's stub: encodes arguments, sends the request, decodes what comes back.

use proc_macro2::{Ident, Literal, TokenStream};
use quote::quote;
use zbus_idl::schema::{Lag, LagPolicy, Throws};

use super::example::{self, Calls};
use super::{MethodContext, ObjectContext, Parameter, StreamContext};
use crate::rust::types::{Argument, Passed};
use crate::rust::{consts, docs};

pub(super) fn client(object: ObjectContext<'_>) -> TokenStream {
    let client = &object.names.client;
    let docs = stub_docs(object, &format!("Calls {}.", object.described()));
    let example = example::client(object, Calls::Async);
    let deprecated = object.deprecated();
    let id = object.id();
    let (module, contract) = (object.module(), object.contract);
    let methods = object.methods().map(|method| self::method(object, &method));
    let streams = streams(object);
    quote! {
        #docs
        #example
        #deprecated
        #[derive(Clone, Debug)]
        pub struct #client {
            object: ::zbus::client::RemoteObject,
        }
        impl #client {
            /// Calls it in the module that the schema names, [`Self::MODULE`].
            #[must_use]
            pub fn new(client: ::zbus::Client) -> Self {
                Self::with_module(client, Self::MODULE)
            }
            #(#methods)*
            #(#streams)*
        }
        /// Which server is called, and how.
        impl #client {
            /// The bus name of the module that the schema names.
            pub const MODULE: &'static str = #module;
            /// The hash of the object's contract, which changes with what travels: a server's status tells its own.
            pub const CONTRACT: &'static str = #contract;
            /// Calls it in a module of another name.
            #[must_use]
            pub fn with_module(
                client: ::zbus::Client,
                module: impl ::core::convert::Into<::std::string::String>,
            ) -> Self {
                Self { object: ::zbus::client::RemoteObject::new(client, module, #id) }
            }
            /// The like with this time limit for each call, in place of the client's and the schema's.
            #[must_use]
            pub fn with_timeout(self, timeout: ::core::time::Duration) -> Self {
                Self { object: self.object.with_timeout(timeout) }
            }
            /// The like with these options for each call; what they do not say stays as it is.
            #[must_use]
            pub fn with_options(self, options: ::zbus::CallOptions) -> Self {
                Self { object: self.object.with_options(options) }
            }
        }
    }
}

/// Those of a client's stub, async or blocking: what it does and then the schema's text, which the service's begin with.
pub(super) fn stub_docs(object: ObjectContext<'_>, sentence: &str) -> TokenStream {
    let sentence = docs::lines(sentence);
    let of_schema = (!object.object.docs.trim().is_empty()).then(|| {
        let text = docs::docs(object.types, &object.object.docs, String::new);
        quote!(#[doc = ""] #text)
    });
    quote!(#sentence #of_schema)
}

fn method(object: ObjectContext<'_>, method: &MethodContext<'_>) -> TokenStream {
    let mut scope = object.names.locals.clone();
    let (request, reply, item) = (scope.allocate("request"), scope.allocate("reply"), scope.allocate("item"));
    let docs = method_docs(method);
    let deprecated = method.deprecated();
    let name = method.name;
    let wire_name = &method.method.wire_name;
    let (params, rest) = method.split_params();
    let signature = method.borrowed_params();
    let mut encode = Vec::new();
    for Parameter { name, schema_name, ty } in params {
        let Argument { passed: Passed { adapter, ty: passed }, is_reference, .. } = method.types.argument(ty);
        let borrowed = (!is_reference).then(|| quote!(&));
        encode.push(quote!(#request.argument::<#adapter, #passed>(#schema_name, #borrowed #name)?;));
    }
    if let Some(Parameter { name, schema_name, ty }) = rest {
        let Passed { adapter, ty } = method.types.passed(ty);
        encode.push(quote! {
            for #item in #name {
                #request.argument::<#adapter, #ty>(#schema_name, #item)?;
            }
        });
    }
    let mutable = (!encode.is_empty()).then(|| quote!(mut));
    let output = method.output();
    let error = method.client_error();
    let limit = method.method.timeout.map(|limit| {
        let (seconds, nanoseconds) =
            (consts::integer(limit.as_secs().into()), consts::integer(limit.subsec_nanos().into()));
        quote! {
            .method_timeout(::core::time::Duration::new(#seconds, #nanoseconds))
        }
    });
    let idempotent = method.method.idempotent.then(|| quote!(.idempotent()));
    let send = send(method, &request, &reply);
    quote! {
        #docs
        #deprecated
        pub async fn #name(&self, #(#signature),*) -> ::core::result::Result<#output, #error> {
            let #mutable #request = self.object.request(#wire_name) #limit #idempotent;
            #(#encode)*
            #send
        }
    }
}

/// Those of a client's method, async or blocking.
pub(super) fn method_docs(method: &MethodContext<'_>) -> TokenStream {
    let limit =
        method.method.timeout.map(|limit| format!(" Waits {limit:?}, unless [`Self::with_timeout`] says otherwise."));
    let errors = match method.method.throws {
        _ if method.method.oneway => "A [`zbus::Error`] where the broker does not take it. Nobody answers.".to_owned(),
        Throws::Never => "A [`zbus::Error`] where no answer comes, or none that can be read.".to_owned(),
        Throws::Message => {
            "[`zbus::Error::Remote`] is what the method throws; others are that no answer comes, or none that can be read.".to_owned()
        }
        Throws::Typed(id) => format!(
            "[`zbus::CallError::Declared`] has the {} that the method throws; [`zbus::CallError::Bus`] is that no answer comes, \
             or none that can be read.",
            method.types.link_to(method.types.schema[id].file.index(), method.types.names.of_type(id))
        ),
    };
    method.docs(&format!("{}\n\n# Errors\n{errors}", limit.unwrap_or_default()))
}

/// Sends the request and gives what the reply holds.
fn send(method: &MethodContext<'_>, request: &Ident, reply: &Ident) -> TokenStream {
    if method.method.oneway {
        return quote!(#request.send().await);
    }
    let count = Literal::usize_unsuffixed(method.returns().len());
    let call = match method.method.throws {
        Throws::Never => quote!(call(#count).await?),
        Throws::Message => quote!(call_throwing(#count).await?),
        Throws::Typed(id) => {
            let error = method.types.path(id);
            quote!(call_throwing(#count).await.map_err(#error::from_call)?)
        }
    };
    let values: Vec<_> = method
        .returns()
        .iter()
        .map(|found| {
            let Passed { adapter, ty } = method.types.passed(&found.ty);
            quote!(#reply.value::<#adapter, #ty>())
        })
        .collect();
    if values.is_empty() {
        return quote!(#request.#call; Ok(()));
    }
    // One value stands without parentheses, and is the result itself where the errors are the same.
    let result = match (values.as_slice(), method.method.throws) {
        ([value], Throws::Never | Throws::Message) => quote!(#value),
        ([value], Throws::Typed(_)) => quote!(Ok(#value?)),
        (values, _) => quote!(Ok((#(#values?),*))),
    };
    quote! {
        let mut #reply = #request.#call;
        #result
    }
}

fn streams(object: ObjectContext<'_>) -> impl Iterator<Item = TokenStream> {
    object.streams().map(|context| {
        let StreamContext { types, stream, name } = context;
        let docs = stream_docs(context);
        let deprecated = docs::deprecated(stream.deprecated.as_deref());
        let wire_name = &stream.wire_name;
        let Passed { adapter, ty } = types.passed(&stream.ty);
        let subscribe = quote!(self.object.subscribe::<#adapter, #ty>(#wire_name).await);
        let subscribe = match stream.lag.map(lag) {
            Some(lag) => quote!(Ok(#subscribe?.with_lag(#lag))),
            None => subscribe,
        };
        quote! {
            #docs
            #deprecated
            pub async fn #name(&self) -> ::core::result::Result<::zbus::Subscription<#ty>, ::zbus::Error> {
                #subscribe
            }
        }
    })
}

/// Those of what listens, async or blocking.
pub(super) fn stream_docs(StreamContext { types, stream, .. }: StreamContext<'_>) -> TokenStream {
    let listens = format!("Listens to the events {}: subscribed when this returns.", docs::code(&stream.wire_name));
    let lag = stream.lag.map(lag_sentence).unwrap_or_default();
    let errors = "\n\n# Errors\nA [`zbus::Error`] where the broker is out of reach or refuses.";
    docs::docs_and(types, &stream.docs, &(listens + &lag + errors))
}

fn lag(lag: Lag) -> TokenStream {
    let events = consts::integer(lag.capacity.into());
    match lag.policy {
        LagPolicy::Error => quote!(::zbus::Lag::error(#events)),
        LagPolicy::DropOldest => quote!(::zbus::Lag::drop_oldest(#events)),
    }
}

/// What a subscriber that is too slow gets, behind another sentence.
fn lag_sentence(lag: Lag) -> String {
    let Lag { policy, capacity } = lag;
    match policy {
        LagPolicy::Error => format!("\n\nA subscription that is more than {capacity} events behind ends."),
        LagPolicy::DropOldest => {
            format!(
                "\n\nA subscriber that is more than {capacity} events behind loses the oldest, and is told how many."
            )
        }
    }
}
