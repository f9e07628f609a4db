import { alertmanagerBody } from "../support/alerts.ts";
import { type Case, good, JSON_TYPE } from "./sender.ts";

// The catalogue's second part: JSON, and alerts.

const MIB = 1024 * 1024;

/** An alert as text, with something in the place of its parts. */
const shaped = (alert: string, envelope = "") =>
  `{"version":"4","status":"firing",${envelope}"alerts":[${alert}]}`;
const alertText = (labels: string, more = "") =>
  `{"status":"firing","labels":${labels},"annotations":{},"startsAt":"2026-03-04T11:00:00Z",${more}"endsAt":"0001-01-01T00:00:00Z"}`;
const withLabels = (labels: string) => shaped(alertText(labels));
const withStart = (startsAt: string) =>
  shaped(`{"status":"firing","labels":{"alertname":"T"},"startsAt":${JSON.stringify(startsAt)}}`);

const LARGE = alertmanagerBody(
  ["1", "2"].map((n) => ({
    labels: { alertname: "Large", n },
    annotations: Object.fromEntries(
      Array.from({ length: 80 }, (_, index) => [`a${index}`, "x".repeat(64_000)]),
    ),
  })),
);
const repeated = (text: string, count: number) => Array.from({ length: count }, () => text).join(",");
const keys = (count: number) => Array.from({ length: count }, (_, index) => `"k${index}":1`).join(",");

