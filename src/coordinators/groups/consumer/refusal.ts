/** A request that changes nothing: Kafka's error, and the words that go to the client. */
export interface Refusal {
  readonly error: number;
  readonly message: string;
}

export function refuse(error: number, message: string): Refusal {
  return { error, message };
}

export function isRefusal<Found extends object>(found: Found | Refusal): found is Refusal {
  return "error" in found;
}
