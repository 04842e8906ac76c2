//! A server that was built without the cargo feature `arrow`.

use longshore_serve::Limits;

use crate::{client::serve, model::plain};

#[test]
fn a_table_is_refused_with_what_is_missing() {
    let server = serve(vec![plain("sum")], Limits::default());
    for path in ["/v1/models/sum:predict", "/invocations"] {
        for kind in ["application/vnd.apache.arrow.stream", "application/x-parquet"] {
            let reply = server.post_as(path, &format!("content-type: {kind}"), "PAR1");
            assert_eq!(reply.status, 415);
            assert!(reply.body.contains("built without the cargo feature `arrow`"), "{reply:?}");
        }
    }
    let accept = "content-type: application/json\r\naccept: application/vnd.apache.arrow.stream";
    let reply = server.post_as("/v1/models/sum:predict", accept, r#"{"instances":[[1,2,3]]}"#);
    assert_eq!((reply.status, &*reply.body), (200, "{\"predictions\":[1]}"));
}
