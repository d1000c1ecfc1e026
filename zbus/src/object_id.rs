//! Names on the bus: objects, and the keys and channels that derive from them.

use std::borrow::Cow;
use std::fmt;

/// The name and version of an object: `calculator@1.0`. The version may be empty.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct ObjectId {
    name: Cow<'static, str>,
    version: Cow<'static, str>,
}

impl ObjectId {
    /// The status object, which every server has.
    pub(crate) const STATUS: Self = Self::from_static("zbus", "1.0");

    /// An object known at compile time. An empty version is none.
    pub const fn from_static(name: &'static str, version: &'static str) -> Self {
        Self { name: Cow::Borrowed(name), version: Cow::Borrowed(version) }
    }

    /// An object of this name and version. An empty version is none. Names and versions of more than 1024 bytes cannot be called.
    pub fn new(name: impl Into<String>, version: impl Into<String>) -> Self {
        Self { name: Cow::Owned(name.into()), version: Cow::Owned(version.into()) }
    }

    /// The name: `calculator`.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// The version: `1.0`; empty for none.
    pub fn version(&self) -> &str {
        &self.version
    }

    /// The list of the requests for this object of `module`.
    pub(crate) fn queue(&self, module: &str) -> String {
        format!("{module}.{self}")
    }

    /// The channel of an event of this object of `module`.
    pub(crate) fn channel(&self, module: &str, event: &str) -> String {
        format!("{module}.{self}.{event}")
    }
}

/// The set of the ids of the instances that serve `module`.
pub(crate) fn instances(module: &str) -> String {
    format!("zbus.instances.{module}")
}

/// The list of status requests for one instance that serves `module`.
pub(crate) fn instance_queue(module: &str, instance: &str) -> String {
    format!("zbus.instance.{module}.{instance}")
}

/// From `name@version`, or from a name without a version.
impl From<&str> for ObjectId {
    fn from(text: &str) -> Self {
        let (name, version) = text.split_once('@').unwrap_or((text, ""));
        Self::new(name, version)
    }
}

impl fmt::Display for ObjectId {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(&self.name)?;
        if !self.version.is_empty() {
            write!(formatter, "@{}", self.version)?;
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn keys_are_gos() {
        let calculator = ObjectId::from("calculator@1.0");
        assert_eq!(calculator.queue("calc"), "calc.calculator@1.0");
        assert_eq!(calculator.channel("calc", "Entries"), "calc.calculator@1.0.Entries");
        assert_eq!(ObjectId::from("bare").queue("calc"), "calc.bare");
        assert_eq!(ObjectId::from("bare"), ObjectId::from_static("bare", ""));
    }
}
