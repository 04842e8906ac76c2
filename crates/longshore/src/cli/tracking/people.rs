use std::path::PathBuf;

use clap::{ArgAction, Args, Subcommand};
use longshore_tracking::gc::Age;

use crate::cli::AskArgs;

/// Where users are asked for.
#[derive(Args, Clone, Debug)]
pub(crate) struct UsersAtArgs {
    /// The server.
    #[command(flatten)]
    pub(crate) ask: AskArgs,

    /// Ask the database of users itself, in place of a server, which may run meanwhile: whoever can open it may do
    /// everything
    #[arg(long, value_name = "URI", help_heading = "Database of users")]
    pub(crate) database: Option<String>,

    /// Ask the database of users that MLflow's configuration file names
    #[arg(
        long,
        value_name = "FILE",
        conflicts_with = "database",
        help_heading = "Database of users"
    )]
    pub(crate) auth_config: Option<PathBuf>,

    /// Print help
    #[arg(long, short, action = ArgAction::Help)]
    pub(crate) help: Option<bool>,
}

/// `longshore tracking users`.
#[derive(Args, Debug)]
pub(crate) struct PeopleArgs {
    /// What to do.
    #[command(subcommand)]
    pub(crate) command: PeopleCommand,

    /// Print help
    #[arg(long, short, action = ArgAction::Help)]
    pub(crate) help: Option<bool>,
}

/// The subcommands of `longshore tracking users`.
#[derive(Debug, Subcommand)]
pub(crate) enum PeopleCommand {
    /// List users, with their roles
    List {
        #[command(flatten)]
        at: UsersAtArgs,
    },
    /// Say which roles a user has, and what is granted to it
    #[command(visible_alias = "grants")]
    Get {
        #[command(flatten)]
        user: UserAtArgs,
    },
    /// Make a user, and print the password that it got unless one is given
    #[command(after_help = "\
Examples:
  longshore tracking users create ada
  longshore tracking users create ada --admin --password-file ./ada.password")]
    Create {
        #[command(flatten)]
        user: UserAtArgs,
        /// Make the user an administrator
        #[arg(long)]
        admin: bool,
        #[command(flatten)]
        password: PasswordArgs,
    },
    /// Give a user another password, and print it unless it is given. Tokens of the user stay
    #[command(after_help = "\
Examples:
  longshore tracking users password ada
  longshore tracking users password admin --database sqlite:///basic_auth.db")]
    Password {
        #[command(flatten)]
        user: UserAtArgs,
        #[command(flatten)]
        password: PasswordArgs,
    },
    /// Make a user an administrator, who may do everything
    Admin {
        #[command(flatten)]
        user: UserAtArgs,
        /// Make the user none
        #[arg(long)]
        revoke: bool,
    },
    /// Delete a user with what was granted to it, and with its tokens
    Delete {
        #[command(flatten)]
        user: UserAtArgs,
    },
    /// Grant a user a permission for an object
    #[command(after_help = "\
Examples:
  longshore tracking users grant ada experiment 3 EDIT
  longshore tracking users grant ada registered_model wine READ")]
    Grant {
        #[command(flatten)]
        user: UserAtArgs,
        #[command(flatten)]
        object: ObjectArgs,
        /// `READ`, `USE`, `EDIT`, `MANAGE` or `DENY`
        permission: String,
    },
    /// Take back what was granted to a user for an object
    Revoke {
        #[command(flatten)]
        user: UserAtArgs,
        #[command(flatten)]
        object: ObjectArgs,
    },
}

/// A user, and where it is asked for.
#[derive(Args, Clone, Debug)]
pub(crate) struct UserAtArgs {
    /// The name of the user
    #[arg(value_name = "USER")]
    pub(crate) username: String,

    #[command(flatten)]
    pub(crate) at: UsersAtArgs,
}

/// A password.
#[derive(Args, Clone, Debug)]
pub(crate) struct PasswordArgs {
    /// The file whose first line is the password; `-` is standard input. Without it one is made, and printed
    #[arg(long, value_name = "FILE")]
    pub(crate) password_file: Option<PathBuf>,
}

/// What a permission is for.
#[derive(Args, Clone, Debug)]
pub(crate) struct ObjectArgs {
    /// `experiment`, `registered_model`, `prompt`, `scorer`, …; for roles also `workspace`
    #[arg(value_name = "KIND")]
    pub(crate) kind: String,

