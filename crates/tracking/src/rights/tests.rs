use std::sync::Arc;

use super::{Grant, Granted, Kind, Permission, Rights, Scope};
use crate::permission::Level;

fn granted(absent: Permission, grants: &[(Kind, &str, Permission)]) -> Granted {
    let grants = grants.iter().map(|(kind, pattern, permission)| Grant {
        kind: *kind,
        pattern: (*pattern).to_owned(),
        permission: *permission,
    });
    Granted { absent, floor: absent, workspaces: false, grants: grants.collect() }
}

#[test]
fn the_highest_grant_counts_unless_one_denies() {
    use Permission::{Deny, Edit, Manage, Read};
    let two =
        granted(Permission::None, &[(Kind::Experiment, "1", Read), (Kind::Experiment, "*", Edit)]);
    assert_eq!(two.fold(Kind::Experiment, "1"), Some(Edit));
    assert_eq!(two.fold(Kind::Experiment, "2"), Some(Edit));
    assert_eq!(two.fold(Kind::Prompt, "1"), None);
    let denied = granted(Manage, &[(Kind::Experiment, "1", Manage), (Kind::Experiment, "*", Deny)]);
    assert_eq!(denied.permission(&[(Kind::Experiment, "1")]), Deny);
}

#[test]
fn a_kind_of_its_own_counts_before_what_it_is_in() {
    use Permission::{Deny, Edit, Manage, Read};
    let of = |run| granted(Read, &[(Kind::Experiment, "1", Manage), (Kind::Run, "*", run)]);
    let chain = [(Kind::Run, "*"), (Kind::Experiment, "1")];
    assert_eq!(of(Edit).permission(&chain), Edit);
    assert_eq!(of(Deny).permission(&chain), Deny);
    assert_eq!(granted(Read, &[(Kind::Experiment, "1", Edit)]).permission(&chain), Edit);
    assert_eq!(granted(Read, &[]).permission(&chain), Read);
}

#[test]
fn a_grant_is_never_below_the_default_but_a_denial_is() {
    use Permission::{Deny, Edit, None, Read};
    let at = |permission| granted(Edit, &[(Kind::Prompt, "a", permission)]);
    let chain = [(Kind::Prompt, "a")];
    assert_eq!(at(Read).permission(&chain), Edit);
    assert_eq!(at(None).permission(&chain), None);
    assert_eq!(at(Deny).permission(&chain), Deny);
}

#[test]
fn who_manages_a_workspace_is_denied_nothing() {
    use Permission::{Deny, Manage, None};
    let granted = granted(None, &[(Kind::Workspace, "*", Manage), (Kind::Experiment, "1", Deny)]);
    let rights = Rights::Granted(Arc::new(granted));
    assert!(rights.limited().is_none());
    assert_eq!(rights.readable(Kind::Experiment), Scope::All);
}

#[test]
fn a_search_sees_what_may_be_read() {
    use Permission::{Deny, None, Read};
    let scope = |absent, grants: &[_]| {
        Rights::Granted(Arc::new(granted(absent, grants))).readable(Kind::Experiment)
    };
    assert_eq!(scope(Read, &[]), Scope::All);
    let but = scope(Read, &[(Kind::Experiment, "1", None), (Kind::Experiment, "2", Read)]);
    assert_eq!(but, Scope::But(["1".to_owned()].into()));
    assert!(but.has("2") && but.has("3") && !but.has("1"));
    let only = scope(None, &[(Kind::Experiment, "1", Read), (Kind::Prompt, "2", Read)]);
    assert_eq!(only, Scope::Only(["1".to_owned()].into()));
    assert!(only.has("1") && !only.has("2"));
    let every = scope(None, &[(Kind::Experiment, "*", Read), (Kind::Experiment, "1", Deny)]);
    assert_eq!(every, Scope::But(["1".to_owned()].into()));
    assert_eq!(scope(Read, &[(Kind::Experiment, "*", Deny)]), Scope::Only([].into()));
    assert!(Permission::Read.holds(Level::Read) && !Permission::Read.holds(Level::Use));
}
