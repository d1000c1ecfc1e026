//! Objects: the trait that a server implements, the type that serves it, the client's stub, the publisher of events.

mod blocking;
mod client;
mod events;
mod example;
mod server;
mod service;

use proc_macro2::{Ident, TokenStream};
use quote::quote;
use zbus_idl::contract::Contract;
use zbus_idl::schema::{Method, Object, ObjectId, Return, Stream, Throws, Type};

use super::Options;
use super::docs::{self, Deprecated, Docs};
use super::names::{ObjectNames, Scope};
use super::places::Place;
use super::shortening::with_imports;
use super::types::{SeenFrom, Types};

/// One object with all that its templates ask for.
#[derive(Clone, Copy)]
struct ObjectContext<'a> {
    id: ObjectId,
    types: Types<'a>,
    object: &'a Object,
    names: &'a ObjectNames,
    contract: &'a str,
}

/// A method with its names.
#[derive(Clone, Copy)]
struct MethodContext<'a> {
    /// As they are written in this method.
    types: Types<'a>,
    method: &'a Method,
    name: &'a Ident,
    params: &'a [Ident],
}

/// A stream with its name.
#[derive(Clone, Copy)]
struct StreamContext<'a> {
    /// As they are written in this stream.
    types: Types<'a>,
    stream: &'a Stream,
    name: &'a Ident,
}

/// A parameter of a method.
struct Parameter<'a> {
    name: &'a Ident,
    /// What decode errors call it.
    schema_name: &'a str,
    /// Of a variadic one: the type of one argument.
    ty: &'a Type,
}

