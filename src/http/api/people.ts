import type { Request, Response } from "express";
import { z } from "zod";
import { PASSWORD_CHARS_MAX, PASSWORD_CHARS_MIN } from "../../access/password.ts";
import { principalFor } from "../../access/people.ts";
import { PRINCIPAL_NAME, ROLES } from "../../access/principal.ts";
import { GROUPS_MAX, groupSchema, type LoginSettings } from "../../access/login-schema.ts";
import type { AuditDependencies } from "../../engine/audit.ts";
import { addPerson, removePerson } from "../../engine/people.ts";
import { listPeople, readPerson, type StoredPerson } from "../../store/people.ts";
import { actorOf } from "../actor.ts";
import { type LoginParts, requireLogin } from "../login/login-parts.ts";
import { HttpProblem, notFound } from "../problems.ts";
import { ApiRoutes, may } from "../routes.ts";
import { rfc3339 } from "../times.ts";
import { type Page, pageKeys } from "./query.ts";
import { listOf, problemSchema, type Shape, timeSchema } from "./shapes/common.ts";
import { NO_CONTROLS, personNameSchema, principalSchema, roleSchema } from "./shapes/words.ts";

const newPersonSchema = z.strictObject({
  name: personNameSchema,
  password: z.string().min(PASSWORD_CHARS_MIN).max(PASSWORD_CHARS_MAX),
  groups: z.array(groupSchema.regex(NO_CONTROLS, "has no control characters")).max(GROUPS_MAX).default([]),
  role: z.enum(ROLES).nullable().default(null),
});

const personSchema = z
  .object({
    name: z.string(),
    groups: z.array(z.string()),
    role: roleSchema.nullable(),
    via: z.enum(["settings", "password", "proxy", "oidc"]),
    created_at: timeSchema.nullable(),
    created_by: principalSchema.nullable(),
    last_seen_at: timeSchema.nullable(),
  })
  .meta({ id: "Person" });

const listFacts = {
  id: "listPeople",
  summary: "People, those of the settings first",
  query: z.strictObject(pageKeys((text) => PRINCIPAL_NAME.test(text))),
  answers: { 200: listOf(personSchema) },
  problems: { 404: problemSchema },
};
const addFacts = {
  id: "addPerson",
  summary: "Adds somebody who logs in with a password",
  body: newPersonSchema,
  answers: { 201: personSchema },
  problems: { 404: problemSchema, 409: problemSchema },
};
const removeFacts = {
  id: "removePerson",
  summary: "Removes somebody, with their sessions and tokens",
  answers: { 200: z.object({ name: z.string(), removed: z.boolean() }) },
  problems: { 409: problemSchema },
};

type PeopleParts = Pick<LoginParts, "login"> & { readonly dependencies: AuditDependencies };

/** People whom the service keeps; those of the settings are changed there. */
export function peopleRoutes(parts: PeopleParts): ApiRoutes {
  const routes = new ApiRoutes("Access");
  routes.get("/users", may("administer"), listFacts, (_request, response, { query }) =>
    sendPeople(parts, query, response),
  );
  routes.post("/users", may("administer"), addFacts, (request, response, { body }) =>
    add(parts, body, request, response),
  );
  routes.delete("/users/:name", may("administer"), removeFacts, (request, response) =>
    remove(parts, request, response),
  );
  return routes;
}

/** The people of the settings first, on the first page. */
async function sendPeople(parts: PeopleParts, { limit, after }: Page, response: Response): Promise<void> {
  const login = requireLogin(parts);
  const people = await listPeople(parts.dependencies.store.reader, limit + 1, after);
  const shown = people.slice(0, limit);
  const configured = after === null ? login.users.map((user) => configuredShape(user, login)) : [];
  response.json({
    items: [...configured, ...shown.map((person) => personShape(person, login))],
    next: people.length > limit ? (shown.at(-1)?.name ?? null) : null,
  });
}

async function add(
  parts: PeopleParts,
  person: z.output<typeof newPersonSchema>,
  request: Request,
  response: Response,
): Promise<void> {
  const login = requireLogin(parts);
  if (!(await addPerson(parts.dependencies, login, person, { by: actorOf(request) })))
    throw new HttpProblem(409, "Name is taken", `there is somebody called ${person.name} already`);
  const stored = await readPerson(parts.dependencies.store.reader, person.name);
  if (stored === null) throw notFound(`${person.name} was removed at the same time`);
  response.status(201).json(personShape(stored, login));
}

async function remove(parts: PeopleParts, request: Request, response: Response): Promise<void> {
  const login = requireLogin(parts);
  const name = String(request.params["name"]);
  if (login.users.some((user) => user.name === name))
    throw new HttpProblem(
      409,
      "In the settings",
      `${name} stands in login.users; remove them there, and reload`,
    );
  if (!PRINCIPAL_NAME.test(name) || !(await removePerson(parts.dependencies, name, actorOf(request))))
    throw notFound(`nobody is called ${name.slice(0, 64)} here`);
  response.json({ name, removed: true });
}

function configuredShape(
  user: LoginSettings["users"][number],
  login: LoginSettings,
): Shape<typeof personSchema> {
  const { name, groups } = user;
  const { role } = principalFor({ name, groups, ownRole: null }, login.roles);
  return { name, groups, role, via: "settings", created_at: null, created_by: null, last_seen_at: null };
}

function personShape(person: StoredPerson, login: LoginSettings): Shape<typeof personSchema> {
  return {
    name: person.name,
    groups: person.groups,
    role: principalFor(person, login.roles).role,
    via: person.passwordHash !== null ? "password" : person.account === "proxy" ? "proxy" : "oidc",
    created_at: rfc3339(person.createdAtMs),
    created_by: person.createdBy,
    last_seen_at: rfc3339(person.seenAtMs),
  };
}
