import { cleanup, render, screen, waitFor, within } from "@testing-library/svelte";
import userEvent from "@testing-library/user-event";
import axe from "axe-core";
import { tick } from "svelte";
import { afterEach, beforeAll, describe, expect, it, vi } from "vitest";

import App from "../App.svelte";
import { Words } from "../i18n";
import en from "../i18n/en";
import pt from "../i18n/pt-BR";
import { listedTones, rhythmWords } from "../lib/country_plan";
import { FakeBackend, type Scene } from "../lib/ipc/fake";
import { FakeProfileTests } from "../lib/ipc/fake/profile_tests";
import { toyTable } from "../lib/ipc/fake/table";
import { LIMIT_AT, limitFigure, reach, tookFigure, wholeCheckWords } from "../lib/profile_test";
import { draft } from "../lib/state/draft.svelte";
import { live } from "../lib/state/live.svelte";
import { locale } from "../lib/state/locale.svelte";
import { ProfileTest } from "../lib/state/profile_test.svelte";
import { route } from "../lib/state/route.svelte";
import { pages } from "../pages/pages.svelte";

beforeAll(() => pages.readAll());
afterEach(cleanup);
vi.setConfig({ testTimeout: 60_000 });

const user = userEvent.setup();
const words = new Words("pt-BR", pt);
const { countries } = toyTable();

/** The page of the lines in a world whose checks take so long. */
async function opened(code: string, scene: Scene = "quiet", pace_ms = 0): Promise<FakeBackend> {
  // Until the world of this test has answered there is no page.
  live.snapshot = null;
  locale.choose("pt-BR");
  route.go("lines");
  const backend = new FakeBackend(scene);
  backend.profileTests.pace_ms = pace_ms;
  render(App, { backend: Promise.resolve(backend) });
  await screen.findByRole("heading", { level: 1 });
  draft.settings.gateway.country = code;
  await tick();
  return backend;
}

const QUIET_AXE = { rules: { "color-contrast": { enabled: false }, region: { enabled: false } } };
const tone = (name: string, form = 1): HTMLElement =>
  document.querySelector<HTMLElement>(`tr[data-tone="${name}"][data-form="${form}"]`)!;
const rows = (outcome: string): HTMLElement[] => [...document.querySelectorAll<HTMLElement>(`tr[data-outcome="${outcome}"]`)];
const phase = (): string | null => document.querySelector("section[data-phase]")!.getAttribute("data-phase");
const said = (): string => within(document.querySelector<HTMLElement>("section[data-phase]")!).getByRole("status").textContent;
const press = (name: string): Promise<void> => user.click(screen.getByRole("button", { name }));

describe("figures", () => {
  it("a cadence is said in seconds, and what repeats is counted", () => {
    expect(rhythmWords(words, [])).toBe("contínuo");
    expect(rhythmWords(words, [250, 250, 750, 250])).toBe("0,25 – 0,25 – 0,75 – 0,25 s");
    expect(rhythmWords(words, [200, 200, 200, 200, 200, 200, 600, 200])).toBe("3 × (0,2 – 0,2) – 0,6 – 0,2 s");
    expect(rhythmWords(words, [400, 200, 400, 2000])).toBe("0,4 – 0,2 – 0,4 – 2 s");
  });

  it("times have two places, limits as many as they need, and what is late reaches past its limit", () => {
    expect([tookFigure(words, 1370), limitFigure(words, 3000), limitFigure(words, 350)]).toEqual(["1,37", "3,0", "0,35"]);
    expect(tookFigure(new Words("en", en), 1370)).toBe("1.37");
    expect([reach(1500, 3000), reach(3000, 3000), reach(9000, 3000)]).toEqual([LIMIT_AT / 2, LIMIT_AT, 1]);
  });

  it("every check of every country has words of its own", async () => {
    const tests = new FakeProfileTests(false);
    for (const known of countries) {
      const names = (await tests.checks(known.code)).map((check) => wholeCheckWords(words, known, check));
      expect(new Set(names).size, known.code).toBe(names.length);
      expect(names.join(" "), known.code).not.toMatch(/[–_]|undefined/);
    }
  });

  it("every form of every tone is listed below the tone that it is a form of", () => {
    for (const known of countries) {
      const listed = listedTones(known);
      expect(listed.filter(({ of }) => of !== null), known.code).toHaveLength(known.variants.length);
      for (const [at, { tone, form }] of listed.entries()) {
        if (form > 1) expect(listed[at - 1]).toMatchObject({ tone, form: form - 1 });
      }
    }
  });
});

