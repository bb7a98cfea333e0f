/** `GET /api/dead-letters`. */
export interface DeadLetterTopics {
  readonly topics: readonly DeadLetterTopic[];
}

export interface DeadLetterTopic {
  readonly topic: string;
  /** It is made with the first letter. */
  readonly exists: boolean;
  readonly records: number;
  readonly redriven: number;
  readonly groups: readonly string[];
  readonly mqtt: boolean;
}

/** `GET /api/topics/T/dead-letters`. */
export interface DeadLetterList {
  readonly letters: readonly DeadLetter[];
  readonly next: string | null;
}

export interface DeadLetter {
  readonly partition: number;
  readonly offset: number;
  readonly timestamp: number;
  /** Percent-encoded. */
  readonly key: string | null;
  readonly valueBytes: number | null;
  readonly kind: string;
  readonly reason: string;
  readonly source: { readonly topic: string; readonly partition: number; readonly offset: number } | null;
  readonly group: string | null;
  readonly deliveries: number | null;
  readonly mqttTopic: string | null;
  /** How often its record had been redriven before. */
  readonly times: number;
  readonly redriven: boolean;
}

/** Answer of `POST /api/topics/T/dead-letters/redrive`. */
export interface Redriven {
  readonly dryRun: boolean;
  readonly redriven: number;
  readonly targets: readonly {
    readonly topic: string;
    readonly partition: number;
    readonly records: number;
  }[];
  readonly already: number;
  readonly refused: readonly { readonly partition: number; readonly offset: number; readonly why: string }[];
  readonly refusedCount: number;
  readonly next: string | null;
}
