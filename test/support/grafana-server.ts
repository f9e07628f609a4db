import { type SeenRequest, startServer, type TestServer } from "../outbound/http-server.ts";

export interface MadeAnnotation {
  readonly id: number;
  readonly time: number;
  readonly timeEnd: number;
  readonly text: string;
  readonly tags: readonly string[];
  readonly dashboardUID?: string;
  readonly panelId?: number;
}

/** Grafana's annotations as its documentation has them: `POST /api/annotations` for who has the token. */
export interface GrafanaServer extends TestServer {
  readonly annotations: MadeAnnotation[];
  /** The answers to come before it works: such as 503 while it starts. */
  readonly failures: number[];
}

export async function startGrafana(token: string): Promise<GrafanaServer> {
  const annotations: MadeAnnotation[] = [];
  const failures: number[] = [];
  const server = await startServer((response, request) => {
    const [status, body] = answer(request);
    response.writeHead(status, { "content-type": "application/json" }).end(JSON.stringify(body));
  });

  function answer({ method, url, headers, body }: SeenRequest): [number, unknown] {
    const failure = failures.shift();
    if (failure !== undefined) return [failure, { message: "not now" }];
    if (headers.authorization !== `Bearer ${token}`) return [401, { message: "Unauthorized" }];
    if (url !== "/api/annotations") return [404, { message: "Not found" }];
    if (method !== "POST") return [200, annotations];
    if (headers["content-type"] !== "application/json") return [422, { message: "bad request data" }];
    return make(JSON.parse(body) as Partial<MadeAnnotation>);
  }

  function make({ text = "", time = Date.now(), ...rest }: Partial<MadeAnnotation>): [number, unknown] {
    if (text === "")
      return [400, { message: "Failed to save annotation", error: "text field should not be empty" }];
    const id = annotations.length + 1;
    annotations.push({ tags: [], timeEnd: time, ...rest, id, text, time });
    return [200, { message: "Annotation added", id }];
  }

  return { ...server, annotations, failures };
}
