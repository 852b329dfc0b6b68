/** How the parties of a call are written, so that a technician reads them at a glance. */

/** `sip:200@pbx.example;user=phone` → `200@pbx.example`; a number stays as it is. */
export function party(uri: string): string {
  const bare = /<([^>]*)>/.exec(uri)?.[1] ?? uri;
  return phone(bare.replace(/^sips?:/i, "").replace(/[;?].*$/, ""));
}

/** Brazilian numbers get their usual spaces; anything else stays as dialled. */
function phone(number: string): string {
  const free = /^(0[358]00)(\d{3})(\d{4})$/.exec(number);
  if (free) return `${free[1]} ${free[2]} ${free[3]}`;
  const landline = /^0?([1-9]{2})([2-5]\d{3})(\d{4})$/.exec(number);
  if (landline) return `(${landline[1]}) ${landline[2]}-${landline[3]}`;
  const mobile = /^0?([1-9]{2})(9\d{4})(\d{4})$/.exec(number);
  if (mobile) return `(${mobile[1]}) ${mobile[2]}-${mobile[3]}`;
  return number;
}
