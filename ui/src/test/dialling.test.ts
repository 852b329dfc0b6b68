import { render, screen, waitFor, within } from "@testing-library/svelte";
import userEvent from "@testing-library/user-event";
import axe from "axe-core";
import { beforeAll, beforeEach, describe, expect, it, vi } from "vitest";

import App from "../App.svelte";
import pt from "../i18n/pt-BR";
import { Words } from "../i18n";
import { governing } from "../lib/calls";
import { ruleOf, ruleText } from "../lib/dial_rule";
import { FakeBackend } from "../lib/ipc/fake";
import { dialling } from "../lib/ipc/fake/dialling";
import { firstSettings } from "../lib/ipc/fake/settings";
import type { MarkKind, StoredRecord } from "../lib/ipc/types";
import { markHue, markWords, turns } from "../lib/marks";
import { dialTest } from "../lib/state/dial_test.svelte";
import { draft } from "../lib/state/draft.svelte";
import { live } from "../lib/state/live.svelte";
import { locale } from "../lib/state/locale.svelte";
import { route } from "../lib/state/route.svelte";
import { pages } from "../pages/pages.svelte";

beforeAll(() => pages.readAll());

const user = userEvent.setup();
vi.setConfig({ testTimeout: 60_000 });

async function show(): Promise<void> {
  live.snapshot = null;
  locale.choose("pt-BR");
  route.go("sip");
  dialTest.number = "";
  render(App, { backend: Promise.resolve(new FakeBackend("lively")) });
  await screen.findByRole("heading", { level: 1 });
}

const rules = (): ReturnType<typeof within> => within(screen.getByRole("group", { name: "Regras de discagem" }));
const pattern = (n: number): HTMLElement => rules().getByRole("textbox", { name: `Regra ${n}: Número` });

describe("a rule", () => {
  it.each(["deny 0900.", "allow 9. strip 1", "allow [1-9]x. add 015", "allow +55. strip 3 add 0", "allow", "deny"])("is read and written: %s", (text) => {
    expect(ruleText(ruleOf(text))).toBe(text);
  });

  it("that denies rewrites nothing", () => {
    expect(ruleText({ action: "deny", pattern: "0.", strip: "1", add: "9" })).toBe("deny 0.");
  });
});

describe("the rules on the page", () => {
  beforeEach(show);

  it("are added, changed, moved and removed", async () => {
    expect(rules().getByText(/^Nenhuma regra: todo número é discado/)).toBeVisible();
    await user.type(rules().getByRole("textbox", { name: "Nova regra: Número" }), "03 00.{Enter}");
    expect(draft.settings.gateway.dial_rules).toEqual(["deny 0300."]);
    await user.type(rules().getByRole("textbox", { name: "Nova regra: Número" }), "0300.{Enter}");
    expect(draft.settings.gateway.dial_rules).toEqual(["deny 0300."]);
    await user.type(rules().getByRole("textbox", { name: "Nova regra: Número" }), "9.{Enter}");
    draft.settings.gateway.dial_rules[1] = "allow 9.";
    await user.type(await rules().findByRole("textbox", { name: "Regra 2: Tirar" }), "1a");
    await user.type(rules().getByRole("textbox", { name: "Regra 2: Pôr à frente" }), "015");
    expect(draft.settings.gateway.dial_rules).toEqual(["deny 0300.", "allow 9. strip 1 add 015"]);
    expect(rules().getByRole("textbox", { name: "Regra 1: Tirar" })).toBeDisabled();
    await user.click(rules().getByRole("button", { name: "Subir a regra 2" }));
    expect(draft.settings.gateway.dial_rules).toEqual(["allow 9. strip 1 add 015", "deny 0300."]);
    expect(rules().getByRole("button", { name: "Descer a regra 2" })).toBeDisabled();
    expect(pattern(1)).toHaveValue("9.");
    await user.click(rules().getByRole("button", { name: "Retirar a regra 1" }));
    expect(draft.changedPaths).toEqual(["gateway.dial_rules"]);
    expect(draft.settings.gateway.dial_rules).toEqual(["deny 0300."]);
    draft.discard();
  });

  it("are tried as they stand, applied or not, and the one that fits is shown", async () => {
    const number = screen.getByRole("textbox", { name: "Número a testar" });
    const answer = (): ReturnType<typeof within> => within(number.parentElement!).getByRole("status") && within(within(number.parentElement!).getByRole("status"));
    await user.type(number, "0014155550100");
    expect(await answer().findByText("Recusa com 403: chamadas internacionais estão fechadas")).toBeVisible();
    expect(answer().getByText("nenhuma regra se aplica")).toBeVisible();
    draft.settings.gateway.dial_rules = ["deny 0300.", "allow 001. strip 2 add 0021"];
    expect(await answer().findByText("Disca 002114155550100")).toBeVisible();
    expect(answer().getByText("regra 2: Permitir 001. Tirar 2 Pôr à frente 0021")).toBeVisible();
    expect(rules().getByText("aplica-se a este número").closest("li")).toBe(pattern(2).closest("li"));
    await user.clear(number);
    await waitFor(() => expect(dialTest.answer).toBeNull());
    await user.type(number, "190");
    expect(await answer().findByText("número de emergência: sempre discado, sem alteração")).toBeVisible();
    expect(screen.getByText(/^Nunca recusados nem alterados: 190 · 191/)).toBeVisible();
    expect((await axe.run(document.body, { rules: { "color-contrast": { enabled: false } } })).violations.map(({ id }) => id)).toEqual([]);
    draft.discard();
  });
});

