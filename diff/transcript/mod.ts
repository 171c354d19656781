/**
 * `hearthproof diff --replay RUN --right TARGET`: the recording of one build held against another node.
 *
 * Cases map one to one: each recorded case is made again on a fresh node (or, on a node that cannot be started afresh,
 * with identities of its own). Its actors become keys derived from the recorded seed, the case and the id they had;
 * root, the node itself and the fixed pool map to those of the other side. Names the recorded node gave are replaced by
 * those the other node gives at the same place, times by times as far from the start, and everything that was rightly
 * signed is signed anew.
 */

export { isTranscript, replayCommand } from "./replay_command.ts";
