/** Portuguese of Brazil. It is also the list of all keys: see `Key`. One file a page, and the codes of the program in a file of their own. */
import apply from "./pt-BR/apply.json";
import codes from "./pt-BR/codes.json";
import exchange from "./pt-BR/exchange.json";
import overview from "./pt-BR/overview.json";
import scope from "./pt-BR/scope.json";
import users from "./pt-BR/users.json";
import window from "./pt-BR/window.json";

export default {
  ...apply,
  ...codes,
  ...exchange,
  ...overview,
  ...scope,
  ...users,
  ...window,
};
