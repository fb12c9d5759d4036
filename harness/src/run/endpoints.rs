//! What controllers say of themselves at the end of a step.

use super::{
    reports::fail,
    step::{Ended, Hands},
    trouble::Trouble,
};
use crate::{
    controller::{Controller, endpoints},
    report::v1,
    scenario::{LoadedStep, value::Number},
};

impl Hands<'_> {
    /// Asks the endpoints of the controllers that the step speaks of, and judges the answers.
    ///
    /// # Errors
    /// If one of them is not ours to ask.
    pub(super) async fn endpoints(&self, step: &LoadedStep, ended: &mut Ended) -> Result<(), Trouble> {
        let mut wrong = String::new();
        for (name, wanted) in &step.controllers {
            let Some(controller) = self.controller.own(name) else {
                return Err(Trouble::Infra(format!("the controller `{name}` in the cluster can't be asked")));
            };
            let mut check = |what: &str, got: Result<i64, &String>, number: &Number| {
                let ok = got.is_ok_and(|got| number.holds(got));
                let got = got.map_or_else(Clone::clone, |got| got.to_string());
                let field = format!("controllers.{name}.{what}");
                if !ok {
                    wrong += &format!("{field} is {got}, expected {number}\n");
                }
                ended.report.checks.push(v1::Check { field, expected: number.to_string(), got, ok });
            };
            if let Some(number) = &wanted.healthz {
                let answer = endpoints::get(controller.healthz_port().await, "/healthz").await;
                check("healthz", answer.as_ref().map(|(status, _)| i64::from(*status)), number);
            }
            let metrics = if wanted.metrics.is_empty() { Ok(String::new()) } else { metrics(controller).await };
            for (metric, number) in &wanted.metrics {
                let got = metrics.as_ref().map(|text| endpoints::sum(text, metric));
                check(&format!("metrics.{metric}"), got, number);
            }
        }
        if !wrong.is_empty() {
            fail(&mut ended.report, "controllers", &wrong, None);
            ended.trouble = Some(Trouble::Conformance(wrong));
        }
        Ok(())
    }
}

async fn metrics(controller: &Controller) -> Result<String, String> {
    let (status, text) = endpoints::get(controller.metrics_port().await, "/metrics").await?;
    if status == 200 { Ok(text) } else { Err(format!("/metrics answered {status}")) }
}
