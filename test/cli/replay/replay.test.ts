import { startHeadwater } from "../../support/headwater.ts";
import { replayContract } from "./replay-contract.ts";

replayContract("another Headwater", async () => {
  const headwater = await startHeadwater();
  return { bootstrap: headwater.kafka, stop: () => headwater.dispose() };
});
