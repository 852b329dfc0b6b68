import { cleanup, render, screen, waitFor, within } from "@testing-library/svelte";
import userEvent from "@testing-library/user-event";
import axe from "axe-core";
import { afterEach, beforeAll, beforeEach, describe, expect, it, vi } from "vitest";

import App from "../App.svelte";
import { arrange, fitPorts, reachesOut, softphone, untouched } from "../lib/guide";
import { FakeBackend, type Scene } from "../lib/ipc/fake";
import { untouchedSettings } from "../lib/ipc/fake/desk";
import type { Notice, Settings } from "../lib/ipc/types";
import { clock } from "../lib/state/clock.svelte";
import { desk } from "../lib/state/desk.svelte";
import { draft } from "../lib/state/draft.svelte";
import { guide } from "../lib/state/guide.svelte";
import { live } from "../lib/state/live.svelte";
import { locale } from "../lib/state/locale.svelte";
import { route } from "../lib/state/route.svelte";
import { noticeWords } from "../lib/words";
import { pages } from "../pages/pages.svelte";

// Every page has been read, as in a window that has been open for a moment.
beforeAll(() => pages.readAll());

const user = userEvent.setup();

async function show(scene: Scene, prepare: (backend: FakeBackend) => void = () => {}): Promise<FakeBackend> {
  live.snapshot = null;
  live.notices = [];
  desk.view = null;
  desk.guide = false;
  guide.step = 0;
  route.exchange = false;
  locale.choose("pt-BR");
  const backend = new FakeBackend(scene);
  prepare(backend);
  render(App, { backend: Promise.resolve(backend) });
  await waitFor(() => expect(desk.view).not.toBeNull());
  return backend;
}

const dialog = (): ReturnType<typeof within> => within(screen.getByRole("dialog", { name: "Primeiros passos" }));
const press = (name: string): Promise<void> => user.click(dialog().getByRole("button", { name }));

async function serious(): Promise<string[]> {
  const { violations } = await axe.run(document.body, { rules: { "color-contrast": { enabled: false } } });
  return violations.filter(({ impact }) => impact === "serious" || impact === "critical").map(({ id, nodes }) => `${id}: ${nodes[0]?.html}`);
}

beforeEach(() => {
  route.go("overview");
});

afterEach(cleanup);

describe("what the guide fills in", () => {
  let made = 0;
  const secret = (): string => `secret-${(made += 1)}`;
  const fresh = (mode: Settings["gateway"]["mode"]): Settings => {
    const settings = untouchedSettings(2);
    return { ...settings, gateway: { ...settings.gateway, mode, remote_server: "pbx.example:5070" } };
  };

  it("gives one telephone for all lines a user, a secret, and makes it the target of every line", () => {
    const { gateway, ports } = arrange(fresh("sip_server"), "one", secret);
    expect(gateway).toMatchObject({ single_user: true, user: "201", secret: expect.stringMatching(/^secret-/) });
    expect(ports.map(({ target }) => target)).toEqual(["201", "201"]);
  });

  it("gives every line a telephone of its own, and goes back and forth without losing what was typed", () => {
    const typed = fresh("sip_server");
    typed.ports[0] = { ...typed.ports[0]!, user: "102", target: "reception" };
    const each = arrange(arrange(typed, "one", secret), "each", secret);
    expect(each.gateway.single_user).toBe(false);
    expect(each.ports.map(({ user, target }) => [user, target])).toEqual([
      ["102", "reception"],
      ["201", "201"],
    ]);
    expect(new Set(each.ports.map((port) => port.secret)).size).toBe(2);
    expect(arrange(each, "one", secret).ports.map(({ target }) => target)).toEqual(["reception", "102"]);
  });

  it("makes nothing up for a server elsewhere, and admits a neighbour's calls from its host alone", () => {
    expect(arrange(fresh("sip_client"), "one", secret).gateway).toMatchObject({ user: "", secret: "", single_user: true });
    expect(arrange(fresh("sip_trunk"), "each", secret).ports.map(({ only_from_host }) => only_from_host)).toEqual(["pbx.example", "pbx.example"]);
  });

  it("has as many ports as the box, and takes none away", () => {
    expect(fitPorts(untouchedSettings(2), 4).ports).toHaveLength(4);
    expect(fitPorts(untouchedSettings(4), 2).ports).toHaveLength(4);
    expect(untouched(fitPorts(untouchedSettings(2), 4))).toBe(true);
  });

  it("knows when other machines have to be reached", () => {
    expect(reachesOut("sip_client", "pbx.example")).toBe(true);
    expect(reachesOut("sip_trunk", "127.0.0.1:5080")).toBe(false);
    expect(reachesOut("sip_trunk", "[::1]:5080")).toBe(false);
    expect(reachesOut("sip_server", "")).toBe(false);
  });

  it("tells the softphone where the gateway is reached", () => {
    const settings = arrange(fresh("sip_server"), "one", secret);
    expect(softphone(settings, "192.0.2.7")).toMatchObject({ server: "127.0.0.1", user: "201" });
    settings.gateway.bind_address = "0.0.0.0";
    settings.gateway.sip_port = 5070;
    expect(softphone(settings, "192.0.2.7").server).toBe("192.0.2.7:5070");
    expect(softphone(settings, null).server).toBe("127.0.0.1:5070");
  });
});

