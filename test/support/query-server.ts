import { startServer } from "../outbound/http-server.ts";

/** A server that answers instant queries as Prometheus does; closed when the test ends. */
export interface QueryServer {
  readonly url: string;
  /** The values of the series that every query gives, as Prometheus writes them; null: it answers 500. */
  values: readonly string[] | null;
  /** Every query, oldest first. */
  readonly queries: readonly string[];
}

export async function startQueryServer(values: readonly string[] | null): Promise<QueryServer> {
  const queries: string[] = [];
  const { url } = await startServer((response, request) => {
    queries.push(new URL(request.url, "http://localhost").searchParams.get("query") ?? "");
    const given = server.values;
    if (given === null) return void response.writeHead(500).end("out of order");
    const result = given.map((value, index) => ({ metric: { n: String(index) }, value: [1, value] }));
    const data = { resultType: "vector", result };
    response.setHeader("content-type", "application/json");
    response.end(JSON.stringify({ status: "success", data }));
  });
  const server: QueryServer = { url, values, queries };
  return server;
}