export const BAD_BODIES: readonly Case[] = [
  ["3", "10 MB that are valid", [202], (to) => to.deliver(LARGE)],
  [
    "32",
    "bytes that are no UTF-8",
    [400],
    (to) => to.deliver(Buffer.concat([Buffer.from('{"a":"'), Buffer.from([0xc3, 0x28]), Buffer.from('"}')])),
  ],
  ["33", "a byte order mark", [202], (to) => to.deliver(`\ufeff${good()}`)],
  ["34", "UTF-16", [400], (to) => to.deliver(Buffer.from(good(), "utf16le"))],
  ["35", "a lone surrogate", [202], (to) => to.deliver(withLabels('{"alertname":"\\ud800"}'))],
  ["36", "NUL in a label", [202], (to) => to.deliver(withLabels('{"alertname":"a\\u0000b"}'))],
  ["37", "100,000 open brackets", [413], (to) => to.deliver("[".repeat(100_000))],
  [
    "38",
    "20,000 objects in each other",
    [413],
    (to) => to.deliver(`${'{"a":'.repeat(20_000)}1${"}".repeat(20_000)}`),
  ],
  ["39", "1,000,000 keys", [413], (to) => to.deliver(`{"alerts":[],${keys(1_000_000)}}`)],
  ["40", "1,000,000 empty alerts", [413], (to) => to.deliver(shaped(repeated("{}", 1_000_000)))],
  [
    "41",
    "status twice",
    [202],
    (to) =>
      to.deliver(
        shaped(
          '{"status":"resolved","status":"firing","labels":{"alertname":"D"},"startsAt":"2026-03-04T11:00:00Z"}',
        ),
      ),
  ],
  [
    "42",
    "a member __proto__",
    [202],
    (to) => to.deliver(shaped(alertText('{"__proto__":"x","alertname":"P"}'), '"__proto__":{"polluted":1},')),
  ],
  [
    "43",
    "constructor.prototype",
    [202],
    (to) =>
      to.deliver(shaped(alertText('{"constructor":"x"}'), '"constructor":{"prototype":{"polluted":1}},')),
  ],
  [
    "44",
    "names of Object's members",
    [202],
    (to) => to.deliver(withLabels('{"hasOwnProperty":"a","toString":"b","then":"c","valueOf":"d"}')),
  ],
  [
    "45",
    "1e400",
    [202],
    (to) => to.deliver(shaped(alertText('{"alertname":"N"}'), '"truncatedAlerts":1e400,')),
  ],
  [
    "46",
    "a number beyond 2^53",
    [202],
    (to) => to.deliver(shaped(alertText('{"alertname":"N"}'), '"truncatedAlerts":12345678901234567890,')),
  ],
  ["47", "-0", [202], (to) => to.deliver(shaped(alertText('{"alertname":"N"}'), '"truncatedAlerts":-0,'))],
  ["47", "NaN", [400], (to) => to.deliver(shaped(alertText('{"alertname":"N"}'), '"truncatedAlerts":NaN,'))],
  ["48", "a document that was cut off", [400], (to) => to.deliver(good().slice(0, -20))],
  ["49", "two documents", [400], (to) => to.deliver(good() + good())],
  ["50", "a comma too many", [400], (to) => to.deliver('{"version":"4","alerts":[],}')],
  ["50", "a comment", [400], (to) => to.deliver(`/* hello */ ${good()}`)],
  ["51", "null", [400], (to) => to.deliver("null")],
  ["51", "a string", [400], (to) => to.deliver('"x"')],
  ["51", "an empty list", [200], (to) => to.deliver("[]")],
  ["51", "a number", [400], (to) => to.deliver("42")],
  [
    "52",
    "two names that are equal once read",
    [202],
    (to) => to.deliver(withLabels('{"alertname":"a","\\u0061lertname":"b"}')),
  ],
  [
    "53",
    "one string of 10 MB",
    [400],
    (to) => to.deliver(good({ annotations: { text: "x".repeat(10 * MIB) } })),
  ],
  [
    "54",
    "names that only look alike",
    [202],
    (to) => to.deliver(withLabels('{"alertname":"\u202eabc\u200b","аlertname":"cyrillic"}')),
  ],
  [
    "55",
    "30,000 keys of one hash",
    [202, 400, 413],
    (to) =>
      to.deliver(
        shaped(
          alertText(
            `{${Array.from({ length: 30_000 }, (_, index) => `"${collidingKey(index)}":"1"`).join(",")}}`,
          ),
        ),
      ),
  ],
  ["56", "no alerts", [400], (to) => to.deliver('{"version":"4","status":"firing"}')],
  ["57", "alerts as an object", [400], (to) => to.deliver('{"version":"4","status":"firing","alerts":{}}')],
  ["58", "labels as a list", [400], (to) => to.deliver(withLabels('["a"]'))],
  ...["1", "true", "null", "{}", "[]"].map(
    (value): Case => [
      "59",
      `a label that is ${value}`,
      [202, 400],
      (to) => to.deliver(withLabels(`{"alertname":"V","x":${value}}`)),
    ],
  ),
  ["60", "a label without a name", [202, 400], (to) => to.deliver(withLabels('{"":"x","alertname":"E"}'))],
  ["60", "the label __name__", [202], (to) => to.deliver(withLabels('{"__name__":"up"}'))],
  ["60", "a name of 1 MB", [400], (to) => to.deliver(withLabels(`{"${"n".repeat(MIB)}":"x"}`))],
  [
    "61",
    "one fingerprint for two alerts",
    [202],
    (to) =>
      to.deliver(
        shaped(
          ["1", "2"]
            .map((n) => alertText(`{"alertname":"F${n}"}`, '"fingerprint":"0123456789abcdef",'))
            .join(","),
        ),
      ),
  ],
  [
    "61",
    "a fingerprint that is none",
    [202, 400],
    (to) => to.deliver(shaped(alertText('{"alertname":"F"}', '"fingerprint":"../../etc",'))),
  ],
  ...[
    "0001-01-01T00:00:00Z",
    "9999-12-31T23:59:59Z",
    "2026-03-04T11:00:00.123456789Z",
    "2026-03-04T11:00:00+14:00",
  ].map((at): Case => ["62", `starts at ${at}`, [202], (to) => to.deliver(withStart(at))]),
  ["62", "starts at no time", [202], (to) => to.deliver(withStart(""))],
  ...["yesterday", "2026-13-45T99:99:99Z", "1772622133"].map(
    (at): Case => ["62", `starts at "${at}"`, [400], (to) => to.deliver(withStart(at))],
  ),
  [
    "63",
    "an end before the start",
    [202],
    (to) =>
      to.deliver(
        good({
          labels: { alertname: "Before" },
          status: "resolved",
          startsAt: "2026-03-04T11:00:00Z",
          endsAt: "2020-01-01T00:00:00Z",
        }),
      ),
  ],
  ["64", "status FIRING", [400], (to) => to.deliver(good().replaceAll('"firing"', '"FIRING"'))],
  ["64", "status unknown", [400], (to) => to.deliver(good().replaceAll('"firing"', '"unknown"'))],
  [
    "65",
    "resolved before firing",
    [202],
    (to) => to.deliver(good({ labels: { alertname: "Never" }, status: "resolved" })),
  ],
  ["66", "1,000 flaps in one delivery", [202], (to) => to.deliver(flaps(1_000))],
  [
    "67",
    "alerts left out",
    [202],
    (to) => to.deliver(good().replace('"truncatedAlerts":0', '"truncatedAlerts":99')),
  ],
  [
    "68",
    "a group key of 1 MB",
    [202],
    (to) => to.deliver(good().replace('"groupKey":"{}:{}"', `"groupKey":"${"g".repeat(MIB)}"`)),
  ],
  ["69", "version 5", [400], (to) => to.deliver(good().replace('"version":"4"', '"version":"5"'))],
  [
    "70",
    "a clock a day ahead",
    [202],
    (to) =>
      to.deliver(
        good({ labels: { alertname: "Ahead" }, startsAt: new Date(Date.now() + 86_400_000).toISOString() }),
      ),
  ],
  [
    "70",
    "a clock a day behind",
    [202],
    (to) =>
      to.deliver(
        good({ labels: { alertname: "Behind" }, startsAt: new Date(Date.now() - 86_400_000).toISOString() }),
      ),
  ],
  [
    "71",
    "one alert from two sources",
    [202],
    async (to) =>
      Math.max(await to.deliver(good()), await to.deliver(good(), [JSON_TYPE], "/webhooks/other")),
  ],
  [
    "72",
    "a link that is a script",
    [202],
    (to) => to.deliver(good().replace("http://prometheus.example.net/graph", "javascript:alert(1)")),
  ],
  [
    "40",
    "10,000 alerts that are valid",
    [202],
    (to) =>
      to.deliver(
        alertmanagerBody(
          Array.from({ length: 10_000 }, (_, index) => ({
            labels: { alertname: "Storm", n: String(index) },
          })),
        ),
      ),
  ],
];

/** Keys that hash alike where a table hashes by the sum of its letters; V8 seeds its own. */
function collidingKey(index: number): string {
  return index.toString(2).padStart(15, "0").replaceAll("0", "Aa").replaceAll("1", "BB");
}

function flaps(count: number): string {
  return alertmanagerBody(
    Array.from({ length: count }, (_, index) => ({
      labels: { alertname: "Flap" },
      status: index % 2 === 0 ? "firing" : "resolved",
      startsAt: new Date(Date.UTC(2026, 0, 1, 0, 0, index)).toISOString(),
      endsAt: new Date(Date.UTC(2026, 0, 1, 0, 0, index)).toISOString(),
    })),
  );
}