describe("the number of a caller", () => {
  beforeEach(show);

  it("is tried in the format that is chosen, and stays where nothing is sure", async () => {
    draft.settings.gateway.caller_number_format = "e164";
    draft.settings.gateway.area_code = "11";
    const number = await screen.findByRole("textbox", { name: "Número que a linha envia" });
    await user.type(number, "33334444");
    expect(await screen.findByText("+551133334444")).toBeVisible();
    draft.settings.gateway.caller_number_format = "national";
    expect(await screen.findByText("01133334444")).toBeVisible();
    await user.clear(number);
    await user.type(number, "190");
    expect(await screen.findByText(/^Fica como veio/)).toBeVisible();
    draft.discard();
  });
});

describe("the toy world", () => {
  const decided = (number: string, dial_rules: string[] = []) => {
    const settings = firstSettings(1);
    settings.gateway.dial_rules = dial_rules;
    return dialling(settings, number);
  };

  it("decides as the program does", () => {
    expect(decided("3333-4444")).toEqual({ outcome: "allowed", dialled: "33334444", emergency: false, rule: null });
    expect(decided("90014155550100", ["allow 9. strip 1"])).toEqual({ outcome: "denied", why: "international", rule: 1, dialled: "0014155550100" });
    expect(decided("0900123")).toMatchObject({ outcome: "denied", why: "premium" });
    expect(decided("03001", ["deny 0300."])).toMatchObject({ outcome: "denied", why: "rule", rule: 1 });
    expect(decided("alice")).toEqual({ outcome: "no_number" });
    expect(decided("190", ["deny ."])).toMatchObject({ outcome: "allowed", emergency: true });
  });
});

describe("a refused number in the history", () => {
  it("says which rule or which switch refused it", () => {
    const words = new Words("pt-BR", pt);
    const mark = (why: "rule" | "premium", rule: number | null): MarkKind => ({ kind: "number_blocked", number: "0900123", why, rule });
    expect(markWords(words, mark("rule", 2))).toBe("0900123 recusado pela regra 2");
    expect(markWords(words, mark("premium", null))).toBe("0900123 recusado: números de tarifa especial estão fechados");
    expect([markHue(mark("rule", 2)), turns(mark("rule", 2))]).toEqual(["fault", true]);
    const call = (what: MarkKind): StoredRecord => ({ cause: "number_blocked", evidence: null, port: 0, timeline: [{ after_ms: 0, what }] }) as unknown as StoredRecord;
    expect(governing(call(mark("rule", 2)))).toBe("gateway.dial_rules[1]");
    expect(governing(call(mark("premium", null)))).toBe("gateway.dial_premium");
  });
});

describe("the limits of a port", () => {
  it("stand beside each other on the page of the lines, off until somebody wants them", async () => {
    await show();
    route.go("lines");
    const budget = within((await screen.findByText("Minutos por dia")).closest<HTMLElement>("[data-path]")!);
    expect(budget.getByText("1–1440 min · 0 desliga · padrão: desligado")).toBeVisible();
    await user.clear(budget.getByRole("textbox"));
    await user.type(budget.getByRole("textbox"), "90");
    expect(draft.settings.ports.map((port) => port.outgoing_budget_min)).toEqual([90, 90]);
    expect(screen.getByText("Limites das chamadas SIP → FXO")).toBeVisible();
    draft.discard();
  });

  it("are told in the history", () => {
    const words = new Words("pt-BR", pt);
    const spent: MarkKind = { kind: "budget_spent", budget_min: 90 };
    expect([markWords(words, spent), markHue(spent), turns(spent)]).toEqual(["acabaram os 90 minutos do dia", "fault", true]);
    expect(governing({ cause: "budget_spent", evidence: null, port: 1, timeline: [] } as unknown as StoredRecord)).toBe("ports[1].outgoing_budget_min");
  });
});
