CREATE TABLE IF NOT EXISTS longshore_user_tokens (
    id SERIAL PRIMARY KEY,
    user_id INTEGER NOT NULL REFERENCES users (id) ON DELETE CASCADE,
    username VARCHAR(255) NOT NULL,
    name VARCHAR(64) NOT NULL,
    digest VARCHAR(64) NOT NULL UNIQUE,
    read_only BOOLEAN NOT NULL,
    creation_time BIGINT NOT NULL,
    expiration_time BIGINT NOT NULL,
    UNIQUE (user_id, name)
);
