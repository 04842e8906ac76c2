use clap::{Args, Subcommand};

use super::{AskArgs, SearchArgs, Tag, Which};

/// `longshore experiments`.
#[derive(Args, Debug)]
pub(crate) struct ExperimentsArgs {
    /// What to do.
    #[command(subcommand)]
    pub(crate) command: ExperimentsCommand,
}

/// The subcommands of `longshore experiments`.
#[derive(Debug, Subcommand)]
pub(crate) enum ExperimentsCommand {
    /// List experiments, those that changed last first, or those that a filter finds
    #[command(
        visible_alias = "search",
        after_help = "\
Examples:
  longshore experiments list
  longshore experiments search --filter \"name LIKE 'wine%'\" --order-by 'name ASC'
  longshore experiments list --which deleted --json"
    )]
    List {
        /// Which of them.
        #[arg(long, value_enum, default_value_t)]
        which: Which,
        #[command(flatten)]
        search: SearchArgs,
        #[command(flatten)]
        ask: AskArgs,
    },
    /// Say what an experiment is, and how many of its runs stand where
    #[command(after_help = "\
Examples:
  longshore experiments get wine
  longshore experiments get 3 --json")]
    Get(ExperimentArgs),
    /// Make an experiment, and print its id
    #[command(after_help = "\
Examples:
  longshore experiments create wine
  longshore experiments create wine --tag team=cellar --artifact-location s3://bucket/wine")]
    Create {
        /// Its name.
        name: String,
        /// Where its artifacts will be; the server's choice unless said
        #[arg(long, value_name = "URI")]
        artifact_location: Option<String>,
        /// A tag. Can be given several times
        #[arg(long = "tag", value_name = "KEY=VALUE", value_parser = Tag::parse)]
        tags: Vec<Tag>,
        #[command(flatten)]
        ask: AskArgs,
    },
    /// Delete an experiment and its runs; `restore` brings them back
    #[command(after_help = "\
Example:
  longshore experiments delete wine")]
    Delete(ExperimentArgs),
    /// Bring a deleted experiment and its runs back
    #[command(after_help = "\
Example:
  longshore experiments restore wine")]
    Restore(ExperimentArgs),
    /// Give an experiment another name
    #[command(after_help = "\
Example:
  longshore experiments rename wine wine-2026")]
    Rename {
        #[command(flatten)]
        experiment: ExperimentArgs,
        /// Its name from now on.
        #[arg(value_name = "NEW NAME")]
        new_name: String,
    },
}

/// One experiment.
#[derive(Args, Debug)]
pub(crate) struct ExperimentArgs {
    /// Its name or its id; where one's name is another's id, write `id:ID` or `name:NAME`
    #[arg(value_name = "NAME|ID")]
    pub(crate) experiment: String,

    #[command(flatten)]
    pub(crate) ask: AskArgs,
}
