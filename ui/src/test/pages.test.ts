import { cleanup, render, screen, waitFor, within } from "@testing-library/svelte";
import userEvent from "@testing-library/user-event";
import axe from "axe-core";
import { afterEach, beforeAll, describe, expect, it, vi } from "vitest";

import App from "../App.svelte";
import type { Backend } from "../lib/ipc/backend";
import { FakeBackend, type Scene } from "../lib/ipc/fake";
import { draft } from "../lib/state/draft.svelte";
import { live } from "../lib/state/live.svelte";
import { locale } from "../lib/state/locale.svelte";
import { route } from "../lib/state/route.svelte";
import { pages } from "../pages/pages.svelte";

// Every page has been read, as in a window that has been open for a moment.
beforeAll(() => pages.readAll());

const user = userEvent.setup();

async function show(scene: Scene, page: "overview" | "users_and_ports" = "overview"): Promise<Backend> {
  live.snapshot = null;
  live.notices = [];
  locale.choose("pt-BR");
  route.go(page);
  route.exchange = false;
  const backend = new FakeBackend(scene);
  render(App, { backend: Promise.resolve(backend) });
  await screen.findByRole("heading", { level: 1 });
  return backend;
}

const port = (n: number): HTMLElement => screen.getByRole("article", { name: new RegExp(`^Porta ${n}\\b`) });
const form = (n: number): HTMLElement => screen.getByRole("group", { name: `Porta ${n}` });

afterEach(() => {
  cleanup();
  vi.useRealTimers();
});

describe("overview", () => {
  it("shows who talks with whom, and since when", async () => {
    await show("lively");
    const card = within(port(1));
    expect(card.getByText("em conversa")).toBeVisible();
    expect(card.getByText("(11) 3333-4444")).toBeVisible();
    expect(card.getByText("200@pbx.example")).toBeVisible();
    expect(card.getByText("03:12")).toBeVisible();
    expect(card.getByText("registrada")).toBeVisible();
    expect(card.getByRole("meter", { name: "Nível recebido da linha" })).toBeInTheDocument();
  });

  it("tells how the last call ended, with the evidence", async () => {
    await show("lively");
    expect(within(port(2)).getByText("terminou: tom de ocupado (425 Hz, 3 ciclos)")).toBeVisible();
  });

  it("hangs up only where there is a call, and the order reaches the program", async () => {
    const backend = await show("lively");
    const ordered = vi.spyOn(backend, "command");
    expect(within(port(2)).queryByRole("button", { name: "Desligar" })).toBeNull();
    await user.click(within(port(1)).getByRole("button", { name: "Desligar" }));
    expect(ordered).toHaveBeenCalledWith({ do: "hang_up", port: 0 });
    await waitFor(() => expect(within(port(1)).getByText("em guarda")).toBeVisible());
  });

  it("teaches what to do while there is no port", async () => {
    const backend = await show("empty");
    expect(screen.getByRole("heading", { name: "Nenhuma porta ainda" })).toBeVisible();
    await backend.chooseDevice({ kind: "none" });
    await user.click(screen.getByRole("button", { name: "Usar a caixa virtual" }));
    expect(await screen.findByRole("article", { name: /^Porta 2/ })).toBeVisible();
  });

  it("does not offer the virtual box for a real one that is only unplugged", async () => {
    const backend = await show("empty");
    expect(live.device).toMatchObject({ choice: { kind: "serial" }, state: { state: "lost" } });
    expect(screen.queryByRole("button", { name: "Usar a caixa virtual" })).toBeNull();
    await backend.chooseDevice({ kind: "none" });
    expect(await screen.findByRole("button", { name: "Usar a caixa virtual" })).toBeVisible();
  });

  it("lets the virtual exchange ring a line, and follows it to the talk and back", async () => {
    await show("quiet");
    await user.click(screen.getByRole("button", { name: "Abrir a central virtual" }));
    const line = within(screen.getByRole("form", { name: "Linha 1" }));
    await user.click(line.getByRole("button", { name: "Tocar" }));
    await waitFor(() => expect(port(1)).toHaveAttribute("data-state", "ringing"));
    await waitFor(() => expect(port(1)).toHaveAttribute("data-state", "calling"), { timeout: 3000 });
    await waitFor(() => expect(port(1)).toHaveAttribute("data-state", "talking"), { timeout: 4000 });
    expect(line.getByText("fora do gancho")).toBeVisible();
    await user.click(line.getByRole("button", { name: "Outro lado desliga" }));
    await waitFor(() => expect(port(1)).toHaveAttribute("data-state", "idle"), { timeout: 3000 });
    expect(within(port(1)).getByText("terminou: interrupção do laço de 520 ms")).toBeVisible();
  }, 15_000);
});

