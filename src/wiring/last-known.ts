/**
 * Reads a figure that the system may refuse at times, as it does without a file descriptor to spare: then it is what
 * it was last, at first 0.
 */
export function lastKnown(read: () => number): () => number {
  let last = 0;
  return () => {
    try {
      last = read();
    } catch {
      // A figure for people is not worth the end of the process.
    }
    return last;
  };
}
