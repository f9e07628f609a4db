// Who may do what: the table under People in the documents, word for word, and what runbooks and tokens add to it.
import { describe, expect, test } from "vitest";
import { authorize, type Permission, type Subject } from "../../src/access/authorize.ts";
import { explainAccess } from "../../src/access/explain-access.ts";
import { LOCAL_PRINCIPAL, type Principal, type Role } from "../../src/access/principal.ts";
import type { Access } from "../../src/runbooks/runbook.ts";

const person = (role: Role | null, groups: readonly string[] = []): Principal => ({
  id: "user:dana",
  name: "dana",
  groups,
  role,
  isLocal: false,
});
const EVERYTHING: Subject = { kind: "everything" };
const runbook = (access: Partial<Access> | null): Subject => ({
  kind: "runbook",
  runbook: "fix",
  access: whole(access),
});
const run = (access: Partial<Access> | null, requestedBy = "user:erik"): Subject => ({
  kind: "run",
  runbook: "fix",
  access: whole(access),
  requestedBy,
});
const whole = (access: Partial<Access> | null): Access | null =>
  access === null ? null : { view: [], run: [], approve: [], ...access };

function mayDo(
  principal: Principal,
  permission: Permission,
  subject: Subject,
  { scopes = null, isRead = false }: { scopes?: readonly string[] | null; isRead?: boolean } = {},
): boolean {
  return authorize({ principal, scopes }, { permission, subject, isRead }).isAllowed;
}

const ROLES = [null, "viewer", "responder", "operator", "admin"] as const;

describe("roles", () => {
  // From which role on each is given for everything; "never" where no role gives it.
  const TABLE: readonly (readonly [Permission, Role | "never"])[] = [
    ["see", "viewer"],
    ["read_evidence", "responder"],
    ["explain", "responder"],
    ["manage_run", "responder"],
    ["plan", "responder"],
    ["read_sensitive", "operator"],
    ["operate", "operator"],
    ["administer", "admin"],
    ["start", "never"],
  ];
  test.each(TABLE)("%s is given from %s on", (permission, from) => {
    const given = ROLES.map((role) => mayDo(person(role), permission, EVERYTHING));
    const first = from === "never" ? ROLES.length : ROLES.indexOf(from);
    expect(given).toEqual(ROLES.map((_, index) => index >= first));
  });

  test("the local admin may do everything", () => {
    for (const [permission] of TABLE)
      for (const subject of [EVERYTHING, runbook({ view: ["group:x"], run: [] }), run({})])
        expect([permission, mayDo(LOCAL_PRINCIPAL, permission, subject)]).toEqual([permission, true]);
  });
});

describe("runbooks", () => {
  test("access.run alone starts a run, and no role does", () => {
    for (const role of ROLES) {
      expect(mayDo(person(role, ["dba"]), "start", runbook({ run: ["group:dba"] }))).toBe(true);
      expect(mayDo(person(role), "start", runbook({ run: ["user:dana"] }))).toBe(true);
      expect(mayDo(person(role), "start", runbook({ run: ["everyone"] }))).toBe(true);
      expect(mayDo(person(role), "start", runbook({ run: ["group:dba", "user:erik"] }))).toBe(false);
      expect(mayDo(person(role), "start", runbook({}))).toBe(false);
      expect(mayDo(person(role), "start", runbook(null))).toBe(false);
    }
  });

  test("one that says who sees it is hidden from other viewers, and from nobody on call", () => {
    const hidden = runbook({ view: ["group:dba"] });
    expect(ROLES.map((role) => mayDo(person(role), "see", hidden))).toEqual([false, false, true, true, true]);
    expect(ROLES.map((role) => mayDo(person(role, ["dba"]), "see", hidden))).toEqual([
      true,
      true,
      true,
      true,
      true,
    ]);
    expect(
      mayDo(person(null, ["lead"]), "see", runbook({ view: ["group:dba"], approve: ["group:lead"] })),
    ).toBe(true);
    expect(mayDo(person("viewer"), "see", runbook({ run: ["group:dba"] }))).toBe(true);
    expect(mayDo(person(null), "see", runbook({ run: ["group:dba"] }))).toBe(false);
  });

  test("whoever asked for a run sees it, reads it and stops it, whatever their role", () => {
    for (const role of ROLES)
      for (const permission of ["see", "read_evidence", "manage_run"] as const) {
        expect([role, permission, mayDo(person(role), permission, run({}, "user:dana"))]).toEqual([
          role,
          permission,
          true,
        ]);
        const ofOther = permission === "see" ? role !== null : role !== null && role !== "viewer";
        expect([role, permission, mayDo(person(role), permission, run({}))]).toEqual([
          role,
          permission,
          ofOther,
        ]);
      }
  });

  test("whoever may approve a run reads its evidence, and does not stop it", () => {
    const lead = person("viewer", ["lead"]);
    const approved = run({ approve: ["group:lead"] });
    expect(mayDo(lead, "read_evidence", approved)).toBe(true);
    expect(mayDo(lead, "manage_run", approved)).toBe(false);
    expect(mayDo(lead, "plan", runbook({ approve: ["group:lead"] }))).toBe(true);
    expect(mayDo(lead, "start", runbook({ approve: ["group:lead"] }))).toBe(false);
  });
});