describe("users and ports", () => {
  it("shows, live, the exact URI a ring will call, and warns of a blank", async () => {
    await show("lively", "users_and_ports");
    const target = within(form(1)).getByLabelText("Sob toque FXO, chamar");
    await user.clear(target);
    await waitFor(() => expect(target).toHaveAccessibleDescription("Em branco, chamará sip:unknown@pbx.example"));
    await user.type(target, "300@outro.example");
    await waitFor(() => expect(target).toHaveAccessibleDescription("Chamará sip:300@outro.example"));
  });

  it("marks what was changed, counts it, and forgets it on Discard", async () => {
    await show("lively", "users_and_ports");
    expect(screen.queryByRole("button", { name: "Aplicar" })).toBeNull();
    const name = within(form(2)).getByRole("textbox", { name: /^Nome/ });
    await user.clear(name);
    await user.type(name, "Fax novo");
    expect(draft.changedPaths).toEqual(["ports[1].name"]);
    expect(screen.getByText("1 alteração")).toBeVisible();
    await user.click(screen.getByRole("button", { name: "Descartar" }));
    expect(name).toHaveValue("Fax");
    expect(draft.dirty).toBe(false);
  });

  it("paints a problem at its field, refuses Apply, and leads there", async () => {
    await show("lively", "users_and_ports");
    const server = screen.getByLabelText("Servidor remoto");
    await user.clear(server);
    await waitFor(() => expect(server).toBeInvalid());
    expect(server).toHaveAccessibleDescription("Informe o servidor remoto.");
    expect(screen.getByRole("button", { name: "Aplicar" })).toBeDisabled();
    await user.click(screen.getByRole("button", { name: "Ir ao campo" }));
    await waitFor(() => expect(server).toHaveFocus());
  });

  it("asks once about blanks in trunk mode, and then applies", async () => {
    const backend = await show("lively", "users_and_ports");
    const applied = vi.spyOn(backend, "apply");
    await user.click(screen.getByRole("radio", { name: /^SIP Trunk/ }));
    expect(within(form(2)).getByText(/qualquer um que alcance este computador/)).toBeVisible();
    await user.click(screen.getByRole("button", { name: "Aplicar" }));
    const dialog = await screen.findByRole("alertdialog");
    expect(within(dialog).getByText("Porta 2 · Somente do Host")).toBeVisible();
    await user.click(within(dialog).getByRole("button", { name: "Aplicar assim" }));
    await waitFor(() => expect(screen.getByText(/^Em vigor desde \d\d:\d\d$/)).toBeVisible());
    expect(applied.mock.calls.map(([, confirmed]) => confirmed)).toEqual([false, true]);
    expect(screen.getByText("SIP Trunk", { selector: "[data-strip=mode]" })).toBeVisible();
  });

  it("folds the pairs of the ports into one with the single user", async () => {
    await show("lively", "users_and_ports");
    expect(within(form(1)).getByLabelText("Usuário")).toBeVisible();
    await user.click(screen.getByRole("switch", { name: /^Usuário Único/ }));
    expect(within(form(1)).queryByLabelText(/^Usuário/)).toBeNull();
    expect(screen.getAllByLabelText(/^Senha/)).toHaveLength(1);
  });

  it("hides secrets, shows them on demand, and makes strong ones", async () => {
    await show("lively", "users_and_ports");
    const secret = within(form(1)).getByLabelText("Senha");
    expect(secret).toHaveAttribute("type", "password");
    await user.click(within(form(1)).getByRole("button", { name: "Gerar uma senha forte" }));
    expect(secret).toHaveAttribute("type", "text");
    expect((secret as HTMLInputElement).value).toMatch(/^[a-zA-Z2-9]{20}$/);
    await user.click(within(form(1)).getByRole("button", { name: "Esconder a senha" }));
    expect(secret).toHaveAttribute("type", "password");
  });

  it("keeps the SIP port while its field is blank", async () => {
    await show("lively", "users_and_ports");
    const sip = screen.getByLabelText("Porta SIP (UDP)");
    const before = draft.settings.gateway.sip_port;
    await user.clear(sip);
    expect(sip).toHaveValue("");
    expect(draft.settings.gateway.sip_port).toBe(before);
    await user.tab();
    expect(sip).toHaveValue(String(before));
    expect(draft.dirty).toBe(false);
  });

  it("takes no number that the program could not even read", async () => {
    await show("lively", "users_and_ports");
    const sip = screen.getByLabelText("Porta SIP (UDP)");
    await user.clear(sip);
    await user.type(sip, "99999");
    expect(draft.settings.gateway.sip_port).toBe(65_535);
    await user.tab();
    expect(sip).toHaveValue("65535");
  });

  it("keeps the draft when Apply is refused, and says why", async () => {
    const backend = await show("lively", "users_and_ports");
    vi.spyOn(backend, "apply").mockResolvedValue({
      ok: false,
      refusal: { kind: "prepare", error: { code: "port_in_use", address: "127.0.0.1:5080", setting: "gateway.sip_port" } },
    });
    const sip = screen.getByLabelText("Porta SIP (UDP)");
    await user.clear(sip);
    await user.type(sip, "5080");
    await user.click(screen.getByRole("button", { name: "Aplicar" }));
    expect(await screen.findByText(/127\.0\.0\.1:5080 está em uso por outro programa/)).toBeVisible();
    expect(sip).toHaveValue("5080");
    expect(draft.dirty).toBe(true);
  });
});

