import type { Broker } from "../../../src/broker/broker.ts";
import {
  type AuthorizerBugs,
  type AuthorizerOptions,
  KafkaAuthorizer,
  type Rights,
} from "../../../src/security/kafka-acls/authorizer.ts";
import { Gateway, type GatewayOptions, type TestClient } from "./door.ts";

/** Takes every client for whom the test says it is. */
export class ActingAuthorizer extends KafkaAuthorizer {
  actor = "root";
  /** How often anybody asked. */
  questions = 0;

  override rightsOf(_user: string, address: string): Rights {
    this.questions += 1;
    return super.rightsOf(this.actor, address);
  }
}

export interface RuledGateway {
  readonly gateway: Gateway;
  readonly client: TestClient;
  readonly broker: Broker;
  readonly authorizer: ActingAuthorizer;
}

/** A gateway with an authorizer; `root` may do everything, whoever else acts what the rules say. */
export async function openRuled(
  options: GatewayOptions & {
    readonly bugs?: AuthorizerBugs;
    readonly rules?: Partial<AuthorizerOptions>;
  } = {},
): Promise<RuledGateway> {
  const made: ActingAuthorizer[] = [];
  const gateway = await Gateway.open({
    ...options,
    authorizer: ({ acls }) => {
      const bugs = options.bugs ?? {};
      const authorizer = new ActingAuthorizer({
        acls,
        superUsers: ["root"],
        allowIfNone: false,
        bugs,
        ...options.rules,
      });
      made.push(authorizer);
      return authorizer;
    },
  });
  const [authorizer] = made;
  if (authorizer === undefined) throw new Error("no authorizer was asked for");
  return { gateway, client: await gateway.connect(), broker: gateway.broker, authorizer };
}