describe("the first-run guide", () => {
  it("goes from nothing to a call that was answered and ended, and opens by itself no more", async () => {
    const backend = await show("first");
    expect(await serious()).toEqual([]);
    await waitFor(() => expect(dialog().getByRole("radio", { name: /Caixa virtual/ })).toBeChecked());
    await press("Continuar");
    expect(dialog().getByRole("radio", { name: /Brasil/ })).toBeChecked();
    await press("Continuar");
    expect(dialog().getByRole("radio", { name: /Servidor SIP/ })).toBeChecked();
    await press("Continuar");
    expect(dialog().getByLabelText(/^Usuário/)).toHaveValue("201");
    expect(await serious()).toEqual([]);
    await waitFor(() => expect(draft.errors).toEqual([]));
    await press("Aplicar e continuar");
    await waitFor(() => expect(dialog().getByRole("heading", { name: "Chamada de teste" })).toBeVisible());
    expect(draft.inForce.gateway).toMatchObject({ single_user: true, user: "201" });
    expect(dialog().queryByText(draft.inForce.gateway.secret)).toBeNull();
    await press("Mostrar a senha");
    expect(dialog().getByText(draft.inForce.gateway.secret)).toBeVisible();
    expect(await serious()).toEqual([]);

    const rung = vi.spyOn(backend, "exchange");
    await press("Tocar");
    expect(rung).toHaveBeenCalledWith(0, expect.objectContaining({ act: "ring" }));
    await press("Parar de tocar");
    expect(rung).toHaveBeenLastCalledWith(0, { act: "stop_ringing" });
    await press("Tocar");
    const done = (task: string): string | undefined => document.querySelector<HTMLElement>(`[data-task='${task}']`)?.dataset.done;
    await waitFor(() => expect(done("talked")).toBe("true"), { timeout: 8_000 });
    await backend.exchange(0, { act: "hang_up" });
    await waitFor(() => expect(done("ended")).toBe("true"), { timeout: 4_000 });
    expect(dialog().getByText(/interrupção do laço/)).toBeVisible();
    await waitFor(() => expect(dialog().getByRole("button", { name: "Tocar" })).toBeEnabled());

    // The next ring begins anew.
    await press("Tocar");
    await waitFor(() => expect([done("talked"), done("ended")]).toEqual(["false", "false"]));

    await press("Concluir");
    await waitFor(() => expect(screen.queryByRole("dialog")).toBeNull());
    expect((await backend.desk()).preferences.guide_done).toBe(true);
  }, 60_000);

  it("does not take a call outwards for the one that rings, and tells which line took it", async () => {
    await show("first", () => (desk.guide = true));
    guide.step = 4;
    await waitFor(() => expect(document.querySelector("[data-task='rang']")).not.toBeNull());
    const started_ms = clock.now + 1;
    const call = { id: "out", direction: "sip_to_fxo" as const, from: "sip:201@127.0.0.1", to: "100", started_ms, answered_ms: started_ms, waiting: null, line_test: null };
    const ports = live.ports.map((port, index) => (index === 1 ? { ...port, state: "talking" as const, call } : port));
    live.show({ ...live.snapshot!, ports }, live.exchange, live.device!);
    await waitFor(() => expect(document.querySelector("[data-outward='2']")).toHaveTextContent("em conversa"));
    const out = ports.map((port, index) => (index === 0 ? { ...port, state: "talking" as const, call } : port));
    live.show({ ...live.snapshot!, ports: out }, live.exchange, live.device!);
    await waitFor(() => expect(document.querySelector("[data-outward='1']")).not.toBeNull());
    expect(document.querySelector<HTMLElement>("[data-task='rang']")?.dataset.done).toBe("false");
  }, 30_000);

  it("tells of a caller who gave up, shows both levels while they talk, and hangs up", async () => {
    const backend = await show("first", () => (desk.guide = true));
    const ordered = vi.spyOn(backend, "command");
    guide.step = 4;
    await waitFor(() => expect(document.querySelector("[data-task='rang']")).not.toBeNull());
    const call = { id: "in", direction: "fxo_to_sip" as const, from: "1133334444", to: "sip:201@127.0.0.1", started_ms: clock.now + 1, answered_ms: null, waiting: null, line_test: null };
    const shows = (state: "calling" | "talking"): void => {
      const meter = { rx_dbm0: -20, tx_dbm0: -30, sent: 50, received: 50, lost: 0, jitter_ms: 1, buffer_ms: 40, peer_lost: null, round_trip_ms: null };
      const ports = live.ports.map((port, index) => (index === 0 ? { ...port, state, call, meter } : port));
      live.show({ ...live.snapshot!, ports }, live.exchange, live.device!);
    };
    shows("calling");
    await waitFor(() => expect(document.querySelector("[data-task='rang']")).toHaveTextContent("O chamador desistiu"));
    expect(dialog().queryByRole("button", { name: "Desligar" })).toBeNull();
    shows("talking");
    await waitFor(() => expect(dialog().getAllByRole("meter").map((bar: HTMLElement) => bar.getAttribute("aria-valuenow"))).toEqual(["-20", "-30"]));
    await press("Desligar");
    expect(ordered).toHaveBeenLastCalledWith({ do: "hang_up", port: 0 });
  }, 30_000);

  it("does not ring before a telephone is registered, and says why one was refused", async () => {
    await show("first");
    for (const step of ["Continuar", "Continuar", "Continuar", "Aplicar e continuar"]) {
      await waitFor(() => expect(dialog().getByRole("button", { name: step })).toBeEnabled());
      await press(step);
    }
    await waitFor(() => expect(dialog().getByRole("button", { name: "Tocar" })).toBeEnabled());
    const nobody = live.ports.map((port) => ({ ...port, registration: { kind: "server" as const, contacts: [] } }));
    live.show({ ...live.snapshot!, ports: nobody }, live.exchange, live.device!);
    live.tell({ at_ms: clock.now, severity: "warning", code: "wrong_credentials", port: null, args: { source: "192.0.2.9" }, setting: null });
    await waitFor(() => expect(dialog().getByRole("button", { name: "Tocar" })).toBeDisabled());
    expect(dialog().getByText(/Registre primeiro o softphone/)).toBeVisible();
    expect(document.querySelector("[data-task='registered']")).toHaveTextContent("Recusado 192.0.2.9");
  }, 30_000);

  it("asks before another box ends a call", async () => {
    const backend = await show("lively", () => (desk.guide = true));
    const used = vi.spyOn(backend, "chooseDevice");
    await waitFor(() => expect(dialog().getByRole("radio", { name: /Caixa virtual/ })).toBeChecked());
    await user.click(dialog().getByRole("radio", { name: /FXO-2/ }));
    const asked = await screen.findByRole("alertdialog", { name: "Trocar de caixa agora?" });
    expect(within(asked).getByText("1 chamada em curso será encerrada.")).toBeInTheDocument();
    await user.click(within(asked).getByRole("button", { name: "Voltar" }));
    await waitFor(() => expect(screen.queryByRole("alertdialog")).toBeNull());
    expect(used).not.toHaveBeenCalled();
    await user.click(dialog().getByRole("radio", { name: /FXO-2/ }));
    await user.click(await screen.findByRole("button", { name: "Trocar e encerrar" }));
    expect(used).toHaveBeenCalledWith({ kind: "serial", path: "/dev/ttyACM0" });
    await desk.closeGuide();
  });

  it("can be left, keeps the draft, and is opened again by its key", async () => {
    const backend = await show("first");
    await press("Sair do guia");
    expect((await backend.desk()).preferences.guide_done).toBe(true);
    await waitFor(() => expect(screen.queryByRole("dialog")).toBeNull());
    await user.keyboard("{F1}");
    expect(await screen.findByRole("dialog", { name: "Primeiros passos" })).toBeVisible();
  });

  it("says what is missing before it applies", async () => {
    await show("first");
    await press("Continuar");
    await press("Continuar");
    await user.click(dialog().getByRole("radio", { name: /Cliente SIP/ }));
    await user.type(dialog().getByLabelText(/^Servidor remoto/), "pbx.example");
    await press("Continuar");
    expect(draft.settings.gateway.bind_address).toBe("0.0.0.0");
    await waitFor(() => expect(dialog().getByRole("button", { name: "Aplicar e continuar" })).toBeDisabled());
    expect(dialog().getByText("Usuário: Informe o usuário.")).toBeVisible();
  });

  it("does not open where settings were applied before", async () => {
    await show("quiet");
    expect(screen.queryByRole("dialog")).toBeNull();
  });
});

