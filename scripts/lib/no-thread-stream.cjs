/**
 * In a bundle, stands for pino's stream to a worker thread: the thread's program would be a file of its own, and there is one file. pino brings it along
 * whether it is used or not (10 KB).
 */
module.exports = function ThreadStream() {
  throw new Error('a bundle has no worker threads: log to pino.destination, not to a transport')
}
