/** Writes another version over a compiled program's own, of the same length, wherever it stands. Gives the number of places. */
export function writeVersion(program: Buffer, running: string, says: string): number {
  if (running.length !== says.length) throw new Error(`${says} is not as long as ${running}`);
  let places = 0;
  for (let at = program.indexOf(running); at >= 0; at = program.indexOf(running, at + 1), places += 1) {
    program.write(says, at, "latin1");
  }
  return places;
}
