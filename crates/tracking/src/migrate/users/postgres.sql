-- What each revision of MLflow's schema (users) changes. Written by tests/tracking-schema/steps.py.

-- revision 8606fa83a998

CREATE TABLE users (
    id SERIAL NOT NULL,
    username VARCHAR(255),
    password_hash VARCHAR(255),
    is_admin BOOLEAN,
    CONSTRAINT users_pkey PRIMARY KEY (id),
    CONSTRAINT users_username_key UNIQUE (username)
);

CREATE TABLE experiment_permissions (
    id SERIAL NOT NULL,
    experiment_id VARCHAR(255) NOT NULL,
    user_id INTEGER NOT NULL,
    permission VARCHAR(255),
    CONSTRAINT experiment_permissions_pkey PRIMARY KEY (id),
    CONSTRAINT unique_experiment_user UNIQUE (experiment_id, user_id),
    CONSTRAINT fk_user_id FOREIGN KEY (user_id) REFERENCES users (id)
);

CREATE TABLE registered_model_permissions (
    id SERIAL NOT NULL,
    name VARCHAR(255) NOT NULL,
    user_id INTEGER NOT NULL,
    permission VARCHAR(255),
    CONSTRAINT registered_model_permissions_pkey PRIMARY KEY (id),
    CONSTRAINT unique_name_user UNIQUE (name, user_id),
    CONSTRAINT fk_user_id FOREIGN KEY (user_id) REFERENCES users (id)
);

-- revision 0965eb92f5f0

CREATE TABLE scorer_permissions (
    id SERIAL NOT NULL,
    experiment_id VARCHAR(255) NOT NULL,
    scorer_name VARCHAR(256) NOT NULL,
    user_id INTEGER NOT NULL,
    permission VARCHAR(255),
    CONSTRAINT scorer_permissions_pkey PRIMARY KEY (id),
    CONSTRAINT unique_scorer_user UNIQUE (experiment_id, scorer_name, user_id),
    CONSTRAINT fk_scorer_perm_user_id FOREIGN KEY (user_id) REFERENCES users (id)
);

-- revision a1b2c3d4e5f6

CREATE TABLE gateway_endpoint_permissions (
    id SERIAL NOT NULL,
    endpoint_id VARCHAR(255) NOT NULL,
    user_id INTEGER NOT NULL,
    permission VARCHAR(255),
    CONSTRAINT gateway_endpoint_permissions_pkey PRIMARY KEY (id),
    CONSTRAINT unique_endpoint_user UNIQUE (endpoint_id, user_id),
    CONSTRAINT fk_gateway_endpoint_perm_user_id FOREIGN KEY (user_id) REFERENCES users (id)
);

CREATE TABLE gateway_model_definition_permissions (
    id SERIAL NOT NULL,
    model_definition_id VARCHAR(255) NOT NULL,
    user_id INTEGER NOT NULL,
    permission VARCHAR(255),
    CONSTRAINT gateway_model_definition_permissions_pkey PRIMARY KEY (id),
    CONSTRAINT unique_model_def_user UNIQUE (model_definition_id, user_id),
    CONSTRAINT fk_gateway_model_def_perm_user_id FOREIGN KEY (user_id) REFERENCES users (id)
);

CREATE TABLE gateway_secret_permissions (
    id SERIAL NOT NULL,
    secret_id VARCHAR(255) NOT NULL,
    user_id INTEGER NOT NULL,
    permission VARCHAR(255),
    CONSTRAINT gateway_secret_permissions_pkey PRIMARY KEY (id),
    CONSTRAINT unique_secret_user UNIQUE (secret_id, user_id),
    CONSTRAINT fk_gateway_secret_perm_user_id FOREIGN KEY (user_id) REFERENCES users (id)
);

-- revision 2ed73881770d

ALTER TABLE registered_model_permissions DROP CONSTRAINT IF EXISTS unique_name_user;

CREATE TABLE workspace_permissions (
    workspace VARCHAR(63) NOT NULL,
    user_id INTEGER NOT NULL,
    permission VARCHAR(32) NOT NULL,
    CONSTRAINT workspace_permissions_pk PRIMARY KEY (workspace, user_id),
    CONSTRAINT workspace_permissions_user_id_fkey FOREIGN KEY (user_id) REFERENCES users (id)
);

ALTER TABLE registered_model_permissions ADD COLUMN IF NOT EXISTS workspace VARCHAR(63) DEFAULT 'default'::character varying NOT NULL;

ALTER TABLE registered_model_permissions ADD CONSTRAINT unique_workspace_name_user UNIQUE (workspace, name, user_id);

CREATE INDEX IF NOT EXISTS idx_workspace_permissions_user_id ON workspace_permissions (user_id);

CREATE INDEX IF NOT EXISTS idx_workspace_permissions_workspace ON workspace_permissions (workspace);

-- revision c3d4e5f6a7b8

CREATE TABLE roles (
    id SERIAL NOT NULL,
    name VARCHAR(255) NOT NULL,
    workspace VARCHAR(63) NOT NULL,
    description VARCHAR(1024),
    CONSTRAINT roles_pkey PRIMARY KEY (id),
    CONSTRAINT unique_workspace_role_name UNIQUE (workspace, name)
);

CREATE TABLE role_permissions (
    id SERIAL NOT NULL,
    role_id INTEGER NOT NULL,
    resource_type VARCHAR(64) NOT NULL,
    resource_pattern VARCHAR(255) NOT NULL,
    permission VARCHAR(255) NOT NULL,
    CONSTRAINT role_permissions_pkey PRIMARY KEY (id),
    CONSTRAINT unique_role_resource_perm UNIQUE (role_id, resource_type, resource_pattern),
    CONSTRAINT role_permissions_role_id_fkey FOREIGN KEY (role_id) REFERENCES roles (id)
);

CREATE TABLE user_role_assignments (
    id SERIAL NOT NULL,
    user_id INTEGER NOT NULL,
    role_id INTEGER NOT NULL,
    CONSTRAINT user_role_assignments_pkey PRIMARY KEY (id),
    CONSTRAINT unique_user_role UNIQUE (user_id, role_id),
    CONSTRAINT user_role_assignments_role_id_fkey FOREIGN KEY (role_id) REFERENCES roles (id),
    CONSTRAINT user_role_assignments_user_id_fkey FOREIGN KEY (user_id) REFERENCES users (id)
);

CREATE INDEX IF NOT EXISTS idx_roles_workspace ON roles (workspace);

CREATE INDEX IF NOT EXISTS idx_role_permissions_role_id ON role_permissions (role_id);

CREATE INDEX IF NOT EXISTS idx_user_role_assignments_user_id ON user_role_assignments (user_id);

CREATE INDEX IF NOT EXISTS idx_user_role_assignments_role_id ON user_role_assignments (role_id);

-- revision e5f6a7b8c9d0

-- rows

-- revision f1a2b3c4d5e6

-- rows
