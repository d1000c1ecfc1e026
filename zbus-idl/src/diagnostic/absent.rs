//! What other languages have and this one has not, and what there is in its place.

macro_rules! absents {
    ($($name:ident: $what:literal, $instead:literal;)*) => {
        /// Something that the language does not have.
        #[derive(Clone, Copy, Debug, PartialEq, Eq)]
        #[non_exhaustive]
        pub enum Absent {
            $(#[doc = $what] $name,)*
        }

        impl Absent {
            /// What is missing, and what to use in its place.
            pub(super) fn words(self) -> (&'static str, &'static str) {
                match self {
                    $(Self::$name => ($what, $instead),)*
                }
            }
        }
    };
}

absents! {
    FieldDefault: "fields have no defaults", "a field that is missing has the zero value of its type";
    SeveralTypes: "a field has one type", "for one of several, declare a `union` and write its name here";
    FieldOption: "fields have no options", "there are attributes, such as `@wire(\"…\")`, before the name";
    InnerType: "types are not declared within fields", "declare it beside this struct, and write its name here";
    FixedLength: "lists have no fixed length", "a list is written `[T]`";
    RequiredMark: "there is no mark for required fields", "what is not optional is always there";
    Pointer: "there are no pointers", "what may be absent is written `T?`";
    Tuple: "there are no tuples", "declare a struct, and write its name here";
    StructInheritance: "structs do not inherit", "a spread takes in the fields of another: `struct A { ...B, X: i8 }`";
    ObjectInheritance: "objects do not inherit", "write the methods of the other here too";
    TypeParameters: "types have no parameters of their own", "there are `[T]`, `map<K, V>` and `T?`";
    AliasOfSeveral: "an alias stands for one type", "for one of several, declare `union Name { Text: string, Number: f64 }`";
    Arithmetic: "nothing is computed in a schema", "a value is one literal";
    ImportList: "an import names one file, and no more", "its types are called by their bare names";
    ParamDefault: "parameters have no defaults", "one that may be absent has a type `T?`";
    MethodBody: "methods have no bodies", "the code is in the server; a `;` ends the method here";
    MethodTypeParameters: "methods have no type parameters", "`any` holds every value";
    Receiver: "methods have no receiver", "a parameter is written `name: T`";
    SeveralErrors: "a method throws one error", "an error can have several variants";
}
