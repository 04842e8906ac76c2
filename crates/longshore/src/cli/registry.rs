use std::time::Duration;

use clap::{Args, Subcommand};

use super::{AccessArgs, AskArgs, SearchArgs, Tag, value};

/// `longshore models`.
#[derive(Args, Debug)]
#[command(args_conflicts_with_subcommands = true)]
pub(crate) struct ModelsArgs {
    /// What to do with the registry.
    #[command(subcommand)]
    pub(crate) command: Option<ModelsCommand>,

    /// Which server of models is asked otherwise.
    #[command(flatten)]
    pub(crate) served: ServedArgs,
}

/// `longshore ps`, and `longshore models` without a subcommand.
#[derive(Args, Debug)]
pub(crate) struct ServedArgs {
    /// The server of models
    #[arg(
        long,
        env = "LONGSHORE_SERVER",
        default_value = "http://127.0.0.1:8080",
        value_name = "URL"
    )]
    pub(crate) server: String,

    /// Print JSON
    #[arg(long)]
    pub(crate) json: bool,

    /// How long an answer may take
    #[arg(long, default_value = "10s", value_name = "TIME", value_parser = value::some_time)]
    pub(crate) timeout: Duration,

    /// How to get in.
    #[command(flatten)]
    pub(crate) access: AccessArgs,
}

/// The subcommands of `longshore models`.
#[derive(Debug, Subcommand)]
pub(crate) enum ModelsCommand {
    /// List registered models, or those that a filter finds
    #[command(
        visible_alias = "search",
        after_help = "\
Examples:
  longshore models list
  longshore models search --filter \"name LIKE 'wine%'\" --limit 10"
    )]
    List {
        #[command(flatten)]
        search: SearchArgs,
        #[command(flatten)]
        ask: AskArgs,
    },
    /// Say what a registered model or one of its versions is, and where it is served
    #[command(after_help = "\
Examples:
  longshore models get wine
  longshore models get wine@champion
  longshore models get wine/3 --json")]
    Get {
        /// `NAME`, `NAME/VERSION` or `NAME@ALIAS`, with or without `models:/` before it
        #[arg(value_name = "MODEL")]
        model: String,
        #[command(flatten)]
        ask: AskArgs,
    },
    /// List the versions of a registered model, the newest first
    #[command(after_help = "\
Examples:
  longshore models versions wine
  longshore models versions wine --filter \"tags.stage = 'ready'\" --wide")]
    Versions {
        /// The registered model
        name: String,
        #[command(flatten)]
        search: SearchArgs,
        #[command(flatten)]
        ask: AskArgs,
    },
    /// The names that point at versions
    #[command(subcommand)]
    Alias(AliasCommand),
    /// Register a model, or a version of it, and print the version
    #[command(after_help = "\
Examples:
  longshore models register wine
  longshore models register wine runs:/5a3c0b1d2e4f5a6b7c8d9e0f1a2b3c4d/model --alias champion
  longshore models register wine models:/m-0123456789abcdef0123456789abcdef --tag team=cellar")]
    Register {
        #[command(flatten)]
        wanted: RegisterArgs,
        #[command(flatten)]
        ask: AskArgs,
    },
    /// Delete a version, or a registered model with all of its versions, for good; their files stay
    #[command(after_help = "\
Examples:
  longshore models delete wine/2
  longshore models delete wine")]
    Delete {
        /// `NAME`, `NAME/VERSION` or `NAME@ALIAS`
        #[arg(value_name = "MODEL")]
        model: String,
        #[command(flatten)]
        ask: AskArgs,
    },
    /// The tags of registered models and versions
    #[command(subcommand)]
    Tag(TagCommand),
}

/// What is registered.
#[derive(Args, Debug)]
pub(crate) struct RegisterArgs {
    /// The registered model, which is made when there is none
    pub(crate) name: String,

    /// Where the files of the version are: `runs:/RUN/PATH`, `models:/m-…` or a place that the server takes;
    /// without it only the model is made
    #[arg(value_name = "SOURCE")]
    pub(crate) source: Option<String>,

    /// Let this alias point at the version
    #[arg(long, value_name = "ALIAS", requires = "source")]
    pub(crate) alias: Option<String>,

    /// A text for people
    #[arg(long, value_name = "TEXT")]
    pub(crate) description: Option<String>,

    /// A tag. Can be given several times
    #[arg(long = "tag", value_name = "KEY=VALUE", value_parser = Tag::parse)]
    pub(crate) tags: Vec<Tag>,
}

/// The subcommands of `longshore models alias`.
#[derive(Debug, Subcommand)]
pub(crate) enum AliasCommand {
    /// Let an alias point at a version; servers that follow it take the version up
    #[command(after_help = "\
Example:
  longshore models alias set wine champion 3")]
    Set {
        /// The registered model
        name: String,
        /// The alias
        alias: String,
        /// The version, from 1
        #[arg(id = "model_version", value_name = "VERSION")]
        version: String,
        #[command(flatten)]
        ask: AskArgs,
    },
    /// Remove an alias
    #[command(after_help = "\
Example:
  longshore models alias delete wine champion")]
    Delete {
        /// The registered model
        name: String,
        /// The alias
        alias: String,
        #[command(flatten)]
        ask: AskArgs,
    },
}

/// The subcommands of `longshore models tag`.
#[derive(Debug, Subcommand)]
pub(crate) enum TagCommand {
    /// Set tags of a registered model or of a version
    #[command(after_help = "\
Examples:
  longshore models tag set wine team=cellar
  longshore models tag set wine/3 checked=yes by=ana")]
    Set {
        /// `NAME`, `NAME/VERSION` or `NAME@ALIAS`
        #[arg(value_name = "MODEL")]
        model: String,
        /// The tags
        #[arg(value_name = "KEY=VALUE", value_parser = Tag::parse, required = true)]
        tags: Vec<Tag>,
        #[command(flatten)]
        ask: AskArgs,
    },
    /// Remove tags of a registered model or of a version
    #[command(after_help = "\
Example:
  longshore models tag delete wine/3 checked by")]
    Delete {
        /// `NAME`, `NAME/VERSION` or `NAME@ALIAS`
        #[arg(value_name = "MODEL")]
        model: String,
        /// The keys of the tags
        #[arg(value_name = "KEY", required = true)]
        keys: Vec<String>,
        #[command(flatten)]
        ask: AskArgs,
    },
}
