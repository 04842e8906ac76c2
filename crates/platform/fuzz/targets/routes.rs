//! The routes of a gateway that are described in a file.
#![no_main]

use libfuzzer_sys::fuzz_target;
use longshore_gateway::{Description, Table};

fuzz_target!(|data: &[u8]| {
    let Ok(description) = serde_json::from_slice::<Description>(data) else { return };
    let table = Table::new("cluster.local");
    let first = table.replace(description.clone()).map_err(|error| error.to_string());
    // what was taken over is taken over again, and can be taken away
    let again = table.replace(description.clone()).map_err(|error| error.to_string());
    assert_eq!(first, again);
    for service in &description.services {
        let routes = table.routes(&service.namespace, &service.name);
        assert!(first.is_err() || routes.is_some());
    }
    table.load();
    table.replace(Description::default()).expect("nothing is wrong with nothing");
    for service in &description.services {
        assert!(table.routes(&service.namespace, &service.name).is_none());
    }
});
