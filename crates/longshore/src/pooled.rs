//! The models of `--pool`: requests say where they come from.

use std::sync::Arc;

use longshore_engine::Method;
use longshore_serve::{Locations, ModelSource};
use longshore_storage::Storage;

use crate::models::{ModelFiles, Named};

/// Where the models of a warm pool are fetched from.
#[derive(Debug)]
pub(crate) struct Pooled {
    pub(crate) storage: Arc<Storage>,
    pub(crate) method: Option<Method>,
}

impl Locations for Pooled {
    fn bring(&self, model: &str, uri: &str) -> Result<ModelSource, String> {
        let Named { files, .. } = Named::new(model, uri).map_err(|error| error.to_string())?;
        if matches!(files, ModelFiles::Local(_)) {
            return Err(format!(
                "`{uri}` is a path; a warm pool serves what it can fetch, such as `s3://BUCKET/KEY`"
            ));
        }
        files.bring(model, &self.storage, self.method)
    }
}

#[cfg(test)]
mod tests {
    use longshore_serve::Locations;
    use longshore_storage::{Config, Storage};

    use super::Pooled;

    #[test]
    fn a_pool_reads_no_files_of_its_own_machine() {
        let folder = tempfile::tempdir().unwrap();
        let storage = Storage::new(Config::new(folder.path())).into();
        let pool = Pooled { storage, method: None };
        for uri in ["/etc/passwd", "file:///etc/passwd", "models/iris", "../iris"] {
            let refused = pool.bring("iris", uri).unwrap_err();
            assert!(refused.contains("is a path"), "{uri}: {refused}");
        }
        assert_eq!(pool.bring("wine", "example://wine").unwrap().name, "wine");
    }
}
