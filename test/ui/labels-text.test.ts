// What people paste to have it explained: every form that is read, and what is said of what cannot be.
import { expect, test } from "vitest";
import { readPasted } from "../../src/ui/pieces/explain/labels-text.ts";

const LABELS = { alertname: "Slow", instance: "web-1:9100" };

test.each([
  ["matchers on one line", 'alertname="Slow", instance="web-1:9100"'],
  ["matchers in braces", '{alertname="Slow",instance="web-1:9100"}'],
  ["a name in quotes", '{"alertname"="Slow", "instance"="web-1:9100",}'],
  ["braces over several lines", '{\n  alertname="Slow",\n  instance="web-1:9100",\n}'],
  ["one label a line", "alertname=Slow\ninstance=web-1:9100\n"],
  ["values without quotes on one line", "alertname=Slow, instance=web-1:9100"],
  ["YAML", "alertname: Slow\ninstance: web-1:9100  # the first\n"],
  ["YAML with a head", "labels:\n  alertname: 'Slow'\n  instance: \"web-1:9100\"\n"],
  ["a YAML list", "- alertname: Slow\n- instance: web-1:9100\r\n# nothing more"],
  ["a JSON object", '{"alertname": "Slow", "instance": "web-1:9100"}'],
])("reads %s", (_form, text) => {
  expect(readPasted(text)).toEqual({ kind: "labels", labels: LABELS, annotations: {} });
});

test("reads one alert of an API with its annotations, and whole bodies as they are", () => {
  const annotations = { summary: "Slow" };
  expect(readPasted(JSON.stringify({ status: "firing", labels: LABELS, annotations }))).toEqual({
    kind: "labels",
    labels: LABELS,
    annotations,
  });
  const body = { version: "4", alerts: [{ status: "firing", labels: LABELS }] };
  expect(readPasted(` ${JSON.stringify(body, null, 2)}\n`)).toEqual({ kind: "payload", payload: body });
  expect(readPasted(JSON.stringify(body.alerts))).toEqual({ kind: "payload", payload: body.alerts });
  const other = { event: { name: "disk" }, state: "bad" };
  expect(readPasted(JSON.stringify(other))).toEqual({ kind: "payload", payload: other });
});

test("keeps what values hold: commas, quotes, numbers, names of every object", () => {
  expect(readPasted("a=\"x, y=z \\\"q\\\" \\\\\", b='it''s'")).toMatchObject({
    labels: { a: 'x, y=z "q" \\', b: "it's" },
  });
  expect(readPasted("note=a, b and c")).toMatchObject({ labels: { note: "a, b and c" } });
  expect(readPasted('{"n": 3, "b": true}')).toMatchObject({ labels: { n: "3", b: "true" } });
  const read = readPasted('__proto__="1"\nconstructor="2"');
  expect(JSON.stringify(read)).toContain('"__proto__":"1"');
  expect("1" in {}).toBe(false);
});

test.each([
  ["", "line 1: paste labels"],
  ["{}", "line 1: there is no label"],
  ['alertname="Slow"\nteam', "line 2: a value is missing behind team"],
  ['a="1"\nb=~"x"', "line 2: b has a matcher"],
  ['a="1"\n\nb="2', "line 3: the quote behind b= is never closed"],
  ['a="1" b="2"', "line 1: a comma is missing behind the value of a"],
  ["a=1\na=2", "line 2: the label a is there twice"],
  ['{a="1"', "line 1: a closing"],
  ["= x", "line 1: a label is written"],
  ['a="\\q"', "line 1: "],
  ['{"a": "1",\n "b": abc\n}', "line 2: this is no JSON"],
  ['{"a": "1",\n "b": {"c": 1}\n', "line 3: this is no JSON"],
  ['{"labels": {"a": "1",\n "b": [1]}}', "line 2: the label b is no text"],
])("%j is told with its line", (text, message) => {
  expect(() => readPasted(text)).toThrow(message);
});
