/** Portuguese of Brazil. It is also the list of all keys: see `Key`. One file a page, and the codes of the program in a file of their own. */
import apply from "./pt-BR/apply.json";
import codes from "./pt-BR/codes.json";
import devices from "./pt-BR/devices.json";
import diagnostics from "./pt-BR/diagnostics.json";
import exchange from "./pt-BR/exchange.json";
import overview from "./pt-BR/overview.json";
import palette from "./pt-BR/palette.json";
import settings from "./pt-BR/settings.json";
import users from "./pt-BR/users.json";
import window from "./pt-BR/window.json";

export default {
  ...apply,
  ...codes,
  ...devices,
  ...diagnostics,
  ...exchange,
  ...overview,
  ...palette,
  ...settings,
  ...users,
  ...window,
};
