// The setting `time_intervals`: what is wrong is said at its place, with what to write; what is right reaches the catalog.
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import { CatalogHolder } from "../../src/catalog/reload.ts";
import { isWithin } from "../../src/intervals/interval.ts";
import { catalogSourceOf } from "../../src/settings/catalog-source.ts";
import { loadSettings, type LoadedSettings } from "../../src/settings/load.ts";
import { type ConfigFolder, createConfigFolder, GOOD } from "../catalog/folder.ts";

async function load(folder: ConfigFolder): Promise<LoadedSettings> {
  const configFile = join(folder.path, "nightshift.yml");
  return loadSettings({ configFile, listenAddress: null, externalUrl: null, storagePath: null }, folder.path);
}

const TOLD = "notifiers: [{name: oncall, log: {}}]\nnotify: [{to: oncall, events: [failed]}]\n";

async function problemsOf(yaml: string): Promise<string[]> {
  await using folder = await createConfigFolder({ "nightshift.yml": yaml });
  const loaded = await load(folder);
  return loaded.problems.map(({ line, message }) => `${line}: ${message}`);
}

const period = (text: string) => `time_intervals:\n  - name: tested\n    time_intervals:\n      - ${text}\n`;

describe("problems", () => {
  test.each<[string, string]>([
    ["{weekdays: [mon]}", '"mon" is no weekday; did you mean "monday"?'],
    ["{weekdays: [moday]}", '"moday" is no weekday; did you mean "monday"?'],
    ["{weekdays: [1]}", '"1" is no weekday; write it like monday or monday:friday'],
    ["{weekdays: ['friday:monday']}", 'write two entries, "sunday:monday" and "friday:saturday"'],
    ["{weekdays: ['saturday:sunday']}", 'write two entries, "sunday" and "saturday"'],
    ["{weekdays: ['monday:tuesday:friday']}", "write it like monday:friday"],
    ["{days_of_month: [0]}", '"0" is no day of a month; write 1 to 31, or -1 to -31'],
    ["{days_of_month: [32]}", '"32" is no day of a month'],
    ["{days_of_month: [-32]}", '"-32" is no day of a month'],
    ["{days_of_month: [1.5]}", '"1.5" is no day of a month'],
    ["{days_of_month: ['-3:5']}", "write it like -3:-1"],
    ["{days_of_month: ['7:1']}", '"7:1" ends before it begins, in every month'],
    ["{days_of_month: ['30:-3']}", '"30:-3" ends before it begins, in every month'],
    ["{days_of_month: ['-1:-3']}", '"-1:-3" ends before it begins, in every month'],
    ["{months: [13]}", '"13" is no month; write it like april, 4 or april:june'],
    ["{months: [sept]}", 'did you mean "september"?'],
    ["{months: ['november:february']}", 'write two entries, "11:12" and "1:2"'],
    ["{years: [26:28:30]}", "is no year; write it like 2026"],
    ["{years: [0]}", '"0" is no year'],
    ["{years: ['2028:2026']}", 'write "2026:2028"'],
    ["{months: [true]}", "write text or a number here"],
    ["{times: [{start_time: 9:00, end_time: '10:00'}]}", '"9:00" is no time of day'],
    ["{times: [{start_time: '00:00', end_time: '24:01'}]}", '"24:01" is no time of day'],
    ["{times: [{start_time: '22:00', end_time: '06:00'}]}", "over midnight write two entries"],
    ["{times: [{start_time: '22:00', end_time: '22:00'}]}", "a range of times ends after it begins"],
    ["{times: [{start_time: '22:00'}]}", '"end_time" is required'],
    ["{times: []}", "an empty list would mean never; leave the key out to mean any"],
    ["{weekdays: []}", "an empty list would mean never; leave the key out to mean any"],
    ["{location: UTC}", "give at least one of times, weekdays, days_of_month, months, years"],
    ["{months: [1], location: Local}", '"Local" would be another time on each machine'],
    ["{months: [1], location: Europe/Berlim}", '"Europe/Berlim" is no time zone of the IANA database'],
    ["{months: [1], location: '+02:00'}", '"+02:00" is no time zone of the IANA database'],
    ["{months: [1], location: ''}", "write one such as Europe/Berlin, or UTC"],
    ["{month: [1], years: [2026]}", 'unknown key "month"; did you mean "months"?'],
  ])("%s", async (text, message) => {
    const problems = await problemsOf(period(text));
    expect(problems).toHaveLength(1);
    expect(problems[0]).toMatch(/^4: /);
    expect(problems[0]).toContain(message);
  });

  test("of names", async () => {
    const twice =
      "time_intervals:\n  - {name: a, time_intervals: [{months: [1]}]}\n  - {name: a, time_intervals: [{months: [2]}]}\n";
    expect(await problemsOf(twice)).toEqual([
      "3: time_intervals.1.name: there are two time intervals named a",
    ]);
    expect(await problemsOf("time_intervals: [{name: '', time_intervals: [{months: [1]}]}]\n")).toEqual([
      "1: time_intervals.0.name: a name is missing",
    ]);
    expect(await problemsOf("time_intervals: [{name: a, time_intervals: []}]\n")).toEqual([
      "1: time_intervals.0.time_intervals: an empty list would mean never; give at least one entry",
    ]);
  });
});

test("everything that Alertmanager's format has is accepted", async () => {
  const yaml = period(`times:
          - start_time: 09:00
            end_time: 17:00
          - {start_time: '18:30', end_time: '24:00'}
        weekdays: ['monday:wednesday', saturday, sunday]
        days_of_month: ['1:5', -3:-1, 15, '20:-2', -31]
        months: [january, 3, 'may:august', '10:12']
        years: [2026, '2028:2030', '2040']
        location: America/Argentina/Buenos_Aires`).replace("name: tested", "name: Any name, as there");
  expect(await problemsOf(yaml)).toEqual([]);
});

test("intervals reach the catalog, and a reload carries their changes along", async () => {
  const settings = (months: string) => `${TOLD}${period(`{months: [${months}]}`)}`;
  await using folder = await createConfigFolder({ ...GOOD, "nightshift.yml": settings("january") });
  const open = async () => {
    const loaded = await load(folder);
    if (!loaded.ok) throw new Error(JSON.stringify(loaded.problems));
    return catalogSourceOf(loaded.settings);
  };
  const holder = await CatalogHolder.open(await open());
  const isOn = (at: string) => {
    const interval = holder.current().intervals.get("tested");
    return interval !== undefined && isWithin(interval, Date.parse(at));
  };
  expect([isOn("2026-01-15T00:00Z"), isOn("2026-02-15T00:00Z")]).toEqual([true, false]);
  await folder.write("nightshift.yml", settings("february"));
  // Files that changed alone are read with the settings as they were.
  await holder.reload();
  expect(isOn("2026-01-15T00:00Z")).toBe(true);
  expect((await holder.reload(await open())).kind).toBe("changed");
  expect([isOn("2026-01-15T00:00Z"), isOn("2026-02-15T00:00Z")]).toEqual([false, true]);
});
