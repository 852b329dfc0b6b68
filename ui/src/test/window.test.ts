import { cleanup, render, screen, waitFor } from "@testing-library/svelte";
import userEvent from "@testing-library/user-event";
import { afterEach, beforeAll, beforeEach, describe, expect, it, vi } from "vitest";

import App from "../App.svelte";
import { NO_FILTERS, queryOf } from "../lib/calls";
import { FakeBackend, type Scene } from "../lib/ipc/fake";
import { FakeHistory } from "../lib/ipc/fake/history";
import { party } from "../lib/party";
import { callList } from "../lib/state/calls.svelte";
import { clock } from "../lib/state/clock.svelte";
import { live } from "../lib/state/live.svelte";
import { locale } from "../lib/state/locale.svelte";
import { route } from "../lib/state/route.svelte";
import { dayAndTime } from "../lib/time";
import { pages } from "../pages/pages.svelte";

// Every page has been read, as in a window that has been open for a moment.
beforeAll(() => pages.readAll());

const user = userEvent.setup();

vi.setConfig({ testTimeout: 30_000 });

async function show(scene: Scene): Promise<FakeBackend> {
  live.snapshot = null;
  live.notices = [];
  locale.choose("pt-BR");
  route.go("overview");
  route.exchange = false;
  const backend = new FakeBackend(scene);
  render(App, { backend: Promise.resolve(backend) });
  await screen.findByRole("heading", { level: 1, name: "Visão geral" });
  return backend;
}

beforeEach(() => {
  Element.prototype.scrollIntoView = vi.fn();
  Element.prototype.hasPointerCapture = vi.fn(() => false);
});
afterEach(() => {
  cleanup();
  // An open dialog of the library leaves the page behind it deaf.
  document.body.removeAttribute("style");
  vi.useRealTimers();
  vi.restoreAllMocks();
});

describe("the clock of the gateway", () => {
  it("is followed when it stood still with a sleeping computer, and not for a late picture", () => {
    vi.useFakeTimers({ now: 1_000_000 });
    clock.start(1_000_000);
    vi.advanceTimersByTime(5_000);
    expect(clock.now).toBe(5_000);
    clock.follow(4_000);
    expect(clock.now).toBe(5_000);

    vi.setSystemTime(1_005_000 + 3_600_000);
    clock.follow(5_100);
    expect(clock.now).toBe(5_100);
    vi.advanceTimersByTime(1_000);
    expect(clock.now).toBe(6_100);
    expect(clock.date(5_100).getTime()).toBe(1_005_000 + 3_600_000);
    clock.stop();
  });
});

describe("keys of the whole window", () => {
  it("wait for a dialog that is open", async () => {
    await show("lively");
    await user.keyboard("{F1}");
    await screen.findByRole("dialog", { name: "Primeiros passos" });
    await user.keyboard("{Alt>}2{/Alt}");
    await user.keyboard("{Control>}k{/Control}");
    expect(route.page).toBe("overview");
    expect(screen.getAllByRole("dialog")).toHaveLength(1);
    await user.click(screen.getByRole("button", { name: "Sair do guia" }));
    await waitFor(() => expect(screen.queryByRole("dialog")).toBeNull());
    await user.keyboard("{Alt>}2{/Alt}");
    expect(route.page).toBe("users_and_ports");
  });
});

describe("the reason on a card", () => {
  it("opens the call that ended so", async () => {
    await show("lively");
    const last = live.ports[1]?.last;
    await user.click(screen.getByRole("button", { name: /^terminou: tom de ocupado/ }));
    await screen.findByRole("heading", { level: 1, name: "Chamadas" });
    await waitFor(() => expect(callList.opened?.id).toBe(last?.id));
  });
});

describe("a card whose port had no call since the program began", () => {
  it("shows the last call of the history, with its day, and opens it", async () => {
    const yesterday = new Date(Date.now() - 86_400_000);
    const past = await new FakeHistory(1, 1, yesterday.getTime()).window(queryOf(NO_FILTERS, yesterday), null, 0, 1);
    const [call] = past.calls;
    vi.spyOn(FakeHistory.prototype, "window").mockResolvedValueOnce(past);
    const asked = vi.spyOn(FakeHistory.prototype, "call");
    await show("quiet");
    const card = document.querySelector("[data-port='1']")!;
    await waitFor(() => expect(card.querySelector(".last")).toHaveTextContent(party(call!.direction === "fxo_to_sip" ? call!.from : call!.to)));
    expect(card.querySelector(".direction")).toHaveTextContent(dayAndTime(new Date(call!.started_at_ms), "pt-BR"));
    await user.click(card.querySelector<HTMLElement>(".last button")!);
    expect(route.page).toBe("calls");
    await waitFor(() => expect(asked).toHaveBeenCalledWith(call!.id));
  });

  it("does without where the history cannot be read", async () => {
    vi.spyOn(FakeHistory.prototype, "window").mockRejectedValueOnce(new Error("no database"));
    await show("quiet");
    expect(await screen.findAllByText("Nenhuma chamada recente")).not.toHaveLength(0);
  });
});
