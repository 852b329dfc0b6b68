import { cleanup, render, screen, waitFor, within } from "@testing-library/svelte";
import userEvent from "@testing-library/user-event";
import axe from "axe-core";
import { afterEach, beforeAll, describe, expect, it, vi } from "vitest";

import App from "../App.svelte";
import { Words } from "../i18n";
import en from "../i18n/en";
import pt from "../i18n/pt-BR";
import { LINE_CHECKS } from "../lib/ipc/bindings";
import { FakeBackend, type Scene } from "../lib/ipc/fake";
import type { CheckResult } from "../lib/ipc/types";
import { fileWords, isMeasurable, limitsWords, valueWords } from "../lib/line_test";
import { locale } from "../lib/state/locale.svelte";
import { route } from "../lib/state/route.svelte";
import { pages } from "../pages/pages.svelte";

beforeAll(() => pages.readAll());
afterEach(cleanup);
vi.setConfig({ testTimeout: 60_000 });

const user = userEvent.setup();
const words = new Words("pt-BR", pt);

const noise: CheckResult = {
  check: "noise",
  value: -61.44,
  unit: "dbm0",
  limits: { pass: { least: null, most: -45 }, warn: { least: null, most: -38 } },
  verdict: "pass",
};
const volts: CheckResult = {
  check: "on_hook_voltage",
  value: null,
  unit: "volts",
  limits: { pass: { least: 40, most: 60 }, warn: { least: 20, most: 80 } },
  verdict: "not_measured",
};
const loss: CheckResult = {
  check: "echo_return_loss",
  value: 9.4,
  unit: "decibels",
  limits: { pass: { least: 12, most: null }, warn: { least: 6, most: null } },
  verdict: "warn",
};

describe("figures", () => {
  it("values and limits are said with their units, in the figures of the language", () => {
    expect([noise, volts, loss].map((result) => valueWords(words, result))).toEqual(["−61,4 dBm0", "–", "9,4 dB"]);
    expect([noise, volts, loss].map((result) => limitsWords(words, result))).toEqual([
      "≤ −45,0 (≤ −38,0)",
      "40,0…60,0 (20,0…80,0)",
      "≥ 12,0 (≥ 6,0)",
    ]);
    expect(valueWords(new Words("en", en), loss)).toBe("9.4 dB");
  });

  it("the file has every word it needs", () => {
    const known = fileWords(words);
    for (const check of LINE_CHECKS) expect(known[`line_check.${check}`]).toBeTruthy();
    expect(known).toMatchObject({ "verdict.pass": "certo", "cause.glare": expect.any(String) as string, "line_test_file.title": expect.any(String) as string });
    expect(Object.keys(known).some((key) => key.startsWith("state."))).toBe(false);
  });

  it("a line that nobody uses here can be measured, and no other", () => {
    expect((["idle", "no_battery", "in_use"] as const).every(isMeasurable)).toBe(true);
    expect((["talking", "ringing", "guard", "absent", "out_of_service", "fault", "ending"] as const).some(isMeasurable)).toBe(false);
  });
});

async function opened(scene: Scene, port: number): Promise<{ backend: FakeBackend; test: ReturnType<typeof within> }> {
  cleanup();
  locale.choose("pt-BR");
  route.go("overview");
  const backend = new FakeBackend(scene);
  render(App, { backend: Promise.resolve(backend) });
  await screen.findByRole("heading", { level: 1 });
  const card = within(await screen.findByRole("article", { name: new RegExp(`^Porta ${port} `) }));
  await user.click(card.getByRole("button", { name: "Testar linha" }));
  // Without a layout the pop-up never gets its place, and stays hidden, and hidden things have no names.
  return { backend, test: within(await screen.findByLabelText(`Teste da porta ${port}`)) };
}

const row = (check: string): HTMLElement => document.querySelector<HTMLElement>(`tr[data-check="${check}"]`)!;

