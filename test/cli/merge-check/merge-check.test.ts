import { startHeadwater } from "../../support/headwater.ts";
import { mergeCheckContract } from "./merge-check-contract.ts";

mergeCheckContract("another Headwater", async () => {
  const headwater = await startHeadwater();
  return { bootstrap: headwater.kafka, stop: () => headwater.dispose() };
});
