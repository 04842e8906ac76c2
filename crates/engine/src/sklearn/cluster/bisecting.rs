use super::centres::Centres;
use crate::{
    Error, Inputs, Method, Output, OutputData, Predictor, Table, attributes, read::Cursor,
};

/// Deepest tree that is read: one of as many clusters would take hours to fit.
const DEPTH: usize = 10_000;

/// `BisectingKMeans`: a row goes to the nearer of two centres, again and again.
#[derive(Debug)]
pub(crate) struct BisectingKMeans {
    centres: Centres,
    nodes: Vec<Node>,
}

#[derive(Debug)]
enum Node {
    Leaf(i32),
    /// The centres of the two children, and where these are.
    Split {
        centres: Centres,
        children: [usize; 2],
    },
}

impl BisectingKMeans {
    pub(crate) fn build(c: Cursor<'_>) -> Result<Self, Error> {
        let centres = Centres::read(c, "cluster_centers_", true)?;
        let columns = centres.inputs().columns.unwrap_or_default();
        let mean = attributes::numbers_if_any(c, "_X_mean")?;
        if let Some(mean) = &mean {
            attributes::counted(c, "_X_mean", mean.len(), columns)?;
        }
        let wrong =
            |reason: &str| Error::attribute(c.class_name(), "_bisecting_tree", reason.to_owned());
        let mut nodes = Vec::new();
        // nodes still to read, and where their numbers belong
        let mut open = vec![(c.require("_bisecting_tree")?, None)];
        while let Some((node, parent)) = open.pop() {
            // as many leaves as clusters
            if nodes.len() >= 2 * centres.count().max(1) || open.len() > DEPTH {
                return Err(wrong("has more nodes than its clusters need"));
            }
            let at = nodes.len();
            if let Some((parent, side)) = parent
                && let Some(Node::Split { children, .. }) = nodes.get_mut::<usize>(parent)
                && let Some(child) = children.get_mut::<usize>(side)
            {
                *child = at;
            }
            let child = |name: &str| node.attr(name).filter(|child| !child.is_none());
            let (Some(left), Some(right)) = (child("left"), child("right")) else {
                let label = node.attr("label").and_then(Cursor::as_i64);
                let label = label.and_then(|label| i32::try_from(label).ok());
                nodes.push(Node::Leaf(label.ok_or_else(|| wrong("has a leaf without a label"))?));
                continue;
            };
            let mut values = attributes::numbers_of(left, "center", columns)?;
            values.extend(attributes::numbers_of(right, "center", columns)?);
            for row in values.chunks_exact_mut(columns.max(1)) {
                row.iter_mut().zip(mean.iter().flatten()).for_each(|(value, mean)| *value += mean);
            }
            nodes.push(Node::Split {
                centres: Centres::two(c, &values, columns)?,
                children: [0, 0],
            });
            open.push((right, Some((at, 1))));
            open.push((left, Some((at, 0))));
        }
        Ok(Self { centres, nodes })
    }

    fn label(&self, table: &Table, row: usize) -> i32 {
        let mut products = [0.0; 2];
        let mut at = 0;
        // children stand behind their parents, so this ends
        while let Some(Node::Split { centres, children }) = self.nodes.get(at) {
            centres.products(table, row, &mut products);
            let [left, right] = children;
            at = if centres.nearest(&products) == 0 { *left } else { *right };
        }
        match self.nodes.get(at) {
            Some(Node::Leaf(label)) => *label,
            _ => -1,
        }
    }
}

impl Predictor for BisectingKMeans {
    fn inputs(&self) -> Inputs {
        self.centres.inputs()
    }

    fn methods(&self) -> &[Method] {
        &[Method::Predict, Method::Transform]
    }

    fn transformed(&self, _columns: usize) -> Option<usize> {
        Some(self.centres.count())
    }

    fn compute(&self, method: Method, input: &Table) -> Result<Output, Error> {
        if method == Method::Transform {
            return self.centres.distances(input);
        }
        let table = self.centres.checked(input)?;
        let labels = (0..table.rows).map(|row| self.label(&table, row)).collect();
        Ok(Output::flat(OutputData::I32(labels)))
    }
}