describe("tokens", () => {
  const admin = person("admin", ["dba"]);
  const own = run({ run: ["group:dba"] }, "user:dana");
  const starts = runbook({ run: ["group:dba"] });

  test("all narrows nothing", () => {
    for (const subject of [EVERYTHING, own, starts])
      expect(mayDo(admin, "manage_run", subject, { scopes: ["all"] })).toBe(true);
  });

  test("read gives what changes nothing, within the rights of its person", () => {
    const scopes = ["read"];
    expect(mayDo(admin, "see", EVERYTHING, { scopes, isRead: true })).toBe(true);
    expect(mayDo(admin, "administer", EVERYTHING, { scopes, isRead: true })).toBe(true);
    expect(mayDo(person("viewer"), "administer", EVERYTHING, { scopes, isRead: true })).toBe(false);
    for (const permission of ["operate", "manage_run", "administer"] as const)
      expect(mayDo(admin, permission, EVERYTHING, { scopes })).toBe(false);
    expect(mayDo(admin, "start", starts, { scopes })).toBe(false);
  });

  test("run:NAME gives the runs of one runbook, from the plan to the bundle", () => {
    const scopes = ["run:fix"];
    expect(mayDo(admin, "start", starts, { scopes })).toBe(true);
    expect(mayDo(admin, "plan", starts, { scopes, isRead: true })).toBe(true);
    for (const permission of ["see", "read_evidence", "manage_run"] as const)
      expect(mayDo(admin, permission, own, { scopes })).toBe(true);
    expect(mayDo(admin, "see", EVERYTHING, { scopes, isRead: true })).toBe(false);
    expect(mayDo(admin, "operate", EVERYTHING, { scopes })).toBe(false);
    expect(mayDo(admin, "read_sensitive", own, { scopes, isRead: true })).toBe(false);
    expect(mayDo(admin, "start", starts, { scopes: ["run:other"] })).toBe(false);
    expect(mayDo(person(null), "start", starts, { scopes })).toBe(false);
  });

  test("no scope at all gives nothing", () => {
    for (const permission of ["see", "start", "administer"] as const)
      expect(mayDo(admin, permission, starts, { scopes: [], isRead: true })).toBe(false);
  });

  test("a refusal names the scope that is missing", () => {
    const asked = { permission: "start", subject: starts, isRead: false } as const;
    expect(authorize({ principal: admin, scopes: ["read"] }, asked)).toEqual({
      isAllowed: false,
      because: "the token's scope is read; run:fix is needed",
    });
  });
});

test("a refusal says what is missing, and of whom", () => {
  const asked = (permission: Permission, subject: Subject) =>
    authorize({ principal: person("viewer", ["web"]), scopes: null }, { permission, subject, isRead: false });
  expect(asked("operate", EVERYTHING)).toEqual({
    isAllowed: false,
    because: "it needs the role operator; dana has the role viewer and is in web",
  });
  expect(asked("start", runbook({ run: ["group:dba"] }))).toMatchObject({
    because: "access.run of its runbook names group:dba; dana has the role viewer and is in web",
  });
  expect(asked("start", runbook(null))).toMatchObject({
    because: expect.stringContaining("names nobody in access.run"),
  });
});

test("access check answers as authorize does, with the reason", () => {
  const access = { view: [], run: ["group:dba"], approve: ["group:lead"] };
  const answers = (principal: Principal) =>
    Object.fromEntries(
      explainAccess(principal, "fix", access).map(({ what, isAllowed, because }) => [
        what,
        [isAllowed, because],
      ]),
    );
  expect(answers(person(null, ["dba"]))).toMatchObject({
    "see it": [true, "access.run names group:dba"],
    "plan a run": [true, "access.run names group:dba"],
    "start a run": [true, "access.run names group:dba"],
    "approve others' runs": [false, "access.approve names group:lead"],
    "read logs, files and bundle of others' runs": [
      false,
      expect.stringContaining("it needs the role responder"),
    ],
  });
  expect(answers(person("responder", ["lead"]))).toMatchObject({
    "see it": [true, "access.approve names group:lead"],
    "start a run": [false, expect.stringContaining("names group:dba")],
    "read logs, files and bundle of others' runs": [true, "access.approve names group:lead"],
    "approve others' runs": [true, "access.approve names group:lead"],
    "cancel, pin and note others' runs": [true, "by the role responder"],
  });
});