describe("this window", () => {
  it("keeps a preference at once, and goes back when it could not be kept", async () => {
    route.go("about");
    const backend = await show("quiet");
    const hidden = (): HTMLElement => screen.getByRole("switch", { name: "Iniciar sem mostrar a janela" });
    await user.click(hidden());
    expect((await backend.desk()).preferences.start_hidden).toBe(true);
    vi.spyOn(backend, "keepPreferences").mockRejectedValueOnce(new Error("full"));
    await user.click(hidden());
    await waitFor(() => expect(screen.getByText(/Não pôde ser gravado/)).toBeVisible());
    expect(hidden()).toBeChecked();
    await user.click(screen.getByRole("switch", { name: "Linha desconectada" }));
    expect((await backend.desk()).preferences.notify).toMatchObject({ line: false, stuck: true });
  });

  it("closes to the tray by itself only where there is one", async () => {
    route.go("about");
    await show("trouble");
    expect(screen.getByRole("switch", { name: /Fechar a janela/ })).not.toBeChecked();
    expect(screen.getByText(/arquivo de preferências estava danificado/)).toBeVisible();
  });

  it("has nothing serious on its page", async () => {
    route.go("about");
    await show("lively");
    expect(await serious()).toEqual([]);
  });

  it("says so when another Loopstart has the data folder, and offers what to do", async () => {
    const taken = { kind: "store", error: { code: "data_dir_in_use", detail: "" } };
    const { Refused } = await import("../lib/ipc/backend");
    const backend = new FakeBackend("quiet");
    live.snapshot = null;
    desk.guide = false;
    vi.spyOn(backend, "boot").mockRejectedValueOnce(new Refused(taken));
    const quit = vi.spyOn(backend, "quit");
    render(App, { backend: Promise.resolve(backend) });
    expect(await screen.findByRole("heading", { name: "O Loopstart já está aberto" })).toBeVisible();
    expect(screen.getByText("--data-dir")).toBeVisible();
    await user.click(screen.getByRole("button", { name: "Fechar esta janela" }));
    expect(quit).toHaveBeenCalled();
    await user.click(screen.getByRole("button", { name: "Tentar de novo" }));
    expect(await screen.findByRole("heading", { name: "Visão geral" })).toBeVisible();
  });

  it("tells when the computer slept, on this computer's clock", () => {
    const at = (hour: number, minute: number): string => String(new Date(2026, 10, 25, hour, minute).getTime());
    const args = { from_epoch_ms: at(14, 2), to_epoch_ms: at(15, 10), minutes: "68" };
    const notice: Notice = { at_ms: 0, severity: "warning", code: "slept", port: null, args, setting: null };
    locale.choose("pt-BR");
    expect(noticeWords(locale.words, notice)).toBe("O computador dormiu das 14:02 às 15:10; nenhuma chamada foi atendida.");
  });
});
