//! `longshore fetch`: models into folders, for servers that do not fetch themselves.

use std::{
    collections::HashMap,
    ffi::OsString,
    fs,
    path::{Path, PathBuf},
    sync::Arc,
    thread,
};

use anyhow::{Context, Result, anyhow, bail};
use longshore_storage::{Config, Environment, Fetched, Location, Placing, Storage};

use crate::{cli::FetchArgs, cmd::serve::start_log, storage};

/// The folder that files come together in, inside of the folder where they go: both are of one file
/// system, also when that is a volume.
pub(crate) const STAGING: &str = ".longshore-fetch";

/// Most locations that are fetched at a time; each has several connections.
const AT_ONCE: usize = 4;

/// One location, and where its files go.
struct Order {
    location: Location,
    folder: PathBuf,
    storage: Arc<Storage>,
}

/// Brings every model, or none: files get their places when all are there.
pub(crate) fn run(args: &FetchArgs) -> Result<()> {
    start_log(&args.log)?;
    let orders = orders(args)?;
    let fetched = fetch_all(&orders)?;
    check_distinct(&orders, &fetched)?;
    let placing = if args.cache_dir.is_some() { Placing::Copy } else { Placing::Move };
    for (order, fetched) in orders.iter().zip(&fetched) {
        fetched.place(&order.folder, &order.folder.join(STAGING).join("place"), placing)?;
        tracing::info!(
            bytes = fetched.bytes(),
            "`{}` is in `{}`: {}",
            order.location,
            order.folder.display(),
            fetched.revision()
        );
    }
    drop(fetched);
    for order in &orders {
        let staging = order.folder.join(STAGING);
        // two locations may share a folder
        if staging.try_exists().unwrap_or(true) {
            fs::remove_dir_all(&staging)
                .with_context(|| format!("failed to remove `{}`", staging.display()))?;
        }
    }
    Ok(())
}

fn orders(args: &FetchArgs) -> Result<Vec<Order>> {
    let environment = Environment::process().with_storage_config()?;
    let (pairs, rest) = args.pairs.as_chunks::<2>();
    if let [location] = rest {
        bail!("`{location}` has no folder: write `longshore fetch URI FOLDER [URI FOLDER]…`");
    }
    let shared = args.cache_dir.as_ref().map(|cache| {
        let mut config = storage::config(cache, &args.remote, environment.clone());
        config.cache_bytes = args.cache_bytes;
        Arc::new(Storage::new(config))
    });
    pairs
        .iter()
        .map(|[location, folder]| {
            let folder = PathBuf::from(folder);
            fs::create_dir_all(&folder)
                .with_context(|| format!("failed to make the folder `{}`", folder.display()))?;
            let own = || {
                let cache = folder.join(STAGING);
                let config = storage::config(&cache, &args.remote, environment.clone());
                Arc::new(Storage::new(Config { cache_bytes: u64::MAX, ..config }))
            };
            let storage = shared.clone().unwrap_or_else(own);
            Ok(Order { location: environment.placed(location)?.parse()?, folder, storage })
        })
        .collect()
}

fn fetch_all(orders: &[Order]) -> Result<Vec<Fetched>> {
    let fetch = |Order { location, storage, .. }: &Order| {
        let fetched = storage.fetch(location);
        fetched.with_context(|| storage::failed(location))
    };
    let mut all = Vec::new();
    for some in orders.chunks(AT_ONCE) {
        let fetched: Vec<Result<Fetched>> = thread::scope(|scope| {
            let threads: Vec<_> =
                some.iter().map(|order| scope.spawn(move || fetch(order))).collect();
            let joined = threads.into_iter().map(|thread| {
                thread.join().unwrap_or_else(|_| Err(anyhow!("a thread that fetches has failed")))
            });
            joined.collect()
        });
        for fetched in fetched {
            all.push(fetched?);
        }
    }
    Ok(all)
}

/// Refuses files of one name from two locations: the second would take the place of the first.
fn check_distinct(orders: &[Order], fetched: &[Fetched]) -> Result<()> {
    let mut brought: HashMap<(&Path, OsString), &Location> = HashMap::new();
    for (Order { location, folder, .. }, fetched) in orders.iter().zip(fetched) {
        for name in fetched.entries()? {
            let shown = name.to_string_lossy().into_owned();
            if let Some(other) = brought.insert((folder, name), location) {
                bail!(
                    "`{other}` and `{location}` both bring `{shown}` into `{}`: give each a folder of its own",
                    folder.display()
                );
            }
        }
    }
    Ok(())
}
