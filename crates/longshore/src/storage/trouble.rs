/// What keeps a task from its work. The task meets it again and again; the log tells it once, and once
/// more when it is over.
#[derive(Debug, Default)]
pub(crate) struct Trouble(Option<String>);

impl Trouble {
    /// Notes the reason. True when it is a new one.
    pub(crate) fn is_new(&mut self, reason: &str) -> bool {
        let known = self.0.as_deref() == Some(reason);
        if !known {
            self.0 = Some(reason.to_owned());
        }
        !known
    }

    /// Notes that nothing keeps the task any more. True when something did.
    pub(crate) fn is_over(&mut self) -> bool {
        self.0.take().is_some()
    }
}

#[cfg(test)]
mod tests {
    use super::Trouble;

    #[test]
    fn a_reason_is_new_once() {
        let mut trouble = Trouble::default();
        assert!(!trouble.is_over());
        assert!(trouble.is_new("a") && !trouble.is_new("a") && trouble.is_new("b"));
        assert!(trouble.is_over() && !trouble.is_over());
        assert!(trouble.is_new("b"));
    }
}
