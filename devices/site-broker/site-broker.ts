import { createServer, type Server } from "node:net";
import { Aedes } from "aedes";

/** A plain MQTT broker on a site, without storage: what a gateway bridges from, and an oracle in tests. */
export interface SiteBroker {
  readonly host: string;
  readonly port: number;
  close(): Promise<void>;
}

/** Starts a site broker; port 0 picks one. Rejects where the port is taken. */
export async function startSiteBroker(options: { host?: string; port?: number } = {}): Promise<SiteBroker> {
  const broker = await Aedes.createBroker();
  const server = createServer(broker.handle);
  const host = options.host ?? "127.0.0.1";
  const port = await listen(server, host, options.port ?? 0);
  return {
    host,
    port,
    async close() {
      await new Promise<void>((resolve) => broker.close(() => resolve()));
      await new Promise<void>((resolve) => server.close(() => resolve()));
    },
  };
}

function listen(server: Server, host: string, port: number): Promise<number> {
  return new Promise((resolve, reject) => {
    server.once("error", reject);
    server.listen(port, host, () => {
      const address = server.address();
      if (address !== null && typeof address === "object") resolve(address.port);
    });
  });
}

if (import.meta.main) {
  const broker = await startSiteBroker({ port: Number(process.argv[2] ?? 1883) });
  console.log(`site broker on ${broker.host}:${broker.port}`);
}
