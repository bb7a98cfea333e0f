/**
 * Says why nobody but the gateway may have records go to a topic, or null: those that begin with `__` hold its state, and
 * those that begin with `headwater.` say what became of records. Whoever wrote into them could forge both.
 */
export function gatewayTopicFault(name: string): string | null {
  return name.startsWith("__") || name.startsWith("headwater.")
    ? "topics that begin with __ or headwater. are the gateway's own"
    : null;
}
