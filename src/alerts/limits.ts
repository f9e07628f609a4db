/** What one webhook body may hold. Every number is a setting; these are the defaults and their reasons. */
export interface DeliveryLimits {
  /** Levels of nesting. Real payloads use 5; a parser that recurses overflows its stack near 10,000. */
  readonly depthMax: number;
  /** Object members in the whole body. 10,000 alerts with 40 members each are 400,000. */
  readonly keysMax: number;
  /** Array items in the whole body. Empty items cost 3 bytes on the wire and 60 in memory. */
  readonly arrayItemsMax: number;
  /** Alertmanager's own storms reach 10,000 alerts in one group. */
  readonly alertsMax: number;
  /** Prometheus' usual scrape limit is 30 to 60; everything beyond 128 is a mistake. */
  readonly labelsMax: number;
  /** Label names become index keys and group keys. */
  readonly labelNameBytesMax: number;
  /** Label values become arguments and environment variables; Linux takes 128 KiB for one of them. */
  readonly labelValueBytesMax: number;
  /** Annotations are prose, sometimes with a whole log excerpt. Also the limit of a URL. */
  readonly annotationBytesMax: number;
}

export const DEFAULT_DELIVERY_LIMITS: DeliveryLimits = {
  depthMax: 32,
  keysMax: 500_000,
  arrayItemsMax: 250_000,
  alertsMax: 10_000,
  labelsMax: 128,
  labelNameBytesMax: 256,
  labelValueBytesMax: 8 * 1024,
  annotationBytesMax: 64 * 1024,
};

/** What the web server takes from one connection before a delivery is even read. */
export interface RequestLimits {
  /** A group of 10,000 alerts is about 10 MB; 4xx is repeated by Alertmanager at every `group_interval`. */
  readonly bodyBytesMax: number;
  /** Read from a sender that is already known to be refused, so that it gets its 401 instead of a reset connection. */
  readonly refusedBodyBytesMax: number;
  readonly headerBytesMax: number;
  readonly headersMax: number;
  /** A sender that drips headers, or a body, holds a connection no longer than these. */
  readonly headersTimeoutMs: number;
  readonly requestTimeoutMs: number;
  readonly connectionsCheckingIntervalMs: number;
  /** Connections at once; each costs about 10 KiB and a file descriptor. */
  readonly connectionsMax: number;
  readonly keepAliveMs: number;
}

export const DEFAULT_REQUEST_LIMITS: RequestLimits = {
  bodyBytesMax: 16 * 1024 * 1024,
  refusedBodyBytesMax: 64 * 1024,
  headerBytesMax: 16 * 1024,
  headersMax: 64,
  headersTimeoutMs: 10_000,
  requestTimeoutMs: 30_000,
  connectionsCheckingIntervalMs: 5_000,
  connectionsMax: 2_000,
  keepAliveMs: 15_000,
};
