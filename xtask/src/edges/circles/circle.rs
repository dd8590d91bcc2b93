//! The shortest circles of a graph.

use std::collections::{BTreeMap, BTreeSet, VecDeque};

/// A shortest circle of each knot: numbers in order, each with an edge to the next and the last to the first.
///
/// A knot is what can reach itself; its modules can all reach each other. The smallest number comes first.
pub(super) fn shortest<E>(edges: &[BTreeMap<usize, E>]) -> Vec<Vec<usize>> {
    let mut seen = BTreeSet::new();
    let mut found = Vec::new();
    for start in 0..edges.len() {
        if seen.contains(&start) {
            continue;
        }
        let knot: BTreeSet<usize> =
            reached(edges, start).into_iter().filter(|other| reached(edges, *other).contains(&start)).collect();
        let circles = knot.iter().filter_map(|number| circle_from(edges, *number));
        found.extend(circles.min_by_key(Vec::len));
        seen.extend(knot);
    }
    found
}

/// What can be reached from `start` by at least one edge.
fn reached<E>(edges: &[BTreeMap<usize, E>], start: usize) -> BTreeSet<usize> {
    let mut reached = BTreeSet::new();
    let mut next = vec![start];
    while let Some(number) = next.pop() {
        let neighbours = edges.get(number).into_iter().flat_map(BTreeMap::keys);
        next.extend(neighbours.filter(|neighbour| reached.insert(**neighbour)).copied());
    }
    reached
}

/// A shortest way from `start` back to it.
fn circle_from<E>(edges: &[BTreeMap<usize, E>], start: usize) -> Option<Vec<usize>> {
    let mut came_from = BTreeMap::new();
    let mut next = VecDeque::from([start]);
    while let Some(number) = next.pop_front() {
        for neighbour in edges.get(number)?.keys() {
            if *neighbour == start {
                let mut circle = vec![number];
                while let Some(previous) = circle.last().and_then(|last| came_from.get(last)) {
                    circle.push(*previous);
                }
                circle.reverse();
                return Some(circle);
            }
            if !came_from.contains_key(neighbour) {
                came_from.insert(*neighbour, number);
                next.push_back(*neighbour);
            }
        }
    }
    None
}
