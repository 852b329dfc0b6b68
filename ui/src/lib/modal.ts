/** What lies over the pages and wants an answer first. */

/** Whether a dialog is open: keys of the whole window wait for it. The palette and the pop-up of a card are no such dialogs. */
export function dialogIsOpen(): boolean {
  return document.querySelector(".dialog[data-state=open], [role=alertdialog]") !== null;
}
