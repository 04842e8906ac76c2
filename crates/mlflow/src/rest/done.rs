use super::message::empty;

empty! {
    /// A reply that says no more than that it worked.
    pub struct Done;
}