    /// The id of an experiment, the name of a model or a prompt, `EXPERIMENT/NAME` of a scorer; `*` is every one
    #[arg(value_name = "OBJECT")]
    pub(crate) id: String,
}

/// `longshore tracking roles`.
#[derive(Args, Debug)]
pub(crate) struct RolesArgs {
    /// What to do.
    #[command(subcommand)]
    pub(crate) command: RolesCommand,

    /// Print help
    #[arg(long, short, action = ArgAction::Help)]
    pub(crate) help: Option<bool>,
}

/// The subcommands of `longshore tracking roles`. `MLFLOW_WORKSPACE` says of which workspace a role is.
#[derive(Debug, Subcommand)]
pub(crate) enum RolesCommand {
    /// List the roles of a workspace
    List {
        /// List those of all workspaces
        #[arg(long)]
        all_workspaces: bool,
        #[command(flatten)]
        at: UsersAtArgs,
    },
    /// Say what a role grants, and who has it
    Get {
        #[command(flatten)]
        role: RoleAtArgs,
    },
    /// Make a role, which grants nothing yet
    #[command(after_help = "\
Example:
  longshore tracking roles create reviewers
  longshore tracking roles grant reviewers registered_model '*' READ
  longshore tracking roles assign reviewers ada")]
    Create {
        #[command(flatten)]
        role: RoleAtArgs,
        /// A text for people
        #[arg(long, value_name = "TEXT")]
        description: Option<String>,
    },
    /// Delete a role; whoever had it has no longer what it grants
    Delete {
        #[command(flatten)]
        role: RoleAtArgs,
    },
    /// Let a role grant a permission for an object
    Grant {
        #[command(flatten)]
        role: RoleAtArgs,
        #[command(flatten)]
        object: ObjectArgs,
        /// `READ`, `USE`, `EDIT`, `MANAGE` or `DENY`
        permission: String,
    },
    /// Take a grant from a role
    Revoke {
        #[command(flatten)]
        role: RoleAtArgs,
        #[command(flatten)]
        object: ObjectArgs,
    },
    /// Give a user a role
    Assign {
        #[command(flatten)]
        role: RoleAtArgs,
        /// The name of the user
        #[arg(value_name = "USER")]
        username: String,
    },
    /// Take a role from a user
    Unassign {
        #[command(flatten)]
        role: RoleAtArgs,
        /// The name of the user
        #[arg(value_name = "USER")]
        username: String,
    },
}

/// A role, and where it is asked for.
#[derive(Args, Clone, Debug)]
pub(crate) struct RoleAtArgs {
    /// The name of the role
    #[arg(value_name = "ROLE")]
    pub(crate) role: String,

    #[command(flatten)]
    pub(crate) at: UsersAtArgs,
}

/// `longshore tracking tokens`.
#[derive(Args, Debug)]
pub(crate) struct TokensArgs {
    /// What to do.
    #[command(subcommand)]
    pub(crate) command: TokensCommand,

    /// Print help
    #[arg(long, short, action = ArgAction::Help)]
    pub(crate) help: Option<bool>,
}

/// The subcommands of `longshore tracking tokens`.
#[derive(Debug, Subcommand)]
pub(crate) enum TokensCommand {
    /// Make a token of a user, and print it: it is shown this once
    #[command(after_help = "\
Examples:
  longshore tracking tokens create nightly --read-only
  longshore tracking tokens create ci --user ada --ends-in 30d")]
    Create {
        /// A name for the token, by which it is known in lists and in the audit log
        name: String,
        /// When it ends: days, hours, minutes and seconds from now, as `30d` or `8h`
        #[arg(long, value_name = "TIME", default_value = "90d")]
        ends_in: Age,
        /// Let it look only, and change nothing
        #[arg(long)]
        read_only: bool,
        #[command(flatten)]
        of: TokenUserArgs,
    },
    /// List the tokens of a user, without what they are known by
    List {
        #[command(flatten)]
        of: TokenUserArgs,
    },
    /// End a token
    Revoke {
        /// The name of the token, or its number
        #[arg(value_name = "TOKEN")]
        token: String,
        #[command(flatten)]
        of: TokenUserArgs,
    },
}

/// Whose tokens, and where they are asked for.
#[derive(Args, Clone, Debug)]
pub(crate) struct TokenUserArgs {
    /// The user whose token it is; without it, whoever asks the server
    #[arg(long, value_name = "USER")]
    pub(crate) user: Option<String>,

    #[command(flatten)]
    pub(crate) at: UsersAtArgs,
}
