/** Spanish. One file a page, and the codes of the program in a file of their own. */
import apply from "./es/apply.json";
import codes from "./es/codes.json";
import devices from "./es/devices.json";
import diagnostics from "./es/diagnostics.json";
import exchange from "./es/exchange.json";
import overview from "./es/overview.json";
import palette from "./es/palette.json";
import settings from "./es/settings.json";
import users from "./es/users.json";
import window from "./es/window.json";

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
