/** Names and values that a sender chose. A Map, because `__proto__` and `constructor` are legal label names. */
export type Labels = ReadonlyMap<string, string>;

/** How a source's webhooks are to be read. `alertmanager` and `grafana` detect their dialects from the body. */
export const SOURCE_KINDS = ["alertmanager", "grafana", "generic"] as const;
export type SourceKind = (typeof SOURCE_KINDS)[number];

/**
 * Why an alert never starts a runbook that did not ask for it (`meta: true`): a test button, or a state of the alerting
 * system itself (no data, an evaluation error, a changed rule) rather than of what it watches.
 */
export type AlertNature = "plain" | "test" | "meta";

/** One alert of a delivery, whatever its sender called the parts. */
export interface Alert {
  readonly status: "firing" | "resolved";
  /** False for a resolved alert that did not recover: Grafana's MissingSeries, Paused, Updated, RuleDeleted, NoData, Error. */
  readonly isRecovery: boolean;
  readonly nature: AlertNature;
  readonly labels: Labels;
  readonly annotations: Labels;
  /** Grafana's query results by reference id; null where it sent none, or one that JSON cannot hold. */
  readonly values: ReadonlyMap<string, number> | null;
  /** 16 hexadecimal digits as the sender computed them, or computed from the labels as Alertmanager does. */
  readonly fingerprint: string;
  /** The organisation a Grafana alert belongs to; part of its identity. */
  readonly orgId: string | null;
  readonly startsAtMs: number;
  /** True when the sender named no start: `startsAtMs` is then the time of receipt, and says nothing about order. */
  readonly isStartAssumed?: boolean;
  /** As sent, with up to nanoseconds; what people and expressions see. */
  readonly startsAt: string;
  /** Null while firing. A resolved alert's end may be a timeout rather than the true recovery. */
  readonly endsAtMs: number | null;
  readonly generatorUrl: string | null;
}

/** An element of a delivery that is no alert; it becomes a decision `ignored: invalid_alert`. */
export interface InvalidAlert {
  /** JSON pointer (RFC 6901) of what is wrong, within the body. */
  readonly pointer: string;
  readonly message: string;
}

/** What one webhook body says. */
export interface Delivery {
  readonly dialect: "alertmanager" | "alertmanager_push" | "grafana" | "grafana_legacy" | "generic";
  readonly alerts: readonly Alert[];
  readonly invalid: readonly InvalidAlert[];
  /** The receiver's name as configured at the sender (unescaped), null where the dialect has none. */
  readonly receiver: string | null;
  /** How many alerts the sender left out (`max_alerts`); their state is unknown. */
  readonly truncatedAlerts: number;
  readonly externalUrl: string | null;
}

/** How a body was refused: 400 for `invalid`, 413 for `too_large`, 415 for `unsupported_type`. */
export type DeliveryErrorCode = "invalid" | "too_large" | "unsupported_type";

/** An error names this many problems; a body with 10,000 bad alerts must not make an answer of a megabyte. */
const PROBLEMS_NAMED_MAX = 10;

/** A body that is no delivery at all, or in which no alert is usable. Its text holds nothing of the body but names. */
export class DeliveryError extends Error {
  override readonly name = "DeliveryError";
  readonly code: DeliveryErrorCode;
  readonly problems: readonly InvalidAlert[];

  constructor(problems: readonly InvalidAlert[], code: DeliveryErrorCode = "invalid") {
    const named = problems.slice(0, PROBLEMS_NAMED_MAX);
    const rest = problems.length - named.length;
    const text = named.map((problem) => `${problem.pointer || "body"}: ${problem.message}`).join("; ");
    super(rest > 0 ? `${text}; and ${rest} more` : text);
    this.code = code;
    this.problems = named;
  }
}
