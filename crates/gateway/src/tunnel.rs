//! Connections that have switched protocols, such as to WebSocket (RFC 6455).

use longshore_daemon::server::Upgrade;
use tokio::io::{AsyncWriteExt, copy_bidirectional};

use crate::{
    revision::{Slot, Visit},
    upstream::Http1,
};

/// Hands bytes on between a client and a replica until both have closed. The request counts, and its
/// slot is taken, for as long.
pub(crate) fn between(link: Box<Http1>, slot: Slot, visit: Visit) -> Upgrade {
    Upgrade::new(move |mut client| async move {
        let Some((mut replica, read)) = link.into_stream().await else { return };
        let handed_on = async {
            client.write_all(&read).await?;
            copy_bidirectional(&mut client, &mut replica).await
        };
        if let Err(error) = handed_on.await {
            tracing::debug!(revision = visit.revision().name(), %error, "a tunnel ended early");
        }
        drop(slot);
    })
}
