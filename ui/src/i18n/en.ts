/** English. One file a page, and the codes of the program in a file of their own. */
import apply from "./en/apply.json";
import codes from "./en/codes.json";
import devices from "./en/devices.json";
import diagnostics from "./en/diagnostics.json";
import exchange from "./en/exchange.json";
import overview from "./en/overview.json";
import palette from "./en/palette.json";
import settings from "./en/settings.json";
import users from "./en/users.json";
import window from "./en/window.json";

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
