CREATE TABLE IF NOT EXISTS longshore_user_tokens (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    user_id INTEGER NOT NULL,
    username VARCHAR(255) NOT NULL,
    name VARCHAR(64) NOT NULL,
    digest VARCHAR(64) NOT NULL UNIQUE,
    read_only BOOLEAN NOT NULL,
    creation_time BIGINT NOT NULL,
    expiration_time BIGINT NOT NULL,
    UNIQUE (user_id, name)
);

CREATE TRIGGER IF NOT EXISTS longshore_user_tokens_end AFTER DELETE ON users BEGIN
    DELETE FROM longshore_user_tokens WHERE user_id = OLD.id;
END;
