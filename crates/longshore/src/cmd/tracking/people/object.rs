use longshore_mlflow::rest::RolePermission;

use crate::cmd::mlflow::text::clean;

/// The rows of grants, for people.
pub(super) fn rows<'g>(
    grants: impl IntoIterator<Item = (&'g str, &'g str, &'g str)>,
) -> Vec<Vec<String>> {
    let cells = |(kind, object, permission): (&str, &str, &str)| {
        [kind, object, permission].map(clean).to_vec()
    };
    let mut rows: Vec<_> = grants.into_iter().map(cells).collect();
    rows.sort();
    rows
}

/// The cells of a grant of a role.
pub(super) fn of_role(grant: &RolePermission) -> (&str, &str, &str) {
    (&grant.resource_type, &grant.resource_pattern, &grant.permission)
}