describe("the plan of a country", () => {
  it("shows every tone with frequency, level and rhythm, and whose its further forms are", async () => {
    await opened("AU");
    expect(screen.getByText("Perfil de linha: Austrália")).toBeVisible();
    expect(tone("dial")).toHaveTextContent("413 + 438 Hz");
    expect(tone("dial")).toHaveTextContent("−13 dBm0");
    expect(tone("dial", 3)).toHaveTextContent("older exchanges");
    const further = within(tone("dial", 3)).getByRole("rowheader");
    expect(further).toHaveAccessibleName(/^outra forma do tom de discar: ?forma 3 · older exchanges$/);
    expect(tone("call_waiting")).toHaveTextContent("0,2 – 0,2 – 0,2 – 4,4 s");
    expect(screen.getByText("220 Ω + (820 Ω ∥ 120 nF)")).toBeVisible();
    expect(screen.getByText("tensão baixa, para laços longos")).toBeVisible();
    expect(screen.getByText(/^106/)).toBeVisible();
    expect(screen.getByText(/^ACIF S002/)).toBeVisible();
    expect((await axe.run(document.body, QUIET_AXE)).violations).toEqual([]);
    draft.discard();
  });

  it("says what nobody knows", async () => {
    const dark = countries.find(
      ({ call_waiting, caller_id, flash_ms }) => call_waiting === null && caller_id.length === 0 && flash_ms === null,
    )!;
    await opened(dark.code);
    const fact = (name: string): string | undefined => screen.getByText(name, { selector: "dt" }).nextElementSibling?.textContent.trim();
    expect(tone("call_waiting")).toHaveTextContent(words.t("plan.unknown"));
    expect(fact("Identificação do chamador")).toBe("não se sabe ao certo; tudo é escutado");
    expect(fact("Flash usual")).toBe("não se sabe ao certo");
    expect(fact("Interrupção de laço")).toBe("nenhuma conhecida");
    draft.settings.gateway.country = "PY";
    await tick();
    expect(fact("Tarifa especial")).toBe("nenhum conhecido");
    draft.discard();
  });
});

describe("the test of a profile", () => {
  it("fills a matrix, check by check, and says that all passed", async () => {
    const backend = await opened("IE");
    const checks = await backend.profileTests.checks("IE");
    expect(screen.queryByRole("progressbar")).toBeNull();
    await press("Testar o perfil");
    await waitFor(() => expect(phase()).toBe("done"));
    expect(rows("passed")).toHaveLength(checks.length);
    expect(said().trim()).toBe(`${checks.length} de ${checks.length} passaram.`);
    const [first] = rows("passed");
    expect(first).toHaveTextContent("O tom de discar é reconhecido");
    expect(first).toHaveTextContent(/0,42 s de 0,6 s/);
    expect(first).toHaveTextContent("passou");
    expect(first!.querySelector("svg")).not.toBeNull();
    expect(screen.getByText("(forma 2: some exchanges)")).toBeVisible();
    expect(screen.getByRole("button", { name: "Testar de novo" })).toHaveFocus();
    expect((await axe.run(document.body, QUIET_AXE)).violations).toEqual([]);
    draft.discard();
  });

  it("says what failed, and how", async () => {
    await opened("BR", "trouble");
    await press("Testar o perfil");
    await waitFor(() => expect(phase()).toBe("done"));
    const texts = rows("failed").map((row) => row.textContent.replace(/\s+/g, " "));
    expect(texts).toHaveLength(3);
    expect(texts[0]).toMatch(/tom de congestionamento falhou ?não veio em 3,5 s/);
    expect(texts[1]).toMatch(/abre o laço falhou ?0,61 s de 0,25 s/);
    expect(said()).toMatch(/^12 de 15 passaram\. Falharam 3: O outro lado desliga com tom de congestionamento; /);
    expect(said()).toMatch(/DTMF antes do primeiro toque\.$/);
  });

  it("tells how far it is and can be cancelled with the same button; nothing more is tried then", async () => {
    const { profileTests } = await opened("BR", "quiet", 20);
    await press("Testar o perfil");
    const progress = await screen.findByRole("progressbar");
    await waitFor(() => expect(progress).toHaveAttribute("aria-valuetext", "3 de 15"));
    expect(rows("underway")).toHaveLength(1);
    // What is said aloud does not count along.
    expect(said()).not.toMatch(/\d/);
    await press("Cancelar");
    expect(phase()).toBe("cancelled");
    expect(said()).toMatch(/^Cancelado após \d+ de 15\./);
    expect(rows("untried").length).toBe(15 - rows("passed").length);
    const [asked, passed] = [profileTests.asked.length, rows("passed").length];
    await new Promise((over) => setTimeout(over, 80));
    expect(profileTests.asked).toHaveLength(asked);
    // What was being tried then has ended since, and is not counted.
    expect([rows("passed").length, passed]).toEqual([asked - 1, asked - 1]);
  });

  it.each(["country", "page"])("stops when another %s is chosen", async (what) => {
    const { profileTests } = await opened("BR", "quiet", 20);
    await press("Testar o perfil");
    await waitFor(() => expect(rows("passed").length).toBeGreaterThan(0));
    if (what === "country") draft.settings.gateway.country = "GB";
    else route.go("overview");
    await tick();
    const asked = profileTests.asked.length;
    await new Promise((over) => setTimeout(over, 80));
    expect(profileTests.asked).toHaveLength(asked);
    if (what === "country") expect(phase()).toBe("none");
    draft.discard();
  });

  it("says so when the program does not answer, and an answer that comes too late counts no longer", async () => {
    const tests = new FakeProfileTests(false);
    tests.pace_ms = 5;
    const test = new ProfileTest();
    vi.spyOn(tests, "attempt").mockResolvedValueOnce(null);
    await test.run(tests, "BR");
    expect([test.phase, test.results.length]).toEqual(["unanswered", 0]);
    const first = test.run(tests, "BR");
    const second = test.run(tests, "GB");
    await Promise.all([first, second]);
    expect(test.phase).toBe("done");
    expect(test.results.map(({ check }) => check)).toEqual(await tests.checks("GB"));
  });
});
