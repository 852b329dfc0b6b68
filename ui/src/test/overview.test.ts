import { cleanup, render, screen, within, waitFor } from "@testing-library/svelte";
import userEvent from "@testing-library/user-event";
import axe from "axe-core";
import { tick } from "svelte";
import { afterEach, beforeAll, describe, expect, it, vi } from "vitest";

import App from "../App.svelte";
import { FakeBackend, type Scene } from "../lib/ipc/fake";
import { clock } from "../lib/state/clock.svelte";
import { live } from "../lib/state/live.svelte";
import { locale } from "../lib/state/locale.svelte";
import { route } from "../lib/state/route.svelte";
import { traces } from "../lib/state/traces.svelte";
import { pages } from "../pages/pages.svelte";

// Every page has been read, as in a window that has been open for a moment.
beforeAll(() => pages.readAll());

// Roles of 64 cards take jsdom a while.
vi.setConfig({ testTimeout: 60_000 });

const user = userEvent.setup();

async function show(scene: Scene): Promise<FakeBackend> {
  live.snapshot = null;
  live.notices = [];
  traces.clear();
  locale.choose("pt-BR");
  route.go("overview");
  route.exchange = false;
  const backend = new FakeBackend(scene);
  render(App, { backend: Promise.resolve(backend) });
  await screen.findByRole("heading", { level: 1 });
  return backend;
}

const port = (n: number): HTMLElement => screen.getByRole("article", { name: new RegExp(`^Porta ${n}\\b`) });

afterEach(cleanup);

describe("a card", () => {
  it("says whether the exchange feeds the line, and where the hook is", async () => {
    await show("trouble");
    expect(within(port(1)).getByText("fora do gancho")).toBeVisible();
    expect(within(port(4)).getByText("no gancho")).toBeVisible();
    expect(within(port(3)).getAllByText("sem alimentação").length).toBeGreaterThan(0);
  });

  it("offers a test where the line is idle and hanging up where there is a call", async () => {
    await show("lively");
    expect(within(port(1)).getByRole("button", { name: "Desligar" })).toBeEnabled();
    expect(within(port(1)).queryByRole("button", { name: "Testar linha" })).toBeNull();
    expect(within(port(2)).getByRole("button", { name: "Testar linha" })).toBeEnabled();
  });

  it("says why a call ended while its line still rests, and what resting is where there was no call", async () => {
    await show("lively");
    const [talking, idle] = live.ports;
    live.snapshot = { ...live.snapshot!, ports: [{ ...talking!, call: null, last: null, state: "guard" }, { ...idle!, state: "guard" }] };
    await tick();
    expect(within(port(2)).getByRole("button", { name: /^terminou:/ })).toBeVisible();
    expect(within(port(1)).getByText(locale.words.code("state_about", "guard"))).toBeVisible();
  });

  it("says who waits while the exchange announces him, and for a minute at most", async () => {
    await show("lively");
    const [talking] = live.ports;
    const card = async (ago: number, number: string | null): Promise<HTMLElement> => {
      const caller = number === null ? null : ({ number, name: "ANA", presentation: "allowed", category: null, source: "v23" } as const);
      live.snapshot = { ...live.snapshot!, ports: [{ ...talking!, call: { ...talking!.call!, waiting: { told_ms: clock.now - ago, caller } } }] };
      await tick();
      return port(1);
    };
    expect(within(await card(1000, "1144445555")).getByText("Segunda chamada: (11) 4444-5555 · ANA")).toBeVisible();
    expect(within(await card(1000, null)).getByText("Segunda chamada: número não informado")).toBeVisible();
    expect(within(await card(61_000, "1144445555")).queryByText(/Segunda chamada/)).toBeNull();
  });

  it("64 ports stand in their order, each with its state as a word", async () => {
    await show("full");
    const cards = (): HTMLElement[] => [...document.querySelectorAll<HTMLElement>("article")];
    await waitFor(() => expect(cards().map((card) => card.dataset.port)).toEqual(Array.from({ length: 64 }, (_, n) => String(n + 1))));
    for (const card of cards()) expect(card.querySelector("[role=status]")?.textContent.trim()).not.toBe("");
  });
});

describe("the keyboard", () => {
  it("goes to cards by number and acts on the one that has the focus", async () => {
    const backend = await show("lively");
    const ordered = vi.spyOn(backend, "command");
    await user.keyboard("h");
    expect(ordered).not.toHaveBeenCalled();
    await user.keyboard("2");
    expect(port(2)).toHaveFocus();
    await user.keyboard("{F5}h");
    expect(ordered.mock.calls).toEqual([[{ do: "reregister", port: 1 }]]);
    await user.keyboard("1h");
    expect(ordered).toHaveBeenLastCalledWith({ do: "hang_up", port: 0 });
  });

  it("opens the scope and walks from port to port", async () => {
    await show("lively");
    await user.keyboard("1s");
    expect(await screen.findByRole("application", { name: /porta 1/ })).toBeVisible();
    await user.keyboard("2");
    expect(await screen.findByRole("application", { name: /porta 2/ })).toBeVisible();
    expect(screen.getByRole("button", { name: "Próxima porta" })).toBeDisabled();
  });

  it("opens the test of the focused card", async () => {
    await show("quiet");
    await user.keyboard("1t");
    // Without a layout the pop-up never gets its place, and stays hidden, and hidden things have no names.
    expect(await screen.findByLabelText("Teste da porta 1")).toHaveAttribute("role", "dialog");
  });
});

it("a state change is in the page before the next frame: nothing waits for a clock", async () => {
  await show("quiet");
  live.show({ ...live.snapshot!, now_ms: live.snapshot!.now_ms + 1, ports: live.ports.map((view) => ({ ...view, state: "ringing", line: "ringing" })) }, null, live.device!);
  await tick();
  expect(within(port(1)).getByText("tocando")).toBeVisible();
});

it.each<Scene>(["lively", "many", "trouble", "single"])("axe finds nothing in %s", async (scene) => {
  await show(scene);
  const { violations } = await axe.run(document.body, { rules: { "color-contrast": { enabled: false } } });
  expect(violations.map(({ id, nodes }) => `${id}: ${nodes.map(({ html }) => html).join(" ")}`)).toEqual([]);
});
