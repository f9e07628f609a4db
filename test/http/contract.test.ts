// The API as a contract: every operation of the served document is called on the real service, with what it takes and with what it has to
// refuse, and status, media type and body of each answer are held against the document. Members that it does not name are errors.
import { expect, test } from "vitest";
import { badCallsOf } from "./contract/bad-calls.ts";
import { type Call, callsOf } from "./contract/calls.ts";
import {
  type Document,
  type DocumentedOperation,
  type Json,
  operationsOf,
  Schemas,
  schemasOf,
} from "./contract/document.ts";
import { type Answer, mismatches, send } from "./contract/send.ts";
import { startWorld, type World } from "./contract/world.ts";

const LIMIT = { timeout: 180_000 };

async function readDocument({ service }: World): Promise<Document> {
  const response = await fetch(`${service.app.url}/api/v1/openapi.json`);
  expect([response.status, response.headers.get("content-type")]).toEqual([
    200,
    "application/json; charset=utf-8",
  ]);
  return (await response.json()) as Document;
}

test(
  "every operation answers as its document says, and refuses what its document does not allow",
  LIMIT,
  async () => {
    const world = await startWorld();
    const document = await readDocument(world);
    const operations = new Map(operationsOf(document).map((operation) => [operation.id, operation]));
    const closed = new Schemas(document, true);
    const open = new Schemas(document, false);
    const wrong: string[] = [];
    const answers = new Map<string, Json>();
    const succeeded = new Map<string, Call>();
    let calls = 0;

    const check = async (operation: DocumentedOperation, call: Call, what: string): Promise<Answer> => {
      const answer = await send(world, operation, call);
      calls += 1;
      const problems = mismatches(closed, operation, answer);
      if (answer.status !== call.status)
        problems.unshift(`${answer.status}, not ${call.status}: ${answer.text.slice(0, 500)}`);
      wrong.push(...problems.map((problem) => `${operation.id} (${what}): ${problem}`));
      return answer;
    };

    for (const step of callsOf(world)) {
      const call = typeof step === "function" ? step((id) => answers.get(id) ?? {}) : step;
      const operation = operations.get(call.operation);
      if (operation === undefined) throw new Error(`the document has no operation ${call.operation}`);
      const answer = await check(operation, call, `${call.status}`);
      if (answer.mediaType === "application/json" && answer.status < 300)
        answers.set(operation.id, JSON.parse(answer.text) as Json);
      if (answer.status < 300 && !succeeded.has(operation.id)) succeeded.set(operation.id, call);
    }
    expect(wrong).toEqual([]);
    expect([...operations.keys()].filter((id) => !succeeded.has(id))).toEqual([]);

    for (const [id, good] of succeeded) {
      const operation = operations.get(id) as DocumentedOperation;
      for (const bad of badCallsOf(operation, good, open)) {
        const answer = await check(operation, bad, bad.what);
        if (bad.pointer === undefined || answer.mediaType !== "application/problem+json") continue;
        const { errors } = JSON.parse(answer.text) as { errors: { pointer: string }[] };
        if (!errors.some(({ pointer }) => `${pointer}/`.startsWith(`${bad.pointer}/`)))
          wrong.push(`${id} (${bad.what}): no error points to ${bad.pointer}: ${answer.text.slice(0, 300)}`);
      }
    }
    console.log(`contract operations=${operations.size} calls=${calls} wrong=${wrong.length}`);
    expect(wrong).toEqual([]);
  },
);

test("every list gives the same page by page as at once", LIMIT, async () => {
  const world = await startWorld();
  const operations = operationsOf(await readDocument(world));
  const lists = operations.filter(({ parameters }) => parameters.some(({ name }) => name === "after"));
  expect(lists.length).toBeGreaterThan(10);
  const params = { id: world.run };
  for (const list of lists) {
    const read = async (query: Readonly<Record<string, string>>) => {
      const { status, text } = await send(world, list, { params, query });
      if (status !== 200) throw new Error(`${list.id}: ${status} ${text}`);
      return JSON.parse(text) as { items: Json[]; next: string | null };
    };
    const all = await read({ limit: "200" });
    expect([list.id, all.next]).toEqual([list.id, null]);
    const keyOf = (item: Json) => item["id"] ?? item["name"] ?? item["path"];
    const seen: unknown[] = [];
    for (let after: string | null | undefined; after !== null; ) {
      const page: { items: Json[]; next: string | null } = await read({
        limit: "1",
        ...(after === undefined ? {} : { after }),
      });
      seen.push(...page.items.map(keyOf));
      if (seen.length > all.items.length + 10) throw new Error(`${list.id} goes on for ever`);
      after = page.next;
    }
    expect([list.id, seen]).toEqual([list.id, all.items.map(keyOf)]);
  }
});

test("what is no operation is a problem, too", LIMIT, async () => {
  const world = await startWorld();
  const { service, tokens } = world;
  const schemas = new Schemas(await readDocument(world), true);
  const asked = [
    ["GET", "/nothing", 404],
    ["PUT", "/runs", 404],
    ["GET", "/runs/%zz", 400],
    ["DELETE", "/runs", 404],
  ] as const;
  for (const [method, path, status] of asked) {
    const response = await fetch(`${service.app.url}/api/v1${path}`, {
      method,
      headers: { authorization: `Bearer ${tokens.ada}` },
    });
    const type = response.headers.get("content-type");
    const problem: unknown = await response.json();
    expect([method, path, response.status, type]).toEqual([
      method,
      path,
      status,
      "application/problem+json; charset=utf-8",
    ]);
    expect(schemas.problems({ $ref: "#/components/schemas/Problem" }, problem)).toEqual([]);
  }
});

