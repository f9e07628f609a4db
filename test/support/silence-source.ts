import { type SeenRequest, startServer, type TestServer } from "../outbound/http-server.ts";

export interface MadeSilence {
  readonly id: string;
  readonly createdBy: string;
  readonly comment: string;
  readonly endsAt: string;
  readonly matchers: readonly { readonly name: string; readonly value: string }[];
  readonly status: { state: string };
}

/** A server that keeps silences as Alertmanager's API v2 does, and knows no alerts; closed when the test ends. */
export interface SilenceSource extends TestServer {
  /** Every silence that was ever made, oldest first. */
  readonly silences: MadeSilence[];
  /** `isAway`: it answers 503. `isReplyLost`: it makes silences, and then answers 500. */
  readonly state: { isAway: boolean; isReplyLost: boolean };
  /** Ids of those that are not ended. */
  active(): readonly string[];
}

export interface SilenceSourceOptions {
  /** Of the API; Grafana has another one. */
  readonly path?: string;
  readonly madeStatus?: number;
}

export async function startSilenceSource(options: SilenceSourceOptions = {}): Promise<SilenceSource> {
  const silences: MadeSilence[] = [];
  const state = { isAway: false, isReplyLost: false };
  const server = await startServer((response, request) => {
    const [status, body] = state.isAway ? [503, "away"] : answer(request);
    response.writeHead(status).end(JSON.stringify(body));
  });
  const path = options.path ?? "/api/v2";

  function answer(request: SeenRequest): [number, unknown] {
    const { method, url } = request;
    if (url.startsWith(`${path}/alerts`)) return [200, []];
    if (url === `${path}/silences`) return method === "POST" ? make(request) : [200, silences];
    const id = new RegExp(`^${path}/silence/(.+)$`).exec(url)?.[1];
    const known = silences.find((silence) => silence.id === id);
    if (known === undefined) return [404, "not found"];
    if (method === "DELETE") known.status.state = "expired";
    return [200, method === "DELETE" ? {} : known];
  }

  function make({ body }: SeenRequest): [number, unknown] {
    const asked = JSON.parse(body) as Omit<MadeSilence, "id" | "status">;
    const made = { ...asked, id: `s-${silences.length + 1}`, status: { state: "active" } };
    silences.push(made);
    return state.isReplyLost ? [500, "lost"] : [options.madeStatus ?? 200, { silenceID: made.id }];
  }

  return {
    ...server,
    silences,
    state,
    active: () => silences.filter(({ status }) => status.state === "active").map(({ id }) => id),
  };
}
