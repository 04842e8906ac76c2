//! Tokens of users: Longshore's own requests, in the form of MLflow's.

use super::{Done, call::calls, message::messages};

messages! {
    /// A token of a user. What it is known by is told once, when it is made.
    pub struct UserToken {
        /// Its number.
        id: i64,
        /// The name of the user.
        username: String,
        /// Its name.
        name: String,
        /// Whether it only lets look.
        read_only: bool,
        /// When it was made, in milliseconds since 1970.
        creation_time: i64,
        /// When it ends, in milliseconds since 1970.
        expiration_time: i64,
    }

    /// Makes a token.
    pub struct CreateUserToken {
        /// The name of the user; without it, whoever asks.
        username: Option<String>,
        /// The name of the token.
        name: String,
        /// Whether it only lets look.
        read_only (default): bool,
        /// When it ends, in milliseconds since 1970; without it, in 90 days.
        expiration_time: Option<i64>,
    }

    /// The answer to [`CreateUserToken`].
    pub struct CreateUserTokenReply {
        /// What it is known by. It is told this once.
        token: String,
        /// The token.
        user_token: UserToken,
    }

    /// Asks for the tokens of a user.
    pub struct ListUserTokens {
        /// The name of the user; without it, whoever asks.
        username: Option<String>,
    }

    /// The answer to [`ListUserTokens`].
    pub struct ListUserTokensReply {
        /// The tokens, also those that have ended.
        user_tokens: Option<Vec<UserToken>>,
    }

    /// Ends a token.
    pub struct RevokeUserToken {
        /// Its number.
        id: i64,
    }
}

calls! {
    CreateUserToken: Post "2.0/longshore/user-tokens/create" -> CreateUserTokenReply;
    ListUserTokens: Get "2.0/longshore/user-tokens/list" -> ListUserTokensReply;
    RevokeUserToken: Post "2.0/longshore/user-tokens/revoke" -> Done;
}
