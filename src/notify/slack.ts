import { z } from "zod";
import { type Notice, type Notifier, NotifierError, type ThreadMemory } from "./notifier.ts";
import { postJson, type PostOptions } from "./post.ts";
import { messageOf } from "./slack-text.ts";

/** Posts to an incoming webhook. It cannot update what it has said, nor answer in a thread: each notice is a message of its own. */
export function createSlackWebhookNotifier(options: PostOptions & { readonly url: string }): Notifier {
  const { name, url } = options;
  return {
    name,
    kind: "slack",
    opensIncidents: false,
    async send(notice, signal) {
      const body = JSON.stringify(messageOf(notice));
      // Slack names the reason in the body, as one word.
      await postJson(options, { url, headers: {}, body }, signal, (answer) => wordIn(answer.body.toString()));
    },
  };
}

export interface SlackBotOptions extends PostOptions {
  readonly token: string;
  /** A name or an id. */
  readonly channel: string;
  /** Without a slash at its end; `https://slack.com/api` but for tests and proxies. */
  readonly apiUrl: string;
  readonly threads: ThreadMemory;
}

/**
 * Posts as a bot: the first notice of a thread is a message that is kept at the newest state, later ones are replies to it. It is
 * updated before the reply is made, so that a try after a failure updates once more and replies once.
 */
export function createSlackBotNotifier(options: SlackBotOptions): Notifier {
  const { name, channel, threads } = options;
  return {
    name,
    kind: "slack",
    opensIncidents: false,
    async send(notice, signal) {
      const first = readReference(await threads.find(name, notice.thread), channel);
      if (first === null || !(await updateFirst(options, first, notice, signal)))
        return startThread(options, notice, signal);
      const reply = { channel: first.channelId, thread_ts: first.ts, ...messageOf(notice) };
      readAnswer(options, await call(options, "chat.postMessage", reply, signal));
    },
  };
}

async function startThread(options: SlackBotOptions, notice: Notice, signal: AbortSignal): Promise<void> {
  const { name, channel, threads } = options;
  const posted = await call(options, "chat.postMessage", { channel, ...messageOf(notice) }, signal);
  const { ts, channel: channelId } = readAnswer(options, posted);
  if (ts === undefined || channelId === undefined) return;
  await threads.keep(name, notice, JSON.stringify({ ts, channelId, channel } satisfies SlackReference));
}

/** Errors of `chat.update` after which the message stays as it is, and replies are still possible. */
const STAYS_AS_IT_IS: ReadonlySet<string> = new Set([
  "edit_window_closed",
  "cant_update_message",
  "update_failed",
]);

/** False when the message is gone: somebody deleted it, or its channel. */
async function updateFirst(
  options: SlackBotOptions,
  first: SlackReference,
  notice: Notice,
  signal: AbortSignal,
): Promise<boolean> {
  const update = { channel: first.channelId, ts: first.ts, ...messageOf(notice) };
  const answer = await call(options, "chat.update", update, signal);
  if (answer.error === "message_not_found" || answer.error === "channel_not_found") return false;
  if (answer.error === undefined || !STAYS_AS_IT_IS.has(answer.error)) readAnswer(options, answer);
  return true;
}

const answerSchema = z.object({
  ok: z.boolean(),
  error: z.string().optional(),
  ts: z.string().optional(),
  channel: z.string().optional(),
});
type SlackAnswer = z.output<typeof answerSchema>;

async function call(
  options: SlackBotOptions,
  method: "chat.postMessage" | "chat.update",
  message: object,
  signal: AbortSignal,
): Promise<SlackAnswer> {
  const { token, apiUrl } = options;
  const post = {
    url: `${apiUrl}/${method}`,
    headers: { authorization: `Bearer ${token}` },
    body: JSON.stringify(message),
  };
  const answer = await postJson(options, post, signal);
  const parsed = answerSchema.safeParse(parseJson(answer.body.toString()));
  if (parsed.success) return parsed.data;
  throw new NotifierError("refused", `notifier ${options.name}: the answer is not one of Slack's API`, {
    isRetryable: true,
    didNotStart: false,
  });
}

/** Errors that pass by themselves (docs.slack.dev/reference/methods/chat.postMessage). */
const PASSING: ReadonlySet<string> = new Set([
  "ratelimited",
  "rate_limited",
  "internal_error",
  "fatal_error",
  "service_unavailable",
  "request_timeout",
  "team_added_to_org",
]);

function readAnswer({ name }: SlackBotOptions, answer: SlackAnswer): SlackAnswer {
  if (answer.ok) return answer;
  throw new NotifierError("refused", `notifier ${name}: Slack refused it${wordIn(answer.error ?? "")}`, {
    isRetryable: PASSING.has(answer.error ?? ""),
    didNotStart: false,
  });
}

/** Slack's word for what went wrong. Anything else is not repeated: it could be what was sent. */
function wordIn(text: string): string {
  const word = text.trim();
  return /^[a-z][a-z_]{2,60}$/.test(word) ? ` (${word})` : "";
}

interface SlackReference {
  readonly ts: string;
  readonly channelId: string;
  /** As the settings name it. */
  readonly channel: string;
}

const referenceSchema = z.object({ ts: z.string(), channelId: z.string(), channel: z.string() });

/** Null also where the notifier speaks in another channel by now. */
function readReference(text: string | null, channel: string): SlackReference | null {
  const parsed = referenceSchema.safeParse(text === null ? null : parseJson(text));
  return parsed.success && parsed.data.channel === channel ? parsed.data : null;
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text) as unknown;
  } catch {
    return undefined;
  }
}
