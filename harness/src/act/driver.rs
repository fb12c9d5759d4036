//! Who does the actions that the plugin has a command for.

use super::plugin::Plugin;

/// Who does them. All others (`apply`, `scale`, `delete`, `annotate`, `patch`, `resume`, `pods`, ...) are kubectl's or
/// nobody's, and done by the harness with either.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub enum Driver {
    /// The harness, by the requests that the plugin sends.
    #[default]
    Api,
    /// The plugin itself.
    Plugin(Plugin),
}

impl Driver {
    /// As it is asked for.
    pub fn name(&self) -> &'static str {
        match self {
            Self::Api => "api",
            Self::Plugin(_) => "plugin",
        }
    }

    /// The plugin, where it is the driver.
    pub fn plugin(&self) -> Option<&Plugin> {
        match self {
            Self::Api => None,
            Self::Plugin(plugin) => Some(plugin),
        }
    }
}
