//! Pulses that act on the sensors together.

use super::{PrePulse, Pulse};
use crate::lanes::{Moment, NEVER, Pre};
use crate::neurons::{BLOCK, BLOCKS};
use crate::{COLUMNS, ROWS};

/// A postsynaptic pulse.
#[derive(Clone, Copy, Debug)]
struct Post {
    time: u32,
    /// Column of its block.
    lane: usize,
}

/// Pulses of some time by where they act, each list in order of time.
#[derive(Debug)]
pub(super) struct Batch {
    /// By row.
    pres: Vec<Vec<Pre>>,
    /// By block of columns.
    posts: [Vec<Post>; BLOCKS],
}

impl Batch {
    /// No pulses.
    pub(super) fn new() -> Batch {
        Batch { pres: vec![Vec::new(); ROWS], posts: Default::default() }
    }

    /// Adds the pulses of a later tick, in any order.
    pub(super) fn push(&mut self, time: u32, pulses: &[(u64, Pulse)]) {
        let count = |posts: &Vec<Post>| u32::try_from(posts.len()).unwrap_or(u32::MAX);
        let posts_before = self.posts.each_ref().map(count);
        for (_, pulse) in pulses {
            match *pulse {
                Pulse::Pre(PrePulse { row, address }) => {
                    self.pres[usize::from(row)].push(Pre { time, address, posts_before });
                }
                Pulse::Post(column) => {
                    let (block, lane) = (usize::from(column) / BLOCK, usize::from(column) % BLOCK);
                    self.posts[block].push(Post { time, lane });
                }
            }
        }
    }

    /// Presynaptic pulses of a row.
    pub(super) fn pres(&self, row: usize) -> &[Pre] {
        &self.pres[row]
    }

    /// Moments before and after the postsynaptic pulses of each block of columns; the last of each
    /// column before the batch were at `last_posts`.
    pub(super) fn moments(&self, last_posts: &[u32; COLUMNS]) -> Vec<Vec<Moment>> {
        let (last_posts, _) = last_posts.as_chunks::<BLOCK>();
        let of_block = |(posts, last): (&Vec<Post>, &[u32; BLOCK])| {
            let mut moments = Vec::with_capacity(posts.len() + 1);
            let mut moment = Moment { last: *last, next: [NEVER; BLOCK] };
            moments.push(moment);
            for post in posts {
                moment.last[post.lane] = post.time;
                moments.push(moment);
            }
            for (moment_before, post) in moments.iter_mut().zip(posts).rev() {
                moment.next[post.lane] = post.time;
                moment_before.next = moment.next;
            }
            moments
        };
        self.posts.iter().zip(last_posts).map(of_block).collect()
    }

    /// Replaces the times of the last pulses of columns that have some.
    pub(super) fn last_posts(&self, last_posts: &mut [u32; COLUMNS]) {
        for (posts, last) in self.posts.iter().zip(last_posts.as_chunks_mut::<BLOCK>().0) {
            for post in posts {
                last[post.lane] = post.time;
            }
        }
    }
}