test(
  "the document is whole: references, parameters, ids, times, and what everybody is told",
  LIMIT,
  async () => {
    const world = await startWorld();
    const document = await readDocument(world);
    const operations = operationsOf(document);
    expect(operations.map(({ method, path }) => `${method} ${path}`).sort()).toEqual(
      world.service.app.operations
        .map(({ method, path }) => `${method.toUpperCase()} ${path.replaceAll(/[:*]([a-z]+)/g, "{$1}")}`)
        .sort(),
    );
    expect(new Set(operations.map(({ id }) => id)).size).toBe(operations.length);
    const schemas = new Schemas(document, false);
    const found = schemasOf(document);
    // Compiling a schema finds references that lead nowhere and keywords that there are not.
    for (const { schema } of found) schemas.problems(schema, null);
    const problems = operations.flatMap((operation) => [
      ...conventions(operation),
      ...Object.entries(operation.responses).flatMap(([status, { content = {} }]) =>
        Number(status) < 400 || Object.keys(content).join() === "application/problem+json"
          ? []
          : [`${operation.id}: ${status} is no problem+json`],
      ),
    ]);
    expect([...problems, ...found.flatMap(({ where, schema }) => untoldTimes(where, schema))]).toEqual([]);
  },
);

function conventions({ id, method, path, parameters, responses }: DocumentedOperation): string[] {
  const inPath = [...path.matchAll(/\{([a-z]+)\}/g)].map(([, name]) => name);
  const told = parameters.filter((parameter) => parameter.in === "path").map(({ name }) => name);
  const answer = (responses["200"]?.content?.["application/json"]?.["schema"] ?? {}) as Json;
  const members = Object.keys((answer["properties"] ?? {}) as Json);
  const isList = members.includes("items") && members.includes("next");
  const names = parameters.map(({ name }) => name);
  const limit = parameters.find(({ name }) => name === "limit")?.schema;
  const isBounded = limit?.["minimum"] === 1 && limit["maximum"] === 200;
  return [
    ...(inPath.join() === told.join() ? [] : [`${id}: parameters of the path are ${told.join()}`]),
    ...(isList === names.includes("after") ? [] : [`${id}: a list takes limit and after`]),
    ...(isList && !isBounded ? [`${id}: limit is 1 to 200`] : []),
    ...(method === "GET" && members.includes("items") && !isList ? [`${id}: a list has no end`] : []),
    ...(isList && members.length > 2 ? [`${id}: a list has items and next`] : []),
  ];
}

/** Times are RFC 3339 and nothing else; what is not known is null, and nothing is left out. */
function untoldTimes(where: string, schema: Json): string[] {
  const properties = Object.entries((schema["properties"] ?? {}) as Record<string, Json>);
  const required = (schema["required"] ?? []) as string[];
  const isAnswer = !where.includes("requestBody") && where !== "Input";
  return properties.flatMap(([name, inner]) => {
    const isTime = /(^|_)at$/.test(name);
    const left = isAnswer && !required.includes(name) ? [`${where}: ${name} may be left out`] : [];
    const untold =
      isTime && !JSON.stringify(inner).includes("date-time") ? [`${where}: ${name} is no time`] : [];
    return [...left, ...untold, ...untoldTimes(`${where}.${name}`, inner)];
  });
}

test(
  "negative control: a member, a status and a media type that are not in the document are noticed",
  LIMIT,
  async () => {
    const world = await startWorld();
    const document = await readDocument(world);
    const asked = async (changed: Document, id: string, call: Omit<Call, "operation" | "status">) => {
      const operation = operationsOf(changed).find((one) => one.id === id) as DocumentedOperation;
      return mismatches(new Schemas(changed, true), operation, await send(world, operation, call));
    };
    const changed = (change: (copy: Document) => void): Document => {
      const copy = structuredClone(document);
      change(copy);
      return copy;
    };
    const isRight = { params: { id: world.run } };
    expect(await asked(document, "getRun", isRight)).toEqual([]);

    const withoutMember = changed(({ components }) => {
      const run = components.schemas["RunDetails"] as { properties: Json; required: string[] };
      delete run.properties["plan_digest"];
      run.required = run.required.filter((name) => name !== "plan_digest");
    });
    expect(await asked(withoutMember, "getRun", isRight)).toEqual([expect.stringContaining("plan_digest")]);

    const withAnotherType = changed(({ components }) => {
      const step = components.schemas["RunStep"] as { properties: Json };
      step.properties["attempts"] = { type: "string" };
    });
    expect(await asked(withAnotherType, "getRun", isRight)).toContainEqual(
      expect.stringContaining("/steps/0/attempts"),
    );

    const statuses = changed(({ paths }) => {
      const responses: unknown = paths["/runs/{id}"]?.["get"]?.["responses"];
      delete (responses as Json)["404"];
    });
    expect(await asked(statuses, "getRun", { params: { id: "x" } })).toEqual([
      expect.stringContaining("status 404 is not in the document"),
    ]);
    const asProblem = changed(({ paths }) => {
      const responses: unknown = paths["/runs/{id}"]?.["get"]?.["responses"];
      const answer = (responses as Json)["200"] as { content: Json };
      answer.content = { "text/plain": answer.content["application/json"] };
    });
    expect(await asked(asProblem, "getRun", isRight)).toEqual(["application/json is not among text/plain"]);
  },
);
