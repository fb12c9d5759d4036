//! `kubectl argo rollouts list rollouts`: one row per Rollout.

use super::table::{Cell, table};
use crate::rollout::{Rollout, get_rollout_phase};

/// One row, as it is printed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ListRow {
    /// NAME
    pub name: String,
    /// STRATEGY: `Canary`, `BlueGreen` or `unknown`.
    pub strategy: String,
    /// STATUS: the phase.
    pub status: String,
    /// STEP, as `1/8`; `-` where there is none.
    pub step: String,
    /// SET-WEIGHT: what the steps ask for, not what is there; `-` where there is none. 100 when all
    /// steps are done (the guide of 2021 still shows 0 there).
    pub set_weight: String,
    /// READY, as `5/5`: ready pods and all pods.
    pub ready: String,
    /// DESIRED
    pub desired: String,
    /// UP-TO-DATE
    pub up_to_date: String,
    /// AVAILABLE
    pub available: String,
}

impl ListRow {
    /// The row of a Rollout.
    pub fn new(rollout: &Rollout) -> Self {
        let (spec, status) = (&rollout.spec, &rollout.status);
        let or_dash = |text: Option<String>| text.unwrap_or_else(|| "-".to_owned());
        let strategy = match (&spec.canary, &spec.blue_green) {
            (Some(_), _) => "Canary",
            (None, Some(_)) => "BlueGreen",
            (None, None) => "unknown",
        };
        Self {
            name: rollout.metadata.name.clone(),
            strategy: strategy.to_owned(),
            status: get_rollout_phase(rollout).0.to_string(),
            step: or_dash(rollout.step().map(|(index, total)| format!("{index}/{total}"))),
            set_weight: or_dash(spec.canary.as_ref().map(|_| rollout.current_set_weight().to_string())),
            ready: format!("{}/{}", status.ready_replicas, status.replicas),
            desired: spec.replicas.to_string(),
            up_to_date: status.updated_replicas.to_string(),
            available: status.available_replicas.to_string(),
        }
    }

    /// The cells, each at least about as wide as its header: so the plugin pads them.
    fn cells(&self) -> [Cell; 9] {
        [
            (&self.name, 10),
            (&self.strategy, 9),
            (&self.status, 12),
            (&self.step, 4),
            (&self.set_weight, 10),
            (&self.ready, 5),
            (&self.desired, 7),
            (&self.up_to_date, 10),
            (&self.available, 9),
        ]
        .map(|(text, width)| Cell::plain(format!("{text:<width$}")))
    }
}

/// The table: a header, and one row each; ends with a newline.
pub fn list(rows: &[ListRow]) -> String {
    let header = ["NAME", "STRATEGY", "STATUS", "STEP", "SET-WEIGHT", "READY", "DESIRED", "UP-TO-DATE", "AVAILABLE"];
    let mut cells = vec![header.map(Cell::plain)];
    cells.extend(rows.iter().map(ListRow::cells));
    table(&cells)
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn one_row_each() {
        let rollout = |name: &str, strategy| {
            Rollout::read(&json!({
                "metadata": {"name": name}, "spec": {"replicas": 5, "strategy": strategy},
                "status": {"currentStepIndex": 1, "replicas": 4, "readyReplicas": 1, "updatedReplicas": 3, "availableReplicas": 2}
            }))
        };
        let steps = json!([{"setWeight": 10}, {"pause": {"duration": 60}}, {"setWeight": 20}]);
        let rows = [
            rollout("can-guestbook", json!({"canary": {"steps": steps}})),
            rollout("rolling", json!({"canary": {}})),
            rollout("bg-guestbook", json!({"blueGreen": {}})),
            rollout("none", json!({})),
        ];
        insta::assert_snapshot!(list(&rows.each_ref().map(ListRow::new)));
    }

    #[test]
    fn a_short_name_is_padded_too() {
        let rollout = Rollout::read(&json!({"metadata": {"name": "a"}}));
        let expected = "a           unknown    Progressing   -     -           0/0    1        0           0        ";
        assert_eq!(list(&[ListRow::new(&rollout)]).lines().nth(1), Some(expected));
    }
}