pub(super) fn object(types: Types<'_>, id: ObjectId, contracts: &[Contract<'_>], options: &Options) -> TokenStream {
    let object = &types.schema[id];
    let contract = &contracts[id.index()].hash();
    let object = ObjectContext { id, types, object, names: types.names.of_object(id), contract };
    let served = options.server.then(|| {
        let service = service::service(object);
        let server = server::server(object);
        let events = (!object.object.streams.is_empty()).then(|| events::events(object));
        quote!(#service #server #events)
    });
    let client = options.client.then(|| client::client(object));
    quote!(#served #client)
}

/// The module of the blocking stubs of these objects; nothing where they have none.
pub(super) fn blocking(
    types: Types<'_>,
    ids: &[ObjectId],
    contracts: &[Contract<'_>],
    options: &Options,
) -> TokenStream {
    let types = Types { seen_from: SeenFrom::Nested, ..types };
    let objects = ids.iter().map(|&id| {
        let object = &types.schema[id];
        let contract = &contracts[id.index()].hash();
        let object = ObjectContext { id, types, object, names: types.names.of_object(id), contract };
        let events = (options.server && !object.object.streams.is_empty()).then(|| blocking::events(object));
        let client = options.client.then(|| blocking::client(object));
        quote!(#events #client)
    });
    let stubs = quote!(#(#objects)*);
    if stubs.is_empty() {
        return stubs;
    }
    let names = ids.iter().map(|&id| types.names.of_object(id));
    let taken: Vec<_> = names.flat_map(|names| [&names.client, &names.events]).map(Ident::to_string).collect();
    let items = with_imports(stubs, Scope::reserving(&taken));
    let zbus = types.settings.zbus().map(|_| {
        quote!(
            use super::zbus;
        )
    });
    quote! {
        /// Clients and publishers whose calls hold the thread until they have ended: for programs without an async runtime.
        pub mod blocking {
            #zbus
            #items
        }
    }
}

impl<'a> ObjectContext<'a> {
    fn methods(self) -> impl Iterator<Item = MethodContext<'a>> {
        let Self { id, types, object, names, .. } = self;
        object.methods.iter().zip(&names.methods).zip(&names.params).enumerate().map(
            move |(at, ((method, name), params))| {
                let types = types.at(Place::Method(id, at));
                MethodContext { types, method, name, params }
            },
        )
    }

    fn streams(self) -> impl Iterator<Item = StreamContext<'a>> {
        let Self { id, types, object, names, .. } = self;
        object.streams.iter().zip(&names.streams).enumerate().map(move |(at, (stream, name))| {
            let types = types.at(Place::Stream(id, at));
            StreamContext { types, stream, name }
        })
    }

    /// Its object, version and module, in the words of a sentence.
    fn described(self) -> String {
        let module = docs::code(self.types.schema.module_of(self.object));
        format!("the object {} of the module {module}", docs::code(&self.object.bus_name()))
    }

    /// A link to what its module has by this name.
    fn link(self, name: &Ident) -> String {
        self.types.link_to(self.types.file, name)
    }

    fn module(self) -> &'a str {
        self.types.schema.module_of(self.object)
    }

    /// The identity on the bus, as an expression.
    fn id(self) -> TokenStream {
        let name = &self.object.name;
        let version = self.object.version.as_deref().unwrap_or_default();
        quote!(::zbus::ObjectId::from_static(#name, #version))
    }

    fn deprecated(self) -> Deprecated<'a> {
        docs::deprecated(self.object.deprecated.as_deref())
    }
}

impl MethodContext<'_> {
    /// Those of the schema, the name on the wire, and what a tuple of values is; `more` sentences behind it.
    fn docs(&self, more: &str) -> Docs {
        let wire_name = docs::code(&self.method.wire_name);
        let has_docs = !self.method.docs.trim().is_empty();
        let travels = if has_docs { format!("Travels as {wire_name}.") } else { format!("The method {wire_name}.") };
        let returns: Vec<_> = self.returns().iter().filter_map(|found| found.name.as_deref()).map(docs::code).collect();
        let gives = match returns.as_slice() {
            [] | [_] => String::new(),
            returns => format!(" Gives {}.", returns.join(", ")),
        };
        let method = self.method;
        let again = if method.idempotent { " It is idempotent, so it may be sent again." } else { "" };
        docs::docs_and(self.types, &method.docs, &format!("{travels}{gives}{again}{more}"))
    }

    fn deprecated(&self) -> Deprecated<'_> {
        docs::deprecated(self.method.deprecated.as_deref())
    }

    /// What it gives, without its errors: nothing, one value or a tuple.
    fn output(&self) -> TokenStream {
        let mut returns: Vec<_> = self.method.returns.iter().map(|found| self.types.owned(&found.ty)).collect();
        match returns.len() {
            0 => quote!(()),
            1 => returns.swap_remove(0),
            _ => quote!((#(#returns),*)),
        }
    }

    /// The parameters as a client takes them.
    fn borrowed_params(&self) -> Vec<(&Ident, TokenStream)> {
        let (params, rest) = self.split_params();
        let params = params.into_iter().map(|Parameter { name, ty, .. }| (name, self.types.argument(ty).ty));
        let rest = rest.map(|Parameter { name, ty, .. }| {
            let ty = self.types.owned(ty);
            (name, quote!(&[#ty]))
        });
        params.chain(rest).collect()
    }

    /// What a client gets where it does not get the values.
    fn client_error(&self) -> TokenStream {
        match self.method.throws {
            Throws::Never | Throws::Message => quote!(::zbus::Error),
            Throws::Typed(id) => {
                let error = self.types.path(id);
                quote!(::zbus::CallError<#error>)
            }
        }
    }

    /// The last parameter, where it takes any number of arguments, and the others.
    fn split_params(&self) -> (Vec<Parameter<'_>>, Option<Parameter<'_>>) {
        let params = self.method.params.iter().zip(self.params);
        let mut params: Vec<_> =
            params.map(|(param, name)| Parameter { name, schema_name: &param.name, ty: &param.ty }).collect();
        let rest = if self.method.variadic { params.pop() } else { None };
        (params, rest)
    }

    fn throws(&self) -> bool {
        self.method.throws != Throws::Never
    }

    fn returns(&self) -> &[Return] {
        &self.method.returns
    }
}
