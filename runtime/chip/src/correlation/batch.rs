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

impl Post {
    /// Times of the columns of its block with its own. All are written, as they are read together at
    /// once, and a processor would wait for the one.
    fn put(self, times: [u32; BLOCK]) -> [u32; BLOCK] {
        std::array::from_fn(|lane| if lane == self.lane { self.time } else { times[lane] })
    }
}

/// Pulses of some time by where they act, each list in order of time.
#[derive(Debug)]
pub(super) struct Batch {
    /// Row by row; those of row `r` are from `rows[r]` to `rows[r + 1]`.
    pres: Vec<Pre>,
    rows: [usize; ROWS + 1],
    /// By block of columns.
    posts: [Vec<Post>; BLOCKS],
}

impl Batch {
    /// Pulses in the order of their times, whose stamps `stamp` gives.
    pub(super) fn new(pulses: &[(u64, Pulse)], stamp: impl Fn(u64) -> u32) -> Batch {
        let mut rows = [0; ROWS + 1];
        for (_, pulse) in pulses {
            if let Pulse::Pre(pre) = pulse {
                rows[usize::from(pre.row) + 1] += 1;
            }
        }
        for row in 0..ROWS {
            rows[row + 1] += rows[row];
        }
        let nothing = Pre { time: 0, address: 0, posts_before: [0; BLOCKS] };
        let mut pres = vec![nothing; rows[ROWS]];
        let mut ends = rows;
        let mut posts: [Vec<Post>; BLOCKS] =
            std::array::from_fn(|_| Vec::with_capacity(pulses.len() / BLOCKS));
        let mut post_counts = [0; BLOCKS];
        for tick in pulses.chunk_by(|(a, _), (b, _)| a == b) {
            let time = stamp(tick[0].0);
            let posts_before = post_counts;
            for (_, pulse) in tick {
                match *pulse {
                    Pulse::Pre(PrePulse { row, address }) => {
                        let end = &mut ends[usize::from(row)];
                        pres[*end] = Pre { time, address, posts_before };
                        *end += 1;
                    }
                    Pulse::Post(column) => {
                        let column = usize::from(column);
                        posts[column / BLOCK].push(Post { time, lane: column % BLOCK });
                        post_counts[column / BLOCK] += 1;
                    }
                }
            }
        }
        Batch { pres, rows, posts }
    }

    /// Presynaptic pulses of a row.
    pub(super) fn pres(&self, row: usize) -> &[Pre] {
        &self.pres[self.rows[row]..self.rows[row + 1]]
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
                moment.last = post.put(moment.last);
                moments.push(moment);
            }
            for (moment_before, post) in moments.iter_mut().zip(posts).rev() {
                moment.next = post.put(moment.next);
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
