use std::path::PathBuf;

use clap::{Args, builder::BoolishValueParser};

/// Tokens of an issuer (`OpenID` Connect) that let users in, beside names and passwords.
#[derive(Args, Debug)]
#[command(next_help_heading = "Users")]
pub(crate) struct JwtArgs {
    /// Let in users by JSON Web Tokens of this issuer (`iss`): an `https` URL that describes itself below
    /// `/.well-known/openid-configuration`
    #[arg(long, env = "LONGSHORE_JWT_ISSUER", value_name = "ISSUER")]
    pub(crate) jwt_issuer: Option<String>,

    /// What tokens have to name as their audience (`aud`)
    #[arg(long, env = "LONGSHORE_JWT_AUDIENCE", value_name = "AUDIENCE")]
    pub(crate) jwt_audience: Option<String>,

    /// The keys by which tokens are signed (JWKS), a file or an `https` URL, instead of what the issuer says
    #[arg(long, env = "LONGSHORE_JWKS", value_name = "FILE|URL")]
    pub(crate) jwks: Option<String>,

    /// The authorities to believe for the issuer and the URL of its keys, in PEM form, instead of the usual ones
    #[arg(long, env = "LONGSHORE_JWKS_CA", value_name = "FILE")]
    pub(crate) jwks_ca: Option<PathBuf>,

    /// The claim that names the user [default: sub]
    #[arg(long, env = "LONGSHORE_JWT_USER_CLAIM", value_name = "CLAIM")]
    pub(crate) jwt_user_claim: Option<String>,

    /// What the names of these users begin with, so that none is that of another user
    #[arg(long, env = "LONGSHORE_JWT_USER_PREFIX", value_name = "PREFIX")]
    pub(crate) jwt_user_prefix: Option<String>,

    /// The claim that names the groups of the user; dots lead into claims, as in `realm_access.roles`
    /// [default: groups]
    #[arg(long, env = "LONGSHORE_JWT_GROUPS_CLAIM", value_name = "CLAIM")]
    pub(crate) jwt_groups_claim: Option<String>,

    /// A role that the users of a group have: `GROUP=ROLE`, or `GROUP=WORKSPACE/ROLE`; may be given more than
    /// once, in the variable one a line
    #[arg(
        long,
        env = "LONGSHORE_JWT_GROUP_ROLES",
        value_name = "GROUP=ROLE",
        value_delimiter = '\n'
    )]
    pub(crate) jwt_group_role: Vec<String>,

    /// A group whose users are administrators; may be given more than once, in the variable one a line
    #[arg(long, env = "LONGSHORE_JWT_ADMIN_GROUPS", value_name = "GROUP", value_delimiter = '\n')]
    pub(crate) jwt_admin_group: Vec<String>,

    /// Make a user when a token first names it; without this, only users who were made are let in
    #[arg(long, env = "LONGSHORE_JWT_CREATE_USERS", value_parser = BoolishValueParser::new())]
    pub(crate) jwt_create_users: bool,
}