describe("a line that is measured from its card", () => {
  it("shows each check live with its value, limits and verdict in words, then the result and a file", async () => {
    const { backend, test } = await opened("quiet", 2);
    const ordered = vi.spyOn(backend, "command");
    const button = (name: string): HTMLElement => test.getByText(name, { selector: "button" });
    expect(test.getByText(/ainda não foi testada/)).toBeInTheDocument();
    expect(button("Exportar")).toBeDisabled();
    await user.click(button("Testar"));
    expect(ordered).toHaveBeenCalledWith({ do: "line_test", port: 1 });
    await waitFor(() => expect(row("loop_current")).toHaveAttribute("data-verdict", "underway"), { timeout: 5_000 });
    expect(row("loop_current")).toHaveTextContent("medindo");
    expect(row("on_hook_voltage")).toHaveTextContent("48,2 V");
    expect(row("on_hook_voltage")).toHaveTextContent("40,0…60,0 (20,0…80,0)");
    expect(row("on_hook_voltage")).toHaveTextContent(words.code("verdict", "pass"));
    expect(row("on_hook_voltage").querySelector("svg")).not.toBeNull();
    expect(row("restored_voltage")).toHaveAttribute("data-verdict", "none");
    expect(test.getByText("Medindo: Corrente de laço")).toBeInTheDocument();
    await waitFor(() => expect(button("Exportar")).toBeEnabled(), { timeout: 15_000 });
    expect(row("echo_return_loss")).toHaveAttribute("data-verdict", "warn");
    expect(row("echo_return_loss")).toHaveTextContent(words.code("verdict", "warn"));
    expect(test.getByText(/^Último teste: /)).toBeInTheDocument();
    expect(document.querySelectorAll('tr[data-verdict="pass"]')).toHaveLength(LINE_CHECKS.length - 1);
    await user.click(button("Exportar"));
    expect(await test.findByText(/Salvo em \/home\/ana\/loopstart-line-2-/)).toBeInTheDocument();
    expect([...backend.lineTests.files.values()]).toMatchObject([{ words: { "line_check.noise": "Ruído" } }]);
    expect((await axe.run(document.body, { rules: { "color-contrast": { enabled: false }, region: { enabled: false } } })).violations).toEqual([]);
  });

  it("can be ended, and what ended it is told with the result", async () => {
    const { backend, test } = await opened("quiet", 1);
    await user.click(test.getByText("Testar", { selector: "button" }));
    await user.click(await test.findByText("Encerrar", { selector: "button" }));
    expect(await test.findByText(words.code("verdict", "not_measured"))).toBeInTheDocument();
    expect(test.getByText(new RegExp(words.code("cause", "operator")))).toBeInTheDocument();
    expect(await backend.lineTests.of(0, 9)).toHaveLength(1);
  });

  it("without battery it is measured all the same, and says what is wrong", async () => {
    const { backend, test } = await opened("trouble", 3);
    await user.click(test.getByText("Testar", { selector: "button" }));
    await waitFor(() => expect(row("seizure")).toHaveAttribute("data-verdict", "fail"), { timeout: 5_000 });
    expect(row("on_hook_voltage")).toHaveTextContent("0,0 V");
    expect(row("on_hook_voltage")).toHaveTextContent(words.code("verdict", "fail"));
    await waitFor(async () => expect((await backend.lineTests.of(2, 1))[0]?.verdict).toBe("fail"));
  });

  it("a file that cannot be written is told with its reason", async () => {
    const { backend, test } = await opened("quiet", 2);
    await user.click(test.getByText("Testar", { selector: "button" }));
    await user.click(await test.findByText("Encerrar", { selector: "button" }));
    vi.spyOn(backend.lineTests, "export").mockResolvedValue({ ok: false, refusal: { kind: "disk_full" } });
    await waitFor(() => expect(test.getByText("Exportar", { selector: "button" })).toBeEnabled());
    await user.click(test.getByText("Exportar", { selector: "button" }));
    expect(await test.findByText(words.code("export", "disk_full"))).toBeInTheDocument();
  });
});
