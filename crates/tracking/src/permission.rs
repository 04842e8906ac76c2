//! What an operation needs to be allowed.

use crate::kind::Kind;

/// How much a caller may do with an object. Each level holds those before it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Level {
    /// To look at it.
    Read,
    /// To load or call it.
    Use,
    /// To change it.
    Edit,
    /// To remove it and to say who may do what with it.
    Manage,
}

/// What an operation is about.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Object<'a> {
    /// Nothing in particular: every caller that is known may ask. The reply holds only what the caller may read.
    Workspace,
    /// An experiment, by its id.
    Experiment(&'a str),
    /// An experiment, by its name.
    ExperimentNamed(&'a str),
    /// The experiment of a run.
    Run(&'a str),
    /// The experiment of a logged model.
    LoggedModel(&'a str),
    /// The experiment of a trace.
    Trace(&'a str),
    /// Every experiment that an evaluation dataset belongs to.
    EvaluationDataset(&'a str),
    /// A scorer of an experiment.
    Scorer {
        /// The id of the experiment.
        experiment: &'a str,
        /// Its name.
        name: &'a str,
    },
    /// The experiment of an issue.
    Issue(&'a str),
    /// The experiment of a label schema.
    LabelSchema(&'a str),
    /// A review queue, and who may do it beside those who have the level.
    ReviewQueue(Queue<'a>, Share),
    /// One more of a kind: whoever is not denied all of that kind.
    New(Kind),
    /// The versions of a scorer, as those of a registered model.
    VersionsOfScorer {
        /// The id of the experiment.
        experiment: &'a str,
        /// Its name.
        name: &'a str,
    },
    /// A version of a scorer that there is not yet.
    NewVersionOfScorer {
        /// The id of the experiment.
        experiment: &'a str,
        /// Its name.
        name: &'a str,
    },
    /// A registered model.
    RegisteredModel(&'a str),
    /// The versions of a registered model, which have grants of their own. To look at one takes the model, and
    /// that versions are not denied; to do more takes to look at the model, and more with its versions.
    VersionsOf(&'a str),
    /// A version that a registered model does not have yet.
    NewVersionOf(&'a str),
    /// An object of a kind, by the id that grants name it by.
    OfKind(Kind, &'a str),
    /// The server itself: for administrators.
    Server,
}

/// How a review queue is named.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Queue<'a> {
    /// By its id.
    Id(&'a str),
    /// By the id of its experiment and its name.
    Name(&'a str, &'a str),
}

/// Who has a share in a review queue.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Share {
    /// Nobody.
    None,
    /// Who reviews in it and may read it, or made it and may edit it.
    Viewer,
    /// Who made it and may edit it.
    Maker,
    /// Who made it and may edit it, unless it is the queue of a user.
    MakerOfCustom,
}

/// What an operation needs: a level of every object that is named.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Need<'a> {
    /// How much.
    pub level: Level,
    /// Of what.
    pub objects: Vec<Object<'a>>,
}

impl<'a> Need<'a> {
    /// `level` of one object.
    pub fn of(level: Level, object: Object<'a>) -> Self {
        Self { level, objects: vec![object] }
    }
}
