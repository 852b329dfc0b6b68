// What a window manager does when a person presses its close button: WM_DELETE_WINDOW (ICCCM §4.2.8.1), in the few words of the X protocol
// (X11R7 "X Window System Protocol", appendix B) that it takes.
import { createConnection } from "node:net";

const INTERN_ATOM = 16;
const QUERY_TREE = 15;
const GET_PROPERTY = 20;
const SEND_EVENT = 25;
const CLIENT_MESSAGE = 33;
const WM_NAME = 39;

const padded = (bytes) => Buffer.concat([bytes, Buffer.alloc((4 - (bytes.length % 4)) % 4)]);

/** Words of 32 bits after a head of four bytes. */
function request(opcode, detail, words, tail = Buffer.alloc(0)) {
  const bytes = Buffer.concat([Buffer.alloc(4 + words.length * 4), padded(tail)]);
  bytes.writeUInt8(opcode, 0);
  bytes.writeUInt8(detail, 1);
  bytes.writeUInt16LE(bytes.length / 4, 2);
  words.forEach((word, index) => bytes.writeUInt32LE(word, 4 + index * 4));
  return bytes;
}

/** A connection to a display: `ask` sends a request and answers its reply. */
async function connect(display) {
  const socket = createConnection(`/tmp/.X11-unix/X${display.replace(/^:/, "")}`);
  let known = Buffer.alloc(0);
  let wake = () => {};
  let failed = null;
  socket.on("data", (bytes) => {
    known = Buffer.concat([known, bytes]);
    wake();
  });
  socket.on("error", (error) => {
    failed = error;
    wake();
  });
  const take = async (length) => {
    while (known.length < length) {
      if (failed) throw failed;
      await new Promise((resolve) => (wake = resolve));
    }
    const taken = known.subarray(0, length);
    known = known.subarray(length);
    return taken;
  };

  socket.write(Buffer.from([0x6c, 0, 11, 0, 0, 0, 0, 0, 0, 0, 0, 0]));
  const head = await take(8);
  if (head[0] !== 1) throw new Error("the display refused the connection");
  const setup = await take(head.readUInt16LE(6) * 4);
  const vendor = setup.readUInt16LE(16);
  const root = setup.readUInt32LE(32 + vendor + ((4 - (vendor % 4)) % 4) + setup[21] * 8);

  const ask = async (bytes) => {
    socket.write(bytes);
    for (;;) {
      const reply = await take(32);
      if (reply[0] === 0) throw new Error(`X error ${reply[1]}`);
      // Events have no tail; a reply says how long its own is.
      if (reply[0] === 1) return Buffer.concat([reply, await take(reply.readUInt32LE(4) * 4)]);
    }
  };
  return { root, ask, send: (bytes) => socket.write(bytes), end: () => socket.end() };
}

/** Presses the close button of the window with this name. */
export async function closeWindow(display, name) {
  const x = await connect(display);
  const atom = async (word) => {
    const text = Buffer.from(word);
    return (await x.ask(request(INTERN_ATOM, 0, [text.length], text))).readUInt32LE(8);
  };
  const protocols = await atom("WM_PROTOCOLS");
  const remove = await atom("WM_DELETE_WINDOW");
  const property = async (window, which) => {
    const reply = await x.ask(request(GET_PROPERTY, 0, [window, which, 0, 0, 64]));
    return reply.subarray(32, 32 + reply.readUInt32LE(16) * (reply[1] / 8));
  };
  const tree = await x.ask(request(QUERY_TREE, 0, [x.root]));
  let closed = 0;
  for (let child = 0; child < tree.readUInt16LE(16); child += 1) {
    const window = tree.readUInt32LE(32 + child * 4);
    const named = (await property(window, WM_NAME)).toString() === name;
    if (!named || (await property(window, protocols)).length === 0) continue;
    const event = Buffer.alloc(32);
    event.writeUInt8(CLIENT_MESSAGE, 0);
    event.writeUInt8(32, 1);
    [window, protocols, remove].forEach((word, index) => event.writeUInt32LE(word, 4 + index * 4));
    x.send(Buffer.concat([request(SEND_EVENT, 0, [window, 0], event)]));
    closed += 1;
  }
  // A reply to anything means that what was sent before has arrived.
  await atom("WM_PROTOCOLS");
  x.end();
  if (closed !== 1) throw new Error(`${closed} windows are called ${name}`);
}
