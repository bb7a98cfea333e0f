import { HeadwaterError } from "../../base/errors.ts";
import { COMMON_HEADERS, problem } from "../problem.ts";
import type { Gateway } from "./gateway.ts";
import type { Route } from "./route.ts";

/** A copy of all that the gateway has, for who may have all of it. */
export const BACKUP_ROUTES: readonly Route<Gateway>[] = [
  {
    method: "GET",
    path: "/api/backup",
    id: "getBackup",
    summary:
      "A consistent copy of the data folder as tar, with a manifest of sums as its last file; an answer that ends without it is none",
    needs: "admin",
    audit: { action: "backup.read" },
    answer: { status: 200, type: "application/octet-stream" },
    handle: async ({ parts }) => {
      const copy = parts.backup();
      try {
        // What stands in its way is known before the first byte.
        const first = await copy.next();
        return new Response(streamOf(copy, first.value ?? new Uint8Array(0)), {
          headers: { ...COMMON_HEADERS, "content-type": "application/octet-stream" },
        });
      } catch (error) {
        if (!(error instanceof HeadwaterError)) throw error;
        const remedy = "stop the gateway and back its data folder up, or try again later";
        return problem(409, { message: error.message, thing: "backup", value: null, remedy });
      }
    },
  },
];

/** The next piece is made when the one before was taken. */
function streamOf(copy: AsyncGenerator<Uint8Array>, first: Uint8Array): ReadableStream<Uint8Array> {
  return new ReadableStream({
    start: (controller) => controller.enqueue(first),
    async pull(controller) {
      const { done, value } = await copy.next();
      if (done === true) controller.close();
      else controller.enqueue(value);
    },
    async cancel() {
      await copy.return(undefined);
    },
  });
}
