//! Who may do what with a review queue. It has the permission of its kind, else that of its experiment, and
//! who made it or reviews in it has a share beside.

use super::{Check, canonical, denied};
use crate::{
    Error,
    permission::{Level, Queue, Share},
    rights::{EVERY, Kind},
};

impl Check<'_> {
    pub(super) fn queue(
        &mut self,
        level: Level,
        queue: Queue<'_>,
        share: Share,
    ) -> Result<(), Error> {
        let select = "SELECT q.queue_id, q.experiment_id, q.queue_type, q.created_by FROM review_queues q JOIN experiments e ON e.experiment_id = q.experiment_id WHERE e.workspace = ?";
        let found = match queue {
            Queue::Id(id) => {
                let sql = format!("{select} AND q.queue_id = ?");
                self.on.first(&sql, &[self.workspace.into(), id.into()])?
            }
            Queue::Name(experiment, name) => {
                let experiment = canonical(experiment);
                self.holds(Level::Read, &[(Kind::Experiment, &experiment)])?;
                // an id that is none has no queues
                let Ok(number) = experiment.parse::<i64>() else { return Ok(()) };
                let sql = format!("{select} AND q.experiment_id = ? AND q.name_key = ?");
                let key = name.to_lowercase();
                let found =
                    self.on.first(&sql, &[self.workspace.into(), number.into(), key.into()])?;
                // there is nothing to keep from who may read the experiment
                if found.is_none() {
                    return self.holds(
                        Level::Read,
                        &[(Kind::ReviewQueue, EVERY), (Kind::Experiment, &experiment)],
                    );
                }
                found
            }
        };
        let mut row = found.ok_or_else(denied)?;
        let id: String = row.take(0)?;
        let experiment = row.take::<i64>(1)?.to_string();
        self.holds(Level::Read, &[(Kind::Experiment, &experiment)])?;
        let chain = [(Kind::ReviewQueue, EVERY), (Kind::Experiment, &*experiment)];
        let permission = self.granted.permission(&chain);
        if permission.holds(level) {
            return Ok(());
        }
        let (kind, maker) = (row.take::<String>(2)?, row.take::<Option<String>>(3)?);
        let user = self.caller.user.as_deref().unwrap_or_default().trim().to_lowercase();
        let has_made = permission.holds(Level::Edit)
            && maker.is_some_and(|it| !user.is_empty() && it.trim().to_lowercase() == user);
        let has_share = match share {
            Share::None => false,
            Share::Maker => has_made,
            Share::MakerOfCustom => has_made && kind == "custom",
            Share::Viewer if has_made => true,
            Share::Viewer => {
                let sql = "SELECT 1 FROM review_queue_users WHERE queue_id = ? AND user_id = ?";
                permission.holds(Level::Read)
                    && self.on.first(sql, &[id.into(), user.into()])?.is_some()
            }
        };
        if has_share { Ok(()) } else { Err(denied()) }
    }
}
