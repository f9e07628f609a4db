import { type SeenRequest, startServer } from "../outbound/http-server.ts";

/** A message as Slack keeps it. */
export interface SlackMessage {
  readonly ts: string;
  readonly thread: string | null;
  text: string;
  blocks: readonly Block[];
}

interface Block {
  readonly type: string;
  readonly text: { readonly type: string; readonly text: string; readonly verbatim?: boolean };
}

interface Call {
  readonly channel?: string;
  readonly ts?: string;
  readonly thread_ts?: string;
  readonly text?: string;
  readonly blocks?: readonly Block[];
}

export const TOKEN = ["xoxb", "17653672481", "19874698323", "pdFZKVeTuE8sk7oOHcBrzygy"].join("-");
export const HOOK = "/services/T024BE7LH/B024BE7LH/k3yOfTheHook";
const CHANNEL = { name: "#oncall", id: "C024BE91L" };

/**
 * Slack's `chat.postMessage` and `chat.update`, and one incoming webhook, as docs.slack.dev has them: an error of the API is an answer
 * 200 with `ok: false`, the name of a channel posts but does not update, a section has 1 to 3,000 characters.
 */
export async function startSlack() {
  const messages: SlackMessage[] = [];
  const errors: string[] = [];
  const answers: { status: number; headers?: Record<string, string>; body?: string }[] = [];
  const calls: string[] = [];
  const api = (method: string, call: Call): Record<string, unknown> => {
    const error = errors.shift() ?? problemWith(method, call, messages);
    if (error !== undefined && error !== "") return { ok: false, error };
    if (method === "chat.update") {
      const message = messages.find(({ ts }) => ts === call.ts);
      if (message === undefined) return { ok: false, error: "message_not_found" };
      message.text = call.text ?? "";
      message.blocks = call.blocks ?? [];
      return { ok: true, channel: CHANNEL.id, ts: message.ts };
    }
    const ts = `1503435956.${String(messages.length).padStart(6, "0")}`;
    messages.push({ ts, thread: call.thread_ts ?? null, text: call.text ?? "", blocks: call.blocks ?? [] });
    return { ok: true, channel: CHANNEL.id, ts };
  };
  const server = await startServer((response, request) => {
    calls.push(request.url);
    const prepared = answers.shift();
    if (prepared !== undefined)
      return response.writeHead(prepared.status, prepared.headers).end(prepared.body);
    if (request.url === HOOK) return answerHook(response, request, api);
    const method = request.url.replace("/api/", "");
    const isKnown = request.headers.authorization === `Bearer ${TOKEN}`;
    const answer = isKnown
      ? api(method, JSON.parse(request.body) as Call)
      : { ok: false, error: "invalid_auth" };
    response.writeHead(200, { "content-type": "application/json" }).end(JSON.stringify(answer));
  });
  return {
    ...server,
    apiUrl: `${server.url}/api`,
    hookUrl: `${server.url}${HOOK}`,
    messages,
    calls,
    errors,
    answers,
  };
}

function answerHook(
  response: Parameters<Parameters<typeof startServer>[0]>[0],
  request: SeenRequest,
  api: (method: string, call: Call) => Record<string, unknown>,
): void {
  const answer = api("chat.postMessage", { ...(JSON.parse(request.body) as Call), channel: CHANNEL.id });
  if (answer["ok"] === true) response.writeHead(200).end("ok");
  else response.writeHead(400).end(String(answer["error"]));
}

function problemWith(method: string, call: Call, messages: readonly SlackMessage[]): string | undefined {
  const names = method === "chat.update" ? [CHANNEL.id] : [CHANNEL.id, CHANNEL.name];
  if (!names.includes(call.channel ?? "")) return "channel_not_found";
  if (call.thread_ts !== undefined && !messages.some(({ ts }) => ts === call.thread_ts))
    return "thread_not_found";
  const lengths = (call.blocks ?? []).map(({ text }) => text.text.length);
  if (lengths.some((length) => length < 1 || length > 3_000) || lengths.length > 50) return "invalid_blocks";
  return (call.text ?? "").length > 40_000 ? "msg_too_long" : undefined;
}
