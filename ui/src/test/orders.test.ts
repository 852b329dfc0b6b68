import { cleanup, render, screen, waitFor, within } from "@testing-library/svelte";
import userEvent from "@testing-library/user-event";
import { afterEach, beforeAll, beforeEach, describe, expect, it, vi } from "vitest";

import App from "../App.svelte";
import { actCommands } from "../lib/commands";
import { Refused } from "../lib/ipc/backend";
import { FakeBackend, type Scene } from "../lib/ipc/fake";
import { complaint } from "../lib/state/complaint.svelte";
import { live } from "../lib/state/live.svelte";
import { locale } from "../lib/state/locale.svelte";
import { route, type PageName } from "../lib/state/route.svelte";
import { pages } from "../pages/pages.svelte";

// Every page has been read, as in a window that has been open for a moment.
beforeAll(() => pages.readAll());

const user = userEvent.setup();
vi.setConfig({ testTimeout: 30_000 });

async function show(scene: Scene, page: PageName = "overview"): Promise<FakeBackend> {
  live.snapshot = null;
  live.notices = [];
  locale.choose("pt-BR");
  route.go(page);
  const backend = new FakeBackend(scene);
  render(App, { backend: Promise.resolve(backend) });
  await screen.findByRole("heading", { level: 1 });
  return backend;
}

const told = (): Promise<HTMLElement> => waitFor(() => {
  const line = document.querySelector<HTMLElement>(".told");
  expect(line).not.toBeNull();
  return line!;
});

beforeEach(() => complaint.dismiss());
afterEach(cleanup);

describe("an order that is refused", () => {
  it("is told with its reason, until it is dismissed", async () => {
    const backend = await show("quiet");
    vi.spyOn(backend, "command").mockRejectedValue(new Refused("busy"));
    await user.click(within(screen.getByRole("article", { name: /^Porta 2/ })).getByRole("button", { name: "Testar linha" }));
    await user.click(within(await screen.findByLabelText("Teste da porta 2")).getByText("Testar", { selector: "button" }));
    expect(await told()).toHaveTextContent("A ordem não foi cumprida: a caixa está ocupada; tente de novo.");
    await user.click(screen.getByRole("button", { name: "Dispensar a mensagem" }));
    expect(document.querySelector(".told")).toBeNull();
  });

  it("is told of the palette, the virtual exchange and the box alike", async () => {
    const backend = await show("lively");
    vi.spyOn(backend, "command").mockRejectedValue(new Refused("no_such_port"));
    vi.spyOn(backend, "exchange").mockRejectedValue(new Error("no answer"));
    actCommands().find(({ id }) => id === "hang_up:0")?.run();
    expect(await told()).toHaveTextContent("a caixa não tem essa linha");
    complaint.dismiss();
    actCommands().find(({ id }) => id === "ring:1")?.run();
    await waitFor(() => expect(complaint.told?.text).toBe("A ordem não foi cumprida: o programa não respondeu."));
    complaint.dismiss();
    await backend.chooseDevice({ kind: "none" });
    vi.spyOn(backend, "chooseDevice").mockRejectedValue(new Refused("stopped"));
    await user.click(await screen.findByRole("button", { name: "Usar a caixa virtual" }));
    expect(await told()).toHaveTextContent("A caixa não foi trocada: o gateway parou.");
  });

  it("a clipboard that takes nothing is told, too", async () => {
    vi.spyOn(navigator.clipboard, "writeText").mockRejectedValue(new DOMException("denied", "NotAllowedError"));
    await show("lively", "diagnostics");
    await user.click(screen.getByRole("button", { name: "Copiar relatório" }));
    expect(await told()).toHaveTextContent("Não foi possível copiar.");
    complaint.dismiss();
    route.go("users_and_ports");
    await user.click((await screen.findAllByRole("button", { name: "Copiar a senha" }))[0]!);
    expect(await told()).toHaveTextContent("Não foi possível copiar.");
    expect(screen.queryByText("Senha copiada")).toBeNull();
  });
});