it("speaks another language at once", async () => {
  await show("lively");
  locale.choose("en");
  expect(await screen.findByRole("heading", { level: 1, name: "Overview" })).toBeVisible();
  expect(document.documentElement.lang).toBe("en");
});

it("says so when the program does not answer, and tries again", async () => {
  const backend = new FakeBackend("quiet");
  live.snapshot = null;
  locale.choose("pt-BR");
  route.go("overview");
  vi.spyOn(backend, "boot").mockRejectedValueOnce(new Error("gone"));
  render(App, { backend: Promise.resolve(backend as Backend) });
  expect(await screen.findByRole("heading", { name: "O programa não respondeu" })).toBeVisible();
  await user.click(screen.getByRole("button", { name: "Tentar de novo" }));
  expect(await screen.findByRole("heading", { level: 1, name: "Visão geral" })).toBeVisible();
});

describe("everybody can use it", () => {
  const RULES = { rules: { "color-contrast": { enabled: false }, region: { enabled: false } } };

  it.each([
    ["overview", "lively", "overview"],
    ["overview, many ports", "many", "overview"],
    ["overview, empty", "empty", "overview"],
    ["users and ports", "lively", "users_and_ports"],
  ] as const)("%s has no violation that axe can see", async (_, scene, page) => {
    await show(scene, page);
    route.exchange = true;
    const found = await axe.run(document.body, RULES);
    expect(found.violations.map(({ id, nodes }) => `${id}: ${nodes[0]?.html}`)).toEqual([]);
  }, 60_000);
});
