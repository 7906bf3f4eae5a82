//! Times of a peer and of osb, taken in turn, and the ratio that they must have.

use super::measure::Samples;
use super::text;

/// What is compared, and how it went so far.
pub struct Comparison {
    what: String,
    goal: f64,
    peer: Samples,
    osb: Samples,
}

impl Comparison {
    /// Nothing was measured yet.
    pub fn new(what: impl Into<String>, goal: f64) -> Self {
        let (peer, osb) = (Samples::default(), Samples::default());
        Self { what: what.into(), goal, peer, osb }
    }

    /// Takes one more time of each, in seconds.
    pub fn add(&mut self, peer: f64, osb: f64) {
        self.peer.add(peer);
        self.osb.add(osb);
    }

    /// The medians, their ratio, and whether it is small enough.
    pub fn text(&self, peer: &str) -> String {
        let Self { what, goal, .. } = self;
        let ratio = self.osb.median() / self.peer.median();
        let verdict = if ratio <= *goal { "yes" } else { "NO" };
        let (theirs, ours) = (text(&self.peer), text(&self.osb));
        format!("{what}: {peer} {theirs}, osb {ours}: {ratio:.2} <= {goal:.2} {verdict}")
    }
}
