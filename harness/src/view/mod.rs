//! What a person sees of a Rollout, as `kubectl argo rollouts` prints it: nobody has to learn a new
//! picture to read a failure.
//!
//! - [`tree`] is `get rollout`: the block of figures and the tree of revisions, ReplicaSets, pods.
//! - [`ListRow`] and [`list`] are `list rollouts`: one row per Rollout.
//! - [`line()`] is ours: the whole state in one line, for live progress.
//!
//! Without colour, the first two print the same characters as the plugin, its padding included. `proofroll guide
//! --driver plugin` compares them after each step, [`without_ages`].

mod age;
mod ages;
mod line;
mod list;
mod paint;
mod table;
mod tree;

pub use age::age;
pub use ages::without_ages;
pub use line::line;
pub use list::{ListRow, list};
pub use paint::Style;
pub use tree::tree;
