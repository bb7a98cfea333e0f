/**
 * Says that a condition holds by construction. A failure is a bug in Headwater, never bad input: bytes from
 * outside are validated and refused. Assertions stay on in production, since a broker that goes on with a
 * broken invariant loses data quietly.
 */
export function assert(condition: boolean, message: string): asserts condition {
  if (!condition) throw new AssertionError(message);
}

/** Ends a `switch` over a union: the compiler refuses a case that was forgotten. */
export function assertNever(value: never): never {
  throw new AssertionError(`unexpected value ${JSON.stringify(value)}`);
}

/** A bug in Headwater. Nothing catches it but the process's last handler. */
export class AssertionError extends Error {
  override readonly name = "AssertionError";
}
